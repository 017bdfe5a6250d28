-- What the SQL functions check: fields, keys and instants.

-- The classes of errors (README, *Errors of the SQL functions*):
-- invalid_parameter_value (22023)           a value is wrong
-- no_data_found (P0002)                     an id that nothing has
-- object_not_in_prerequisite_state (55000)  it was emitted, and no worker has processed it yet
-- restrict_violation (23001)                what was sold or recorded is not changed
create or replace function perennial.refuse_field(
    field text, problem text, hint text default null, code text default 'invalid_parameter_value'
) returns void
language plpgsql as $$
begin
    -- A caller's own words are repeated, but not at any length.
    field := left(field, 100);
    if length(problem) > 400 then
        problem := left(problem, 200) || ' … ' || right(problem, 200);
    end if;
    raise exception using
        message = format('%s: %s', field, problem), errcode = code, column = field, detail = 'Nothing was changed.',
        hint = coalesce(hint, case code when 'restrict_violation' then 'Add a new row.'
                                        else format('Correct %s and call again.', field) end);
end
$$;
comment on function perennial.refuse_field(text, text, text, text) is
    'Raises the error of a field: named first in the message, and in COLUMN; with SQLSTATE, DETAIL and HINT.';

create or replace function perennial.distance(one text, other text) returns integer
language plpgsql immutable strict parallel safe as $$
declare
    above integer[] := array(select n from generate_series(0, length(other)) n);
    here integer[];
begin
    for i in 1 .. length(one) loop
        here := array[i];
        for j in 1 .. length(other) loop
            here := here || least(above[j + 1] + 1, here[j] + 1,
                                  above[j] + (substr(one, i, 1) <> substr(other, j, 1))::integer);
        end loop;
        above := here;
    end loop;
    return above[length(other) + 1];
end
$$;
comment on function perennial.distance is 'How many characters are to be changed, added or left out (Levenshtein).';

create or replace function perennial.nearest(said text, known text[]) returns text
language sql immutable parallel safe as $$
    select k from unnest(known) k
     cross join lateral (select perennial.distance(lower(translate(left(said, 60), ' -.', '___')), lower(left(k, 60))) as apart) d
     where d.apart <= greatest(2, length(k) / 4) and d.apart < length(k)
     order by d.apart, k limit 1
$$;
comment on function perennial.nearest is 'The known name that a misspelt one is likely to mean; null where none is near.';

create or replace function perennial.refuse_name(field text, problem text, said text, known text[]) returns void
language plpgsql as $$
declare
    meant text := perennial.nearest(said, known);
begin
    perform perennial.refuse_field(field, problem || coalesce('; known are ' || nullif(array_to_string(known, ', '), ''), ''),
        case when meant is not null then format('Did you mean %s?', meant) end);
end
$$;
comment on function perennial.refuse_name is 'Raises the error of a name that is not known, with those that are, and the nearest.';

create or replace function perennial.refuse_id(field text, id uuid, hint text default null) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
begin
    if id is null then
        perform refuse_field(field, 'null is not known: it is required');
    elsif exists (select from lifecycle_events e where e.subject = refuse_id.id and e.processed_at is null) then
        perform refuse_field(field, format('%s is not processed yet', id),
            'It was emitted: call again when a worker has processed it.', 'object_not_in_prerequisite_state');
    end if;
    perform refuse_field(field, format('%s is not known', id),
        coalesce(hint, 'Nothing with this id was ever emitted or made.'), 'no_data_found');
end
$$;
comment on function perennial.refuse_id is
    'Raises the error of an id that nothing has: it does not exist, or is not processed yet.';

create or replace function perennial.id(said text, field text default 'id') returns uuid
language plpgsql immutable parallel safe as $$
begin
    if said ~* '^([a-z]{2,5}_)?([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$' then
        return regexp_replace(said, '^[A-Za-z]{2,5}_', '')::uuid;
    elsif said is not null then
        perform perennial.refuse_field(field, format('%s is not an id', to_jsonb(left(said, 200))),
            'Ids are UUIDs, with or without hyphens and prefix: sub_0197…');
    end if;
    return null;
end
$$;
comment on function perennial.id is
    'The id that a text names, in any form: as commands print it (sub_0197…), or as a UUID.';

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
    elsif kind = 'uuid' then
        perform perennial.id(said, field);
    elsif kind = 'currency' and said !~ '^[A-Z]{3}$' then
        perform perennial.refuse_field(field, format('must be an ISO 4217 code in capitals, is %s', value));
    elsif kind = 'zone' and not exists (select from perennial.time_zones z where z.name = said) then
        perform perennial.refuse_field(field, format('must be an IANA time zone such as Europe/Paris, is %s', value));
    elsif kind = 'instant' and perennial.instant_of(said) is null then
        perform perennial.refuse_field(field, format('must be an RFC 3339 instant, is %s', value));
    end if;
    if rule ? 'one_of' and not rule -> 'one_of' @> jsonb_build_array(value) then
        perform perennial.refuse_field(field, format('must be one of %s, is %s', rule -> 'one_of', value),
            (select format('Did you mean %s?', meant)
               from perennial.nearest(said, array(select jsonb_array_elements_text(rule -> 'one_of'))) meant
              where meant is not null));
    elsif rule ->> 'format' = 'email' and not perennial.is_email_address(said)
          or rule ? 'pattern' and said !~ (rule ->> 'pattern') then
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
