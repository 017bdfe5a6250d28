-- The least that could tell the same totals of today: one aggregate per table, by plan alone.
select status, plan_id, count(*) from perennial.subscriptions group by 1, 2;
select currency, plan_id, denom, sum(numer), count(distinct customer_id)
  from (select distinct on (subscription_id) currency, plan_after as plan_id, after_numer as numer, after_denom as denom, customer_id
          from perennial.mrr_movements order by subscription_id, decision desc) m
 where numer > 0 group by 1, 2, 3;
select currency, sum(amount_minor) from perennial.ledger_entries where account = 'accounts_receivable' group by 1;
select kind, currency, amount_denom, sum(amount_numer), count(*) from perennial.mrr_movements
 where at >= '2025-12-31T00:00:00Z' and at < '2026-01-01T00:00:00Z' group by 1, 2, 3;
