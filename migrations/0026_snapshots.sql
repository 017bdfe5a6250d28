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
    -- By what it is told. An amount has one currency at any rate, so it is not broken down by it; the
    -- use of several metrics adds up to nothing, so it has no total; a wallet, a mail or a customer's
    -- limit is of no interval.
    breakdowns text[] not null check (cardinality(breakdowns) > 0),
    description text not null
);
comment on table perennial.analytics_metrics is
    'What a snapshot tells, what is meant by it, and by what it is told. The country is that of the customer''s locale when the first subscription began. The cohort of recurring revenue and what follows from it is the month of the first purchase, of all else that of the first subscription. A movement is of the plan that was left, of a customer who comes or comes back that of the plan they come to. What was ordered once is of the plan `none` and the interval `once`.';
insert into perennial.analytics_metrics (metric, unit, span, breakdowns, description) values
    ('mrr', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Monthly recurring revenue'),
    ('arr', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Twelve times that'),
    ('arpu', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Monthly recurring revenue per paying customer'),
    ('customers', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Customers with recurring revenue; where a currency is named, in that currency'),
    ('subscriptions_active', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Active subscriptions'),
    ('subscriptions_trialing', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions in their trial'),
    ('subscriptions_past_due', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions whose payment failed and is retried'),
    ('subscriptions_grace', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions whose retries are over, with access for a while'),
    ('subscriptions_paused', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Paused subscriptions'),
    ('outstanding', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Invoiced and not yet paid'),
    ('money_at_risk', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Outstanding of subscriptions in dunning'),
    ('customers_near_limit', 'count', 'stock', '{total,metric,plan}', 'Customers who crossed a warning threshold of a period that goes on; by plan: whose limit it is'),
    ('movement_new', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Recurring revenue of new customers'),
    ('movement_new_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'New customers'),
    ('movement_expansion', 'money', 'flow', '{total,plan,interval,country,cohort}', 'More of customers who were there'),
    ('movement_expansion_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Times that a customer''s revenue grew'),
    ('movement_contraction', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Less of customers who stay: below zero'),
    ('movement_contraction_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Times that it shrank'),
    ('movement_churn_voluntary', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers who left: below zero'),
    ('movement_churn_voluntary_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers who left'),
    ('movement_churn_involuntary', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers lost for want of payment: below zero'),
    ('movement_churn_involuntary_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers lost for want of payment'),
    ('movement_reactivation', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers who came back'),
    ('movement_reactivation_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers who came back'),
    ('nrr_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Net revenue retention'),
    ('grr_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Gross revenue retention'),
    ('revenue_churn_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Churned revenue by what there was'),
    ('logo_churn_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Churned customers by those there were'),
    ('logo_churn_voluntary_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'The part of them who left'),
    ('logo_churn_involuntary_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'The part of them lost for want of payment'),
    ('quick_ratio_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Revenue gained by revenue lost'),
    ('ltv', 'money', 'window', '{total,plan,interval,country,cohort}', 'Revenue per customer by the churn of 30 days'),
    ('billed', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Put to account: debits of receivables'),
    ('collected', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Captured by the payment provider'),
    ('refunded', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Paid back to customers, on the day it was'),
    ('disputed', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Taken back by banks, on the day they did, whatever became of it; an inquiry is none'),
    ('dunning_attempts', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Second and later attempts to collect an invoice that ended'),
    ('dunning_recovered', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Dunning cases that ended with payment'),
    ('dunning_recovery_by_attempt', 'rate', 'flow', '{attempt}', 'Succeeded by tried, not reduced, so that days add up; by number of the attempt'),
    ('dunning_recovery_by_code', 'rate', 'flow', '{code}', 'The same by the code the attempt before was declined with'),
    ('trials_started', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Trials that began'),
    ('trials_converted', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Trials that became paid subscriptions'),
    ('trial_conversion', 'rate', 'flow', '{total,currency,plan,interval,country,cohort}', 'Converted by ended, of the trials that ended; not reduced, so that days add up'),
    ('usage', 'count', 'flow', '{metric,plan}', 'Units used in metered periods that ended; by plan: of each metric, as metric/plan'),
    ('tokens_granted', 'count', 'flow', '{total,unit}', 'Tokens put into wallets'),
    ('tokens_used', 'count', 'flow', '{total,unit}', 'Tokens consumed, less those given back'),
    ('tokens_expired', 'count', 'flow', '{total,unit}', 'Tokens that expired'),
    ('mails_sent', 'count', 'flow', '{total,template}', 'Mails that were handed over'),
    ('mails_bounced', 'count', 'flow', '{total,template}', 'Mails whose address refused them');

create table perennial.analytics_runs (
    id uuid primary key,
    date date not null,
    method text not null check (method in ('scheduled', 'on_demand', 'manual', 'restated')),
    -- business time
    taken_at timestamptz not null,
    duration_ms bigint not null check (duration_ms >= 0),
    -- the business instant up to which all data was in
    fresh_to timestamptz not null,
    -- how many facts the day had when it was looked at, and those of them that stocks are made of
    facts bigint not null check (facts >= 0),
    stock_facts bigint not null check (stock_facts >= 0),
    -- how many figures were told, or told anew; null: what had been told stood
    figures bigint check (figures >= 0),
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
) partition by range (date);
comment on table perennial.analytics_snapshots is
    'The business''s numbers of each day as exact fractions. A rate whose denominator is zero has no row. Partitioned by month.';
create table perennial.analytics_snapshots_default partition of perennial.analytics_snapshots default;
comment on table perennial.analytics_snapshots_default is 'Figures of months without a partition of their own.';
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

-- Days long past have no partition that was made ahead.
create function perennial.make_snapshot_partition(day date) returns void
language plpgsql security definer
set search_path = perennial, pg_temp as $$
begin
    perform make_month_partition('analytics_snapshots', make_snapshot_partition.day);
exception when lock_not_available then
    -- Somebody reads. The default partition takes it, until the month has its own.
    null;
end
$$;
comment on function perennial.make_snapshot_partition(date) is 'Makes the partition that a day''s figures go to, if that is possible at once.';

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
create index dunning_cases_failed on perennial.dunning_cases (failed_at);
create index refunds_on on perennial.refunds using brin (at) with (pages_per_range = 32);
create index disputes_on on perennial.disputes using brin (opened_at) with (pages_per_range = 32);

-- A customer's plan is another tomorrow: under whose limit it was crossed is written down.
alter table perennial.usage_warnings
    add column quota_id uuid references perennial.plan_quotas,
    add column recorded_at timestamptz not null default now();
comment on column perennial.usage_warnings.quota_id is 'The limit that was crossed was of this quota.';
update perennial.usage_warnings w set quota_id = m.quota_id
  from perennial.usage_meters m where m.customer_id = w.customer_id and m.metric_id = w.metric_id;
create index usage_warnings_crossed on perennial.usage_warnings using brin (crossed_at) with (pages_per_range = 32);
create index usage_warnings_recorded on perennial.usage_warnings using brin (recorded_at) with (pages_per_range = 32);

create function perennial.note_quota() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    new.quota_id := (select m.quota_id from usage_meters m
                      where m.customer_id = new.customer_id and m.metric_id = new.metric_id);
    return new;
end
$$;
comment on function perennial.note_quota() is 'Whose limit was crossed.';
create trigger quota before insert on perennial.usage_warnings
    for each row execute function perennial.note_quota();

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

create function perennial.facts_of(day date, out facts bigint, out stock_facts bigint)
language plpgsql stable
-- A day's facts are found by index, however little is known of how much there is.
set jit = off set enable_seqscan = off set search_path = perennial, pg_temp as $$
declare
    since constant timestamptz := day_start(facts_of.day);
    until constant timestamptz := day_start(facts_of.day + 1);
begin
    stock_facts := (select count(*) from mrr_movements where at >= since and at < until)
        + (select count(*) from subscription_history where at >= since and at < until)
        + (select count(*) from ledger_entries where at >= since and at < until)
        + (select count(*) from usage_warnings where crossed_at >= since and crossed_at < until);
    facts := stock_facts
        + (select count(*) from payments where settled_at >= since and settled_at < until)
        + (select count(*) from refunds where at >= since and at < until)
        + (select count(*) from disputes where opened_at >= since and opened_at < until)
        + (select count(*) from dunning_cases where failed_at >= since and failed_at < until)
        + (select count(*) from dunning_cases where closed_at >= since and closed_at < until)
        + (select count(*) from usage_closings where period_end >= since and period_end < until)
        + (select count(*) from wallet_entries where at >= since and at < until)
        + (select count(*) from emails where settled_at >= since and settled_at < until);
end
$$;
comment on function perennial.facts_of(date) is
    'How many facts a day has of all kinds that its figures are made of, and how many of those that stocks are made of. More than before means that some came late.';

-- The snapshot that can be gone on from; null: none, or what came since does not fit it.
create function perennial.snapshot_base(day date) returns uuid
language plpgsql stable
set jit = off set enable_seqscan = off set search_path = perennial, pg_temp as $$
declare
    base analytics_runs;
    since timestamptz := day_start(snapshot_base.day - 1);
begin
    select r.* into base from analytics_runs r
     where r.date = snapshot_base.day - 1 and r.figures is not null
     order by r.recorded_at desc limit 1;
    -- What was not yet committed when the base was taken was recorded before it.
    if base.stock_facts = (facts_of(base.date)).stock_facts
       and not exists (select from mrr_movements where recorded_at > base.recorded_at and at < since)
       and not exists (select from subscription_history where recorded_at > base.recorded_at and at < since)
       and not exists (select from ledger_entries where recorded_at > base.recorded_at and at < since)
       and not exists (select from usage_warnings where recorded_at > base.recorded_at and crossed_at < since) then
        return base.id;
    end if;
    return null;
end
$$;
comment on function perennial.snapshot_base(date) is
    'The run of the day before, if nothing came late since: its stocks and the day''s changes are the day''s stocks.';

----------------------------------------------------------------------------- exact sums

create type perennial.figure as (
    metric text, currency text, breakdown text, key text, numer numeric, denom numeric);
comment on type perennial.figure is 'A number of the business, as perennial.analytics_snapshots has it.';

create function perennial.add_fraction(total numeric[], numer numeric, denom numeric) returns numeric[]
language plpgsql immutable as $$
declare
    n numeric := total[1] + numer;
    d numeric := denom;
begin
    -- Counts and amounts are whole, and nearly all there is to add.
    if total[2] = 1 and denom = 1 then
        return array[n, d];
    elsif total[2] <> denom then
        d := lcm(total[2], denom);
        n := total[1] * div(d, total[2]) + numer * div(d, denom);
    end if;
    return array[div(n, gcd(n, d)), div(d, gcd(n, d))];
end
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

create function perennial.divided(numer_n numeric, numer_d numeric, denom_n numeric, denom_d numeric) returns numeric[]
language sql immutable as $$
    -- Reduced; null by nothing.
    select array[div(n, gcd(n, d)), div(d, gcd(n, d))]
      from (select sign(denom_n) * numer_n * denom_d, abs(numer_d * denom_n)) f (n, d) where denom_n <> 0 and numer_n is not null
$$;
comment on function perennial.divided(numeric, numeric, numeric, numeric) is 'One fraction by another, reduced; null by nothing.';

----------------------------------------------------------------------------- what can be asked for

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

create function perennial.require_breakdown(metric text, breakdown text) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    known text[];
begin
    perform require_metric(require_breakdown.metric, '');
    select m.breakdowns into known from analytics_metrics m where m.metric = require_breakdown.metric;
    if (require_breakdown.breakdown = any (known)) is not true then
        perform refuse_field('breakdown', format('%s is not told by %s; it is by %s', require_breakdown.metric,
            coalesce(require_breakdown.breakdown, 'nothing'), array_to_string(known, ', ')));
    end if;
end
$$;
comment on function perennial.require_breakdown(text, text) is 'Refuses to tell a metric by what means nothing for it.';

select perennial.make_month_partitions();
select perennial.grant_rights();
