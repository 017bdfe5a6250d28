-- What is known of one customer: what they have paid, and what indicates that they may leave.

create or replace view perennial.churn_scores as
    select date, customer_id, sum(points)::integer as score,
           jsonb_object_agg(indicator, jsonb_build_object('points', points, 'facts', facts)) as because
      from perennial.churn_indicators group by date, customer_id;
comment on view perennial.churn_scores is 'How likely a customer is to leave, 0 to 100, and because of what: the sum of the indicators.';

create or replace function perennial.paid_to_date(customer uuid) returns table (currency text, paid_minor numeric)
language sql stable
set search_path = perennial, pg_temp as $$
    select e.currency, sum(e.amount_minor) from ledger_entries e
     where e.customer_id = customer and e.account = 'cash' group by e.currency
$$;
comment on function perennial.paid_to_date is 'What came in from a customer and stayed, per currency: the cash entries of the books.';

-- Only customers who moved since `since` are looked at one by one.
create or replace function perennial.churn_since(currency text, since timestamptz, until timestamptz)
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
