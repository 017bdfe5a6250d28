-- Who referred which customer and what they are owed for it; and what features cost and earn.

create table perennial.affiliates (
    code text collate "C" primary key check (code ~ '^[a-z0-9][a-z0-9_-]{0,59}$'),
    name text not null check (name !~ '[[:cntrl:]]' and length(name) between 1 and 200),
    email text not null check (email ~ '^[^@\s]+@[^@\s]+$'),
    created_at timestamptz not null default now()
);
comment on table perennial.affiliates is 'People and companies who bring customers.';

create table perennial.referrals (
    -- no foreign key: it may be told of together with the event that brings the customer
    customer_id uuid primary key,
    affiliate_code text collate "C" not null references perennial.affiliates,
    key text collate "C" not null unique check (length(key) between 1 and 200),
    -- business time
    at timestamptz not null check (isfinite(at)),
    recorded_at timestamptz not null default now()
);
comment on table perennial.referrals is 'Who brought a customer: the first to say so, for ever.';
select perennial.make_append_only('perennial.referrals');

create table perennial.commission_rules (
    id uuid primary key default gen_random_uuid(),
    -- null: whoever has no rule of their own
    affiliate_code text collate "C" references perennial.affiliates,
    -- percent of what was paid, exactly: 25/2 is 12.5 %
    percent_numer bigint check (percent_numer > 0),
    percent_denom bigint check (percent_denom > 0),
    -- or so many minor units of `currency` for each payment in it
    fixed_minor bigint check (fixed_minor > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    -- once: for the first payment; recurring: for invoices of so many months, from that of the first payment on
    duration text not null check (duration in ('once', 'recurring')),
    months integer check (months between 1 and 1200),
    -- how long after the payment the commission is kept back
    hold_days integer not null default 30 check (hold_days between 0 and 3650),
    -- holds for customers who are referred in [active_from, active_until)
    active_from timestamptz not null default perennial.business_now(),
    active_until timestamptz check (active_until > active_from),
    created_at timestamptz not null default now(),
    constraint percent_or_fixed_amount check (num_nonnulls(percent_numer, fixed_minor) = 1),
    constraint percent_is_a_fraction check ((percent_numer is null) = (percent_denom is null)),
    constraint percent_at_most_100 check (percent_numer / 100.0 <= percent_denom),
    constraint fixed_amount_has_a_currency check ((fixed_minor is null) = (currency is null)),
    constraint recurring_has_months check ((duration = 'recurring') = (months is not null)),
    constraint one_active_rule exclude using gist ((coalesce(affiliate_code, '')) with =, (coalesce(currency, '')) with =,
                        tstzrange(active_from, active_until) with &&)
);
comment on table perennial.commission_rules is
    'What is paid for a referral. A customer''s payments keep the rule that was active when they were referred: an affiliate''s own before that of all, an amount in the payment''s currency before a percentage.';

create table perennial.commissions (
    payment_id uuid not null references perennial.payments,
    -- 0: what was earned; then each change of what went back of the payment
    position integer not null check (position >= 0),
    -- reversed: so much less, since money went back; reinstated: so much again, since it came again
    kind text not null check (kind in ('accrued', 'reversed', 'reinstated')),
    affiliate_code text collate "C" not null references perennial.affiliates,
    customer_id uuid not null,
    clock_id uuid not null,
    rule_id uuid not null references perennial.commission_rules,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- zero where less than half a unit was earned: the payment is dealt with
    amount_minor bigint not null,
    -- when the payment came in, or went back (business time)
    at timestamptz not null,
    payable_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (payment_id, position),
    check ((kind = 'accrued') = (position = 0)),
    check (case kind when 'accrued' then amount_minor >= 0 when 'reversed' then amount_minor < 0 else amount_minor > 0 end)
);
comment on table perennial.commissions is
    'What is owed for payments of referred customers: earned once per payment, and less by the share of it that went back.';
create index commissions_affiliate on perennial.commissions (affiliate_code, currency, payable_at);
create index commissions_customer on perennial.commissions (customer_id, rule_id);
select perennial.make_append_only('perennial.commissions');

create table perennial.roi_events (
    key text collate "C" primary key check (length(key) between 1 and 200),
    kind text not null check (kind in ('cost', 'revenue')),
    -- what it was for: a feature, a single query, or a query of a feature
    feature text collate "C" check (feature ~ '^[a-z][a-z0-9_]{0,59}$'),
    query_id text collate "C" check (length(query_id) between 1 and 200),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- business time
    at timestamptz not null check (isfinite(at)),
    recorded_at timestamptz not null default now(),
    constraint feature_or_query check (num_nonnulls(feature, query_id) >= 1)
);
comment on table perennial.roi_events is 'What features and queries cost and bring, each event once.';
create index roi_events_feature on perennial.roi_events (feature, at) where feature is not null;
create index roi_events_query on perennial.roi_events (query_id, at) where query_id is not null;
select perennial.make_append_only('perennial.roi_events');
