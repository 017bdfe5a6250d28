-- Usage: events, counters, meters and their periods.

create table perennial.usage_events (
    event_id text not null,
    customer_id uuid not null,
    metric_id integer not null,
    -- above zero; below where a release took back what never resets
    quantity bigint not null check (quantity <> 0),
    at timestamptz not null,
    -- the period it is counted in
    period_start timestamptz not null,
    received_at timestamptz not null default now()
) partition by range (at);
comment on table perennial.usage_events is 'What was used, each event once. Partitioned by month, kept as the plan says.';
create index usage_events_meter on perennial.usage_events (customer_id, metric_id, period_start);

create table perennial.usage_event_ids (
    event_id text collate "C" primary key check (length(event_id) between 1 and 200),
    at timestamptz not null,
    customer_id uuid not null,
    metric_id integer not null,
    quantity bigint not null
);
comment on table perennial.usage_event_ids is
    'Which events are recorded. Beside the events, since a repeat may fall into another month''s partition.';
-- So that old ids are found without an index that every event would have to be added to.
create index usage_event_ids_at on perennial.usage_event_ids using brin (at);

-- What no month has a partition for yet is kept nevertheless.
create table perennial.usage_events_default partition of perennial.usage_events default;
comment on table perennial.usage_events_default is 'Events of months without a partition of their own: test clocks live in any year.';

create table perennial.usage_meters (
    customer_id uuid not null references perennial.customers,
    metric_id integer not null references perennial.metrics,
    clock_id uuid not null,
    -- who gives the limit; null: nobody any more
    subscription_id uuid references perennial.subscriptions,
    quota_id uuid references perennial.plan_quotas,
    -- -1: unlimited; what rolled over comes on top
    limit_units bigint not null check (limit_units >= -1),
    rollover_units bigint not null default 0 check (rollover_units >= 0),
    enforcement text not null check (enforcement in ('hard', 'soft')),
    -- boundary n is the anchor plus n months, on the wall clock of the zone
    anchor_local timestamp not null,
    anchor_zone text not null,
    period_index integer not null,
    period_start timestamptz not null,
    -- null: never resets
    period_end timestamptz check (period_end > period_start),
    -- the period before, and what was counted when it was closed: the rest is late
    closed_start timestamptz,
    closed_used bigint,
    -- its subscription has ended: the period ends with it, and what follows is nobody's
    ends boolean not null default false,
    primary key (customer_id, metric_id)
) with (fillfactor = 60);
comment on table perennial.usage_meters is 'Where each customer stands with each metric: the limit, and the period that is open.';
create index usage_meters_due on perennial.usage_meters (clock_id, period_end) where period_end is not null;

create table perennial.usage_counters (
    customer_id uuid not null,
    metric_id integer not null,
    period_start timestamptz not null,
    -- concurrent callers each take a shard nobody else holds: their sum counts
    shard smallint not null,
    used bigint not null,
    primary key (customer_id, metric_id, period_start, shard)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
comment on table perennial.usage_counters is 'How much was used in a period: the sum of its shards. No index on what changes, so that counting stays in place.';
-- Only where callers came at the same time can a threshold have been crossed unseen.
create index usage_counters_shared on perennial.usage_counters (customer_id, metric_id, period_start) where shard > 0;

create table perennial.usage_closings (
    customer_id uuid not null,
    metric_id integer not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    -- who gave the limit, and owes for what was beyond it
    subscription_id uuid,
    quota_id uuid,
    -- with what had rolled over; -1: unlimited
    limit_units bigint not null,
    used bigint not null,
    overage_units bigint not null,
    rollover_units bigint not null,
    closed_at timestamptz not null,
    primary key (customer_id, metric_id, period_start)
);
comment on table perennial.usage_closings is 'Periods that were closed: the final count and what became of it.';
create index usage_closings_ended on perennial.usage_closings using brin (period_end) with (pages_per_range = 32);
select perennial.make_append_only('perennial.usage_closings');

create table perennial.usage_late (
    customer_id uuid not null,
    metric_id integer not null,
    -- the period it was used in
    period_start timestamptz not null,
    -- the period whose closing found it
    found_in timestamptz not null,
    units bigint not null check (units > 0),
    primary key (customer_id, metric_id, period_start, found_in)
);
comment on table perennial.usage_late is 'Usage that was committed after its period had been closed, as later closings found it.';
select perennial.make_append_only('perennial.usage_late');

create table perennial.usage_warnings (
    customer_id uuid not null,
    metric_id integer not null,
    period_start timestamptz not null,
    -- percent
    threshold integer not null,
    clock_id uuid not null,
    used bigint not null,
    limit_units bigint not null,
    crossed_at timestamptz not null,
    due_at timestamptz,
    outcome text check (outcome in ('told', 'muted', 'too_late')),
    quota_id uuid references perennial.plan_quotas,
    recorded_at timestamptz not null default now(),
    primary key (customer_id, metric_id, period_start, threshold),
    check ((due_at is null) = (outcome is not null))
);
comment on table perennial.usage_warnings is 'Thresholds that were crossed, each once per meter and period.';
comment on column perennial.usage_warnings.quota_id is 'The limit that was crossed was of this quota.';
create index usage_warnings_due on perennial.usage_warnings (clock_id, due_at) where due_at is not null;
create index usage_warnings_crossed on perennial.usage_warnings using brin (crossed_at) with (pages_per_range = 32);
create index usage_warnings_recorded on perennial.usage_warnings using brin (recorded_at) with (pages_per_range = 32);

create table perennial.pending_invoice_items (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    subscription_id uuid not null references perennial.subscriptions,
    clock_id uuid not null,
    kind text not null check (kind in ('overage', 'late_usage')),
    metric_id integer not null references perennial.metrics,
    currency text not null,
    description text not null,
    quantity bigint not null check (quantity > 0),
    amount_minor bigint not null check (amount_minor >= 0),
    -- the period it was used in
    period_start timestamptz not null,
    period_end timestamptz not null,
    created_at timestamptz not null,
    -- its subscription has ended: since when it waits for a final invoice
    final_at timestamptz,
    invoice_id uuid references perennial.invoices
);
comment on table perennial.pending_invoice_items is
    'What the next invoice of a subscription bills beside its price; once it has ended, a final invoice.';
create index pending_invoice_items_open on perennial.pending_invoice_items (subscription_id) where invoice_id is null;
create index pending_invoice_items_final on perennial.pending_invoice_items (clock_id, final_at)
    where invoice_id is null and final_at is not null;

-- What record_plain_usage answers, event by event.
create type perennial.usage_batch_answer as (
    number bigint, event_id text, plain boolean, recorded boolean, used bigint, "limit" bigint, remaining bigint,
    period_end timestamptz, error text);
