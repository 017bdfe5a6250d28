-- Usage is recorded, checked and consumed by any service, in its own transaction.
--
-- A session keeps its first plans, and they may have met empty tables: functions that look up single
-- rows are allowed no plan that reads a whole table. (What cannot be looked up is read nevertheless,
-- at a price that would start the just-in-time compiler: it is off.)

create or replace function perennial.meter_of(customer uuid, metric text) returns perennial.usage_meters
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
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    elsif (select kind from metrics m where m.id = metered) <> 'count' then
        perform refuse_field('metric', format('%s is a ceiling: nothing is counted, use check_quota', metric));
    end if;
    return entitle_meter(customer, metered);
end
$$;
comment on function perennial.meter_of is 'The meter of a customer; one that nobody gives a limit begins with 0.';

create or replace function perennial.check_usage(quantity bigint, event_id text) returns void
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
create or replace function perennial.usage_period(meter perennial.usage_meters, moment timestamptz, out period_start timestamptz,
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
    elsif moment < meter.period_start and meter.period_end is not null then
        closed := true;
        select g.period_start, g.period_end, g.quota_id into period_start, period_end, quota_id
          from usage_closings g
         where g.customer_id = meter.customer_id and g.metric_id = meter.metric_id and g.period_start <= moment
         order by g.period_start desc limit 1;
        if not found then
            -- It is counted, and judged by nobody.
            quota_id := null;
            period_start := 'epoch';
            period_end := coalesce((select min(g.period_start) from usage_closings g
                                     where g.customer_id = meter.customer_id and g.metric_id = meter.metric_id),
                                   meter.period_start);
        end if;
    else
        period_start := meter.period_start;
        period_end := meter.period_end;
    end if;
end
$$;
comment on function perennial.usage_period is
    'Which period of a meter an instant falls in. All that was before the first one is a period of its own, without a limit.';

-- plpgsql, as what follows: its plan is kept, while that of an SQL function is made at each call.
create or replace function perennial.used_in(customer uuid, metric integer, period timestamptz) returns bigint
language plpgsql stable as $$
begin
    return (select least(coalesce(sum(c.used), 0), 4000000000000000000)::bigint from perennial.usage_counters c
             where c.customer_id = customer and c.metric_id = metric and c.period_start = period);
end
$$;
comment on function perennial.used_in is 'What was used in a period: the sum of the shards.';

create or replace function perennial.lock_key(what text) returns bigint
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
begin
    return hashtextextended(what, (select s.salt from lock_salt s));
end
$$;
comment on function perennial.lock_key is 'The key of an advisory lock, which nobody else can name.';

create or replace function perennial.own_shard(customer uuid, metric integer, period timestamptz) returns smallint
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    chosen integer := 0;
begin
    loop
        -- A number that nobody has, or is about to have: an insert would wait for whoever that is.
        exit when (chosen > 0 or not exists (select from usage_counters c where c.customer_id = customer
                                                and c.metric_id = metric and c.period_start = period))
                  and pg_try_advisory_xact_lock(lock_key(format('shard %s %s %s', customer, metric, chosen)))
                  and not exists (select from usage_counters c where c.customer_id = customer and c.metric_id = metric
                                     and c.period_start = period and c.shard = chosen);
        chosen := 1 + floor(random() * 32767)::integer;
    end loop;
    return chosen;
end
$$;
comment on function perennial.own_shard is 'The number of a new shard of a counter, which the caller''s transaction alone may insert.';

-- Adds to a shard that nobody else holds, so that callers never wait for each other.
create or replace function perennial.count_usage(customer uuid, metric integer, period timestamptz, quantity bigint) returns void
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
        values (customer, metric, period, own_shard(customer, metric, period), quantity)
        on conflict (customer_id, metric_id, period_start, shard) do update set used = c.used + excluded.used;
    end if;
end
$$;
comment on function perennial.count_usage is 'Counts usage into a free shard of the period.';

create or replace function perennial.note_warnings(meter perennial.usage_meters, period timestamptz, used bigint, moment timestamptz)
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
                          and w.period_start = period and w.threshold = t.threshold and w.limit_units = units)
       -- Who notes it at this moment is not waited for.
       and pg_try_advisory_xact_lock(lock_key(format('warning %s %s %s', meter.customer_id, meter.metric_id, t.threshold)))
    on conflict do nothing;
end
$$;
comment on function perennial.note_warnings is 'Notes the thresholds that usage has reached, each once per meter, period and limit (rule U3).';

create or replace function perennial.note_customer(customer uuid, act text, at timestamptz, facts jsonb) returns void
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
create or replace function perennial.usage_answer(meter perennial.usage_meters, used bigint, out "limit" bigint, out remaining bigint)
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
create or replace function perennial.check_repeat(event_id text, customer uuid, metric integer, quantity bigint) returns void
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

create or replace function perennial.store_usage(meter perennial.usage_meters, quantity bigint, event_id text,
                                      moment timestamptz, now timestamptz, period timestamptz, late_usage text,
                                      claimed boolean)
returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
begin
    if not claimed then
        insert into usage_event_ids as i (event_id, at, customer_id, metric_id, quantity)
        values (event_id, moment, meter.customer_id, meter.metric_id, quantity) on conflict do nothing;
        if not found then
            perform check_repeat(event_id, meter.customer_id, meter.metric_id, quantity);
            return false;
        end if;
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

create or replace function perennial.check_open(quota uuid, moment timestamptz, now timestamptz) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    days integer := coalesce((select q.open_days from plan_quotas q where q.id = quota), 35);
begin
    if moment > now + interval '5 minutes' then
        perform refuse_field('at', format('%s lies ahead: it is %s', moment, now));
    elsif moment < now - days * interval '24 hours' then
        perform refuse_field('at', format('%s lies more than %s days back', moment, days));
    end if;
end
$$;
comment on function perennial.check_open is 'Refuses a timestamp outside of the window that a period is open for.';

-- While its reset is late, a meter still stands in the period before: what holds in the one that
-- its instant falls in.
create or replace function perennial.meter_then(meter perennial.usage_meters, period timestamptz, now timestamptz)
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

create or replace function perennial.record_event(customer uuid, metric text, quantity bigint, event_id text, at timestamptz,
                                                  claimed boolean)
returns table (recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz)
language plpgsql
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
    if period.closed and period.quota_id is null then
        meter.limit_units := -1;
    end if;
    meter := meter_then(meter, period.period_start, now);
    recorded := store_usage(meter, quantity, event_id, coalesce(at, now), now, period.period_start, late_usage, claimed);
    used := used_in(customer, meter.metric_id, period.period_start);
    if recorded and not period.closed then
        perform note_warnings(meter, period.period_start, used, now);
    end if;
    select * into "limit", remaining from usage_answer(meter, used);
    period_end := period.period_end;
    return next;
end
$$;
comment on function perennial.record_event is 'record_usage, of an event whose id the caller may have claimed.';

create or replace function perennial.record_usage(customer uuid, metric text, quantity bigint, event_id text, at timestamptz default null)
returns table (recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
begin
    return query select * from record_event(customer, metric, quantity, event_id, at, false);
end
$$;
comment on function perennial.record_usage is
    'Records usage that has happened, once per event_id; `at` null: now. Never refuses what is beyond a limit. Answers recorded (false: a repeat), used, limit (null: unlimited), remaining, period_end (null: never resets).';

create or replace function perennial.check_isolation() returns void
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

create or replace function perennial.lock_meter(customer uuid, metric integer) returns perennial.usage_meters
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    meter usage_meters;
begin
    select * into meter from usage_meters m
     where m.customer_id = customer and m.metric_id = metric for no key update skip locked;
    if found then
        return meter;
    end if;
    begin
        select * into meter from usage_meters m
         where m.customer_id = customer and m.metric_id = metric for no key update;
        return meter;
    exception when deadlock_detected then
        perform refuse_deadlock();
    end;
end
$$;
comment on function perennial.lock_meter is 'The meter, locked against others who count exactly.';

create or replace function perennial.consume(customer uuid, metric text, quantity bigint, event_id text)
returns table (allowed boolean, remaining bigint, used bigint, "limit" bigint, period_end timestamptz)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
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
        meter := lock_meter(customer, meter.metric_id);
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
        if allowed and store_usage(meter, quantity, event_id, now, now, period.period_start, null, false) then
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

create or replace function perennial.release_usage(customer uuid, metric text, quantity bigint, event_id text)
returns table (released boolean, used bigint, "limit" bigint, remaining bigint)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    meter usage_meters;
    now timestamptz;
begin
    perform check_usage(quantity, event_id);
    meter := meter_of(customer, metric);
    perform check_isolation();
    meter := lock_meter(customer, meter.metric_id);
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
        released := store_usage(meter, -quantity, event_id, now, now, meter.period_start, null, false);
    end if;
    used := used_in(customer, meter.metric_id, meter.period_start);
    select * into "limit", remaining from usage_answer(meter, used);
    return next;
end
$$;
comment on function perennial.release_usage is 'Takes back usage of a metric that never resets: a member leaves.';

create or replace function perennial.get_limit(customer uuid, metric text) returns bigint
language plpgsql security definer stable
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    metered integer := metric_of(metric);
    meter usage_meters;
    units bigint;
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
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

create or replace function perennial.check_quota(customer uuid, metric text, quantity bigint default 1) returns boolean
language plpgsql security definer stable
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    metered integer := metric_of(metric);
    meter usage_meters;
    given record;
    period record;
begin
    perform check_usage(quantity, 'none');
    if not exists (select from customers c where c.id = customer) then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
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

-- Callers that count at the same time cannot see each other: between them a threshold may be
-- crossed that neither has seen. They have left more than one shard.
create or replace function perennial.note_missed_warnings() returns bigint
language sql
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
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
                              and n.period_start = m.period_start and n.threshold = w.threshold
                              and n.limit_units = m.limit_units + m.rollover_units)
           -- A caller who notes it at this moment is not waited for.
           and pg_try_advisory_xact_lock(lock_key(format('warning %s %s %s', m.customer_id, m.metric_id, w.threshold)))),
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
