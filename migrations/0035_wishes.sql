-- What can be seen to be wrong of a wish is refused at the door, where whoever wished it still hears.

create table perennial.time_zones (
    name text collate "C" primary key
);
comment on table perennial.time_zones is 'IANA time zones as they are spelled: the database takes them in any case, workers do not.';
insert into perennial.time_zones
select name from pg_timezone_names where name ~ '^(UTC|GMT|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' and name !~ '^(posix|right)/';

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

create function perennial.instant_of(said text) returns timestamptz
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

create function perennial.clock_to_be(customer uuid) returns uuid
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce((select c.clock_id from customers c where c.id = customer),
                    -- told of, and not processed yet
                    (select e.clock_id from lifecycle_events e
                      where e.subject = customer and e.type = 'customer.upserted' order by e.seq limit 1),
                    '00000000-0000-0000-0000-000000000000')
$$;
comment on function perennial.clock_to_be is 'The clock of a customer, or the one they will have.';

create function perennial.check_new_customer(event perennial.lifecycle_events) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    wanted text := event.data ->> 'clock';
    held text;
begin
    if wanted is null then
        return;
    elsif not exists (select from clocks k where k.name = wanted) then
        perform refuse_field('clock', format('there is no %s; `perennial clock set` makes one', event.data -> 'clock'));
    end if;
    select k.name into held from customers c join clocks k on k.id = c.clock_id where c.id = event.subject;
    if held <> wanted then
        perform refuse_field('clock', format('the customer is on %s, and stays there', to_jsonb(held)));
    end if;
end
$$;
comment on function perennial.check_new_customer is 'The check of customer.upserted.';

create or replace function perennial.check_new_subscription(event perennial.lifecycle_events) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    anchor text := event.data ->> 'anchor';
    policy text := coalesce(event.data ->> 'policy', 'standard');
    moment timestamptz := coalesce(event.at, business_now(clock_to_be((event.data ->> 'customer')::uuid)));
begin
    perform check_catalog(event.data);
    if not exists (select from dunning_policies p where p.name = policy) then
        perform refuse_field('policy', format('there is no %s; known are %s', to_jsonb(policy),
            (select string_agg(distinct p.name, ', ') from dunning_policies p)));
    elsif instant_of(event.data ->> 'trial_end') <= moment then
        perform refuse_field('trial_end', format('must be after the subscription begins, at %s, is %s',
            moment, event.data -> 'trial_end'));
    elsif instant_of(coalesce(anchor, 'none')) is null and instant_of(anchor || 'T00:00:00Z') is null and anchor is not null then
        perform refuse_field('anchor', format('must be a date or an RFC 3339 instant, is %s', event.data -> 'anchor'));
    end if;
end
$$;
update perennial.event_types set check_function = 'check_new_customer' where type = 'customer.upserted';

-- Not validated: a clock without a name may be there already, and harms nobody.
alter table perennial.clocks add constraint clocks_name check (length(trim(name)) between 1 and 100) not valid;

-------------------------------------------------------------------------------------- access

create function perennial.subscription_access(subscription uuid) returns text
language sql stable
set search_path = perennial, pg_temp as $$
    select case
               when s.status not in ('trialing', 'active', 'past_due', 'grace') then 'none'
               when s.cancel_requested_at is not null and s.period_end <= n.moment then 'none'
               when s.status = 'grace' and s.status_until <= n.moment and s.grace_notice_at is not null
                    and jsonb_typeof(p.document -> 'end') = 'string'
                    and not exists (select from payments f where f.subscription_id = s.id
                                       and f.status in ('planned', 'executing', 'unknown', 'processing')) then 'none'
               when s.status in ('past_due', 'grace')
                    and d.failed_at + (p.document ->> 'restrict_after')::interval <= n.moment then 'restricted'
               else 'full' end
      from subscriptions s
     cross join lateral (select business_now(s.clock_id) as moment) n
      left join dunning_cases d on d.id = s.dunning_case_id
      join dunning_policies p on p.id = coalesce(d.policy_id, s.policy_id)
     where s.id = subscription_access.subscription
$$;
comment on function perennial.subscription_access is
    'What a subscription gives now: full, restricted (payment is overdue and its dunning policy restricts; what that means is the application''s) or none. Whether or not a worker has come by since. Null: there is no such subscription.';

select perennial.grant_rights();
