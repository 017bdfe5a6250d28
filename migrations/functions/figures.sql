-- The figures of a day, what follows from them, and what became of cohorts.

-- Rule A3, over the 30 days that end at `until`: the whole, and each part of it.
create or replace function perennial.derived(stocks perennial.figure[], since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with parts as (
        select metric as what, currency, breakdown, key, numer, denom from unnest(stocks)
         where metric = 'mrr' or metric = 'customers' and currency <> ''
        union all
        select metric || ' moved', currency, breakdown, key, numer, denom from paying_moved(derived.since, derived.until)
         where currency <> ''
        union all
        select metric, currency, breakdown, key, numer, denom from movement_flows(derived.since, derived.until)
    ), sums as (
        select currency, breakdown, key,
               sum_of(numer, denom) filter (where what = 'mrr') as mrr,
               sum_of(numer, denom) filter (where what = 'mrr moved') as moved,
               coalesce(sum(numer) filter (where what = 'customers'), 0) as customers,
               coalesce(sum(numer) filter (where what = 'customers moved'), 0) as customers_moved,
               sum_of(numer, denom) filter (where what in ('movement_new', 'movement_expansion', 'movement_reactivation')) as gained,
               sum_of(numer, denom) filter (where what in ('movement_expansion', 'movement_reactivation')) as regained,
               sum_of(numer, denom) filter (where what in ('movement_churn_voluntary', 'movement_churn_involuntary')) as churned,
               sum_of(numer, denom) filter (where what = 'movement_contraction') as contracted,
               coalesce(sum(numer) filter (where what = 'movement_churn_voluntary_count'), 0) as left_us,
               coalesce(sum(numer) filter (where what = 'movement_churn_involuntary_count'), 0) as lost
          from parts group by 1, 2, 3
    ), starts as (
        select s.*, add_fraction(mrr, -moved[1], moved[2]) as start, customers - customers_moved as start_customers,
               add_fraction(churned, contracted[1], contracted[2]) as gone
          from sums s
    ), rates as (
        select s.*, add_fraction(start, gone[1], gone[2]) as kept, divided(-churned[1], churned[2], start[1], start[2]) as churn,
               divided(mrr[1], mrr[2], customers, 1) as arpu
          from starts s
    )
    select x.metric, currency, breakdown, key, x.value[1], x.value[2]
      from rates r
     cross join lateral (values
           ('arr', case when mrr[1] <> 0 or breakdown = 'total' then add_fraction('{0,1}', mrr[1] * 12, mrr[2]) end),
           ('arpu', arpu),
           ('nrr_30d', (select divided(k[1], k[2], start[1], start[2]) from (select add_fraction(kept, regained[1], regained[2])) t (k))),
           ('grr_30d', divided(kept[1], kept[2], start[1], start[2])),
           ('revenue_churn_30d', churn),
           ('logo_churn_30d', divided(left_us + lost, 1, start_customers, 1)),
           ('logo_churn_voluntary_30d', divided(left_us, 1, start_customers, 1)),
           ('logo_churn_involuntary_30d', divided(lost, 1, start_customers, 1)),
           ('quick_ratio_30d', divided(gained[1], gained[2], -gone[1], gone[2])),
           ('ltv', divided(arpu[1], arpu[2], churn[1], churn[2]))) x (metric, value)
     where x.value is not null
$$;
comment on function perennial.derived(perennial.figure[], timestamptz, timestamptz) is 'What follows from stocks and the movements of a window: rule A3.';

create or replace function perennial.figures_of(day date, how text) returns setof perennial.figure
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    since timestamptz := day_start(day);
    until timestamptz := day_start(day + 1);
    billed figure[] := array(select f from billed_moved(since, until) f);
    flows figure[] := array(select f from dunning_flows(since, until) f union all select f from trial_flows(since, until) f
                            union all select f from other_flows(since, until) f);
    stocks figure[];
begin
    if how = 'full' then
        stocks := array(select f from paying_at(until) f union all select f from statuses_at(until) f
                        union all select f from owed_at(until) f union all select f from near_at(until) f);
    elsif how = 'incremental' then
        stocks := array(
            select row(f.metric, f.currency, f.breakdown, f.key, f.numer, f.denom)::figure
              from analytics_figures f
             where f.date = figures_of.day - 1
               and (f.metric in ('mrr', 'customers', 'outstanding', 'customers_near_limit') or f.metric like 'subscriptions\_%')
            union all select f from paying_moved(since, until) f
            union all select f from statuses_moved(since, until) f
            union all select f from unnest(billed) f where f.metric = 'outstanding'
            union all select f from near_moved(since, until) f);
    else
        perform refuse_field('how', format('%s is neither full nor incremental', how));
    end if;
    -- What there is none of is told, too.
    stocks := array(select s from summed(stocks || array(
        select row(m.metric, '', 'total', '', 0, 1)::figure from analytics_metrics m
         where m.unit = 'count' and m.span = 'stock')) s);
    return query select * from unnest(stocks);
    return query select * from derived(stocks, day_start(day - 29), until);
    return query select * from risks_at(until);
    return query select * from movement_flows(since, until);
    return query select * from unnest(billed) f where f.metric <> 'outstanding';
    return query select * from returned(since, until);
    return query select * from unnest(flows);
    return query
        select m.metric, '', 'total', '', 0::numeric, 1::numeric from analytics_metrics m
         where m.unit = 'count' and m.span = 'flow' and m.metric not like 'movement\_%' and 'total' = any (m.breakdowns)
           and not exists (select from unnest(flows) f where f.metric = m.metric and f.breakdown = 'total');
end
$$;
comment on function perennial.figures_of(date, text) is
    'All figures of a day from the recorded history: full, or incremental, from the snapshot of the day before and what moved since.';

create or replace function perennial.check_snapshot(day date)
returns table (metric text, currency text, breakdown text, key text, told text, recomputed text)
language sql stable
set search_path = perennial, pg_temp as $$
    with figures as (select * from figures_of(check_snapshot.day, 'full')),
         told as (select * from analytics_figures f where f.date = check_snapshot.day)
    select metric, currency, breakdown, key, t.numer || '/' || t.denom, f.numer || '/' || f.denom
      from told t full join figures f using (metric, currency, breakdown, key)
     where (t.numer, t.denom) is distinct from (f.numer, f.denom)
     order by 1, 2, 3, 4
$$;
comment on function perennial.check_snapshot(date) is 'Where a snapshot differs from a full recomputation: nothing, or facts came late.';

create or replace function perennial.cohorts(first text, from_month date, to_month date)
returns table (cohort date, month date, currency text, size bigint, customers bigint, numer numeric, denom numeric)
language plpgsql stable
set jit = off set search_path = perennial, pg_temp as $$
begin
    if cohorts.first is null or cohorts.first not in ('purchase', 'subscription') then
        perform refuse_field('first', format('%s is neither purchase nor subscription', cohorts.first));
    elsif cohorts.from_month > cohorts.to_month then
        perform refuse_field('from', format('%s lies after %s', cohorts.from_month, cohorts.to_month));
    elsif date_trunc('month', cohorts.from_month::timestamp)::date > business_day() then
        perform refuse_field('from', format('%s is to come', cohorts.from_month));
    end if;
    return query
    with members as materialized (
        select c.customer_id, date_trunc('month', x.at at time zone z.business_zone)::date as cohort
          from customer_cohorts c
         cross join analytics_settings z
         cross join lateral (values (case cohorts.first when 'purchase' then c.first_purchase_at else c.first_subscription_at end)) x (at)
         where x.at >= day_start(date_trunc('month', cohorts.from_month::timestamp)::date)
           and x.at < day_start((date_trunc('month', cohorts.to_month::timestamp) + interval '1 month')::date)
    ), sizes as (
        select m.cohort, count(*) as size from members m group by 1
    ), months as materialized (
        -- A month that goes on is told as it stands.
        select m::date as month, least(day_start((m + interval '1 month')::date), business_now()) as until
          from generate_series(date_trunc('month', cohorts.from_month::timestamp),
                               least(date_trunc('month', cohorts.to_month::timestamp), date_trunc('month', business_day()::timestamp)),
                               interval '1 month') m
    ), spans as (
        select e.customer_id, e.currency, e.subscription_id, e.after_numer, e.after_denom, m.cohort, e.at,
               lead(e.at, 1, 'infinity') over (partition by e.subscription_id order by e.decision) as ends_at
          from mrr_movements e join members m using (customer_id)
    ), standing as (
        select s.cohort, n.month, s.currency, s.after_denom as d, s.customer_id, sum(s.after_numer) as n
          from spans s join months n on s.at < n.until and s.ends_at >= n.until
         where s.after_numer > 0
         group by 1, 2, 3, 4, 5
    ), counted as (
        select s.cohort, s.month, s.currency, count(distinct s.customer_id) as customers from standing s group by 1, 2, 3
    ), summed as (
        select s.cohort, s.month, s.currency, sum_of(s.n, s.d) as total
          from (select s.cohort, s.month, s.currency, s.d, sum(s.n) as n from standing s group by 1, 2, 3, 4) s group by 1, 2, 3
    )
    select z.cohort, n.month, c.currency, z.size, coalesce(c.customers, 0), coalesce(t.total[1], 0), coalesce(t.total[2], 1)
      from sizes z
      join months n on n.month >= z.cohort
      left join counted c on c.cohort = z.cohort and c.month = n.month
      left join summed t on t.cohort = c.cohort and t.month = c.month and t.currency = c.currency
     order by 1, 2, 3;
end
$$;
comment on function perennial.cohorts(text, date, date) is
    'Cohorts of first purchase or first subscription, month by month: how many customers there were to begin with, how many pay at the end of each month, and what. A month in which nobody pays has a row without currency.';
