-- Daily snapshots of the business's figures, and what indicates that a customer may leave.

create table perennial.analytics_settings (
    only_row boolean primary key default true check (only_row),
    -- the zone whose midnights begin and end the business's days
    business_zone text not null default 'UTC'
);
comment on table perennial.analytics_settings is 'One row: whose midnight it is.';
insert into perennial.analytics_settings default values;

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
create index analytics_snapshots_metric on perennial.analytics_snapshots (metric, currency, breakdown, key, date);
select perennial.make_append_only('perennial.analytics_snapshots');

create table perennial.analytics_snapshots_default partition of perennial.analytics_snapshots default;
comment on table perennial.analytics_snapshots_default is 'Figures of months without a partition of their own.';

create table perennial.churn_indicators (
    customer_id uuid not null references perennial.customers,
    -- of the business's zone
    date date not null,
    indicator text not null check (indicator in ('failed_payments', 'in_dunning', 'falling_use', 'downgrade',
                                                 'cancel_scheduled', 'card_expiring')),
    -- what it adds to the score
    points integer not null check (points between 1 and 100),
    -- why: the figures the points follow from
    facts jsonb not null check (jsonb_typeof(facts) = 'object'),
    -- business time
    scored_at timestamptz not null,
    primary key (customer_id, date, indicator)
) partition by range (date);
comment on table perennial.churn_indicators is
    'What says that a customer may leave, day by day, with its points and their reason. Who shows nothing has no row. Partitioned by month.';
create index churn_indicators_date on perennial.churn_indicators (date);

create table perennial.churn_indicators_default partition of perennial.churn_indicators default;
comment on table perennial.churn_indicators_default is 'Indicators of months without a partition of their own.';

create type perennial.figure as (
    metric text, currency text, breakdown text, key text, numer numeric, denom numeric);
comment on type perennial.figure is 'A number of the business, as perennial.analytics_snapshots has it.';
