-- What can be subscribed to.

create table perennial.plans (
    id uuid primary key,
    code text not null unique check (code ~ '^[a-z][a-z0-9_-]*$'),
    name text not null,
    description text not null default '',
    -- order of the tiers, cheapest first
    tier integer not null,
    -- prices are agreed with each customer
    negotiated boolean not null default false,
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table perennial.plans is 'Plans (tiers) of the catalog.';

create table perennial.prices (
    id uuid primary key,
    plan_id uuid not null references perennial.plans,
    -- a price negotiated with one customer
    customer_id uuid references perennial.customers,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    interval_unit text not null check (interval_unit in ('day', 'week', 'month', 'year')),
    interval_count integer not null check (interval_count between 1 and 3650),
    scheme text not null check (scheme in ('flat', 'per_seat')),
    -- minor units per interval, and per seat where the scheme says so
    unit_amount_minor bigint not null check (unit_amount_minor >= 0),
    -- minor units, once, on the first invoice
    setup_fee_minor bigint not null default 0 check (setup_fee_minor >= 0),
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table perennial.prices is 'What a plan costs, per currency and interval.';
create unique index prices_listed on perennial.prices (plan_id, currency, interval_unit, interval_count)
    where customer_id is null and active;
create unique index prices_negotiated on perennial.prices (customer_id, plan_id, currency, interval_unit, interval_count)
    where customer_id is not null and active;
