-- Money that went back: what was refunded, and what a bank took back in a dispute. Others do it,
-- or learn of it, and tell us; we write it down.

insert into perennial.ledger_accounts (code, kind, description) values
    ('refunds', 'revenue', 'Paid back to customers: lessens revenue'),
    ('disputes', 'revenue', 'Taken back by banks on behalf of customers: lessens revenue');

-- The sums of the tables below, here so that the check holds under any number of writers: each
-- locks the payment's row to add to them.
alter table perennial.payments
    add column refunded_minor bigint not null default 0 check (refunded_minor >= 0),
    -- chargebacks that are open or lost
    add column disputed_minor bigint not null default 0 check (disputed_minor >= 0),
    add constraint payments_gone_back_at_most_paid check (
        refunded_minor + disputed_minor <= case when status = 'succeeded' then amount_minor else 0 end) not valid;
alter table perennial.payments validate constraint payments_gone_back_at_most_paid;

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
    check (inquired_at <= opened_at and opened_at <= closed_at)
);
comment on table perennial.disputes is
    'What customers'' banks asked about payments, or took back of them. It was a chargeback where opened_at is set.';
create index disputes_opened on perennial.disputes (clock_id, opened_at) where opened_at is not null;
create index disputes_payment on perennial.disputes (payment_id);

create function perennial.keep_dispute() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'perennial.disputes: delete refused' using errcode = 'restrict_violation';
    elsif (new.id, new.payment_id, new.customer_id, new.clock_id, new.currency, new.amount_minor, new.reference)
          <> (old.id, old.payment_id, old.customer_id, old.clock_id, old.currency, old.amount_minor, old.reference)
          or old.closed_at is not null
          or old.opened_at is not null and (new.opened_at, new.recorded_at) is distinct from (old.opened_at, old.recorded_at)
          or new.inquired_at is distinct from old.inquired_at then
        raise exception 'perennial.disputes: what was said of dispute % stays said', old.reference
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function perennial.keep_dispute() is 'A dispute is opened once and closed once, and is about the same money all along.';
create trigger keep_dispute before update or delete on perennial.disputes
    for each row execute function perennial.keep_dispute();
