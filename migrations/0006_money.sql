-- Payment methods, invoices, payments and the ledger.

create table perennial.payment_providers (
    name text primary key,
    created_at timestamptz not null default now()
);
comment on table perennial.payment_providers is 'Who moves the money.';
insert into perennial.payment_providers (name) values ('stripe');

create table perennial.provider_customers (
    provider text not null references perennial.payment_providers,
    customer_id uuid not null references perennial.customers,
    reference text not null,
    created_at timestamptz not null default now(),
    primary key (provider, customer_id),
    unique (provider, reference)
);
comment on table perennial.provider_customers is 'Our customers as the provider knows them.';

create table perennial.payment_methods (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    provider text not null references perennial.payment_providers,
    reference text not null,
    kind text not null,
    network text,
    last4 text check (last4 ~ '^[0-9]{4}$'),
    -- a card is good until this instant (end of its month)
    expires_at timestamptz,
    -- tried in this order: lowest first
    position bigint not null,
    -- a hard decline: never charged again unless attached anew
    blocked_reason text,
    -- not charged before this instant: the network's advice
    not_before timestamptz,
    attached_at timestamptz not null,
    unique (provider, reference)
);
comment on table perennial.payment_methods is 'What can be charged; tokens of the provider, never card numbers.';
create index payment_methods_customer on perennial.payment_methods (customer_id, position);

create table perennial.invoice_series (
    prefix text primary key,
    last_number bigint not null default 0
);
comment on table perennial.invoice_series is 'Counters of gap-free invoice numbers, taken in the transaction that finalises.';
insert into perennial.invoice_series (prefix) values ('INV');

create table perennial.invoices (
    id uuid primary key,
    subscription_id uuid references perennial.subscriptions,
    order_id uuid references perennial.orders,
    customer_id uuid not null references perennial.customers,
    period_index bigint,
    kind text not null check (kind in ('period', 'final', 'order')),
    series text not null references perennial.invoice_series,
    number bigint not null check (number > 0),
    status text not null check (status in ('open', 'paid', 'void', 'uncollectible')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint not null check (total_minor >= 0),
    -- the boundary it is dated
    issued_at timestamptz not null,
    due_at timestamptz not null,
    finalized_at timestamptz not null,
    closed_at timestamptz,
    -- the one payment intent, for the invoice's whole life
    provider text references perennial.payment_providers,
    intent_reference text,
    -- the email that told the customer of the payment; 'none' where none is sent
    receipt_key text,
    decision bigint not null,
    unique (subscription_id, period_index, kind),
    unique (series, number),
    check ((status = 'open') = (closed_at is null)),
    constraint invoices_subject check (
        (kind = 'order') = (order_id is not null)
        and (kind = 'period') = (subscription_id is not null and period_index is not null)
        and num_nonnulls(subscription_id, order_id) = 1)
) with (fillfactor = 80);
comment on table perennial.invoices is
    'What was billed: one per subscription, period and kind, final ones of what an ended subscription used beyond its limits, and one per order.';
create index invoices_unfinished on perennial.invoices (subscription_id)
    where status = 'open' or receipt_key is null;
create unique index invoices_intent on perennial.invoices (provider, intent_reference) where intent_reference is not null;
create unique index invoices_order on perennial.invoices (order_id) where order_id is not null;

create table perennial.invoice_items (
    invoice_id uuid not null references perennial.invoices,
    position integer not null,
    kind text not null check (kind in (
        'subscription', 'setup_fee', 'proration', 'carried_balance', 'overage', 'late_usage', 'package')),
    description text not null,
    quantity bigint not null check (quantity >= 1),
    unit_amount_minor bigint not null,
    amount_minor bigint not null,
    period_start timestamptz,
    period_end timestamptz,
    price_id uuid,
    primary key (invoice_id, position)
);
comment on table perennial.invoice_items is 'Lines of an invoice; they sum up to its total.';

create table perennial.payments (
    id uuid primary key,
    invoice_id uuid not null references perennial.invoices,
    subscription_id uuid,
    order_id uuid,
    customer_id uuid not null,
    clock_id uuid not null,
    -- 1 for the first try of this invoice
    attempt integer not null check (attempt >= 1),
    method_id uuid not null references perennial.payment_methods,
    network text,
    provider text not null references perennial.payment_providers,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    status text not null check (status in (
        'planned', 'executing', 'unknown', 'processing', 'succeeded', 'declined', 'rejected', 'canceled')),
    idempotency_key text not null unique,
    request_hash text not null,
    -- business time
    planned_at timestamptz not null,
    settled_at timestamptz,
    due_at timestamptz,
    -- machine time: after the provider has forgotten the key, only inquiries are made
    first_sent_at timestamptz,
    sent_at timestamptz,
    inquiries integer not null default 0,
    decline_code text,
    network_decline_code text,
    network_advice_code text,
    advice_code text,
    charge_reference text,
    request_id text,
    http_status integer,
    replayed boolean,
    last_error text,
    decision bigint not null,
    outcome_decision bigint,
    -- The sums of refunds and disputes, here so that the check holds under any number of writers:
    -- each locks the payment's row to add to them.
    refunded_minor bigint not null default 0 check (refunded_minor >= 0),
    -- chargebacks that are open or lost
    disputed_minor bigint not null default 0 check (disputed_minor >= 0),
    unique (invoice_id, attempt),
    check ((due_at is not null) = (status in ('planned', 'executing', 'unknown', 'processing'))),
    check ((status in ('succeeded', 'declined', 'rejected', 'canceled')) = (settled_at is not null)),
    constraint payments_subject check (num_nonnulls(subscription_id, order_id) = 1),
    constraint payments_gone_back_at_most_paid check (
        refunded_minor + disputed_minor <= case when status = 'succeeded' then amount_minor else 0 end)
) with (fillfactor = 70);
comment on table perennial.payments is 'Attempts to collect an invoice. The row exists before the call is made.';
comment on column perennial.payments.sent_at is
    'The business instant at which the attempt was last sent; null: never. first_sent_at is the machine''s time, from which keys age.';
create unique index payments_one_capture on perennial.payments (invoice_id) where status = 'succeeded';
create unique index payments_one_in_flight on perennial.payments (subscription_id)
    where status in ('planned', 'executing', 'unknown', 'processing');
create index payments_due on perennial.payments (clock_id, due_at) where due_at is not null;
create index payments_method on perennial.payments (method_id, planned_at);
create unique index payments_order_in_flight on perennial.payments (order_id)
    where order_id is not null and status in ('planned', 'executing', 'unknown', 'processing');
create index payments_settled on perennial.payments using brin (settled_at) with (pages_per_range = 32);
create index payments_declined on perennial.payments (customer_id, settled_at) where status = 'declined';
create index payments_succeeded on perennial.payments (customer_id, settled_at) where status = 'succeeded';

create table perennial.customer_balance_entries (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    subscription_id uuid not null,
    currency text not null,
    -- above zero: a credit to the customer; below: what the customer still owes
    amount_minor bigint not null check (amount_minor <> 0),
    kind text not null check (kind in ('credit', 'applied', 'carried', 'collected', 'late_payment')),
    invoice_id uuid references perennial.invoices,
    at timestamptz not null,
    decision bigint not null
);
comment on table perennial.customer_balance_entries is 'Credits, and amounts too small to charge. Never refunded by themselves.';
create index customer_balance_by_customer on perennial.customer_balance_entries (customer_id, currency);
create index customer_balance_by_invoice on perennial.customer_balance_entries (invoice_id);
select perennial.make_append_only('perennial.customer_balance_entries');

create table perennial.ledger_accounts (
    code text primary key,
    kind text not null check (kind in ('asset', 'liability', 'revenue', 'expense')),
    description text not null
);
comment on table perennial.ledger_accounts is 'The chart of accounts.';
insert into perennial.ledger_accounts (code, kind, description) values
    ('accounts_receivable', 'asset', 'Invoiced, not yet paid'),
    ('cash', 'asset', 'Captured by the payment provider'),
    ('customer_credit', 'liability', 'Balances of customers'),
    ('revenue', 'revenue', 'Invoiced services'),
    ('bad_debt', 'expense', 'Invoices given up');
insert into perennial.ledger_accounts (code, kind, description) values
    ('refunds', 'revenue', 'Paid back to customers: lessens revenue'),
    ('disputes', 'revenue', 'Taken back by banks on behalf of customers: lessens revenue');

create table perennial.ledger_entries (
    posting_id uuid not null,
    position integer not null,
    account text not null references perennial.ledger_accounts,
    -- debit above zero, credit below
    amount_minor bigint not null check (amount_minor <> 0),
    currency text not null,
    kind text not null,
    customer_id uuid not null,
    subscription_id uuid,
    order_id uuid,
    invoice_id uuid,
    payment_id uuid,
    at timestamptz not null,
    decision bigint not null,
    recorded_at timestamptz not null default now(),
    primary key (posting_id, position),
    constraint ledger_entries_subject check (num_nonnulls(subscription_id, order_id) = 1)
);
comment on table perennial.ledger_entries is 'Double entry: the entries of a posting sum up to zero per currency.';
create index ledger_entries_subscription on perennial.ledger_entries (subscription_id);
create index ledger_entries_at on perennial.ledger_entries using brin (at) with (pages_per_range = 32);
create index ledger_entries_recorded on perennial.ledger_entries using brin (recorded_at) with (pages_per_range = 32);
-- What a customer paid, without their other entries.
create index ledger_entries_cash on perennial.ledger_entries (customer_id, currency) include (amount_minor)
    where account = 'cash';
select perennial.make_append_only('perennial.ledger_entries');
