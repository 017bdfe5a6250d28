-- Money that went back: refunds, and what banks took back in disputes.

create table perennial.refunds (
    id uuid primary key,
    payment_id uuid not null references perennial.payments,
    customer_id uuid not null,
    clock_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null check (amount_minor > 0),
    reason text not null check (reason in ('requested_by_customer', 'duplicate', 'fraudulent', 'other')),
    -- what the provider calls it
    reference text not null unique check (length(reference) between 1 and 200),
    -- business time: when it was refunded, and when we wrote it down
    at timestamptz not null check (isfinite(at)),
    recorded_at timestamptz not null,
    check (at <= recorded_at)
);
comment on table perennial.refunds is 'What was paid back of payments. Together with disputes never more than was paid.';
create index refunds_at on perennial.refunds (clock_id, at);
create index refunds_payment on perennial.refunds (payment_id);
create index refunds_on on perennial.refunds using brin (at) with (pages_per_range = 32);
select perennial.make_append_only('perennial.refunds');

create table perennial.disputes (
    id uuid primary key,
    payment_id uuid not null references perennial.payments,
    customer_id uuid not null,
    clock_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null check (amount_minor > 0),
    -- the bank's words
    reason text not null check (reason ~ '^[a-z][a-z0-9_]{0,59}$'),
    -- what the provider calls it
    reference text not null unique check (length(reference) between 1 and 200),
    -- inquiry: the bank asks, and nothing has gone back; the others were or are chargebacks
    status text not null check (status in ('inquiry', 'open', 'won', 'lost')),
    -- business time: when the bank asked, took the money, and decided
    inquired_at timestamptz check (isfinite(inquired_at)),
    opened_at timestamptz check (isfinite(opened_at)),
    closed_at timestamptz check (isfinite(closed_at)),
    -- business time: when we wrote down that it was opened (an inquiry: that the bank asked)
    recorded_at timestamptz not null,
    check ((status = 'inquiry') = (opened_at is null)),
    check (num_nonnulls(inquired_at, opened_at) > 0),
    check (status not in ('won', 'lost') or closed_at is not null),
    check (status <> 'open' or closed_at is null),
    check (inquired_at <= opened_at),
    check (coalesce(opened_at, inquired_at) <= closed_at)
);
comment on table perennial.disputes is
    'What customers'' banks asked about payments, or took back of them. It was a chargeback where opened_at is set.';
create index disputes_opened on perennial.disputes (clock_id, opened_at) where opened_at is not null;
create index disputes_payment on perennial.disputes (payment_id);
create index disputes_on on perennial.disputes using brin (opened_at) with (pages_per_range = 32);
