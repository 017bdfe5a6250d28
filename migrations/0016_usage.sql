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

-- Attaching locks the table less than creating in place does. Rows that came before their month had
-- a partition lie in the default one, and are moved.
create function perennial.make_month_partition(parent text, month date) returns void
language plpgsql
-- A month begins in UTC, whether rows have an instant or a date.
set timezone = 'UTC' set lock_timeout = '1s' set search_path = perennial, pg_temp as $$
declare
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    part text := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
    key text := (select a.attname from pg_partitioned_table t
                   join pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
                  where t.partrelid = format('perennial.%I', parent)::regclass);
begin
    if to_regclass(format('perennial.%I', part)) is not null then
        return;
    end if;
    execute format('create table perennial.%I (like perennial.%I including defaults including constraints)', part, parent);
    execute format('comment on table perennial.%I is %L', part, format('A month (UTC) of perennial.%s.', parent));
    execute format('lock table perennial.%I in access exclusive mode', parent || '_default');
    execute format('with moved as (delete from perennial.%1$I where %2$I >= %3$L and %2$I < %4$L returning *)
                    insert into perennial.%5$I select * from moved', parent || '_default', key, first, next, part);
    execute format('alter table perennial.%I attach partition perennial.%I for values from (%L) to (%L)', parent, part, first, next);
exception when duplicate_table then null; -- someone else was faster
end
$$;
comment on function perennial.make_month_partition is
    'Makes the partition of a month that is not there yet, of a table that is partitioned by month and has a default partition.';

-- What no month has a partition for yet is kept nevertheless.
create table perennial.usage_events_default partition of perennial.usage_events default;
comment on table perennial.usage_events_default is 'Events of months without a partition of their own: test clocks live in any year.';
select perennial.make_month_partition('usage_events', (date_trunc('month', now()) + make_interval(months => n))::date)
  from generate_series(-1, 3) n;

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
    primary key (customer_id, metric_id, period_start, threshold),
    check ((due_at is null) = (outcome is not null))
);
comment on table perennial.usage_warnings is 'Thresholds that were crossed, each once per meter and period.';
alter function perennial.announce_clock() rename to announce_due;
comment on function perennial.announce_due() is 'Wakes the scheduler: a clock moved, or a row is due at once.';
create trigger announce after insert on perennial.usage_warnings
    for each row execute function perennial.announce_due();
create index usage_warnings_due on perennial.usage_warnings (clock_id, due_at) where due_at is not null;

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
create trigger announce after insert or update of final_at on perennial.pending_invoice_items
    for each row when (new.final_at is not null) execute function perennial.announce_due();

create view perennial.final_invoices_due as
    select w.clock_id, w.subscription_id, min(w.final_at) as due_at
      from perennial.pending_invoice_items w
     where w.invoice_id is null and w.final_at is not null
       -- One attempt at a time: the outcome of the last one comes first.
       and not exists (select from perennial.payments p
                        where p.subscription_id = w.subscription_id
                          and p.status in ('planned', 'executing', 'unknown', 'processing'))
     group by w.clock_id, w.subscription_id;
comment on view perennial.final_invoices_due is 'Ended subscriptions with usage that waits for a final invoice. There are few at a time.';

alter table perennial.invoices drop constraint invoices_kind_check,
    alter column period_index drop not null,
    add constraint invoices_kind_check check (kind in ('period', 'final')) not valid,
    add constraint invoices_subject check ((kind = 'period') = (period_index is not null)) not valid;
alter table perennial.invoices validate constraint invoices_kind_check;
alter table perennial.invoices validate constraint invoices_subject;
comment on table perennial.invoices is
    'What was billed: one per subscription, period and kind; what an ended subscription used beyond its limits is on a final one.';

alter table perennial.invoice_items drop constraint invoice_items_kind_check,
    add constraint invoice_items_kind_check check (kind in (
        'subscription', 'setup_fee', 'proration', 'carried_balance', 'overage', 'late_usage')) not valid;
alter table perennial.invoice_items validate constraint invoice_items_kind_check;

-- As it was, in plpgsql: each recorded event asks for it, and the plan of an SQL function is made
-- at each call.
create or replace function perennial.business_now(clock uuid default '00000000-0000-0000-0000-000000000000')
returns timestamptz
language plpgsql stable parallel safe
set search_path = perennial, pg_temp
as $$
begin
    return coalesce(
        (select frozen_at from perennial.clocks where id = clock),
        (select frozen_at from perennial.clocks where id = '00000000-0000-0000-0000-000000000000'),
        statement_timestamp());
end
$$;

------------------------------------------------------------------------------------- periods

-- Plain expressions, so that the planner can put them in place: a million meters reset in one sweep.
create function perennial.offset_before(local timestamp, zone text) returns interval
language sql immutable parallel safe as $$
    select (((local at time zone zone at time zone 'UTC') - interval '1 day') at time zone 'UTC' at time zone zone)
           - ((local at time zone zone at time zone 'UTC') - interval '1 day')
$$;
comment on function perennial.offset_before is 'The zone''s offset a day before a wall time.';

-- PostgreSQL shifts a gap forward, as rule T4 wants, but takes an overlap's second occurrence. The
-- first one is where the offset of the day before still holds. Mostly it holds at any rate, and the
-- rest, which looks up the zone a dozen times, is not needed; in UTC one look does.
create function perennial.wall_instant(local timestamp, zone text) returns timestamptz
language sql immutable parallel safe as $$
    select case when zone = 'UTC' then local at time zone 'UTC'
                when (local at time zone zone) - ((local - interval '24 hours') at time zone zone) = interval '24 hours'
                then local at time zone zone
                when (local - perennial.offset_before(local, zone)) at time zone 'UTC' at time zone zone = local
                then (local - perennial.offset_before(local, zone)) at time zone 'UTC'
                else local at time zone zone end
$$;
comment on function perennial.wall_instant is 'The instant of a wall time: gaps shifted forward, the first of two (rule T4).';

create function perennial.month_boundary(anchor_local timestamp, anchor_zone text, index integer) returns timestamptz
language sql immutable parallel safe as $$
    select perennial.wall_instant(anchor_local + index * interval '1 month', anchor_zone)
$$;
comment on function perennial.month_boundary is 'Boundary n of months counted from an anchor, the day clamped from the anchor''s (rule T1).';

create function perennial.month_index(anchor_local timestamp, anchor_zone text, at timestamptz) returns integer
language plpgsql immutable parallel safe
set search_path = perennial, pg_temp as $$
declare
    local timestamp := at at time zone anchor_zone;
    answer integer := (extract(year from local) - extract(year from anchor_local)) * 12
                      + extract(month from local) - extract(month from anchor_local);
begin
    while month_boundary(anchor_local, anchor_zone, answer) > at loop answer := answer - 1; end loop;
    while month_boundary(anchor_local, anchor_zone, answer + 1) <= at loop answer := answer + 1; end loop;
    return answer;
end
$$;
comment on function perennial.month_index is 'The index of the month that an instant falls in: [boundary n, boundary n + 1).';

-- Who gives a customer which limit: the most generous of the subscriptions that are live, the
-- quota's latest version, and what was agreed with the customer in its place.
create function perennial.entitlement(customer uuid, metric integer)
returns table (subscription_id uuid, quota_id uuid, limit_units bigint, enforcement text, reset text,
               anchor_local timestamp, anchor_zone text)
language sql stable as $$
    select s.id, q.id, u.units, coalesce(o.enforcement, q.enforcement), q.reset, s.anchor_local, s.anchor_zone
      from perennial.live_subscriptions s
     cross join lateral perennial.latest_quota(s.plan_id, entitlement.metric) q
      left join perennial.customer_quotas o
        on o.customer_id = s.customer_id and o.metric_id = entitlement.metric
     cross join lateral (select coalesce(o.limit_units, case when q.limit_units > 0 and q.limit_per = 'seat'
                                                             then q.limit_units * s.seats
                                                             else q.limit_units end) as units) u
     where s.customer_id = entitlement.customer and q.id is not null
     order by u.units = -1 desc, u.units desc, s.started_at, s.id
     limit 1
$$;
comment on function perennial.entitlement is 'The limit a customer is given of a metric; no row: none.';

create function perennial.late_usage_until(quota uuid, over timestamptz) returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select late_usage_until.over + make_interval(days => q.open_days) from plan_quotas q
     where q.id = late_usage_until.quota and q.late_usage = 'bill_next' and q.open_days > 0
       and exists (select from plan_quota_tiers t where t.quota_id = q.id)
$$;
comment on function perennial.late_usage_until is
    'When what came late is billed, after a limit has ended: as soon as nothing more can come; null: nothing will be billed.';

create function perennial.late_window() returns interval
language sql stable
set search_path = perennial, pg_temp as $$
    select make_interval(days => 31 + coalesce((select max(q.open_days) from plan_quotas q), 35))
$$;
comment on function perennial.late_window is
    'How far before its start a closing looks for usage that came late: as far back as usage is taken, and a month for transactions that stay open.';

create function perennial.entitle_meter(customer uuid, metric integer) returns perennial.usage_meters
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    meter usage_meters;
    given record;
    kept plan_quotas;
    clock uuid;
    zone text;
    moment timestamptz;
    over timestamptz;
    unentitled boolean;
begin
    select c.clock_id, c.time_zone, business_now(c.clock_id) into clock, zone, moment
      from customers c where c.id = entitle_meter.customer;
    select * into meter from usage_meters m
     where m.customer_id = entitle_meter.customer and m.metric_id = entitle_meter.metric for no key update;
    select * into given from entitlement(entitle_meter.customer, entitle_meter.metric);
    if meter.ends and meter.period_end <= moment then
        -- The period that has ended is closed by the terms it had; after that it is looked at again.
        return meter;
    elsif given.quota_id is null and meter.quota_id is not null and meter.period_end is not null then
        -- The limit ends with its subscription, however late we hear of that.
        select coalesce(s.ended_at, moment) into over from subscriptions s where s.id = meter.subscription_id;
        if over > meter.period_start then
            -- The period ends with it: closing it holds what was used against the limit.
            update usage_meters m set ends = true, period_end = least(m.period_end, over)
             where m.customer_id = meter.customer_id and m.metric_id = meter.metric_id
            returning * into meter;
            perform pg_notify('perennial_due', '');
        else
            update usage_meters m
               set subscription_id = null, quota_id = null, limit_units = 0, rollover_units = 0, enforcement = 'hard',
                   period_end = late_usage_until(m.quota_id, m.period_start)
             where m.customer_id = meter.customer_id and m.metric_id = meter.metric_id
            returning * into meter;
        end if;
        return meter;
    elsif given.quota_id is null and meter.customer_id is not null and meter.quota_id is null then
        -- Nobody gave a limit, and nobody does.
        return meter;
    elsif given.quota_id is null then
        -- Nobody gives a limit: what is used is still counted, by the calendar month unless it never reset.
        select null::uuid as subscription_id, null::uuid as quota_id, 0::bigint as limit_units, 'hard' as enforcement,
               case when meter.period_start is not null and meter.period_end is null then 'never' else 'calendar_month' end
                   as reset,
               meter.anchor_local as anchor_local, coalesce(meter.anchor_zone, zone) as anchor_zone into given;
    end if;
    unentitled := meter.quota_id is null;
    if meter.quota_id is not null and meter.subscription_id = given.subscription_id then
        -- A period keeps the version it began with, as long as the plan is the same.
        select q.* into kept from plan_quotas q join plan_quotas n on n.id = given.quota_id
         where q.id = meter.quota_id and q.plan_id = n.plan_id and q.version < n.version
           -- What never resets has no next period to wait for.
           and q.reset <> 'never';
        if kept.id is not null then
            given.quota_id := kept.id;
            given.reset := kept.reset;
            if not exists (select from customer_quotas o
                            where o.customer_id = entitle_meter.customer and o.metric_id = entitle_meter.metric) then
                select case when kept.limit_units > 0 and kept.limit_per = 'seat' then kept.limit_units * s.seats
                            else kept.limit_units end, kept.enforcement
                  into given.limit_units, given.enforcement
                  from live_subscriptions s where s.id = given.subscription_id;
            end if;
        end if;
    end if;
    if given.reset <> 'anniversary' then
        given.anchor_local := date_trunc('month', coalesce(given.anchor_local, moment at time zone given.anchor_zone));
    end if;
    meter.customer_id := entitle_meter.customer;
    meter.metric_id := entitle_meter.metric;
    meter.clock_id := clock;
    meter.subscription_id := given.subscription_id;
    meter.quota_id := given.quota_id;
    meter.limit_units := given.limit_units;
    meter.enforcement := given.enforcement;
    meter.rollover_units := coalesce(meter.rollover_units, 0);
    meter.ends := false;
    if unentitled or (meter.anchor_local, meter.anchor_zone, meter.period_end is null)
                     is distinct from (given.anchor_local, given.anchor_zone, given.reset = 'never') then
        -- The instant already reached is kept, and with it the count; the new anchor counts from the next boundary.
        meter.anchor_local := given.anchor_local;
        meter.anchor_zone := given.anchor_zone;
        if meter.period_end is null or meter.period_end > moment then
            meter.period_index := month_index(given.anchor_local, given.anchor_zone, moment);
            meter.period_start := coalesce(meter.period_start,
                                           month_boundary(given.anchor_local, given.anchor_zone, meter.period_index));
            meter.period_end := case when given.reset <> 'never'
                then month_boundary(given.anchor_local, given.anchor_zone, meter.period_index + 1) end;
        else
            -- It is due: its end stays, and closing it leads on to the new anchor's months.
            meter.period_index := month_index(given.anchor_local, given.anchor_zone, meter.period_end) - 1;
        end if;
    end if;
    insert into usage_meters select meter.*
    on conflict (customer_id, metric_id) do update
       set clock_id = excluded.clock_id, subscription_id = excluded.subscription_id, quota_id = excluded.quota_id,
           limit_units = excluded.limit_units, enforcement = excluded.enforcement,
           anchor_local = excluded.anchor_local, anchor_zone = excluded.anchor_zone,
           period_index = excluded.period_index, period_end = excluded.period_end, ends = excluded.ends
    returning * into meter;
    return meter;
end
$$;
comment on function perennial.entitle_meter is
    'Gives a meter the limit its customer is entitled to now. A change of plan holds at once and keeps the count (rule U1).';

create function perennial.entitle_meters(customers uuid[]) returns bigint
language sql
set search_path = perennial, pg_temp as $$
    select count(perennial.entitle_meter(w.customer_id, w.metric_id))
      from (select s.customer_id, q.metric_id
              from live_subscriptions s
              join (select distinct plan_id, metric_id from plan_quotas) q on q.plan_id = s.plan_id
              join metrics m on m.id = q.metric_id and m.kind = 'count'
             where s.customer_id = any (customers)
            union
            select m.customer_id, m.metric_id from usage_meters m where m.customer_id = any (customers)
            order by 1, 2) w
$$;
comment on function perennial.entitle_meters is 'Brings the meters of customers in step with their subscriptions.';

create function perennial.set_customer_quota(customer uuid, metric text, limit_units bigint, enforcement text default null)
returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    metered integer := metric_of(metric);
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    elsif set_customer_quota.limit_units is null or set_customer_quota.limit_units < -1 then
        perform refuse_field('limit_units', 'must be 0 or more, or -1 for unlimited');
    elsif set_customer_quota.enforcement not in ('hard', 'soft') then
        perform refuse_field('enforcement', 'must be hard or soft');
    end if;
    insert into customer_quotas as o (customer_id, metric_id, limit_units, enforcement)
    values (customer, metered, set_customer_quota.limit_units, set_customer_quota.enforcement)
    on conflict (customer_id, metric_id) do update
       set limit_units = excluded.limit_units, enforcement = excluded.enforcement;
    if (select kind from metrics m where m.id = metered) = 'count' then
        perform entitle_meter(customer, metered);
    end if;
end
$$;
comment on function perennial.set_customer_quota is 'Agrees a limit with one customer, at once. It needs a live subscription whose plan has the metric.';
