-- Figures of limits that are near, and of flows: what happened within a span.

create or replace function perennial.owed_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set search_path = perennial, pg_temp as $$
    with owed as (
        select currency, invoice_id, sum(amount_minor) as amount
          from ledger_entries where account = 'accounts_receivable' and at < owed_at.until group by 1, 2
    )
    select * from billed_parts(array(
        select row('outstanding', currency, 'invoice', invoice_id::text, amount, 1)::figure from owed where amount <> 0))
    union all
    -- Currencies in which nothing is owed any more.
    select distinct 'outstanding', currency, 'total', '', 0::numeric, 1::numeric from owed
$$;
comment on function perennial.owed_at(timestamptz) is 'What is outstanding at an instant, from all postings.';

create or replace function perennial.billed_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select * from billed_parts(array(
        select row(x.metric, e.currency, 'invoice', e.invoice_id::text, sum(x.amount), 1)::figure
          from ledger_entries e
         cross join lateral (values
               ('outstanding', e.account = 'accounts_receivable', e.amount_minor),
               -- What an invoice earns. An amount that it takes over was billed by an earlier one.
               ('billed', e.account = 'revenue' and e.kind = 'invoice_issued', -e.amount_minor),
               -- What a bank took and gave back was collected once.
               ('collected', e.account = 'cash' and e.amount_minor > 0 and e.kind <> 'dispute_won', e.amount_minor))
               x (metric, counts, amount)
         where e.at >= billed_moved.since and e.at < billed_moved.until
           and e.account in ('accounts_receivable', 'revenue', 'cash') and x.counts
         group by x.metric, e.currency, e.invoice_id))
$$;
comment on function perennial.billed_moved(timestamptz, timestamptz) is
    'What was billed and collected within a span, and how what is outstanding moved by that.';

create or replace function perennial.risks_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with cases as materialized (
        select subscription_id from dunning_cases where closed_at is null and failed_at < risks_at.until
        union
        select subscription_id from dunning_cases where closed_at >= risks_at.until and failed_at < risks_at.until
    )
    select f from billed_parts(array(
        select row('money_at_risk', e.currency, 'invoice', e.invoice_id::text, sum(e.amount_minor), 1)::figure
          from cases c join ledger_entries e on e.subscription_id = c.subscription_id
         where e.account = 'accounts_receivable' and e.at < risks_at.until
         group by e.currency, e.invoice_id having sum(e.amount_minor) <> 0)) f
     where f.numer <> 0
$$;
comment on function perennial.risks_at(timestamptz) is 'What was owed in dunning at an instant.';

-- A customer is near a limit from when a threshold was crossed to the end of that period.
create or replace view perennial.near_limits as
    select w.customer_id, c.code as metric, coalesce(p.code, 'none') as plan, w.crossed_at,
           coalesce(g.period_end, m.period_end, case when m.customer_id is null then '-infinity' else 'infinity' end::timestamptz) as ends_at
      from perennial.usage_warnings w
      join perennial.metric_codes c on c.metric_id = w.metric_id and c.retired_at is null
      left join perennial.plan_quotas q on q.id = w.quota_id
      left join perennial.plans p on p.id = q.plan_id
      left join perennial.usage_closings g
        on g.customer_id = w.customer_id and g.metric_id = w.metric_id and g.period_start = w.period_start
      left join perennial.usage_meters m
        on m.customer_id = w.customer_id and m.metric_id = w.metric_id and m.period_start = w.period_start;
comment on view perennial.near_limits is 'From when to when a customer was near a limit.';

create or replace function perennial.near_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select 'customers_near_limit', '', b.breakdown, b.key, count(distinct n.customer_id), 1
      from near_limits n
     cross join lateral (values ('total', ''), ('metric', n.metric), ('plan', n.plan)) b (breakdown, key)
     where n.crossed_at < near_at.until and n.ends_at >= near_at.until
     group by b.breakdown, b.key
$$;
comment on function perennial.near_at(timestamptz) is 'Who was near a limit at an instant.';

create or replace function perennial.near_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set enable_mergejoin = off set search_path = perennial, pg_temp as $$
    with touched as materialized (
        select customer_id from usage_warnings where crossed_at >= near_moved.since and crossed_at < near_moved.until
        union
        select customer_id from usage_closings where period_end >= near_moved.since and period_end < near_moved.until
        union
        -- Periods that are over, and not yet closed.
        select m.customer_id from clocks c
          join usage_meters m on m.clock_id = c.id and m.period_end >= near_moved.since and m.period_end < near_moved.until
    ), theirs as materialized (
        select distinct e.sign, n.customer_id, b.breakdown, b.key
          from touched t
          join near_limits n using (customer_id)
          join (values (-1, near_moved.since), (1, near_moved.until)) e (sign, at) on n.crossed_at < e.at and n.ends_at >= e.at
         cross join lateral (values ('total', ''), ('metric', n.metric), ('plan', n.plan)) b (breakdown, key)
    )
    select 'customers_near_limit', '', breakdown, key, sum(sign), 1 from theirs group by breakdown, key
$$;
comment on function perennial.near_moved(timestamptz, timestamptz) is 'How many customers came near a limit within a span, less those who no longer are.';

-- Movements that were decided together are one for their customer.
create or replace function perennial.movement_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select m.kind, m.customer_id, m.currency, m.at, m.amount_numer as numer, m.amount_denom as denom, p.code as plan, t.interval,
               t.country, t.purchase_cohort as cohort
          from mrr_movements m
          join subscription_traits t on t.subscription_id = m.subscription_id
          join plans p on p.id = case when m.kind in ('new', 'reactivation') then m.plan_after
                                      else coalesce(m.plan_before, m.plan_after) end
         where m.at >= movement_flows.since and m.at < movement_flows.until and m.kind <> 'internal'
    ), sums as (
        select kind, currency, denom, plan, interval, country, cohort, sum(numer) as numer from moved group by 1, 2, 3, 4, 5, 6, 7
    ), added as (
        select s.kind, s.currency, s.denom, b.breakdown, b.key, sum(s.numer) as numer
          from sums s cross join lateral parts_of(s.plan, s.interval, s.country, s.cohort) b group by 1, 2, 3, 4, 5
    ), theirs as (
        select distinct m.kind, m.currency, m.customer_id, m.at, b.breakdown, b.key
          from moved m cross join lateral parts_of(m.plan, m.interval, m.country, m.cohort) b
    )
    select * from summed(array(
        select row('movement_' || kind, currency, breakdown, key, numer, denom)::figure from added))
    union all
    select 'movement_' || kind || '_count', currency, breakdown, key, count(*), 1 from theirs group by kind, currency, breakdown, key
$$;
comment on function perennial.movement_flows(timestamptz, timestamptz) is 'Movements of a span by kind, and how many customers moved.';

create or replace function perennial.returned(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select * from billed_parts(array(
        select row(b.metric, b.currency, 'invoice', p.invoice_id::text, sum(b.amount_minor), 1)::figure
          from (select 'refunded' as metric, payment_id, currency, amount_minor from refunds
                 where at >= returned.since and at < returned.until
                union all
                select 'disputed', payment_id, currency, amount_minor from disputes
                 where opened_at >= returned.since and opened_at < returned.until) b
          join payments p on p.id = b.payment_id
         group by b.metric, b.currency, p.invoice_id))
$$;
comment on function perennial.returned(timestamptz, timestamptz) is 'What went back within a span: refunds, and chargebacks whatever became of them.';

create or replace function perennial.dunning_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    (with tried as materialized (
        select p.attempt, p.status, p.currency, p.invoice_id, b.decline_code
          from payments p
          left join payments b on b.invoice_id = p.invoice_id and b.attempt = p.attempt - 1
         where p.settled_at >= dunning_flows.since and p.settled_at < dunning_flows.until
           and p.attempt > 1 and p.status in ('succeeded', 'declined')
    )
    select 'dunning_attempts', '', b.breakdown, b.key, count(*), 1
      from tried t join invoice_traits i using (invoice_id)
     cross join lateral parts_of(t.currency, i.plan, i.interval, i.country, i.cohort) b
     group by b.breakdown, b.key
    union all
    select 'dunning_recovery_by_attempt', '', 'attempt', attempt::text, count(*) filter (where status = 'succeeded'), count(*)
      from tried group by attempt
    union all
    select 'dunning_recovery_by_code', '', 'code', decline_code, count(*) filter (where status = 'succeeded'), count(*)
      from tried where decline_code <> '' group by decline_code)
    union all
    select 'dunning_recovered', '', b.breakdown, b.key, count(*), 1
      from dunning_cases c
      join subscriptions s on s.id = c.subscription_id
      join subscription_traits t on t.subscription_id = c.subscription_id
      join plans p on p.id = coalesce((select v.plan_before from mrr_movements v
                                        where v.subscription_id = c.subscription_id and v.at > c.closed_at and v.plan_before <> v.plan_after
                                        order by v.decision limit 1), s.plan_id)
     cross join lateral parts_of(t.currency, p.code, t.interval, t.country, t.subscription_cohort) b
     where c.closed_at >= dunning_flows.since and c.closed_at < dunning_flows.until and c.outcome = 'recovered'
     group by b.breakdown, b.key
$$;
comment on function perennial.dunning_flows(timestamptz, timestamptz) is 'How dunning went within a span.';

create or replace function perennial.trial_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with counted as materialized (
        select b.breakdown, b.key, count(*) filter (where h.edge = 'started') as started,
               count(*) filter (where h.edge = 'trial_converted') as converted, count(*) filter (where h.from_status = 'trialing') as ended
          from subscription_history h
          join subscriptions s on s.id = h.subscription_id
          join subscription_traits t on t.subscription_id = h.subscription_id
          join plans p on p.id = coalesce((select v.plan_before from mrr_movements v
                                            where v.subscription_id = h.subscription_id and v.at > h.at and v.plan_before <> v.plan_after
                                            order by v.decision limit 1), s.plan_id)
         cross join lateral parts_of(t.currency, p.code, t.interval, t.country, t.subscription_cohort) b
         where h.at >= trial_flows.since and h.at < trial_flows.until
           and (h.edge = 'started' and h.to_status = 'trialing' or h.from_status = 'trialing' and h.to_status <> 'trialing')
         group by 1, 2
    )
    select 'trials_started', '', breakdown, key, started, 1 from counted where started > 0
    union all
    select 'trials_converted', '', breakdown, key, converted, 1 from counted where converted > 0
    union all
    select 'trial_conversion', '', breakdown, key, converted, ended from counted where ended > 0
$$;
comment on function perennial.trial_flows(timestamptz, timestamptz) is 'Trials that began, and what became of those that ended, within a span.';

create or replace function perennial.other_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select 'usage', '', case grouping(p.code) when 1 then 'metric' else 'plan' end, c.code || coalesce('/' || p.code, ''), sum(g.used), 1
      from usage_closings g
      join metric_codes c on c.metric_id = g.metric_id and c.retired_at is null
      left join plan_quotas q on q.id = g.quota_id
      left join plans p on p.id = q.plan_id
     where g.period_end >= other_flows.since and g.period_end < other_flows.until
     group by grouping sets ((c.code), (c.code, p.code))
    having grouping(p.code) = 1 or p.code is not null
    union all
    select 'tokens_' || kind, '', case grouping(unit) when 1 then 'total' else 'unit' end, coalesce(unit, ''), sum(amount), 1
      from (select unit, case kind when 'grant' then 'granted' when 'expire' then 'expired' else 'used' end as kind,
                   case kind when 'grant' then amount else -amount end as amount
              from wallet_entries where at >= other_flows.since and at < other_flows.until) t
     group by grouping sets ((kind), (kind, unit))
    union all
    select case status when 'sent' then 'mails_sent' else 'mails_bounced' end, '',
           case grouping(template) when 1 then 'total' else 'template' end, coalesce(template, ''), count(*), 1
      from emails
     where settled_at >= other_flows.since and settled_at < other_flows.until and status in ('sent', 'failed')
     group by grouping sets ((status), (status, template))
$$;
comment on function perennial.other_flows(timestamptz, timestamptz) is 'Usage, tokens and mail of a span.';
