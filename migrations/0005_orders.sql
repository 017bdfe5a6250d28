-- What customers buy once.

create table perennial.orders (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    clock_id uuid not null,
    -- top_up: placed by a wallet that ran low
    kind text not null check (kind in ('purchase', 'top_up')),
    status text not null check (status in ('pending', 'paid', 'failed')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint not null check (total_minor > 0),
    -- names the occasion: there is one order of it
    key text collate "C" not null unique check (length(key) between 1 and 300),
    placed_at timestamptz not null,
    closed_at timestamptz,
    -- why it failed, or why an operator has to look
    reason text,
    -- how many decisions were taken: one audit row each
    version bigint not null,
    check ((status = 'pending') = (closed_at is null))
);
comment on table perennial.orders is 'What customers buy once.';
create index orders_customer on perennial.orders (customer_id, placed_at);

create table perennial.order_items (
    order_id uuid not null references perennial.orders,
    position integer not null,
    package text collate "C" not null references perennial.token_packages,
    description text not null,
    quantity bigint not null check (quantity between 1 and 1000),
    unit_amount_minor bigint not null check (unit_amount_minor > 0),
    amount_minor bigint not null check (amount_minor > 0),
    -- what is granted when it is paid
    unit text collate "C" not null references perennial.token_units,
    tokens bigint not null check (tokens > 0),
    primary key (order_id, position)
);
comment on table perennial.order_items is 'What an order consists of, as agreed when it was placed.';
