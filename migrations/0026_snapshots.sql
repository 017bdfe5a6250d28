-- Snapshots: what the business's numbers were, day by day, as they were told.

create table perennial.analytics_settings (
    only_row boolean primary key default true check (only_row),
    -- the zone whose midnights begin and end the business's days
    business_zone text not null default 'UTC'
);
comment on table perennial.analytics_settings is 'One row: whose midnight it is.';
insert into perennial.analytics_settings default values;

create function perennial.require_zone() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if not exists (select from pg_timezone_names where name = new.business_zone) then
        perform refuse_field('business_zone', format('%s is no time zone; one would be Europe/Berlin', new.business_zone));
    end if;
    return new;
end
$$;
comment on function perennial.require_zone() is 'A zone by its name: an offset would know no summer.';
create trigger zone before insert or update on perennial.analytics_settings
    for each row execute function perennial.require_zone();

create function perennial.keep_zone() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if new.business_zone <> old.business_zone and exists (select from analytics_runs) then
        perform refuse_field('business_zone', 'there are snapshots already, of days that ended elsewhere');
    end if;
    return new;
end
$$;
comment on function perennial.keep_zone() is 'Days of two zones cannot be added up.';
create trigger zone_kept before update on perennial.analytics_settings
    for each row execute function perennial.keep_zone();

create table perennial.analytics_metrics (
    metric text collate "C" primary key,
    -- money: minor units of the currency; rate: per one
    unit text not null check (unit in ('money', 'count', 'rate')),
    -- stock: at the end of the day; flow: within it; window: of the 30 days that end with it
    span text not null check (span in ('stock', 'flow', 'window')),
    description text not null
);
comment on table perennial.analytics_metrics is 'What a snapshot tells, and what is meant by it.';
insert into perennial.analytics_metrics (metric, unit, span, description) values
    ('mrr', 'money', 'stock', 'Monthly recurring revenue'),
    ('arr', 'money', 'stock', 'Twelve times that'),
    ('arpu', 'money', 'stock', 'Monthly recurring revenue per paying customer'),
    ('customers', 'count', 'stock', 'Customers with recurring revenue'),
    ('subscriptions_active', 'count', 'stock', 'Active subscriptions'),
    ('subscriptions_trialing', 'count', 'stock', 'Subscriptions in their trial'),
    ('subscriptions_past_due', 'count', 'stock', 'Subscriptions whose payment failed and is retried'),
    ('subscriptions_grace', 'count', 'stock', 'Subscriptions whose retries are over, with access for a while'),
    ('subscriptions_paused', 'count', 'stock', 'Paused subscriptions'),
    ('outstanding', 'money', 'stock', 'Invoiced and not yet paid'),
    ('money_at_risk', 'money', 'stock', 'Outstanding of subscriptions in dunning'),
    ('customers_near_limit', 'count', 'stock', 'Customers who crossed a warning threshold of a period that goes on'),
    ('movement_new', 'money', 'flow', 'Recurring revenue of new customers'),
    ('movement_expansion', 'money', 'flow', 'More of customers who were there'),
    ('movement_contraction', 'money', 'flow', 'Less of customers who stay: below zero'),
    ('movement_churn_voluntary', 'money', 'flow', 'Of customers who left: below zero'),
    ('movement_churn_involuntary', 'money', 'flow', 'Of customers lost for want of payment: below zero'),
    ('movement_reactivation', 'money', 'flow', 'Of customers who came back'),
    ('movement_new_count', 'count', 'flow', 'New customers'),
    ('movement_expansion_count', 'count', 'flow', 'Times that a customer''s revenue grew'),
    ('movement_contraction_count', 'count', 'flow', 'Times that it shrank'),
    ('movement_churn_voluntary_count', 'count', 'flow', 'Customers who left'),
    ('movement_churn_involuntary_count', 'count', 'flow', 'Customers lost for want of payment'),
    ('movement_reactivation_count', 'count', 'flow', 'Customers who came back'),
    ('nrr_30d', 'rate', 'window', 'Net revenue retention'),
    ('grr_30d', 'rate', 'window', 'Gross revenue retention'),
    ('revenue_churn_30d', 'rate', 'window', 'Churned revenue by what there was'),
    ('logo_churn_30d', 'rate', 'window', 'Churned customers by those there were'),
    ('logo_churn_voluntary_30d', 'rate', 'window', 'The part of them who left'),
    ('logo_churn_involuntary_30d', 'rate', 'window', 'The part of them lost for want of payment'),
    ('quick_ratio_30d', 'rate', 'window', 'Revenue gained by revenue lost'),
    ('ltv', 'money', 'window', 'Revenue per customer by the churn of 30 days'),
    ('billed', 'money', 'flow', 'Put to account: debits of receivables less what was given up'),
    ('collected', 'money', 'flow', 'Captured by the payment provider'),
    ('dunning_attempts', 'count', 'flow', 'Second and later attempts to collect an invoice that ended'),
    ('dunning_recovered', 'count', 'flow', 'Dunning cases that ended with payment'),
    ('dunning_recovery_by_attempt', 'rate', 'flow', 'Succeeded by tried, not reduced, so that days add up; by number of the attempt'),
    ('dunning_recovery_by_code', 'rate', 'flow', 'The same by the code the attempt before was declined with'),
    ('trials_started', 'count', 'flow', 'Trials that began'),
    ('trials_converted', 'count', 'flow', 'Trials that became paid subscriptions'),
    ('usage', 'count', 'flow', 'Units used in metered periods that ended'),
    ('tokens_granted', 'count', 'flow', 'Tokens put into wallets'),
    ('tokens_used', 'count', 'flow', 'Tokens consumed, less those given back'),
    ('tokens_expired', 'count', 'flow', 'Tokens that expired'),
    ('mails_sent', 'count', 'flow', 'Mails that were handed over'),
    ('mails_bounced', 'count', 'flow', 'Mails whose address refused them');

create table perennial.analytics_runs (
    id uuid primary key,
    date date not null,
    method text not null check (method in ('scheduled', 'on_demand', 'manual', 'restated')),
    -- business time
    taken_at timestamptz not null,
    duration_ms bigint not null check (duration_ms >= 0),
    -- the business instant up to which all data was in
    fresh_to timestamptz not null,
    -- how many movements and edges the day had when it was looked at
    facts bigint not null check (facts >= 0),
    -- those of them that came after the first run of the date had been
    late_rows bigint not null,
    -- all that was recorded by then was seen (machine time)
    recorded_at timestamptz not null default now()
);
comment on table perennial.analytics_runs is 'Each time a day was looked at: how, when, how long it took, and how fresh the data was.';
create index analytics_runs_date on perennial.analytics_runs (date, recorded_at);
select perennial.make_append_only('perennial.analytics_runs');

create table perennial.analytics_snapshots (
    -- of the business's zone: what is counted is counted at its end, what happened happened in it
    date date not null,
    metric text collate "C" not null references perennial.analytics_metrics,
    -- amounts are in its minor units; '': no amount, or not of one currency
    currency text not null check (currency ~ '^([A-Z]{3})?$'),
    breakdown text collate "C" not null,
    -- which part of the breakdown; '' for the total
    key text collate "C" not null,
    -- 1; a restatement appends the next, and what was said before stays
    version integer not null check (version >= 1),
    -- null: withdrawn, there is no such figure any more
    numer numeric(39),
    denom numeric(39) not null check (denom > 0),
    run_id uuid not null references perennial.analytics_runs,
    primary key (date, metric, currency, breakdown, key, version),
    check ((breakdown = 'total') = (key = ''))
);
comment on table perennial.analytics_snapshots is
    'The business''s numbers of each day as exact fractions. A rate whose denominator is zero has no row.';
create index analytics_snapshots_metric on perennial.analytics_snapshots (metric, currency, breakdown, key, date);
select perennial.make_append_only('perennial.analytics_snapshots');

create view perennial.analytics_figures as
    select s.date, s.metric, s.currency, s.breakdown, s.key, s.numer, s.denom, s.version, s.run_id
      from perennial.analytics_snapshots s
     where s.numer is not null
       and not exists (select from perennial.analytics_snapshots l
                        where (l.date, l.metric, l.currency, l.breakdown, l.key)
                              = (s.date, s.metric, s.currency, s.breakdown, s.key) and l.version > s.version);
comment on view perennial.analytics_figures is 'Snapshots as they stand: the latest version of each figure.';

----------------------------------------------------------------------------- what is looked at

-- What happened on a day is found without all that happened on others.
create index mrr_movements_recorded on perennial.mrr_movements using brin (recorded_at) with (pages_per_range = 32);
create index subscription_history_at on perennial.subscription_history using brin (at) with (pages_per_range = 32);
create index subscription_history_recorded on perennial.subscription_history using brin (recorded_at) with (pages_per_range = 32);
create index ledger_entries_at on perennial.ledger_entries using brin (at) with (pages_per_range = 32);
create index ledger_entries_recorded on perennial.ledger_entries using brin (recorded_at) with (pages_per_range = 32);
create index payments_settled on perennial.payments using brin (settled_at) with (pages_per_range = 32);
create index emails_settled on perennial.emails using brin (settled_at) with (pages_per_range = 32);
create index wallet_entries_at on perennial.wallet_entries using brin (at) with (pages_per_range = 32);
create index usage_closings_ended on perennial.usage_closings using brin (period_end) with (pages_per_range = 32);
create index dunning_cases_closed on perennial.dunning_cases (closed_at) where closed_at is not null;

-- Customers move, and nobody writes it down: what is told of a past day stays as it was then.
alter table perennial.customer_cohorts add column country text not null default 'unknown';
comment on column perennial.customer_cohorts.country is
    'The region of the customer''s locale when the first subscription began.';
update perennial.customer_cohorts h
   set country = coalesce(substring(c.locale from '[-_]([A-Z]{2})(?:[-_.]|$)'), 'unknown')
  from perennial.customers c where c.id = h.customer_id;

create function perennial.note_country() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    new.country := coalesce((select substring(c.locale from '[-_]([A-Z]{2})(?:[-_.]|$)')
                               from customers c where c.id = new.customer_id), 'unknown');
    return new;
end
$$;
comment on function perennial.note_country() is 'Where a customer was when it came in.';
create trigger country before insert on perennial.customer_cohorts
    for each row execute function perennial.note_country();

create function perennial.day_start(day date) returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select wall_instant(day_start.day::timestamp, business_zone) from analytics_settings
$$;
comment on function perennial.day_start(date) is 'The midnight that a day of the business begins with: the first, where there are two (rule T4).';

create function perennial.business_day(at timestamptz default perennial.business_now()) returns date
language sql stable
set search_path = perennial, pg_temp as $$
    select (business_day.at at time zone business_zone)::date from analytics_settings
$$;
comment on function perennial.business_day(timestamptz) is 'The day of the business that an instant lies in.';

create function perennial.month_of(at timestamptz, zone text) returns text
language sql immutable as $$ select to_char(month_of.at at time zone month_of.zone, 'YYYY-MM') $$;
comment on function perennial.month_of(timestamptz, text) is 'The month that an instant lies in: the key of a cohort.';

create function perennial.first_day() returns date
language sql stable
set search_path = perennial, pg_temp as $$
    select business_day(min(first_subscription_at)) from customer_cohorts
$$;
comment on function perennial.first_day() is 'The first day of which there is something to tell; null: none.';

create function perennial.analytics_fresh_to() returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce((select frozen_at from clocks where id = '00000000-0000-0000-0000-000000000000'),
                    case when pg_is_in_recovery() then coalesce(pg_last_xact_replay_timestamp(), '-infinity') end,
                    business_now())
$$;
comment on function perennial.analytics_fresh_to() is
    'The business instant up to which all data is here: on a replica what was replayed last, elsewhere now.';

create function perennial.facts_of(day date) returns bigint
language sql stable
set search_path = perennial, pg_temp as $$
    with span as materialized (select day_start(facts_of.day) as since, day_start(facts_of.day + 1) as until)
    select (select count(*) from mrr_movements, span where at >= since and at < until)
         + (select count(*) from subscription_history, span where at >= since and at < until)
         + (select count(*) from ledger_entries, span where at >= since and at < until)
$$;
comment on function perennial.facts_of(date) is 'How many movements, edges and postings a day has: more than before means that some came late.';

-- The snapshot that can be gone on from; null: none, or what came since does not fit it.
create function perennial.snapshot_base(day date) returns uuid
language plpgsql stable
-- What is new is looked for by index, however little is known of how much there is.
set jit = off set enable_seqscan = off set search_path = perennial, pg_temp as $$
declare
    base analytics_runs;
    since timestamptz := day_start(snapshot_base.day - 1);
begin
    select r.* into base from analytics_runs r
     where r.date = snapshot_base.day - 1
       and exists (select from analytics_snapshots s where s.date = r.date and s.run_id = r.id)
     order by r.recorded_at desc limit 1;
    if base.facts = facts_of(base.date)
       and not exists (select from mrr_movements where recorded_at > base.recorded_at and at < since)
       and not exists (select from subscription_history where recorded_at > base.recorded_at and at < since)
       and not exists (select from ledger_entries where recorded_at > base.recorded_at and at < since) then
        return base.id;
    end if;
    return null;
end
$$;
comment on function perennial.snapshot_base(date) is
    'The run of the day before, if nothing came late since: its totals and the day''s changes are the day''s totals.';

----------------------------------------------------------------------------- exact sums

create type perennial.figure as (
    metric text, currency text, breakdown text, key text, numer numeric, denom numeric);
comment on type perennial.figure is 'A number of the business, as perennial.analytics_snapshots has it.';

create function perennial.add_fraction(total numeric[], numer numeric, denom numeric) returns numeric[]
language sql immutable as $$
    select array[div(n, gcd(n, d)), div(d, gcd(n, d))]
      from (select total[1] * div(lcm(total[2], denom), total[2]) + numer * div(lcm(total[2], denom), denom),
                   lcm(total[2], denom)) s (n, d)
$$;
comment on function perennial.add_fraction(numeric[], numeric, numeric) is 'Adds a fraction to another, and reduces.';

create aggregate perennial.sum_of(numeric, numeric) (
    sfunc = perennial.add_fraction, stype = numeric[], initcond = '{0,1}');
comment on aggregate perennial.sum_of(numeric, numeric) is
    'The exact sum of fractions, reduced. Add up what has the same denominator before: it is quicker.';

create function perennial.summed(parts perennial.figure[]) returns setof perennial.figure
language sql stable
set search_path = perennial, pg_temp as $$
    select p.metric, p.currency, p.breakdown, p.key, p.total[1], p.total[2]
      from (select metric, currency, breakdown, key, sum_of(numer, denom) as total
              from unnest(parts) group by 1, 2, 3, 4) p
     where p.total[1] <> 0 or p.breakdown = 'total'
$$;
comment on function perennial.summed(perennial.figure[]) is 'Figures of the same name added up; parts of which nothing is left are gone.';

----------------------------------------------------------------------------- stocks, in full

create function perennial.interval_key(unit text, count integer) returns text
language sql immutable as $$ select case count when 1 then unit else count || ' ' || unit || 's' end $$;
comment on function perennial.interval_key(text, integer) is 'An interval as the key of a breakdown: month, 3 months.';

-- What subscriptions contribute, as each of them was left by its last movement.
create function perennial.paying_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set work_mem = '64MB' set search_path = perennial, pg_temp as $$
    with standing as (
        select distinct on (subscription_id) subscription_id, customer_id, currency, after_numer, after_denom, plan_after
          from mrr_movements where at < paying_at.until order by subscription_id, decision desc
    ), keyed as materialized (
        select g.customer_id, g.currency, g.after_numer as numer, g.after_denom as denom, p.code as plan,
               interval_key(s.interval_unit, s.interval_count) as interval, coalesce(h.country, 'unknown') as country,
               coalesce(month_of(h.first_purchase_at, z.business_zone), 'unknown') as cohort
          from standing g
          join subscriptions s on s.id = g.subscription_id
          join plans p on p.id = g.plan_after
          left join customer_cohorts h on h.customer_id = g.customer_id
         cross join analytics_settings z
    ), grouped as (
        select currency, denom, plan, interval, country, cohort, grouping(plan, interval, country, cohort) as g, sum(numer) as numer
          from keyed group by grouping sets ((currency, denom), (currency, denom, plan), (currency, denom, interval),
                                             (currency, denom, country), (currency, denom, cohort))
    ), counted as (
        select currency, plan, interval, country, cohort, grouping(currency, plan, interval, country, cohort) as g,
               count(distinct customer_id) as customers
          from keyed where numer > 0
         group by grouping sets ((), (currency), (plan), (interval), (country), (cohort))
    )
    select * from summed(array(
        select row('mrr', currency,
                   case g when 15 then 'total' when 7 then 'plan' when 11 then 'interval' when 13 then 'country' else 'cohort' end,
                   coalesce(plan, interval, country, cohort, ''), numer, denom)::figure from grouped
        union all
        select row('customers', '',
                   case g when 31 then 'total' when 15 then 'currency' when 23 then 'plan' when 27 then 'interval'
                          when 29 then 'country' else 'cohort' end,
                   coalesce(currency, plan, interval, country, cohort, ''), customers, 1)::figure from counted))
$$;
comment on function perennial.paying_at(timestamptz) is 'Recurring revenue and paying customers at an instant, from the last movement of every subscription.';

create function perennial.statuses_at(until timestamptz) returns setof perennial.figure
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
    ), keyed as (
        select g.status, s.currency, p.code as plan, interval_key(s.interval_unit, s.interval_count) as interval,
               coalesce(h.country, 'unknown') as country,
               coalesce(month_of(h.first_subscription_at, z.business_zone), 'unknown') as cohort
          from standing g
          join subscriptions s on s.id = g.subscription_id
          left join replaced r on r.subscription_id = g.subscription_id
          join plans p on p.id = coalesce(r.plan_before, s.plan_id)
          left join customer_cohorts h on h.customer_id = s.customer_id
         cross join analytics_settings z
         where g.status in ('active', 'trialing', 'past_due', 'grace', 'paused')
    ), counted as (
        select status, currency, plan, interval, country, cohort, grouping(currency, plan, interval, country, cohort) as g, count(*) as n
          from keyed group by grouping sets ((status), (status, currency), (status, plan), (status, interval),
                                             (status, country), (status, cohort))
    )
    select 'subscriptions_' || status, '',
           case g when 31 then 'total' when 15 then 'currency' when 23 then 'plan' when 27 then 'interval'
                  when 29 then 'country' else 'cohort' end,
           coalesce(currency, plan, interval, country, cohort, ''), n, 1
      from counted
$$;
comment on function perennial.statuses_at(timestamptz) is 'How many subscriptions were in which status at an instant, from the last edge of every subscription.';

create function perennial.owed_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select 'outstanding', currency, 'total', '', sum(amount_minor), 1
      from ledger_entries
     where account = 'accounts_receivable' and at >= owed_moved.since and at < owed_moved.until
     group by currency
$$;
comment on function perennial.owed_moved(timestamptz, timestamptz) is 'How what is outstanding moved within a span.';

----------------------------------------------------------------------------- stocks, by what moved

create function perennial.paying_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set enable_mergejoin = off set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select * from mrr_movements where at >= paying_moved.since and at < paying_moved.until
    ), parts as (
        select m.currency, x.numer, x.denom, p.code as plan, interval_key(s.interval_unit, s.interval_count) as interval,
               coalesce(h.country, 'unknown') as country,
               coalesce(month_of(h.first_purchase_at, z.business_zone), 'unknown') as cohort
          from moved m
         cross join lateral (values (m.plan_before, -m.before_numer, m.before_denom),
                                    (m.plan_after, m.after_numer, m.after_denom)) x (plan, numer, denom)
          join plans p on p.id = x.plan
          join subscriptions s on s.id = m.subscription_id
          left join customer_cohorts h on h.customer_id = m.customer_id
         cross join analytics_settings z
         where x.numer <> 0
    ), grouped as (
        select currency, denom, plan, interval, country, cohort, grouping(plan, interval, country, cohort) as g, sum(numer) as numer
          from parts group by grouping sets ((currency, denom), (currency, denom, plan), (currency, denom, interval),
                                             (currency, denom, country), (currency, denom, cohort))
    ), theirs as materialized (
        -- All that those contribute who moved, before and after.
        select distinct on (e.sign, m.subscription_id)
               e.sign, m.subscription_id, m.customer_id, m.currency, m.after_numer, m.plan_after
          from (select distinct customer_id, currency from moved) c
         cross join (values (-1, paying_moved.since), (1, paying_moved.until)) e (sign, at)
          join mrr_movements m on m.customer_id = c.customer_id and m.at < e.at
         order by e.sign, m.subscription_id, m.decision desc
    ), keyed as materialized (
        select g.sign, g.customer_id, g.currency, p.code as plan, interval_key(s.interval_unit, s.interval_count) as interval,
               coalesce(h.country, 'unknown') as country,
               coalesce(month_of(h.first_purchase_at, z.business_zone), 'unknown') as cohort
          from theirs g
          join subscriptions s on s.id = g.subscription_id
          join plans p on p.id = g.plan_after
          left join customer_cohorts h on h.customer_id = g.customer_id
         cross join analytics_settings z
         where g.after_numer > 0
    ), counted as (
        select sign, currency, plan, interval, country, cohort, grouping(currency, plan, interval, country, cohort) as g,
               count(distinct customer_id) as customers
          from keyed group by grouping sets ((sign), (sign, currency), (sign, plan), (sign, interval), (sign, country), (sign, cohort))
    )
    select 'mrr', currency,
           case g when 15 then 'total' when 7 then 'plan' when 11 then 'interval' when 13 then 'country' else 'cohort' end,
           coalesce(plan, interval, country, cohort, ''), numer, denom from grouped
    union all
    select 'customers', '',
           case g when 31 then 'total' when 15 then 'currency' when 23 then 'plan' when 27 then 'interval'
                  when 29 then 'country' else 'cohort' end,
           coalesce(currency, plan, interval, country, cohort, ''), sign * customers, 1 from counted
$$;
comment on function perennial.paying_moved(timestamptz, timestamptz) is
    'How recurring revenue and paying customers moved within a span, from its movements alone.';

create function perennial.statuses_moved(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set enable_mergejoin = off set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select subscription_id, (array_agg(from_status order by version, position))[1] as before,
               (array_agg(to_status order by version desc, position desc))[1] as after
          from subscription_history where at >= statuses_moved.since and at < statuses_moved.until
         group by subscription_id
    ), standing as materialized (
        select m.subscription_id, e.sign, e.status, r.plan_before
          from moved m
         cross join lateral (values (-1, m.before, statuses_moved.since), (1, m.after, statuses_moved.until)) e (sign, status, at)
          left join lateral (select v.plan_before from mrr_movements v
                              where v.subscription_id = m.subscription_id and v.at >= e.at and v.plan_before <> v.plan_after
                              order by v.decision limit 1) r on true
         where e.status in ('active', 'trialing', 'past_due', 'grace', 'paused')
    ), keyed as (
        select g.sign, g.status, s.currency, p.code as plan, interval_key(s.interval_unit, s.interval_count) as interval,
               coalesce(h.country, 'unknown') as country,
               coalesce(month_of(h.first_subscription_at, z.business_zone), 'unknown') as cohort
          from standing g
          join subscriptions s on s.id = g.subscription_id
          join plans p on p.id = coalesce(g.plan_before, s.plan_id)
          left join customer_cohorts h on h.customer_id = s.customer_id
         cross join analytics_settings z
    ), counted as (
        select status, currency, plan, interval, country, cohort, grouping(currency, plan, interval, country, cohort) as g, sum(sign) as n
          from keyed group by grouping sets ((status), (status, currency), (status, plan), (status, interval),
                                             (status, country), (status, cohort))
    )
    select 'subscriptions_' || status, '',
           case g when 31 then 'total' when 15 then 'currency' when 23 then 'plan' when 27 then 'interval'
                  when 29 then 'country' else 'cohort' end,
           coalesce(currency, plan, interval, country, cohort, ''), n, 1
      from counted
$$;
comment on function perennial.statuses_moved(timestamptz, timestamptz) is
    'How the counts of statuses moved within a span, from its edges alone.';

----------------------------------------------------------------------------- what is short, and flows

create function perennial.risks_at(until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with cases as materialized (
        select subscription_id from dunning_cases where closed_at is null and failed_at < risks_at.until
        union
        select subscription_id from dunning_cases where closed_at >= risks_at.until and failed_at < risks_at.until
    )
    select 'money_at_risk', e.currency, 'total', '', sum(e.amount_minor), 1
      from cases c join ledger_entries e on e.subscription_id = c.subscription_id
     where e.account = 'accounts_receivable' and e.at < risks_at.until
     group by e.currency having sum(e.amount_minor) <> 0
    union all
    select 'customers_near_limit', '', 'total', '', count(distinct w.customer_id), 1
      from usage_warnings w
      left join usage_closings g using (customer_id, metric_id, period_start)
      left join usage_meters m using (customer_id, metric_id, period_start)
     where w.crossed_at < risks_at.until
       and coalesce(g.period_end, m.period_end, case when m.customer_id is not null then 'infinity'::timestamptz end) >= risks_at.until
$$;
comment on function perennial.risks_at(timestamptz) is 'What was in dunning, and who was near a limit, at an instant.';

-- Movements that were decided together are one for their customer.
create function perennial.movement_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with moved as materialized (
        select m.*, p.code as plan from mrr_movements m join plans p on p.id = m.plan_after
         where m.at >= movement_flows.since and m.at < movement_flows.until and m.kind <> 'internal'
    ), grouped as (
        select kind, currency, amount_denom as denom, plan, grouping(plan) as g, sum(amount_numer) as numer
          from moved group by grouping sets ((kind, currency, amount_denom), (kind, currency, amount_denom, plan))
    )
    select * from summed(array(
        select row('movement_' || kind, currency, case g when 1 then 'total' else 'plan' end, coalesce(plan, ''), numer, denom)::figure
          from grouped))
    union all
    select 'movement_' || kind || '_count', currency, 'total', '', count(distinct (customer_id, at)), 1
      from moved group by kind, currency
$$;
comment on function perennial.movement_flows(timestamptz, timestamptz) is 'Movements of a span by kind, and how many customers moved.';

create function perennial.money_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    select case account when 'cash' then 'collected' else 'billed' end, currency, 'total', '', sum(amount_minor), 1
      from ledger_entries
     where at >= money_flows.since and at < money_flows.until and amount_minor > 0
       and account in ('cash', 'accounts_receivable')
     group by account, currency
    union all
    (with tried as materialized (
        select p.attempt, p.status, b.decline_code
          from payments p
          left join payments b on b.invoice_id = p.invoice_id and b.attempt = p.attempt - 1
         where p.settled_at >= money_flows.since and p.settled_at < money_flows.until
           and p.attempt > 1 and p.status in ('succeeded', 'declined')
    )
    select 'dunning_attempts', '', 'total', '', count(*), 1 from tried
    union all
    select 'dunning_recovery_by_attempt', '', 'attempt', attempt::text, count(*) filter (where status = 'succeeded'), count(*)
      from tried group by attempt
    union all
    select 'dunning_recovery_by_code', '', 'code', decline_code, count(*) filter (where status = 'succeeded'), count(*)
      from tried where decline_code <> '' group by decline_code)
    union all
    select 'dunning_recovered', '', 'total', '', count(*), 1
      from dunning_cases where closed_at >= money_flows.since and closed_at < money_flows.until and outcome = 'recovered'
$$;
comment on function perennial.money_flows(timestamptz, timestamptz) is 'What was billed and collected within a span, and how dunning went.';

create function perennial.other_flows(since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    (with trials as (
        select count(*) filter (where edge = 'started' and to_status = 'trialing') as started,
               count(*) filter (where edge = 'trial_converted') as converted
          from subscription_history where at >= other_flows.since and at < other_flows.until
    )
    select 'trials_started', '', 'total', '', started, 1 from trials
    union all
    select 'trials_converted', '', 'total', '', converted, 1 from trials)
    union all
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
    (with settled as (
        select status from emails where settled_at >= other_flows.since and settled_at < other_flows.until
    )
    select 'mails_sent', '', 'total', '', count(*) filter (where status = 'sent'), 1 from settled
    union all
    select 'mails_bounced', '', 'total', '', count(*) filter (where status = 'failed'), 1 from settled)
$$;
comment on function perennial.other_flows(timestamptz, timestamptz) is 'Trials, usage, tokens and mail of a span.';

----------------------------------------------------------------------------- rates

create function perennial.divided(numer_n numeric, numer_d numeric, denom_n numeric, denom_d numeric) returns numeric[]
language sql immutable as $$
    -- Reduced; null by nothing.
    select array[div(n, gcd(n, d)), div(d, gcd(n, d))]
      from (select sign(denom_n) * numer_n * denom_d, abs(numer_d * denom_n)) f (n, d) where denom_n <> 0 and numer_n is not null
$$;
comment on function perennial.divided(numeric, numeric, numeric, numeric) is 'One fraction by another, reduced; null by nothing.';

-- Rule A3, over the 30 days that end at `until`.
create function perennial.derived(stocks perennial.figure[], since timestamptz, until timestamptz) returns setof perennial.figure
language sql stable
set jit = off set search_path = perennial, pg_temp as $$
    with flows as materialized (
        select * from movement_flows(derived.since, derived.until) where breakdown = 'total'
    ), sums as (
        select m.currency, array[m.numer, m.denom] as mrr,
               coalesce((select sum(c.numer) from unnest(stocks) c
                          where c.metric = 'customers' and c.breakdown = 'currency' and c.key = m.currency), 0) as customers,
               f.*
          from unnest(stocks) m
         cross join lateral (
               select sum_of(numer, denom) filter (where metric not like '%\_count') as net,
                      sum_of(numer, denom) filter (where metric in ('movement_new', 'movement_expansion', 'movement_reactivation')) as gained,
                      sum_of(numer, denom) filter (where metric in ('movement_expansion', 'movement_reactivation')) as regained,
                      sum_of(numer, denom) filter (where metric like 'movement\_churn%' and metric not like '%\_count') as churned,
                      sum_of(numer, denom) filter (where metric = 'movement_contraction') as contracted,
                      coalesce(sum(numer) filter (where metric in ('movement_new_count', 'movement_reactivation_count')), 0) as came,
                      coalesce(sum(numer) filter (where metric = 'movement_churn_voluntary_count'), 0) as left_us,
                      coalesce(sum(numer) filter (where metric = 'movement_churn_involuntary_count'), 0) as lost
                 from flows where flows.currency = m.currency) f
         where m.metric = 'mrr' and m.breakdown = 'total'
    ), starts as (
        select s.*, add_fraction(mrr, -net[1], net[2]) as start, customers - came + left_us + lost as start_customers,
               add_fraction(churned, contracted[1], contracted[2]) as gone
          from sums s
    ), rates as (
        select s.*, add_fraction(start, gone[1], gone[2]) as kept, divided(-churned[1], churned[2], start[1], start[2]) as churn,
               divided(mrr[1], mrr[2], customers, 1) as arpu
          from starts s
    )
    select x.metric, currency, 'total', '', x.value[1], x.value[2]
      from rates r
     cross join lateral (values
           ('arr', add_fraction('{0,1}', mrr[1] * 12, mrr[2])), ('arpu', arpu),
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

----------------------------------------------------------------------------- a day

create function perennial.require_day(day date) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    first date := first_day();
begin
    if require_day.day is null then
        perform refuse_field('date', 'is not given');
    elsif pg_is_in_recovery() and day_start(require_day.day + 1) > analytics_fresh_to() then
        raise exception 'date: % is not all here: the replica has replayed up to %, the day ends at %',
            require_day.day, analytics_fresh_to(), day_start(require_day.day + 1)
            using errcode = 'object_not_in_prerequisite_state';
    elsif day_start(require_day.day + 1) > business_now() then
        perform refuse_field('date', format('%s is not over: it is %s in %s', require_day.day, business_day(),
                                            (select business_zone from analytics_settings)));
    elsif first is null then
        perform refuse_field('date', format('nothing was recorded on %s, nor on any day', require_day.day));
    elsif require_day.day < first then
        perform refuse_field('date', format('%s lies before the first day that something was recorded on, %s', require_day.day, first));
    end if;
end
$$;
comment on function perennial.require_day(date) is 'Refuses days that nothing can be told of: to come, before the first, or not yet replicated.';

create function perennial.require_metric(metric text, currency text) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
begin
    if not exists (select from analytics_metrics m where m.metric = require_metric.metric) then
        perform refuse_field('metric', format('%s is no metric; known are %s', require_metric.metric,
            (select string_agg(m.metric, ', ' order by m.metric) from analytics_metrics m)));
    elsif require_metric.currency <> '' and not exists (select from subscriptions s where s.currency = require_metric.currency)
          and not exists (select from ledger_entries e where e.currency = require_metric.currency) then
        perform refuse_field('currency', format('nothing was ever sold in %s', require_metric.currency));
    end if;
end
$$;
comment on function perennial.require_metric(text, text) is 'Refuses metrics and currencies that nobody has heard of.';

create function perennial.figures_of(day date, how text) returns setof perennial.figure
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    since timestamptz := day_start(day);
    until timestamptz := day_start(day + 1);
    stocks figure[];
begin
    if how = 'full' then
        stocks := array(select f from paying_at(until) f union all select f from statuses_at(until) f
                        union all select f from owed_moved('-infinity', until) f);
    elsif how = 'incremental' then
        stocks := array(
            select row(f.metric, f.currency, f.breakdown, f.key, f.numer, f.denom)::figure
              from analytics_figures f
             where f.date = figures_of.day - 1
               and (f.metric in ('mrr', 'customers', 'outstanding') or f.metric like 'subscriptions\_%')
            union all select f from paying_moved(since, until) f
            union all select f from statuses_moved(since, until) f
            union all select f from owed_moved(since, until) f);
    else
        perform refuse_field('how', format('%s is neither full nor incremental', how));
    end if;
    -- What there is none of is told, too.
    stocks := array(select s from summed(stocks || array(
        select row(m.metric, '', 'total', '', 0, 1)::figure from analytics_metrics m
         where m.metric = 'customers' or m.metric like 'subscriptions\_%')) s);
    return query select * from unnest(stocks);
    return query select * from derived(stocks, day_start(day - 29), until);
    return query select * from risks_at(until);
    return query select * from movement_flows(since, until);
    return query select * from money_flows(since, until);
    return query select * from other_flows(since, until);
end
$$;
comment on function perennial.figures_of(date, text) is
    'All figures of a day from the recorded history: full, or incremental, from the snapshot of the day before and what moved since.';

create function perennial.check_snapshot(day date)
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

----------------------------------------------------------------------------- cohorts

create function perennial.cohorts(first text, from_month date, to_month date)
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

select perennial.grant_rights();
