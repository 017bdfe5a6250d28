-- Monthly recurring revenue: what each change of a subscription was for its customer, in exact
-- fractions of minor units. Written with the change itself, so that the sum of movements up to any
-- instant is the revenue then.

create table perennial.mrr_movements (
    -- the order in which a customer's movements were recorded
    seq bigint generated always as identity,
    customer_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    subscription_id uuid not null,
    -- the decision that caused it
    decision bigint not null,
    -- business time
    at timestamptz not null,
    -- What it was for the customer, over all subscriptions. Changes of several subscriptions that
    -- are decided together have one kind: that of their sum. internal: the sum is zero, or only the
    -- plan is another.
    kind text not null check (kind in ('new', 'expansion', 'contraction', 'churn_voluntary', 'churn_involuntary',
                                       'reactivation', 'internal')),
    -- by how much this subscription's contribution changed: minor units per month
    amount_numer numeric(39) not null,
    amount_denom numeric(39) not null check (amount_denom > 0),
    -- what it contributed, to which plan
    before_numer numeric(39) not null check (before_numer >= 0),
    before_denom numeric(39) not null check (before_denom > 0),
    plan_before uuid,
    -- and what it contributes now
    after_numer numeric(39) not null check (after_numer >= 0),
    after_denom numeric(39) not null check (after_denom > 0),
    plan_after uuid not null,
    -- the customer's total in this currency, after all that was decided together
    total_numer numeric(39) not null check (total_numer >= 0),
    total_denom numeric(39) not null check (total_denom > 0),
    recorded_at timestamptz not null default now(),
    primary key (subscription_id, decision, at)
) partition by range (at);
comment on table perennial.mrr_movements is
    'How recurring revenue moved: one row per change of a subscription''s contribution, with what that was for the customer. Fractions are reduced. Partitioned by month.';
create index mrr_movements_at on perennial.mrr_movements (at);
create index mrr_movements_customer on perennial.mrr_movements (customer_id, currency, seq);
-- What happened on a day is found without all that happened on others.
create index mrr_movements_recorded on perennial.mrr_movements using brin (recorded_at) with (pages_per_range = 32);
select perennial.make_append_only('perennial.mrr_movements');

create table perennial.mrr_movements_default partition of perennial.mrr_movements default;
comment on table perennial.mrr_movements_default is 'Movements of months without a partition of their own: test clocks live in any year.';

create table perennial.mrr_decisions (
    subscription_id uuid not null,
    decision bigint not null,
    primary key (subscription_id, decision)
);
comment on table perennial.mrr_decisions is
    'Which decisions moved recurring revenue. Beside the movements, since a repeat might fall into another month''s partition.';
select perennial.make_append_only('perennial.mrr_decisions');

create table perennial.customer_mrr (
    customer_id uuid not null references perennial.customers,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- minor units per month
    numer numeric(39) not null check (numer >= 0),
    denom numeric(39) not null check (denom > 0),
    -- whether there was ever any: more after none is then a reactivation
    ever_paid boolean not null,
    primary key (customer_id, currency)
) with (fillfactor = 80);
comment on table perennial.customer_mrr is
    'What a customer''s movements come to, per currency. Locked as the last thing of a transaction that moves it.';

create table perennial.customer_cohorts (
    customer_id uuid primary key references perennial.customers,
    -- with or without a trial
    first_subscription_at timestamptz not null,
    -- the first recurring revenue, in any currency; null: none yet
    first_purchase_at timestamptz,
    country text not null default 'unknown'
);
comment on table perennial.customer_cohorts is
    'When a customer came in (business time): each written once. The month is that of the business''s zone, so it is not kept.';
comment on column perennial.customer_cohorts.country is
    'The region of the customer''s locale when the first subscription began.';
create index customer_cohorts_purchase on perennial.customer_cohorts (first_purchase_at) where first_purchase_at is not null;
