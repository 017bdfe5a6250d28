-- Subscriptions, their periods, dunning, and their history.

create table perennial.dunning_policies (
    id uuid primary key,
    name text not null,
    version integer not null check (version >= 1),
    document jsonb not null,
    created_at timestamptz not null default now(),
    unique (name, version)
);
comment on table perennial.dunning_policies is
    'Versions of dunning policies. A subscription in dunning keeps the version it began with.';
select perennial.make_append_only('perennial.dunning_policies');
-- As jobs/core's DunningPolicy::default() has it; a test holds the two together.
insert into perennial.dunning_policies (id, name, version, document) values
    ('00000000-0000-7000-8000-000000000201', 'standard', 1, '{
        "name": "standard",
        "rungs": [{"after": "1d", "email": "send"}, {"after": "3d", "at_hour": 9, "email": "send"},
                  {"after": "5d", "at_hour": 9, "email": "send"}, {"after": "7d", "at_hour": 9, "email": "send"}],
        "access_ends_after": "14d",
        "end": "cancel",
        "trial_without_method": "pause",
        "notices": {"renewal_before": "7d", "renewal_of_intervals_from": "180d", "card_expiring_before": "14d",
                    "trial_ending_before": "3d", "grace_ending_before": "1d"}}');

create table perennial.subscriptions (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    clock_id uuid not null,
    plan_id uuid not null references perennial.plans,
    status text not null check (status in (
        'incomplete', 'trialing', 'active', 'past_due', 'grace', 'paused', 'unpaid', 'canceled', 'expired')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- the schedule: boundary n is the anchor plus n intervals, on the wall clock of the zone
    anchor_local timestamp not null,
    anchor_zone text not null,
    interval_unit text not null check (interval_unit in ('day', 'week', 'month', 'year')),
    interval_count integer not null check (interval_count >= 1),
    started_at timestamptz not null,
    trial_end timestamptz,
    -- the period that has been opened last, [period_start, period_end)
    period_index bigint not null,
    period_start timestamptz not null,
    period_end timestamptz not null check (period_end > period_start),
    cancel_requested_at timestamptz,
    ended_at timestamptz,
    policy_id uuid not null references perennial.dunning_policies,
    dunning_case_id uuid,
    -- grace: access ends; incomplete: the first payment is no longer awaited
    status_until timestamptz,
    -- the period index for which a notice was sent
    renewal_notice_index bigint,
    card_notice_index bigint,
    trial_notice_at timestamptz,
    grace_notice_at timestamptz,
    -- why nothing happens by itself any more; an operator has to look
    parked_reason text,
    -- what happens next by itself, and when (business time)
    next_action text,
    next_action_at timestamptz,
    -- how many decisions were taken: one audit row each
    version bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((next_action is null) = (next_action_at is null)),
    check ((ended_at is not null) = (status in ('canceled', 'expired'))),
    check ((status in ('past_due', 'grace')) <= (dunning_case_id is not null)),
    check ((status in ('grace', 'incomplete')) = (status_until is not null)),
    check (status not in ('canceled', 'expired') or next_action is null),
    check (parked_reason is null or next_action is null)
) with (fillfactor = 70);
comment on table perennial.subscriptions is 'One row per subscription: where it stands and what comes next.';
create index subscriptions_due on perennial.subscriptions (clock_id, next_action_at) where next_action_at is not null;
create index subscriptions_customer on perennial.subscriptions (customer_id);

create table perennial.subscription_items (
    subscription_id uuid not null references perennial.subscriptions,
    position integer not null,
    price_id uuid not null references perennial.prices,
    plan_id uuid not null references perennial.plans,
    -- seats for a per-seat price, else 1
    quantity bigint not null check (quantity >= 1),
    primary key (subscription_id, position)
);
comment on table perennial.subscription_items is 'What a subscription consists of: prices and seats.';

create table perennial.subscription_periods (
    subscription_id uuid not null references perennial.subscriptions,
    period_index bigint not null,
    kind text not null check (kind in ('trial', 'service')),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    primary key (subscription_id, period_index, kind),
    exclude using gist (subscription_id with =, tstzrange(starts_at, ends_at) with &&)
);
comment on table perennial.subscription_periods is 'Periods that were opened. They never overlap, whoever runs.';

create table perennial.dunning_cases (
    id uuid primary key,
    subscription_id uuid not null references perennial.subscriptions,
    policy_id uuid not null references perennial.dunning_policies,
    -- rungs count from here
    failed_at timestamptz not null,
    -- the next rung of the policy (0-based); equal to their number once attempts are over
    next_rung integer not null check (next_rung >= 0),
    next_rung_at timestamptz,
    attempts_made integer not null default 0,
    last_decline_code text,
    last_reason text,
    -- no attempt before this: the network's advice
    not_before timestamptz,
    closed_at timestamptz,
    outcome text check (outcome in ('recovered', 'expired', 'canceled', 'downgraded')),
    check ((closed_at is null) = (outcome is null))
);
comment on table perennial.dunning_cases is 'Runs of the dunning ladder.';
create unique index dunning_cases_open on perennial.dunning_cases (subscription_id) where closed_at is null;
create index dunning_cases_closed on perennial.dunning_cases (closed_at) where closed_at is not null;
create index dunning_cases_failed on perennial.dunning_cases (failed_at);

create table perennial.transitions (
    from_status text,
    edge text not null,
    to_status text not null,
    unique nulls not distinct (from_status, edge, to_status)
);
comment on table perennial.transitions is 'The legal edges, as jobs/core has them; a test holds the two together.';
insert into perennial.transitions (from_status, edge, to_status) values
    (null, 'started', 'incomplete'), (null, 'started', 'trialing'), (null, 'started', 'active'),
    ('incomplete', 'first_payment_received', 'active'), ('incomplete', 'first_payment_abandoned', 'expired'),
    ('incomplete', 'canceled', 'canceled'),
    ('trialing', 'trial_converted', 'active'), ('trialing', 'trial_lapsed', 'paused'),
    ('trialing', 'trial_lapsed', 'canceled'), ('trialing', 'cancel_scheduled', 'trialing'),
    ('trialing', 'cancel_undone', 'trialing'), ('trialing', 'canceled', 'canceled'),
    ('active', 'renewed', 'active'), ('active', 'payment_failed', 'past_due'),
    ('active', 'cancel_scheduled', 'active'), ('active', 'cancel_undone', 'active'), ('active', 'canceled', 'canceled'),
    ('past_due', 'renewed', 'past_due'), ('past_due', 'rung_passed', 'past_due'), ('past_due', 'attempts_over', 'grace'),
    ('past_due', 'recovered', 'active'), ('past_due', 'cancel_scheduled', 'past_due'),
    ('past_due', 'cancel_undone', 'past_due'), ('past_due', 'canceled', 'canceled'),
    ('grace', 'renewed', 'grace'), ('grace', 'recovered', 'active'), ('grace', 'grace_expired', 'expired'),
    ('grace', 'suspended', 'unpaid'), ('grace', 'downgraded', 'active'), ('grace', 'cancel_scheduled', 'grace'),
    ('grace', 'cancel_undone', 'grace'), ('grace', 'canceled', 'canceled'),
    ('paused', 'resumed', 'active'), ('paused', 'canceled', 'canceled'),
    ('unpaid', 'recovered', 'active'), ('unpaid', 'canceled', 'canceled');

create table perennial.subscription_history (
    subscription_id uuid not null,
    version bigint not null,
    -- a decision may take several edges in a row
    position integer not null,
    from_status text,
    to_status text not null,
    edge text not null,
    period_index bigint not null,
    at timestamptz not null,
    by_job text not null,
    recorded_at timestamptz not null default now(),
    primary key (subscription_id, version, position)
);
comment on table perennial.subscription_history is 'Every edge a subscription took: from, to, why, when, by which job.';
create index subscription_history_at on perennial.subscription_history using brin (at) with (pages_per_range = 32);
create index subscription_history_recorded on perennial.subscription_history using brin (recorded_at) with (pages_per_range = 32);
select perennial.make_append_only('perennial.subscription_history');

create table perennial.audit_log (
    subject_id uuid not null,
    subject_kind text not null check (subject_kind in ('subscription', 'customer', 'order')),
    -- gapless per subject: decision 1, 2, 3 …
    version bigint not null,
    act text not null,
    at timestamptz not null,
    actor text not null,
    facts jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (subject_id, version)
);
comment on table perennial.audit_log is 'One row per decision, with the ids of all it caused. No personal data.';
select perennial.make_append_only('perennial.audit_log');
