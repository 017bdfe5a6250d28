-- What the SQL functions check: fields, keys and instants.

create or replace function perennial.refuse_field(field text, problem text) returns void
language plpgsql as $$
begin
    raise exception '%: %', field, problem using errcode = 'invalid_parameter_value';
end
$$;
comment on function perennial.refuse_field(text, text) is 'Raises the error of a bad field, named first.';

create or replace function perennial.instant_of(said text) returns timestamptz
language plpgsql immutable as $$
begin
    if said ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$' then
        return said::timestamptz;
    end if;
    return null;
exception when datetime_field_overflow or invalid_datetime_format then
    return null;
end
$$;
comment on function perennial.instant_of is 'The instant that an RFC 3339 text says; null where it says none.';

create or replace function perennial.refuse_deadlock() returns void
language plpgsql as $$
begin
    raise exception 'this call and another transaction wait for each other: nothing was changed'
        using errcode = 'deadlock_detected',
              hint = 'The call is safe to repeat with the same event_id or key. A transaction that names several customers should name them in the order of their ids.';
end
$$;
comment on function perennial.refuse_deadlock() is 'Says that a call that lost a deadlock is safe to repeat.';

create or replace function perennial.check_field(field text, value jsonb, rule jsonb) returns void
language plpgsql as $$
declare
    kind text := rule ->> 'type';
    said text := value #>> '{}';
begin
    if value is null or value = 'null'::jsonb then
        if coalesce((rule ->> 'required')::boolean, false) then
            perform perennial.refuse_field(field, 'is required');
        end if;
        return;
    end if;
    if kind in ('text', 'uuid', 'instant', 'currency', 'zone') and jsonb_typeof(value) <> 'string' then
        perform perennial.refuse_field(field, format('must be a text (%s), is %s', kind, value));
    elsif kind = 'integer' and (jsonb_typeof(value) <> 'number' or value::text ~ '[.eE]') then
        perform perennial.refuse_field(field, format('must be an integer, is %s', value));
    elsif kind = 'boolean' and jsonb_typeof(value) <> 'boolean' then
        perform perennial.refuse_field(field, format('must be true or false, is %s', value));
    end if;
    if kind = 'integer' and ((value::numeric) < coalesce((rule ->> 'min')::numeric, 0)
                             or (value::numeric) > coalesce((rule ->> 'max')::numeric, 9007199254740991)) then
        perform perennial.refuse_field(field, format('must be between %s and %s, is %s',
            coalesce(rule ->> 'min', '0'), coalesce(rule ->> 'max', '9007199254740991'), value));
    elsif kind = 'text' and length(said) > coalesce((rule ->> 'max')::integer, 200) then
        perform perennial.refuse_field(field, format('is longer than %s characters', coalesce(rule ->> 'max', '200')));
    elsif kind = 'text' and length(trim(said)) = 0 then
        perform perennial.refuse_field(field, 'must not be empty');
    elsif kind = 'uuid' and said !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' then
        perform perennial.refuse_field(field, format('must be a UUID, is %s', value));
    elsif kind = 'currency' and said !~ '^[A-Z]{3}$' then
        perform perennial.refuse_field(field, format('must be an ISO 4217 code in capitals, is %s', value));
    elsif kind = 'zone' and not exists (select from perennial.time_zones z where z.name = said) then
        perform perennial.refuse_field(field, format('must be an IANA time zone such as Europe/Paris, is %s', value));
    elsif kind = 'instant' and perennial.instant_of(said) is null then
        perform perennial.refuse_field(field, format('must be an RFC 3339 instant, is %s', value));
    end if;
    if rule ? 'one_of' and not rule -> 'one_of' @> jsonb_build_array(value) then
        perform perennial.refuse_field(field, format('must be one of %s, is %s', rule -> 'one_of', value));
    elsif rule ? 'pattern' and said !~ (rule ->> 'pattern') then
        perform perennial.refuse_field(field, format('is not of the expected form (%s): %s', rule ->> 'form', value));
    end if;
end
$$;
comment on function perennial.check_field(text, jsonb, jsonb) is 'Checks one field of an event''s data against its rule.';

create or replace function perennial.check_key(key text) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if length(key) between 1 and 200 is not true then
        perform refuse_field('key', 'must have 1 to 200 characters');
    end if;
end
$$;
comment on function perennial.check_key is 'Refuses what does not name an occasion.';

create or replace function perennial.check_past(field text, at timestamptz, now timestamptz) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if not isfinite(at) or at < '1970-01-01Z' or at > now then
        perform refuse_field(field, format('must lie between 1970 and now (%s), is %s', now, at));
    end if;
end
$$;
comment on function perennial.check_past is 'Refuses an instant at which nothing can have happened yet.';
