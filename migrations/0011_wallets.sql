-- Wallets: prepaid tokens in buckets that expire, burned in the order of rule U4.

create table perennial.wallets (
    customer_id uuid not null references perennial.customers,
    unit text collate "C" not null references perennial.token_units,
    clock_id uuid not null,
    -- the customer is told when no more than this is left; null: never
    low_balance_at bigint check (low_balance_at >= 0),
    -- told, and the balance has been too low since
    low_balance_told_at timestamptz,
    -- when somebody has to look whether there is something to tell (business time)
    warn_at timestamptz,
    -- bought by itself when less than top_up_below is left; null: nothing is
    top_up_package text collate "C" references perennial.token_packages,
    top_up_below bigint check (top_up_below > 0),
    -- orders in a month of the customer's calendar, at most
    top_ups_per_month_max integer check (top_ups_per_month_max > 0),
    -- an order is pending or was declined, or the month's are used up: none before this
    top_up_not_before timestamptz,
    -- when somebody has to look whether to buy (business time)
    top_up_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, unit),
    check (num_nonnulls(top_up_package, top_up_below, top_ups_per_month_max) in (0, 3)),
    check (top_up_package is not null or num_nonnulls(top_up_not_before, top_up_at) = 0)
) with (fillfactor = 70);
comment on table perennial.wallets is
    'One per customer and unit. Its row is the lock of all that is in it; what is usable is computed from wallet_grants.';
create index wallets_warn on perennial.wallets (clock_id, warn_at) where warn_at is not null;
create index wallets_top_up on perennial.wallets (clock_id, top_up_at) where top_up_at is not null;

create table perennial.wallet_grants (
    id uuid primary key,
    customer_id uuid not null,
    unit text collate "C" not null,
    clock_id uuid not null,
    amount bigint not null check (amount > 0),
    -- what is left: always the sum of the grant's entries
    remaining bigint not null check (remaining between 0 and amount),
    kind text not null check (kind in ('paid', 'promotional')),
    -- lower burns first
    priority integer not null,
    -- usable in [effective_at, expires_at); null: for ever
    effective_at timestamptz not null,
    expires_at timestamptz check (expires_at > effective_at),
    -- business time
    created_at timestamptz not null,
    -- the order of creation, where even the instant is the same
    seq bigint generated always as identity,
    source text not null check (source in ('granted', 'allocation', 'order')),
    -- names the occasion: a repeat grants nothing
    key text collate "C" not null check (length(key) between 1 and 300),
    unique (source, key),
    foreign key (customer_id, unit) references perennial.wallets
) with (fillfactor = 80);
comment on table perennial.wallet_grants is 'The buckets of wallets.';
create index wallet_grants_usable on perennial.wallet_grants (customer_id, unit) where remaining > 0;
create index wallet_grants_expiring on perennial.wallet_grants (clock_id, expires_at)
    where remaining > 0 and expires_at is not null;

create table perennial.wallet_entries (
    id bigint generated always as identity primary key,
    customer_id uuid not null,
    unit text collate "C" not null,
    grant_id uuid not null references perennial.wallet_grants,
    kind text not null check (kind in ('grant', 'burn', 'expire', 'refund')),
    -- above zero: into the bucket; below: out of it
    amount bigint not null check (amount <> 0),
    -- the consumption that burned it or gave it back
    event_id text collate "C",
    at timestamptz not null,
    recorded_at timestamptz not null default now(),
    check ((kind in ('grant', 'refund')) = (amount > 0)),
    check ((kind in ('burn', 'refund')) = (event_id is not null))
);
comment on table perennial.wallet_entries is 'Every movement of every bucket.';
create index wallet_entries_grant on perennial.wallet_entries (grant_id);
create unique index wallet_entries_event on perennial.wallet_entries (event_id, grant_id, kind) where event_id is not null;
create index wallet_entries_at on perennial.wallet_entries using brin (at) with (pages_per_range = 32);
select perennial.make_append_only('perennial.wallet_entries');

create table perennial.wallet_events (
    event_id text collate "C" primary key check (length(event_id) between 1 and 200),
    customer_id uuid not null,
    unit text collate "C" not null,
    amount bigint not null,
    allowed boolean not null,
    -- what was left after it
    balance bigint not null,
    at timestamptz not null,
    refunded_at timestamptz,
    refunded bigint,
    -- of buckets that had expired when it was refunded
    lost bigint,
    check ((refunded_at is null) = (refunded is null) and (refunded is null) = (lost is null))
);
comment on table perennial.wallet_events is 'What consume_tokens answered to whom: a repeat hears the same.';

create table perennial.token_allocations (
    customer_id uuid not null references perennial.customers,
    unit text collate "C" not null references perennial.token_units,
    clock_id uuid not null,
    due_at timestamptz not null,
    primary key (customer_id, unit)
) with (fillfactor = 80);
comment on table perennial.token_allocations is
    'When a customer is given the next tokens of its plan. One row per customer: who subscribes twice is not given twice.';
create index token_allocations_due on perennial.token_allocations (clock_id, due_at);
