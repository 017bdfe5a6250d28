-- Closing usage periods: what was counted, what rolls over, and what came late.

-- Closes one period of each due meter and opens the next one. Meters that are behind need a call
-- for each period: what was skipped is written down, and only the last one is applied (rule T6).
-- Closing takes rows by where they lie, so each step costs what it closes, however many meters there
-- are: planned for the rows it is given, it would read the whole table each time.
create or replace function perennial.close_periods(clock uuid, of_customers uuid[], batch integer,
                                        out closed bigint, out notable jsonb)
language plpgsql
set search_path = perennial, pg_temp
-- The plan is kept as long as the session, and the first one meets empty tables: it may only be the
-- one that is right at every size.
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off
set work_mem = '64MB' as $$
#variable_conflict use_column
declare
    moment constant timestamptz := business_now(clock);
    back constant interval := late_window();
    due_rows tid[];
begin
    -- Nobody is waited for: a renewal closes its customer's periods itself, and of what a caller holds
    -- it knows before.
    if of_customers is null then
        due_rows := array(select d.ctid from usage_meters d where d.clock_id = clock and d.period_end <= moment
                           order by d.period_end limit batch for no key update skip locked);
    else
        due_rows := array(select d.ctid from usage_meters d
                           where d.customer_id = any (of_customers) and d.clock_id = clock and d.period_end <= moment
                           order by d.customer_id, d.metric_id limit batch for no key update skip locked);
    end if;
    -- A statement of its own, which sees the rows as they are now that they are locked.
    with latest as materialized (
        select o.id as held, n.id, o.rollover_max, (n.id <> o.id) as changed
          from plan_quotas o cross join lateral latest_quota(o.plan_id, o.metric_id) n),
    due as not materialized (
        select m.*, m.ctid as place, coalesce(t.used, 0) as used,
               -- Usage of a period before that was not there when it was closed. What was counted of
               -- the last one is at hand; of those before it, only what there are counters of is asked for.
               case when t.used_last > m.closed_used then true
                    when t.used_before is null then false
                    else t.used_before > (select sum(g.used) from usage_closings g
                                           where g.customer_id = m.customer_id and g.metric_id = m.metric_id
                                             and g.period_start >= m.period_start - back
                                             and g.period_start < m.closed_start) end as late
          from usage_meters m
          left join lateral (
               select least(coalesce(sum(c.used) filter (where c.period_start = m.period_start), 0), 4000000000000000000)::bigint as used,
                      sum(c.used) filter (where c.period_start = m.closed_start) as used_last,
                      sum(c.used) filter (where c.period_start < m.closed_start) as used_before
                 from usage_counters c
                where c.customer_id = m.customer_id and c.metric_id = m.metric_id
                  and c.period_start between m.period_start - back and m.period_start) t on true
         where m.ctid = any (due_rows)),
    closed as (
        update usage_meters m
           set period_start = d.period_end,
               period_index = d.period_index + 1,
               period_end = case when d.ends then late_usage_until(d.quota_id, d.period_end)
                                 when d.quota_id is not null
                                 then month_boundary(d.anchor_local, d.anchor_zone, d.period_index + 2) end,
               closed_start = d.period_start, closed_used = d.used, excused_units = 0, ends = false,
               quota_id = case when not d.ends then l.id end,
               subscription_id = case when not d.ends then d.subscription_id end,
               limit_units = case when d.ends then 0 else d.limit_units end,
               enforcement = case when d.ends then 'hard' else d.enforcement end,
               rollover_units = case when d.limit_units = -1 or l.rollover_max is null or d.ends then 0
                   else least(greatest(d.limit_units + d.rollover_units - d.used, 0), l.rollover_max) end
          from due d left join latest l on l.held = d.quota_id
         where m.ctid = d.place
        returning d.customer_id, d.metric_id, d.subscription_id, d.quota_id, d.period_start, d.period_end,
                  d.used, d.late, m.rollover_units as rolled_over, coalesce(l.changed, false) or d.ends as stale,
                  case when d.limit_units = -1 then -1 else d.limit_units + d.rollover_units + d.excused_units end as units,
                  case when d.limit_units = -1 then 0
                       else greatest(d.used - d.limit_units - d.rollover_units - d.excused_units, 0) end as overage_units),
    written as (
        insert into usage_closings
        select c.customer_id, c.metric_id, c.period_start, c.period_end, c.subscription_id, c.quota_id, c.units, c.used,
               c.overage_units, c.rolled_over, moment
          from closed c)
    select count(*), coalesce(jsonb_agg(jsonb_build_object(
               'customer', c.customer_id, 'metric', c.metric_id, 'subscription', c.subscription_id, 'quota', c.quota_id,
               'period_start', c.period_start, 'period_end', c.period_end, 'overage_units', c.overage_units,
               'late', coalesce(c.late, false), 'stale', c.stale))
               filter (where c.overage_units > 0 or c.late or c.stale), '[]')
      into close_periods.closed, close_periods.notable
      from closed c;
end
$$;
comment on function perennial.close_periods is
    'Closes one period of up to `batch` due meters; answers how many, and those that have something to bill or whose limit was edited.';

create or replace function perennial.note_late_usage(customer uuid, metric integer, found_in timestamptz)
returns table (period_start timestamptz, period_end timestamptz, subscription_id uuid, quota_id uuid, limit_units bigint,
               known bigint, used bigint)
language sql
set search_path = perennial, pg_temp as $$
    with counted as (
        select g.*, least(g.used + coalesce((
                      select sum(l.units) from usage_late l
                       where l.customer_id = g.customer_id and l.metric_id = g.metric_id
                         and l.period_start = g.period_start), 0), 4000000000000000000)::bigint as known,
               (select least(coalesce(sum(c.used), 0), 4000000000000000000)::bigint from usage_counters c
                 where c.customer_id = g.customer_id and c.metric_id = g.metric_id and c.period_start = g.period_start) as total
          from usage_closings g
         where g.customer_id = note_late_usage.customer and g.metric_id = note_late_usage.metric
           and g.period_start < note_late_usage.found_in
           and g.period_start >= note_late_usage.found_in - late_window()),
    noted as (
        insert into usage_late (customer_id, metric_id, period_start, found_in, units)
        select c.customer_id, c.metric_id, c.period_start, note_late_usage.found_in, c.total - c.known
          from counted c where c.total > c.known)
    select c.period_start, c.period_end, c.subscription_id, c.quota_id, c.limit_units, c.known, c.total
      from counted c where c.total > c.known order by c.period_start
$$;
comment on function perennial.note_late_usage is
    'Notes usage of closed periods that no closing has counted yet, and answers what was known of each period and what is now.';

create or replace function perennial.check_usage_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select 'I10', m.customer_id || ' ' || m.metric_id, 'events ' || coalesce(e.total, 0) || ', counted ' || coalesce(c.total, 0)
      from usage_meters m
      left join (select customer_id, metric_id, period_start, sum(quantity) as total from usage_events group by 1, 2, 3) e
     using (customer_id, metric_id, period_start)
      left join (select customer_id, metric_id, period_start, sum(used) as total from usage_counters group by 1, 2, 3) c
     using (customer_id, metric_id, period_start)
     -- What never resets has no end, and its old events are not kept (perennial.usage_retention).
     where m.period_end is not null and coalesce(e.total, 0) <> coalesce(c.total, 0)
    union all
    select 'I10', customer_id || ' ' || metric_id, 'used ' || used || ' in the period from ' || period_start
      from (select customer_id, metric_id, period_start, sum(used) as used from usage_counters group by 1, 2, 3) c
     where used < 0
    union all
    select 'I10', g.customer_id || ' ' || g.metric_id, 'period from ' || g.period_start || ', the one before ended at ' || g.before_ended_at
      from (select *, lag(period_end) over (partition by customer_id, metric_id order by period_start) as before_ended_at
              from usage_closings) g
     where g.before_ended_at <> g.period_start
    union all
    select 'I10', m.customer_id || ' ' || m.metric_id, 'stands at ' || m.period_start || ', the last closed period ended at ' || l.period_end
      from usage_meters m
     cross join lateral (select c.period_end from usage_closings c
                          where c.customer_id = m.customer_id and c.metric_id = m.metric_id
                          order by c.period_start desc limit 1) l
     where l.period_end <> m.period_start
    union all
    select 'I10', c.customer_id || ' ' || c.metric_id, 'closed with ' || c.used || ', counted ' || u.total
      from usage_closings c
      join (select customer_id, metric_id, period_start, sum(used) as total from usage_counters group by 1, 2, 3) u
     using (customer_id, metric_id, period_start)
     where u.total < c.used
    union all
    select 'I13', p.id::text, 'billed ' || coalesce(sum(i.amount_minor), 0) || ' of ' || p.amount_minor
      from pending_invoice_items p
      left join invoice_items i on i.invoice_id = p.invoice_id and i.kind = p.kind and i.description = p.description
                               and i.period_start = p.period_start
     where p.invoice_id is not null
     group by p.id having coalesce(sum(i.amount_minor), 0) < p.amount_minor
    union all
    select 'I13', p.id::text, 'waits for no invoice: its subscription has ended'
      from pending_invoice_items p join subscriptions s on s.id = p.subscription_id
     where p.invoice_id is null and p.final_at is null and s.ended_at is not null
    union all
    select 'I3', i.id::text, 'final invoice of a subscription that goes on'
      from invoices i join subscriptions s on s.id = i.subscription_id
     where i.kind = 'final' and s.ended_at is null
$$;
comment on function perennial.check_usage_invariants is
    'What does not hold of usage (I3, I10, I13): counters are the sum of their events, periods are closed once and without gaps, and what was priced is billed.';
