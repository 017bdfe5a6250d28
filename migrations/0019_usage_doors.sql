-- The doors for usage: recorded, checked and consumed by any service, in its own transaction.

create function perennial.meter_of(customer uuid, metric text) returns perennial.usage_meters
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    meter usage_meters;
    metered integer;
begin
    select m.* into meter from metric_codes c join usage_meters m on m.metric_id = c.metric_id
     where c.code = metric and m.customer_id = customer;
    if found then
        return meter;
    end if;
    metered := metric_of(metric);
    if not exists (select from customers c where c.id = customer) then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    elsif (select kind from metrics m where m.id = metered) <> 'count' then
        perform refuse_field('metric', format('%s is a ceiling: nothing is counted, use check_quota', metric));
    end if;
    return entitle_meter(customer, metered);
end
$$;
comment on function perennial.meter_of is 'The meter of a customer; one that nobody gives a limit begins with 0.';

create function perennial.check_usage(quantity bigint, event_id text) returns void
language plpgsql immutable as $$
begin
    if quantity is null or quantity <= 0 then
        perform perennial.refuse_field('quantity', format('must be above zero, is %s', coalesce(quantity::text, 'null')));
    elsif quantity > 1000000000000 then
        -- Sums of it stay far from where bigint ends.
        perform perennial.refuse_field('quantity', format('must be at most 1000000000000, is %s', quantity));
    elsif event_id is null or length(event_id) not between 1 and 200 then
        perform perennial.refuse_field('event_id', 'must have 1 to 200 characters');
    end if;
end
$$;
comment on function perennial.check_usage is 'Refuses what cannot be usage.';

-- The period that an instant is counted in, and whose terms hold there.
create function perennial.usage_period(meter perennial.usage_meters, moment timestamptz, out period_start timestamptz,
                                       out period_end timestamptz, out closed boolean, out quota_id uuid)
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    index integer;
begin
    closed := false;
    quota_id := meter.quota_id;
    if moment >= meter.period_end then
        -- The reset is late: the instant belongs to a period that it will open.
        if meter.quota_id is null or meter.ends then
            period_start := meter.period_end;
        else
            index := month_index(meter.anchor_local, meter.anchor_zone, moment);
            period_start := greatest(month_boundary(meter.anchor_local, meter.anchor_zone, index), meter.period_end);
            period_end := month_boundary(meter.anchor_local, meter.anchor_zone, index + 1);
        end if;
    elsif moment < meter.period_start and meter.closed_start is not null then
        select g.period_start, g.period_end, true, g.quota_id into period_start, period_end, closed, quota_id
          from usage_closings g
         where g.customer_id = meter.customer_id and g.metric_id = meter.metric_id and g.period_start <= moment
         order by g.period_start desc limit 1;
        if not found then
            perform refuse_field('at', format('%s lies before the first period', moment));
        end if;
    else
        period_start := meter.period_start;
        period_end := meter.period_end;
    end if;
end
$$;
comment on function perennial.usage_period is 'Which period of a meter an instant falls in. Before the first one, while that is open: into it.';

-- plpgsql, as what follows: its plan is kept, while that of an SQL function is made at each call.
create function perennial.used_in(customer uuid, metric integer, period timestamptz) returns bigint
language plpgsql stable as $$
begin
    return (select least(coalesce(sum(c.used), 0), 4000000000000000000)::bigint from perennial.usage_counters c
             where c.customer_id = customer and c.metric_id = metric and c.period_start = period);
end
$$;
comment on function perennial.used_in is 'What was used in a period: the sum of the shards.';

-- Adds to a shard that nobody else holds, so that callers never wait for each other.
create function perennial.count_usage(customer uuid, metric integer, period timestamptz, quantity bigint) returns void
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    update usage_counters u set used = u.used + quantity
     where u.customer_id = customer and u.metric_id = metric and u.period_start = period
       and u.shard = (select c.shard from usage_counters c
                       where c.customer_id = customer and c.metric_id = metric and c.period_start = period
                       limit 1 for no key update skip locked);
    if not found then
        insert into usage_counters as c (customer_id, metric_id, period_start, shard, used)
        select customer, metric, period,
               case when pg_try_advisory_xact_lock(hashtextextended(customer || ' ' || metric, 0))
                         and not exists (select from usage_counters f where f.customer_id = customer
                                            and f.metric_id = metric and f.period_start = period)
                    then 0 else 1 + floor(random() * 63)::smallint end,
               quantity
        on conflict (customer_id, metric_id, period_start, shard) do update set used = c.used + excluded.used;
    end if;
end
$$;
comment on function perennial.count_usage is 'Counts usage into a free shard of the period.';

create function perennial.note_warnings(meter perennial.usage_meters, period timestamptz, used bigint, moment timestamptz)
returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    units bigint := meter.limit_units + meter.rollover_units;
begin
    if meter.limit_units < 1 or meter.quota_id is null or used < units / 100 then
        return;
    end if;
    insert into usage_warnings (customer_id, metric_id, period_start, threshold, clock_id, used, limit_units, crossed_at, due_at)
    select meter.customer_id, meter.metric_id, period, t.threshold, meter.clock_id, note_warnings.used, units, moment, moment
      from plan_quotas q cross join lateral unnest(q.warn_at) t (threshold)
     where q.id = meter.quota_id and note_warnings.used::numeric * 100 >= units::numeric * t.threshold
       and not exists (select from usage_warnings w
                        where w.customer_id = meter.customer_id and w.metric_id = meter.metric_id
                          and w.period_start = period and w.threshold = t.threshold)
       -- Who notes it at this moment is not waited for.
       and pg_try_advisory_xact_lock(hashtextextended(format('%s %s %s', meter.customer_id, meter.metric_id, t.threshold), 1))
    on conflict do nothing;
end
$$;
comment on function perennial.note_warnings is 'Notes the thresholds that usage has reached, each once per meter and period (rule U3).';

create function perennial.note_customer(customer uuid, act text, at timestamptz, facts jsonb) returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    numbered bigint;
begin
    update customers c set version = c.version + 1 where c.id = customer returning c.version into numbered;
    insert into audit_log (subject_id, subject_kind, version, act, at, actor, facts)
    values (customer, 'customer', numbered, act, at, 'record_usage', facts);
end
$$;
comment on function perennial.note_customer is 'Adds a decision about a customer to the audit log.';

-- What a caller is told of a meter.
create function perennial.usage_answer(meter perennial.usage_meters, used bigint, out "limit" bigint, out remaining bigint)
language plpgsql immutable as $$
begin
    if meter.limit_units <> -1 then
        "limit" := meter.limit_units + meter.rollover_units;
        remaining := greatest("limit" - used, 0);
    end if;
end
$$;
comment on function perennial.usage_answer is 'Limit and rest of a meter; null: unlimited.';

-- Stores an event and counts it; false: it was stored before, or came too late to count.
create function perennial.check_repeat(event_id text, customer uuid, metric integer, quantity bigint) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
begin
    if exists (select from usage_event_ids i
                where i.event_id = event_id and (i.customer_id, i.metric_id, i.quantity) <> (customer, metric, quantity)) then
        perform refuse_field('event_id', format('%s is another event: of another customer, metric or quantity', event_id));
    end if;
end
$$;
comment on function perennial.check_repeat is 'Refuses an event_id that names something else already.';

create function perennial.store_usage(meter perennial.usage_meters, quantity bigint, event_id text,
                                      moment timestamptz, now timestamptz, period timestamptz, late_usage text)
returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
begin
    insert into usage_event_ids as i (event_id, at, customer_id, metric_id, quantity)
    values (event_id, moment, meter.customer_id, meter.metric_id, quantity) on conflict do nothing;
    if not found then
        perform check_repeat(event_id, meter.customer_id, meter.metric_id, quantity);
        return false;
    end if;
    if late_usage = 'drop' then
        perform note_customer(meter.customer_id, 'late_usage_dropped', now, jsonb_build_object(
            'metric', meter.metric_id, 'quantity', quantity, 'event_id', event_id, 'at', moment, 'period_start', period));
        return false;
    end if;
    insert into usage_events (event_id, customer_id, metric_id, quantity, at, period_start)
    values (event_id, meter.customer_id, meter.metric_id, quantity, moment, period);
    perform count_usage(meter.customer_id, meter.metric_id, period, quantity);
    return true;
end
$$;
comment on function perennial.store_usage is
    'Records an event once, in the period it belongs to. late_usage: what becomes of it where that is closed; null where it is open.';

create function perennial.check_open(quota uuid, moment timestamptz, now timestamptz) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    days integer := coalesce((select q.open_days from plan_quotas q where q.id = quota), 35);
begin
    if moment > now + interval '5 minutes' then
        perform refuse_field('at', format('%s lies ahead: it is %s', moment, now));
    elsif moment < now - days * interval '1 day' then
        perform refuse_field('at', format('%s lies more than %s days back', moment, days));
    end if;
end
$$;
comment on function perennial.check_open is 'Refuses a timestamp outside of the window that a period is open for.';

-- While its reset is late, a meter still stands in the period before: what holds in the one that
-- its instant falls in.
create function perennial.meter_then(meter perennial.usage_meters, period timestamptz, now timestamptz)
returns perennial.usage_meters
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    unused bigint;
begin
    if meter.period_end is null or now < meter.period_end or period < meter.period_end then
        return meter;
    elsif meter.ends then
        meter.limit_units := 0;
        meter.enforcement := 'hard';
        meter.rollover_units := 0;
    elsif meter.limit_units <> -1 then
        unused := meter.limit_units + meter.rollover_units - used_in(meter.customer_id, meter.metric_id, meter.period_start);
        -- After several periods at once nothing is promised before they are closed.
        meter.rollover_units := case when period > meter.period_end then 0 else
            least(greatest(unused, 0), coalesce((select q.rollover_max from plan_quotas q where q.id = meter.quota_id), 0)) end;
    end if;
    return meter;
end
$$;
comment on function perennial.meter_then is 'A meter as its reset will leave it, however late that is.';

create function perennial.record_usage(customer uuid, metric text, quantity bigint, event_id text, at timestamptz default null)
returns table (recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz)
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    meter usage_meters;
    period record;
    now timestamptz;
    late_usage text;
begin
    perform check_usage(quantity, event_id);
    meter := meter_of(customer, metric);
    now := business_now(meter.clock_id);
    select * into period from usage_period(meter, coalesce(at, now));
    if at is not null then
        perform check_open(period.quota_id, at, now);
    end if;
    if period.closed then
        late_usage := coalesce((select q.late_usage from plan_quotas q where q.id = period.quota_id), 'bill_next');
    end if;
    meter := meter_then(meter, period.period_start, now);
    recorded := store_usage(meter, quantity, event_id, coalesce(at, now), now, period.period_start, late_usage);
    used := used_in(customer, meter.metric_id, period.period_start);
    if recorded and not period.closed then
        perform note_warnings(meter, period.period_start, used, now);
    end if;
    select * into "limit", remaining from usage_answer(meter, used);
    period_end := period.period_end;
    return next;
end
$$;
comment on function perennial.record_usage is
    'Records usage that has happened, once per event_id; `at` null: now. Never refuses what is beyond a limit. Answers recorded (false: a repeat), used, limit (null: unlimited), remaining, period_end (null: never resets).';

create function perennial.check_isolation() returns void
language plpgsql as $$
begin
    -- An older snapshot would not see what those before have used.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform perennial.refuse_field('transaction_isolation',
            format('must be read committed for a hard limit, is %s', current_setting('transaction_isolation')));
    end if;
end
$$;
comment on function perennial.check_isolation is 'Refuses a transaction that cannot see what is used by now.';

create function perennial.consume(customer uuid, metric text, quantity bigint, event_id text)
returns table (allowed boolean, remaining bigint, used bigint, "limit" bigint, period_end timestamptz)
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    meter usage_meters;
    period record;
    now timestamptz;
begin
    perform check_usage(quantity, event_id);
    meter := meter_of(customer, metric);
    if meter.enforcement = 'hard' and meter.limit_units <> -1 or meter.ends then
        -- One after the other: what is allowed is exact.
        perform check_isolation();
        select m.* into meter from usage_meters m
         where m.customer_id = customer and m.metric_id = meter.metric_id for no key update;
    end if;
    now := business_now(meter.clock_id);
    select * into period from usage_period(meter, now);
    meter := meter_then(meter, period.period_start, now);
    allowed := exists (select from usage_event_ids i where i.event_id = event_id);
    if allowed then
        perform check_repeat(event_id, customer, meter.metric_id, quantity);
    end if;
    used := used_in(customer, meter.metric_id, period.period_start);
    if not allowed then
        allowed := meter.enforcement = 'soft' or meter.limit_units = -1
                   or used + quantity <= meter.limit_units + meter.rollover_units;
        if allowed and store_usage(meter, quantity, event_id, now, now, period.period_start, null) then
            used := used + quantity;
        end if;
    end if;
    if allowed then
        perform note_warnings(meter, period.period_start, used, now);
    end if;
    select * into "limit", remaining from usage_answer(meter, used);
    period_end := period.period_end;
    return next;
end
$$;
comment on function perennial.consume is
    'Checks and records in one step: allowed, or nothing is recorded. A hard limit is never passed, however many call at once. A repeat of an event_id that was allowed is allowed.';

create function perennial.release_usage(customer uuid, metric text, quantity bigint, event_id text)
returns table (released boolean, used bigint, "limit" bigint, remaining bigint)
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    meter usage_meters;
    now timestamptz;
begin
    perform check_usage(quantity, event_id);
    meter := meter_of(customer, metric);
    perform check_isolation();
    select m.* into meter from usage_meters m
     where m.customer_id = customer and m.metric_id = meter.metric_id for no key update;
    now := business_now(meter.clock_id);
    if meter.period_end is not null then
        perform refuse_field('metric', format('%s resets by itself: only what never resets can be released', metric));
    end if;
    released := not exists (select from usage_event_ids i where i.event_id = event_id);
    if not released then
        perform check_repeat(event_id, customer, meter.metric_id, -quantity);
    else
        used := used_in(customer, meter.metric_id, meter.period_start);
        if quantity > used then
            perform refuse_field('quantity', format('%s are in use, %s cannot be released', used, quantity));
        end if;
        released := store_usage(meter, -quantity, event_id, now, now, meter.period_start, null);
    end if;
    used := used_in(customer, meter.metric_id, meter.period_start);
    select * into "limit", remaining from usage_answer(meter, used);
    return next;
end
$$;
comment on function perennial.release_usage is 'Takes back usage of a metric that never resets: a member leaves.';

create function perennial.get_limit(customer uuid, metric text) returns bigint
language plpgsql security definer stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    metered integer := metric_of(metric);
    meter usage_meters;
    units bigint;
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    end if;
    select m.* into meter from usage_meters m where m.customer_id = customer and m.metric_id = metered;
    if found then
        return (usage_answer(meter, 0))."limit";
    end if;
    select e.limit_units into units from entitlement(customer, metered) e;
    return case when units = -1 then null else coalesce(units, 0) end;
end
$$;
comment on function perennial.get_limit is 'What a customer may use of a metric in a period; null: unlimited, 0: not in the plan.';

create function perennial.check_quota(customer uuid, metric text, quantity bigint default 1) returns boolean
language plpgsql security definer stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    metered integer := metric_of(metric);
    meter usage_meters;
    given record;
    period record;
begin
    perform check_usage(quantity, 'none');
    if not exists (select from customers c where c.id = customer) then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    end if;
    select m.* into meter from usage_meters m where m.customer_id = customer and m.metric_id = metered;
    if not found then
        select e.limit_units, e.enforcement into given from entitlement(customer, metered) e;
        return coalesce(given.limit_units = -1 or given.enforcement = 'soft' or quantity <= given.limit_units, false);
    end if;
    select * into period from usage_period(meter, business_now(meter.clock_id));
    meter := meter_then(meter, period.period_start, business_now(meter.clock_id));
    if meter.limit_units = -1 or meter.enforcement = 'soft' then
        return true;
    end if;
    return used_in(customer, metered, period.period_start) + quantity <= meter.limit_units + meter.rollover_units;
end
$$;
comment on function perennial.check_quota is
    'Whether a customer may use so much now. Only consume makes sure of it; a soft limit never says no.';

create function perennial.has_feature(customer uuid, feature text) returns boolean
language sql stable
set search_path = perennial, pg_temp as $$
    select exists (select from live_subscriptions s join plan_features f on f.plan_id = s.plan_id
                    where s.customer_id = has_feature.customer
                      and f.feature in (has_feature.feature, 'all_features'))
$$;
comment on function perennial.has_feature is 'Whether a plan of a customer''s live subscriptions has a feature.';

create function perennial.upgrade_suggestion(customer uuid, feature_or_metric text)
returns table (plan text, plan_name text, amount_minor bigint, currency text, interval_unit text, interval_count integer,
               suggestion text)
language plpgsql security definer stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    metered integer := (select metric_id from metric_codes where code = feature_or_metric);
    held bigint;
    paid_in text;
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    elsif feature_or_metric is null or length(feature_or_metric) = 0 then
        perform refuse_field('feature_or_metric', 'is required');
    end if;
    select s.currency into paid_in from live_subscriptions s where s.customer_id = customer order by s.started_at limit 1;
    if metered is not null then
        -- -1, unlimited, is the most there is
        held := coalesce(nullif(coalesce(get_limit(customer, feature_or_metric), -1), -1), 9223372036854775807);
    end if;
    return query
    select p.code, p.name, r.unit_amount_minor, r.currency, r.interval_unit, r.interval_count,
           case when metered is null then format('%s has %s', p.name, feature_or_metric)
                when q.limit_units = -1 then format('%s has unlimited %s', p.name, m.unit)
                else format('%s has %s %s', p.name, q.limit_units, m.unit) end
      from plans p
      join prices r on r.plan_id = p.id and r.customer_id is null and r.active and r.currency = coalesce(paid_in, 'USD')
      left join metrics m on m.id = metered
      left join lateral latest_quota(p.id, metered) q on true
     where p.active and not p.negotiated
       and case when metered is null
                then exists (select from plan_features f
                              where f.plan_id = p.id and f.feature in (feature_or_metric, 'all_features'))
                     and exists (select from plan_features f where f.feature = feature_or_metric)
                     and not has_feature(customer, feature_or_metric)
                else q.id is not null and (q.limit_units = -1 or q.limit_units > held) and held < 9223372036854775807 end
     order by (r.interval_unit, r.interval_count) <> ('month', 1), r.unit_amount_minor::numeric
              / (r.interval_count * case r.interval_unit when 'year' then 365.25 when 'month' then 30.4375
                                                         when 'week' then 7 else 1 end), p.tier
     limit 1;
    if not found then
        suggestion := case when held = 9223372036854775807 or has_feature(customer, feature_or_metric)
                           then 'in the present plan' else 'not in any plan' end;
        return next;
    end if;
end
$$;
comment on function perennial.upgrade_suggestion is
    'The cheapest plan that has a feature, or more of a metric than the customer has now, with its price; plan null and "not in any plan" where there is none.';

-- Not in place in the statement below, which would be planned for a hundred events, then for one.
create function perennial.listed_usage(events jsonb)
returns table (number bigint, event_id text, customer uuid, metric text, quantity bigint, at timestamptz)
language sql stable rows 1000
set search_path = perennial, pg_temp as $$
    select e.number,
           case when jsonb_typeof(e.event -> 'event_id') = 'string' then e.event ->> 'event_id' end as event_id,
           case when e.event ->> 'customer' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
                then (e.event ->> 'customer')::uuid end as customer,
           e.event ->> 'metric' as metric,
           case when jsonb_typeof(e.event -> 'quantity') = 'number' and e.event ->> 'quantity' ~ '^[1-9][0-9]{0,11}$'
                     and (coalesce(jsonb_typeof(e.event -> 'at'), 'null') = 'null'
                          or e.event ->> 'at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?[0-9]{2})$')
                then (e.event ->> 'quantity')::bigint end as quantity,
           case when e.event ->> 'at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?[0-9]{2})$'
                then (e.event ->> 'at')::timestamptz end as at
      from jsonb_array_elements(events) with ordinality e (event, number)
$$;
comment on function perennial.listed_usage is 'The events of a batch, with null where a field is not what it must be.';

-- The common case of a batch, many meters at once: an event of the open period of a meter that
-- exists. All others are answered with their number alone, for record_usage to take one by one.
-- What an event must fulfil is computed beside it first: as conditions the planner would expect one
-- row to be left, and loop over a batch for each of its events.
create type perennial.usage_batch_answer as (
    number bigint, event_id text, plain boolean, recorded boolean, used bigint, "limit" bigint, remaining bigint,
    period_end timestamptz, error text);
create function perennial.record_plain_usage(events jsonb) returns setof perennial.usage_batch_answer
-- plpgsql: its plan is kept, which takes as long to make as 300 events to record
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    return query
    with listed as materialized (select * from listed_usage(events)),
    moments as materialized (select c.id, business_now(c.id) as now from clocks c),
    matched as materialized (
        select l.number, l.event_id, l.quantity, coalesce(l.at, n.now) as moment, n.now,
               m.customer_id, m.metric_id, m.clock_id, m.quota_id, m.limit_units, m.rollover_units, m.period_start, m.period_end,
               length(l.event_id) between 1 and 200
               and (m.period_end is null or n.now < m.period_end)
               and coalesce(l.at, n.now) >= m.period_start
               and coalesce(l.at, n.now) <= n.now + interval '5 minutes'
               and (m.period_end is null or coalesce(l.at, n.now) < m.period_end)
               and coalesce(l.at, n.now) >= n.now - coalesce(q.open_days, 35) * interval '1 day' as fits
          from listed l
          join metric_codes k on k.code = l.metric
          join usage_meters m on m.customer_id = l.customer and m.metric_id = k.metric_id
          join moments n on n.id = m.clock_id
          left join plan_quotas q on q.id = m.quota_id
         where l.quantity is not null),
    fitting as materialized (
        select m.*, row_number() over named = 1 as first,
               (m.customer_id, m.metric_id, m.quantity)
               = (first_value(m.customer_id) over named, first_value(m.metric_id) over named,
                  first_value(m.quantity) over named) as same
          from matched m where m.fits window named as (partition by m.event_id order by m.number)),
    fresh as (
        insert into usage_event_ids (event_id, at, customer_id, metric_id, quantity)
        select f.event_id, f.moment, f.customer_id, f.metric_id, f.quantity from fitting f where f.first order by f.event_id
        on conflict do nothing returning event_id),
    stored as (
        insert into usage_events (event_id, customer_id, metric_id, quantity, at, period_start)
        select f.event_id, f.customer_id, f.metric_id, f.quantity, f.moment, f.period_start
          from fitting f join fresh using (event_id) where f.first),
    sums as materialized (
        select f.customer_id, f.metric_id, f.clock_id, f.quota_id, f.limit_units, f.rollover_units, f.period_start, f.now,
               coalesce(sum(f.quantity) filter (where f.first and r.event_id is not null), 0)::bigint as added
          from fitting f left join fresh r using (event_id)
         group by 1, 2, 3, 4, 5, 6, 7, 8),
    shards as materialized (
        select c.customer_id, c.metric_id, c.period_start, c.shard, c.used
          from usage_counters c join sums s using (customer_id, metric_id, period_start)),
    -- One shard of each is taken, and none is waited for.
    free as materialized (
        select s.customer_id, s.metric_id, s.period_start, s.added, o.shard
          from sums s
         cross join lateral (
               select k.shard, k.used,
                      (select u.used from usage_counters u
                        where u.customer_id = k.customer_id and u.metric_id = k.metric_id
                          and u.period_start = k.period_start and u.shard = k.shard) as seen
                 from usage_counters k
                where k.customer_id = s.customer_id and k.metric_id = s.metric_id and k.period_start = s.period_start
                limit 1 for no key update of k skip locked) o
         -- What has changed meanwhile is left to a shard of one's own: the others look for what nobody saw.
         where s.added > 0 and o.used = o.seen),
    counted as (
        update usage_counters c set used = c.used + f.added
          from free f
         where c.customer_id = f.customer_id and c.metric_id = f.metric_id and c.period_start = f.period_start
           and c.shard = f.shard
        returning c.customer_id, c.metric_id, c.period_start),
    totals as materialized (
        select s.*, s.added + coalesce(h.used, 0)::bigint as used, h.last_shard,
               case when s.limit_units <> -1 then s.limit_units + s.rollover_units end as units
          from sums s
          left join (select customer_id, metric_id, period_start, sum(used) as used, max(shard) as last_shard
                       from shards group by 1, 2, 3) h
         using (customer_id, metric_id, period_start)),
    -- A number that is hardly taken: what others hold is not waited for.
    opened as (
        insert into usage_counters as c (customer_id, metric_id, period_start, shard, used)
        select t.customer_id, t.metric_id, t.period_start,
               case when t.last_shard is null
                         and pg_try_advisory_xact_lock(hashtextextended(t.customer_id || ' ' || t.metric_id, 0))
                    then 0 else 1 + floor(random() * 63)::smallint end, t.added
          from totals t
         where t.added > 0 and (t.customer_id, t.metric_id, t.period_start)
                               not in (select d.customer_id, d.metric_id, d.period_start from counted d)
         order by 1, 2, 3
        on conflict (customer_id, metric_id, period_start, shard) do update set used = c.used + excluded.used),
    warned as (
        insert into usage_warnings (customer_id, metric_id, period_start, threshold, clock_id, used, limit_units, crossed_at, due_at)
        select t.customer_id, t.metric_id, t.period_start, w.threshold, t.clock_id, t.used, t.units, t.now, t.now
          from totals t
          join plan_quotas q on q.id = t.quota_id
         cross join lateral unnest(q.warn_at) w (threshold)
         where t.limit_units > 0 and t.added > 0 and t.used::numeric * 100 >= t.units::numeric * w.threshold
           and not exists (select from usage_warnings n
                            where n.customer_id = t.customer_id and n.metric_id = t.metric_id
                              and n.period_start = t.period_start and n.threshold = w.threshold)
           and pg_try_advisory_xact_lock(hashtextextended(format('%s %s %s', t.customer_id, t.metric_id, w.threshold), 1))
         order by 1, 2, 3, 4
        on conflict do nothing)
    -- A repeat that is none is left to the door for one, which says so.
    select l.number, l.event_id, f.number is not null and i.event_id is null and (f.first or f.same),
           r.event_id is not null and f.first,
           t.used, t.units, greatest(t.units - t.used, 0), f.period_end, null::text
      from listed l
      left join fitting f on f.number = l.number
      left join fresh r on r.event_id = f.event_id
      left join lateral (
           select n.event_id from usage_event_ids n
            where r.event_id is null and n.event_id = f.event_id
              and (n.customer_id, n.metric_id, n.quantity) <> (f.customer_id, f.metric_id, f.quantity) limit 1) i on true
      left join totals t on t.customer_id = f.customer_id and t.metric_id = f.metric_id and t.period_start = f.period_start
     order by l.number;
end
$$;
comment on function perennial.record_plain_usage is 'The set-based part of record_usage_batch.';

create function perennial.record_listed_usage(event jsonb)
returns table (recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz)
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if jsonb_typeof(event) <> 'object' then
        perform refuse_field('event', format('must be an object, is %s', event));
    end if;
    perform check_field('customer', event -> 'customer', '{"type": "uuid", "required": true}');
    perform check_field('metric', event -> 'metric', '{"type": "text", "required": true}');
    perform check_field('quantity', event -> 'quantity', '{"type": "integer", "required": true, "min": 1, "max": 1000000000000}');
    perform check_field('event_id', event -> 'event_id', '{"type": "text", "required": true}');
    perform check_field('at', event -> 'at', '{"type": "instant"}');
    return query select * from record_usage((event ->> 'customer')::uuid, event ->> 'metric',
        (event ->> 'quantity')::bigint, event ->> 'event_id', (event ->> 'at')::timestamptz);
end
$$;
comment on function perennial.record_listed_usage is 'Records one event of a batch.';

create function perennial.answer_listed_usage(event jsonb, answer perennial.usage_batch_answer)
returns perennial.usage_batch_answer
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    select r.recorded, r.used, r."limit", r.remaining, r.period_end
      into answer.recorded, answer.used, answer."limit", answer.remaining, answer.period_end
      from record_listed_usage(event) r;
    return answer;
exception when data_exception then
    answer.recorded := false;
    answer.used := null; answer."limit" := null; answer.remaining := null; answer.period_end := null;
    answer.error := sqlerrm;
    return answer;
end
$$;
comment on function perennial.answer_listed_usage is 'Records one event of a batch, and answers with what is wrong where it cannot.';

create function perennial.record_usage_batch(events jsonb)
returns table (event_id text, recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz,
               error text)
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    answers usage_batch_answer[];
    answer usage_batch_answer;
begin
    if events is null or jsonb_typeof(events) <> 'array' then
        perform refuse_field('events', 'must be a JSON array of {customer, metric, quantity, event_id, at}');
    elsif jsonb_array_length(events) > 100000 then
        perform refuse_field('events', format('%s are too many: 100000 at most', jsonb_array_length(events)));
    end if;
    begin
        answers := array(select p from record_plain_usage(events) p);
    exception when data_exception then
        -- Something cannot be read: each event is taken for itself, and the bad one named.
        answers := array(select row(e.number, e.event ->> 'event_id', false, null, null, null, null, null, null)::usage_batch_answer
                           from jsonb_array_elements(events) with ordinality e (event, number));
    end;
    -- Those that are not plain lock what they touch one by one: in the same order in every batch, so
    -- that no two wait for each other. They are answered in the order they came in.
    for answer in
        select a.* from unnest(answers) a where not a.plain
         order by lower(events -> (a.number - 1)::integer ->> 'customer') collate "C",
                  events -> (a.number - 1)::integer ->> 'metric' collate "C", a.event_id collate "C", a.number
    loop
        answers[answer.number] := answer_listed_usage(events -> (answer.number - 1)::integer, answer);
    end loop;
    return query select a.event_id, a.recorded, a.used, a."limit", a.remaining, a.period_end, a.error
                   from unnest(answers) a order by a.number;
end
$$;
comment on function perennial.record_usage_batch is
    'Records many events in one step, each answered as record_usage would. A bad event is answered with its error, the rest is recorded.';

-- Callers that count at the same time cannot see each other: between them a threshold may be
-- crossed that neither has seen. They have left more than one shard.
create function perennial.note_missed_warnings() returns bigint
language sql
set search_path = perennial, pg_temp as $$
    with shared as (
        select distinct c.customer_id, c.metric_id, c.period_start from usage_counters c where c.shard > 0),
    crossed as (
        select m.customer_id, m.metric_id, m.period_start, w.threshold, m.clock_id, u.used,
               m.limit_units + m.rollover_units as units
          from shared s
          join usage_meters m on m.customer_id = s.customer_id and m.metric_id = s.metric_id
                             and m.period_start = s.period_start
          join plan_quotas q on q.id = m.quota_id
         cross join lateral used_in(m.customer_id, m.metric_id, m.period_start) u (used)
         cross join lateral unnest(q.warn_at) w (threshold)
         where m.limit_units > 0 and u.used::numeric * 100 >= (m.limit_units + m.rollover_units)::numeric * w.threshold
           and not exists (select from usage_warnings n
                            where n.customer_id = m.customer_id and n.metric_id = m.metric_id
                              and n.period_start = m.period_start and n.threshold = w.threshold)),
    noted as (
        insert into usage_warnings (customer_id, metric_id, period_start, threshold, clock_id, used, limit_units, crossed_at, due_at)
        select c.customer_id, c.metric_id, c.period_start, c.threshold, c.clock_id, c.used, c.units,
               business_now(c.clock_id), business_now(c.clock_id)
          from crossed c order by 1, 2, 3, 4
        on conflict do nothing
        returning 1)
    select count(*) from noted
$$;
comment on function perennial.note_missed_warnings is 'Notes thresholds that were crossed by callers who came at the same time.';
