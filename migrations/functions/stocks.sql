-- Figures of stocks: in full at an instant, and how they moved within a span. The two are
-- independent: one reads where everything was left last, the other what happened.

create or replace function perennial.interval_key(unit text, count integer) returns text
language sql immutable as $$ select case count when 1 then unit else count || ' ' || unit || 's' end $$;
comment on function perennial.interval_key(text, integer) is 'An interval as the key of a breakdown: month, 3 months.';

-- Nothing here ever changes, except that a first purchase is written down.
create or replace view perennial.subscription_traits as
    select s.id as subscription_id, s.customer_id, s.currency,
           perennial.interval_key(s.interval_unit, s.interval_count) as interval, coalesce(h.country, 'unknown') as country,
           coalesce(perennial.month_of(h.first_purchase_at, z.business_zone), 'unknown') as purchase_cohort,
           coalesce(perennial.month_of(h.first_subscription_at, z.business_zone), 'unknown') as subscription_cohort
      from perennial.subscriptions s
      left join perennial.customer_cohorts h on h.customer_id = s.customer_id
     cross join perennial.analytics_settings z;
comment on view perennial.subscription_traits is 'By what figures of a subscription are broken down, plan aside.';

create or replace function perennial.parts_of(plan text, "interval" text, country text, cohort text) returns table (breakdown text, key text)
language sql immutable as $$
    values ('total', ''), ('plan', parts_of.plan), ('interval', parts_of.interval), ('country', parts_of.country), ('cohort', parts_of.cohort)
$$;
comment on function perennial.parts_of(text, text, text, text) is 'What something counts into.';

create or replace function perennial.parts_of(currency text, plan text, "interval" text, country text, cohort text)
returns table (breakdown text, key text)
language sql immutable as $$
    values ('total', ''), ('currency', parts_of.currency), ('plan', parts_of.plan), ('interval', parts_of.interval),
           ('country', parts_of.country), ('cohort', parts_of.cohort)
$$;
comment on function perennial.parts_of(text, text, text, text, text) is 'What something counts into that is counted whatever its currency.';

create or replace function perennial.paying_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set search_path = perennial, pg_temp as $$
    with standing as (
        select distinct on (subscription_id) subscription_id, after_numer, after_denom, plan_after
          from mrr_movements where at < paying_at.until order by subscription_id, decision desc
    ), keyed as materialized (
        select t.customer_id, t.currency, g.after_numer as numer, g.after_denom as denom, p.code as plan, t.interval, t.country,
               t.purchase_cohort as cohort
          from standing g
          join subscription_traits t using (subscription_id)
          join plans p on p.id = g.plan_after
    ), sums as (
        select currency, denom, plan, interval, country, cohort, sum(numer) as numer from keyed group by 1, 2, 3, 4, 5, 6
    ), added as (
        select s.currency, s.denom, b.breakdown, b.key, sum(s.numer) as numer
          from sums s cross join lateral parts_of(s.plan, s.interval, s.country, s.cohort) b group by 1, 2, 3, 4
    ), theirs as materialized (
        -- A customer with several subscriptions of a kind is one.
        select distinct k.customer_id, k.currency, b.breakdown, b.key
          from keyed k cross join lateral parts_of(k.plan, k.interval, k.country, k.cohort) b where k.numer > 0
    )
    select * from summed(array(
        select row('mrr', currency, breakdown, key, numer, denom)::figure from added
        union all
        select row('customers', currency, breakdown, key, count(*), 1)::figure from theirs group by currency, breakdown, key
        union all
        -- Those of whom nobody is left.
        select row('customers', currency, 'total', '', 0, 1)::figure from added group by currency
        union all
        select row('customers', '', 'currency', currency, count(*), 1)::figure from theirs where breakdown = 'total' group by currency
        union all
        select row('customers', '', breakdown, key, count(*), 1)::figure
          from (select distinct customer_id, breakdown, key from theirs) t group by breakdown, key))
$$;
comment on function perennial.paying_at(timestamptz) is 'Recurring revenue and paying customers at an instant, from the last movement of every subscription.';

create or replace function perennial.paying_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set enable_mergejoin = off set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select * from mrr_movements where at >= paying_moved.since and at < paying_moved.until
    ), ends as materialized (
        (select distinct on (subscription_id) -1 as sign, subscription_id, before_numer as numer, before_denom as denom, plan_before as plan
           from moved order by subscription_id, decision)
        union all
        (select distinct on (subscription_id) 1, subscription_id, after_numer, after_denom, plan_after
           from moved order by subscription_id, decision desc)
    ), besides as materialized (
        -- What else those customers have did not move.
        select s.id as subscription_id
          from (select distinct customer_id from moved) c
          join subscriptions s on s.customer_id = c.customer_id
         where not exists (select from ends e where e.subscription_id = s.id)
    ), others as (
        select b.subscription_id, v.plan_after
          from besides b
         cross join lateral (select v.after_numer, v.plan_after from mrr_movements v
                              where v.subscription_id = b.subscription_id and v.at < paying_moved.since
                              order by v.decision desc limit 1) v
         where v.after_numer > 0
    ), keyed as materialized (
        select e.sign, t.customer_id, t.currency, e.numer, e.denom, p.code as plan, t.interval, t.country, t.purchase_cohort as cohort
          from (select * from ends where numer > 0
                union all
                select sign, subscription_id, null, null, plan_after from others cross join (values (-1), (1)) v (sign)) e
          join subscription_traits t using (subscription_id)
          join plans p on p.id = e.plan
    ), sums as (
        select currency, denom, plan, interval, country, cohort, sum(sign * numer) as numer
          from keyed where numer is not null group by 1, 2, 3, 4, 5, 6
    ), theirs as materialized (
        select distinct k.sign, k.customer_id, k.currency, b.breakdown, b.key
          from keyed k cross join lateral parts_of(k.plan, k.interval, k.country, k.cohort) b
    )
    select 'mrr', s.currency, b.breakdown, b.key, sum(s.numer), s.denom
      from sums s cross join lateral parts_of(s.plan, s.interval, s.country, s.cohort) b
     group by s.currency, s.denom, b.breakdown, b.key
    union all
    -- What came and went within the span.
    select x.metric, m.currency, 'total', '', 0, 1
      from (select distinct currency from moved) m cross join (values ('mrr'), ('customers')) x (metric)
    union all
    select 'customers', currency, breakdown, key, sum(sign), 1 from theirs group by currency, breakdown, key
    union all
    select 'customers', '', 'currency', currency, sum(sign), 1 from theirs where breakdown = 'total' group by currency
    union all
    select 'customers', '', breakdown, key, sum(sign), 1
      from (select distinct sign, customer_id, breakdown, key from theirs) t group by breakdown, key
$$;
comment on function perennial.paying_moved(timestamptz, timestamptz) is
    'How recurring revenue and paying customers moved within a span, from its movements alone.';

create or replace function perennial.statuses_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set search_path = perennial, pg_temp as $$
    with standing as (
        select distinct on (subscription_id) subscription_id, to_status as status
          from subscription_history where at < statuses_at.until
         order by subscription_id, version desc, position desc
    ), replaced as (
        -- The plan is another now: what it was, the first change since says.
        select distinct on (subscription_id) subscription_id, plan_before
          from mrr_movements where at >= statuses_at.until and plan_before <> plan_after order by subscription_id, decision
    ), counted as (
        select g.status, t.currency, p.code as plan, t.interval, t.country, t.subscription_cohort as cohort, count(*) as n
          from standing g
          join subscriptions s on s.id = g.subscription_id
          join subscription_traits t on t.subscription_id = g.subscription_id
          left join replaced r on r.subscription_id = g.subscription_id
          join plans p on p.id = coalesce(r.plan_before, s.plan_id)
         where g.status in ('active', 'trialing', 'past_due', 'grace', 'paused')
         group by 1, 2, 3, 4, 5, 6
    )
    select 'subscriptions_' || c.status, '', b.breakdown, b.key, sum(c.n), 1
      from counted c cross join lateral parts_of(c.currency, c.plan, c.interval, c.country, c.cohort) b
     group by c.status, b.breakdown, b.key
$$;
comment on function perennial.statuses_at(timestamptz) is 'How many subscriptions were in which status at an instant, from the last edge of every subscription.';

create or replace function perennial.statuses_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set enable_mergejoin = off set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select subscription_id, (array_agg(from_status order by version, position))[1] as before,
               (array_agg(to_status order by version desc, position desc))[1] as after
          from subscription_history where at >= statuses_moved.since and at < statuses_moved.until
         group by subscription_id
    ), changed as materialized (
        select subscription_id from mrr_movements
         where at >= statuses_moved.since and at < statuses_moved.until and plan_before <> plan_after
    ), standing as materialized (
        select m.subscription_id, e.sign, e.status, r.plan_before
          from (select * from moved
                 -- Who renews stays where they were.
                 where before is distinct from after or subscription_id in (select subscription_id from changed)) m
         cross join lateral (values (-1, m.before, statuses_moved.since), (1, m.after, statuses_moved.until)) e (sign, status, at)
          left join lateral (select v.plan_before from mrr_movements v
                              where v.subscription_id = m.subscription_id and v.at >= e.at and v.plan_before <> v.plan_after
                              order by v.decision limit 1) r on true
         where e.status in ('active', 'trialing', 'past_due', 'grace', 'paused')
    ), counted as (
        select g.status, t.currency, p.code as plan, t.interval, t.country, t.subscription_cohort as cohort, sum(g.sign) as n
          from standing g
          join subscriptions s on s.id = g.subscription_id
          join subscription_traits t on t.subscription_id = g.subscription_id
          join plans p on p.id = coalesce(g.plan_before, s.plan_id)
         group by 1, 2, 3, 4, 5, 6
    )
    select 'subscriptions_' || c.status, '', b.breakdown, b.key, sum(c.n), 1
      from counted c cross join lateral parts_of(c.currency, c.plan, c.interval, c.country, c.cohort) b
     group by c.status, b.breakdown, b.key
$$;
comment on function perennial.statuses_moved(timestamptz, timestamptz) is
    'How the counts of statuses moved within a span, from its edges alone.';

create or replace view perennial.invoice_traits as
    select i.id as invoice_id, coalesce(l.plan, w.plan, 'none') as plan,
           coalesce(perennial.interval_key(s.interval_unit, s.interval_count), 'once') as interval,
           coalesce(h.country, 'unknown') as country,
           coalesce(perennial.month_of(h.first_subscription_at, z.business_zone), 'unknown') as cohort
      from perennial.invoices i
     cross join perennial.analytics_settings z
      left join perennial.subscriptions s on s.id = i.subscription_id
      -- Who ordered before they subscribed was of no cohort then, and stays of none in that.
      left join perennial.customer_cohorts h
        on h.customer_id = i.customer_id and (i.subscription_id is not null or h.first_subscription_at <= i.finalized_at)
      left join lateral (select p.code as plan
                           from perennial.invoice_items t
                           join perennial.prices r on r.id = t.price_id
                           join perennial.plans p on p.id = r.plan_id
                          where t.invoice_id = i.id order by t.position limit 1) l on true
      left join lateral (select p.code as plan
                           from perennial.plans p
                          where p.id = case when l.plan is null then
                                            coalesce((select v.plan_before from perennial.mrr_movements v
                                                       where v.subscription_id = s.id and v.at > i.finalized_at
                                                         and v.plan_before <> v.plan_after
                                                       order by v.decision limit 1), s.plan_id) end) w on true;
comment on view perennial.invoice_traits is
    'By what figures of an invoice are broken down: the plan that it bills, or else that of the subscription then.';

create or replace function perennial.billed_parts(sums perennial.figure[]) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with traits as materialized (
        select t.* from (select distinct key::uuid as invoice_id from unnest(sums)) i join invoice_traits t using (invoice_id)
    ), added as (
        select u.metric, u.currency, coalesce(t.plan, 'none') as plan, coalesce(t.interval, 'once') as interval,
               coalesce(t.country, 'unknown') as country, coalesce(t.cohort, 'unknown') as cohort, sum(u.numer) as amount
          from unnest(sums) u left join traits t on t.invoice_id = u.key::uuid
         group by 1, 2, 3, 4, 5, 6
    )
    select a.metric, a.currency, b.breakdown, b.key, sum(a.amount), 1
      from added a cross join lateral parts_of(a.plan, a.interval, a.country, a.cohort) b
     group by a.metric, a.currency, b.breakdown, b.key
$$;
comment on function perennial.billed_parts(perennial.figure[]) is 'Sums by invoice (breakdown `invoice`, its id as the key) as figures.';
