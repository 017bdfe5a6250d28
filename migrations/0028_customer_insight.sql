-- What is known of one customer: what they have paid, and what says that they may leave.

-- What a customer paid, without their other entries.
create index ledger_entries_cash on perennial.ledger_entries (customer_id, currency) include (amount_minor)
    where account = 'cash';
create index payments_declined on perennial.payments (customer_id, settled_at) where status = 'declined';

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
create table perennial.churn_indicators_default partition of perennial.churn_indicators default;
comment on table perennial.churn_indicators_default is 'Indicators of months without a partition of their own.';
create index churn_indicators_date on perennial.churn_indicators (date);

create view perennial.churn_scores as
    select date, customer_id, sum(points)::integer as score,
           jsonb_object_agg(indicator, jsonb_build_object('points', points, 'facts', facts)) as because
      from perennial.churn_indicators group by date, customer_id;
comment on view perennial.churn_scores is 'How likely a customer is to leave, 0 to 100, and because of what: the sum of the indicators.';

create function perennial.paid_to_date(customer uuid) returns table (currency text, paid_minor numeric)
language sql stable
set search_path = perennial, pg_temp as $$
    select e.currency, sum(e.amount_minor) from ledger_entries e
     where e.customer_id = customer and e.account = 'cash' group by e.currency
$$;
comment on function perennial.paid_to_date is 'What came in from a customer and stayed, per currency: the cash entries of the books.';

-- Only customers who moved since `since` are looked at one by one.
create function perennial.churn_since(currency text, since timestamptz, until timestamptz)
returns table (paying bigint, churned bigint)
language sql stable
set search_path = perennial, pg_temp as $$
    with moved as (
        select m.customer_id, bool_or(m.at <= until and m.kind in ('churn_voluntary', 'churn_involuntary')) as left_us
          from mrr_movements m
         where m.at > since and m.currency = churn_since.currency
         group by m.customer_id
    ), stood as (
        select m.customer_id, m.left_us, coalesce(b.total_numer > 0, false) as paid
          from moved m
          left join lateral (select b.total_numer from mrr_movements b
                              where b.customer_id = m.customer_id and b.currency = churn_since.currency and b.at <= since
                              order by b.seq desc limit 1) b on true
    )
    select (select count(*) from customer_mrr c where c.currency = churn_since.currency and c.numer > 0
               and not exists (select from moved m where m.customer_id = c.customer_id))
           + count(*) filter (where paid),
           count(*) filter (where paid and left_us)
      from stood
$$;
comment on function perennial.churn_since is
    'How many customers paid in a currency at `since`, and how many of them have left by `until`, back again or not.';

select perennial.make_month_partitions();
select perennial.grant_rights();
