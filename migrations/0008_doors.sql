-- The door for other services: lifecycle events, in the caller's own transaction.

create table perennial.event_types (
    type text primary key,
    -- what `subject` names
    subject text not null check (subject in ('customer', 'subscription', 'invoice')),
    -- field name -> {"type": …, "required": true?, "one_of": […]?, "max": n?}
    fields jsonb not null,
    description text not null
);
comment on table perennial.event_types is 'Events that perennial.emit accepts, and the fields of their data.';

create table perennial.lifecycle_events (
    seq bigint generated always as identity primary key,
    event_id text not null unique check (length(event_id) between 1 and 200),
    type text not null references perennial.event_types,
    subject uuid not null,
    -- events of one customer, and so of one subscription, are processed in the order of seq
    customer_id uuid not null,
    clock_id uuid not null,
    data jsonb not null,
    at timestamptz not null,
    received_at timestamptz not null default now(),
    processed_at timestamptz,
    outcome text check (outcome in ('done', 'refused')),
    reason text,
    check ((processed_at is null) = (outcome is null))
);
comment on table perennial.lifecycle_events is 'Inbox: what other services told us, each once.';
create index lifecycle_events_unprocessed on perennial.lifecycle_events (clock_id, customer_id, seq) where processed_at is null;
create index lifecycle_events_subject on perennial.lifecycle_events (subject);
create index lifecycle_events_customer on perennial.lifecycle_events (customer_id, seq);

create function perennial.refuse_field(field text, problem text) returns void
language plpgsql as $$
begin
    raise exception '%: %', field, problem using errcode = 'invalid_parameter_value';
end
$$;
comment on function perennial.refuse_field(text, text) is 'Raises the error of a bad field, named first.';

create function perennial.check_field(field text, value jsonb, rule jsonb) returns void
language plpgsql as $$
declare
    kind text := rule ->> 'type';
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
    elsif kind = 'text' and length(value #>> '{}') > coalesce((rule ->> 'max')::integer, 200) then
        perform perennial.refuse_field(field, format('is longer than %s characters', coalesce(rule ->> 'max', '200')));
    elsif kind = 'text' and length(trim(value #>> '{}')) = 0 then
        perform perennial.refuse_field(field, 'must not be empty');
    elsif kind = 'uuid' and (value #>> '{}') !~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' then
        perform perennial.refuse_field(field, format('must be a UUID, is %s', value));
    elsif kind = 'currency' and (value #>> '{}') !~ '^[A-Z]{3}$' then
        perform perennial.refuse_field(field, format('must be an ISO 4217 code in capitals, is %s', value));
    elsif kind = 'zone' then
        -- (the view pg_timezone_names reads hundreds of files)
        begin
            if (value #>> '{}') !~ '^(UTC|GMT|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' then
                raise exception 'no zone';
            end if;
            perform now() at time zone (value #>> '{}');
        exception when others then
            perform perennial.refuse_field(field, format('must be an IANA time zone such as Europe/Paris, is %s', value));
        end;
    elsif kind = 'instant' then
        begin
            perform (value #>> '{}')::timestamptz;
        exception when others then
            perform perennial.refuse_field(field, format('must be an RFC 3339 instant, is %s', value));
        end;
    end if;
    if rule ? 'one_of' and not rule -> 'one_of' @> jsonb_build_array(value) then
        perform perennial.refuse_field(field, format('must be one of %s, is %s', rule -> 'one_of', value));
    elsif rule ? 'pattern' and (value #>> '{}') !~ (rule ->> 'pattern') then
        perform perennial.refuse_field(field, format('is not of the expected form (%s): %s', rule ->> 'form', value));
    end if;
end
$$;
comment on function perennial.check_field(text, jsonb, jsonb) is 'Checks one field of an event''s data against its rule.';

create function perennial.customer_of(subject_kind text, subject uuid, data jsonb) returns uuid
language plpgsql stable as $$
declare
    found_customer uuid;
begin
    case subject_kind
        when 'customer' then return subject;
        when 'subscription' then
            select customer_id into found_customer from perennial.subscriptions where id = subject;
            if found_customer is null then
                -- not processed yet, or being created by this very event
                select e.customer_id into found_customer from perennial.lifecycle_events e
                 where e.subject = customer_of.subject and e.type = 'subscription.created' order by e.seq limit 1;
            end if;
        when 'invoice' then
            select customer_id into found_customer from perennial.invoices where id = subject;
    end case;
    if found_customer is null then
        perform perennial.refuse_field('subject', format('%s %s is not known', subject_kind, subject));
    end if;
    return found_customer;
end
$$;
comment on function perennial.customer_of(text, uuid, jsonb) is 'Whose events a subject''s events are ordered with.';

create function perennial.check_catalog(data jsonb) returns void
language plpgsql stable as $$
declare
    chosen perennial.plans;
    intervals text;
begin
    select * into chosen from perennial.plans where code = data ->> 'plan' and active;
    if chosen.id is null then
        perform perennial.refuse_field('plan', format('%s is not a plan; known are %s', data -> 'plan',
            (select string_agg(code, ', ' order by tier) from perennial.plans where active)));
    end if;
    if chosen.negotiated then
        if not data ? 'negotiated_amount_minor' then
            perform perennial.refuse_field('negotiated_amount_minor',
                format('is required: plan %s has no list price', chosen.code));
        end if;
        return;
    elsif data ? 'negotiated_amount_minor' then
        perform perennial.refuse_field('negotiated_amount_minor', format('plan %s has a list price', chosen.code));
    end if;
    if not exists (select from perennial.prices where plan_id = chosen.id and customer_id is null and active
                    and currency = coalesce(data ->> 'currency', 'USD')) then
        perform perennial.refuse_field('currency', format('plan %s is not sold in %s; it is in %s', chosen.code,
            coalesce(data ->> 'currency', 'USD'),
            (select string_agg(distinct currency, ', ') from perennial.prices
              where plan_id = chosen.id and customer_id is null and active)));
    end if;
    if not exists (select from perennial.prices where plan_id = chosen.id and customer_id is null and active
                    and currency = coalesce(data ->> 'currency', 'USD')
                    and interval_unit = data ->> 'interval'
                    and interval_count = coalesce((data ->> 'interval_count')::integer, 1)) then
        select string_agg(distinct interval_count || ' ' || interval_unit, ', ') into intervals
          from perennial.prices where plan_id = chosen.id and customer_id is null and active
           and currency = coalesce(data ->> 'currency', 'USD');
        perform perennial.refuse_field('interval', format('plan %s is not billed every %s %s; it is every %s',
            chosen.code, coalesce(data ->> 'interval_count', '1'), data ->> 'interval', intervals));
    end if;
    if coalesce((data ->> 'seats')::bigint, 1) > 1 and not exists (
        select from perennial.prices where plan_id = chosen.id and scheme = 'per_seat' and active) then
        perform perennial.refuse_field('seats', format('plan %s is not sold by seat', chosen.code));
    end if;
end
$$;
comment on function perennial.check_catalog(jsonb) is 'Checks what a new subscription asks for against the catalog.';

create function perennial.emit(type text, subject uuid, data jsonb, event_id text, at timestamptz default null)
returns bigint
language plpgsql security definer
set search_path = perennial, pg_temp
as $$
#variable_conflict use_column
declare
    known perennial.event_types;
    field text;
    whose uuid;
    clock uuid;
    answer bigint;
begin
    if emit.event_id is null or length(emit.event_id) not between 1 and 200 then
        perform perennial.refuse_field('event_id', 'must have 1 to 200 characters');
    end if;
    -- A repeat answers the same and does nothing.
    select e.seq into answer from perennial.lifecycle_events e where e.event_id = emit.event_id;
    if found then
        return answer;
    end if;
    select * into known from perennial.event_types t where t.type = emit.type;
    if known.type is null then
        perform perennial.refuse_field('type', format('%s is not an event; known are %s', emit.type,
            (select string_agg(t.type, ', ' order by t.type) from perennial.event_types t)));
    end if;
    if subject is null then
        perform perennial.refuse_field('subject', format('is required: the %s', known.subject));
    end if;
    if emit.data is null or jsonb_typeof(emit.data) <> 'object' then
        perform perennial.refuse_field('data', 'must be a JSON object');
    end if;
    for field in select jsonb_object_keys(emit.data) loop
        if not known.fields ? field then
            perform perennial.refuse_field(field, format('is not a field of %s; known are %s', known.type,
                (select string_agg(k, ', ' order by k) from jsonb_object_keys(known.fields) k)));
        end if;
    end loop;
    for field in select jsonb_object_keys(known.fields) loop
        perform perennial.check_field(field, emit.data -> field, known.fields -> field);
    end loop;
    if known.type = 'subscription.created' then
        perform perennial.check_catalog(emit.data);
        whose := (emit.data ->> 'customer')::uuid;
    else
        whose := perennial.customer_of(known.subject, emit.subject, emit.data);
    end if;
    if known.type <> 'customer.upserted' and not exists (select from perennial.customers where id = whose)
       and not exists (select from perennial.lifecycle_events e where e.subject = whose and e.type = 'customer.upserted') then
        perform perennial.refuse_field('customer', format('%s is not known: emit customer.upserted first', whose));
    end if;
    clock := coalesce((select clock_id from perennial.customers where id = whose),
                      (select id from perennial.clocks where name = emit.data ->> 'clock'),
                      '00000000-0000-0000-0000-000000000000');
    insert into perennial.lifecycle_events (event_id, type, subject, customer_id, clock_id, data, at)
    values (emit.event_id, known.type, emit.subject, whose, clock, emit.data,
            coalesce(emit.at, perennial.business_now(clock)))
    on conflict (event_id) do nothing
    returning seq into answer;
    if answer is null then
        select e.seq into answer from perennial.lifecycle_events e where e.event_id = emit.event_id;
        return answer;
    end if;
    perform perennial.enqueue_job('process_events', jsonb_build_object('customer', whose), whose::text);
    perform pg_notify('perennial_due', '');
    return answer;
end
$$;
comment on function perennial.emit(text, uuid, jsonb, text, timestamptz) is
    'Tells Perennial of something. A repeat of an event_id answers the same and does nothing. Processed in order per customer.';

insert into perennial.event_types (type, subject, fields, description) values
    ('customer.upserted', 'customer', '{
        "email": {"type": "text", "required": true, "max": 320, "pattern": "^[^@[:space:]]+@[^@[:space:]]+$", "form": "name@domain"},
        "name": {"type": "text", "required": true, "max": 200},
        "kind": {"type": "text", "one_of": ["user", "organization"]},
        "locale": {"type": "text", "max": 35, "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "form": "en-US"},
        "time_zone": {"type": "zone"},
        "clock": {"type": "text"}}',
     'A customer is new, or what we know of one has changed.'),
    ('payment_method.attached', 'customer', '{
        "provider": {"type": "text", "one_of": ["stripe"]},
        "provider_customer": {"type": "text", "required": true},
        "reference": {"type": "text", "required": true},
        "kind": {"type": "text"},
        "network": {"type": "text"},
        "last4": {"type": "text", "pattern": "^[0-9]{4}$", "form": "four digits"},
        "exp_month": {"type": "integer", "min": 1, "max": 12},
        "exp_year": {"type": "integer", "min": 2000, "max": 2200},
        "default": {"type": "boolean"}}',
     'A card or account was attached at the provider: first to be tried unless default is false.'),
    ('subscription.created', 'subscription', '{
        "customer": {"type": "uuid", "required": true},
        "plan": {"type": "text", "required": true},
        "interval": {"type": "text", "required": true, "one_of": ["day", "week", "month", "year"]},
        "interval_count": {"type": "integer", "min": 1, "max": 120},
        "currency": {"type": "currency"},
        "seats": {"type": "integer", "min": 1, "max": 1000000},
        "anchor": {"type": "text", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$", "form": "a date, or an RFC 3339 instant"},
        "time_zone": {"type": "zone"},
        "trial_end": {"type": "instant"},
        "policy": {"type": "text"},
        "negotiated_amount_minor": {"type": "integer"},
        "negotiated_setup_fee_minor": {"type": "integer"}}',
     'A customer subscribes.'),
    ('subscription.cancel_requested', 'subscription', '{
        "when": {"type": "text", "one_of": ["period_end", "now"]},
        "unused_time": {"type": "text", "one_of": ["forfeited", "credited"]}}',
     'A subscription is to end: with its period unless when is now.'),
    ('subscription.cancel_undone', 'subscription', '{}',
     'A subscription that was to end goes on.'),
    ('invoice.pay_requested', 'invoice', '{}',
     'An open invoice is to be collected now.');
