-- Events that other services emit, in their own transactions.

create table perennial.event_types (
    type text primary key,
    -- what `subject` names: but for customers, rows of the table with the plural's name, which have a customer_id
    subject text not null check (subject ~ '^[a-z]+$'),
    -- field name -> {"type": …, "required": true?, "one_of": […]?, "max": n?}
    fields jsonb not null,
    description text not null,
    -- function of an event (its `at` null: now) that refuses it where the world is not so
    check_function text,
    -- whether an event_id that comes again must say the same again
    repeats text not null default 'ignored' check (repeats in ('ignored', 'compared'))
);
comment on table perennial.event_types is 'Events that perennial.emit accepts, and the fields of their data.';
insert into perennial.event_types (type, subject, check_function, fields, description) values
    ('customer.upserted', 'customer', 'check_new_customer', '{
        "email": {"type": "text", "required": true, "max": 320, "pattern": "^[^@[:space:]]+@[^@[:space:]]+$", "form": "name@domain"},
        "name": {"type": "text", "required": true, "max": 200},
        "kind": {"type": "text", "one_of": ["user", "organization"]},
        "locale": {"type": "text", "max": 35, "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "form": "en-US"},
        "time_zone": {"type": "zone"},
        "clock": {"type": "text"}}',
     'A customer is new, or what we know of one has changed.'),
    ('payment_method.attached', 'customer', null, '{
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
    ('subscription.created', 'subscription', 'check_new_subscription', '{
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
    ('subscription.cancel_requested', 'subscription', null, '{
        "when": {"type": "text", "one_of": ["period_end", "now"]},
        "unused_time": {"type": "text", "one_of": ["forfeited", "credited"]}}',
     'A subscription is to end: with its period unless when is now.'),
    ('subscription.cancel_undone', 'subscription', null, '{}',
     'A subscription that was to end goes on.'),
    ('invoice.pay_requested', 'invoice', null, '{}',
     'An open invoice is to be collected now.');
insert into perennial.event_types (type, subject, check_function, fields, description) values
    ('order.placed', 'order', 'check_new_order', '{
        "customer": {"type": "uuid", "required": true},
        "package": {"type": "text", "required": true},
        "quantity": {"type": "integer", "min": 1, "max": 1000},
        "currency": {"type": "currency"}}',
     'A customer buys packages of tokens.');
insert into perennial.event_types (type, subject, repeats, check_function, fields, description) values
    ('payment.refunded', 'payment', 'compared', 'check_refund', '{
        "amount_minor": {"type": "integer", "required": true, "min": 1},
        "currency": {"type": "currency", "required": true},
        "reason": {"type": "text", "required": true, "one_of": ["requested_by_customer", "duplicate", "fraudulent", "other"]},
        "reference": {"type": "text", "required": true}}',
     'Of a payment, so much was paid back.'),
    ('payment.disputed', 'payment', 'compared', 'check_dispute', '{
        "amount_minor": {"type": "integer", "required": true, "min": 1},
        "currency": {"type": "currency", "required": true},
        "reason": {"type": "text", "required": true, "pattern": "^[a-z][a-z0-9_]{0,59}$", "form": "product_not_received"},
        "reference": {"type": "text", "required": true},
        "status": {"type": "text", "required": true, "one_of": ["inquiry", "open"]}}',
     'The customer''s bank asks about a payment (inquiry), or took the money back (open).'),
    ('payment.dispute_closed', 'payment', 'compared', 'check_dispute_closed', '{
        "reference": {"type": "text", "required": true},
        "status": {"type": "text", "required": true, "one_of": ["won", "lost", "warning_closed"]}}',
     'The bank has decided: the money comes back (won), or is gone (lost); or its inquiry came to nothing (warning_closed).');

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
