-- $N subscriptions that began over two years, one customer each, the last day with 10,000 changes. All
-- paid their first invoice; those by the month paid another one within the last month, got a mail
-- about it, and one in ten of them used something.
set session_replication_role = replica;
set synchronous_commit = off;
insert into perennial.clocks (id, name, frozen_at)
values ('00000000-0000-0000-0000-000000000000', 'global', '2026-01-01T00:10:00Z')
on conflict (name) do update set frozen_at = excluded.frozen_at;
insert into perennial.users (id, email, name) values (md5('bench')::uuid, 'bench@example.com', 'Bench');

select perennial.make_month_partition('mrr_movements', m::date)
  from generate_series(timestamp '2024-01-01', '2026-01-01', interval '1 month') m;

create schema peer;
create table peer.planted as
select n, ('0190' || lpad(to_hex(n), 8, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid as customer,
       ('0190' || lpad(to_hex(n), 8, '0') || '70018' || substr(md5(n::text), 1, 15))::uuid as subscription,
       '2024-01-02T00:00:00Z'::timestamptz + (n::float8 / $N * 729) * interval '24 hours' as began,
       ('00000000-0000-7000-8000-00000000000' || 2 + n % 3)::uuid as plan,
       ('00000000-0000-7000-8000-00000000000' || 2 + (n + 1) % 3)::uuid as other_plan,
       1000 + n % 7 * 300 as price,
       case when n % 5 = 0 then 'EUR' else 'USD' end as currency,
       case when n % 4 = 0 then 'year' else 'month' end as unit,
       -- the last day: some leave, some change their plan, some fail to pay
       case when n < $N * 9 / 10 and n % ($N / 9000) = 0 then n / ($N / 9000) % 3 end as change
  from generate_series(0, $N - 1) n;
insert into perennial.customers (id, user_id, email, name, locale)
select customer, md5('bench')::uuid, 'customer' || n || '@example.com', 'Customer ' || n,
       (array['en-US', 'de-DE', 'fr-FR', 'en-GB'])[1 + n % 4] from peer.planted;
insert into perennial.subscriptions
    (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit, interval_count,
     started_at, period_index, period_start, period_end, policy_id, version, ended_at, dunning_case_id)
select subscription, customer, '00000000-0000-0000-0000-000000000000', case change when 1 then other_plan else plan end,
       case change when 0 then 'canceled' when 2 then 'past_due' else 'active' end, currency, began at time zone 'UTC', 'UTC',
       unit, 1, began, 0, began, began + interval '1 month', '00000000-0000-7000-8000-000000000201',
       case when change is null then 1 else 2 end, case change when 0 then '2025-12-31T10:00:00Z'::timestamptz end,
       case change when 2 then subscription end
  from peer.planted order by n;
insert into perennial.customer_cohorts (customer_id, first_subscription_at, first_purchase_at, country)
select customer, began, began, (array['US', 'DE', 'FR', 'GB'])[1 + n % 4] from peer.planted;
insert into perennial.subscription_history (subscription_id, version, position, from_status, to_status, edge, period_index, at, by_job)
select subscription, 1, 0, null, 'active', 'started', 0, began, 'bench' from peer.planted order by n;
insert into perennial.subscription_history (subscription_id, version, position, from_status, to_status, edge, period_index, at, by_job)
select subscription, 2, 0, 'active', case change when 0 then 'canceled' when 1 then 'active' else 'past_due' end,
       case change when 0 then 'canceled' when 1 then 'downgraded' else 'payment_failed' end, 0, '2025-12-31T10:00:00Z', 'bench'
  from peer.planted where change is not null order by n;
insert into perennial.mrr_movements (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom, before_numer,
                                     before_denom, after_numer, after_denom, plan_after, total_numer, total_denom)
select customer, currency, subscription, 1, began, 'new', r.n, r.d, 0, 1, r.n, r.d, plan, r.n, r.d
  from peer.planted cross join lateral (select case unit when 'year' then 12 else 1 end as per) u
 cross join lateral (select div(price, gcd(price, per)) as n, div(per, gcd(price, per)) as d) r order by planted.n;
insert into perennial.mrr_movements (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom, before_numer,
                                     before_denom, plan_before, after_numer, after_denom, plan_after, total_numer, total_denom)
select customer, m.currency, subscription, 2, '2025-12-31T10:00:00Z', case change when 0 then 'churn_voluntary' else 'contraction' end,
       m.after_numer / -2 * (2 - change), m.after_denom, m.after_numer, m.after_denom, plan, m.after_numer / 2 * change, m.after_denom,
       case change when 1 then other_plan else plan end, m.after_numer / 2 * change, m.after_denom
  from peer.planted join perennial.mrr_movements m on m.subscription_id = subscription
 where change in (0, 1) order by n;
insert into perennial.mrr_decisions select subscription_id, decision from perennial.mrr_movements;
-- What was billed when it began, and within the last month.
create table peer.billed as
select n, 0 as period, customer, subscription, plan, price, currency, began as at, md5('first' || n)::uuid as invoice from peer.planted
union all
select n, 1, customer, subscription, plan, price, currency,
       '2025-12-01T00:00:00Z'::timestamptz + (n % 31) * interval '1 day' + n % 86400 * interval '1 second', md5('next' || n)::uuid
  from peer.planted where unit = 'month' and change is null and began < '2025-12-01T00:00:00Z';
insert into perennial.invoices (id, subscription_id, customer_id, period_index, kind, series, number, status, currency, total_minor,
                                issued_at, due_at, finalized_at, closed_at, decision)
select invoice, subscription, customer, period, 'period', 'INV', 2 * n + period + 1, 'paid', currency, price, at, at, at, at, 1 + period
  from peer.billed order by at;
insert into perennial.invoice_items (invoice_id, position, kind, description, quantity, unit_amount_minor, amount_minor, price_id)
select invoice, 1, 'subscription', 'Plan', 1, price, price, r.id
  from peer.billed join (select plan_id, min(id::text)::uuid as id from perennial.prices group by 1) r on r.plan_id = plan order by at;
insert into perennial.payments (id, invoice_id, subscription_id, customer_id, clock_id, attempt, method_id, provider, amount_minor, currency,
                                status, idempotency_key, request_hash, planned_at, settled_at, decision)
select invoice, invoice, subscription, customer, '00000000-0000-0000-0000-000000000000', 1, customer, 'stripe', price, currency, 'succeeded',
       invoice::text, '', at, at, 1 + period
  from peer.billed order by at;
insert into perennial.ledger_entries (posting_id, position, account, amount_minor, currency, kind, customer_id, subscription_id,
                                      invoice_id, at, decision)
select md5(v.kind || invoice)::uuid, v.position, v.account, v.sign * price, currency, v.kind, customer, subscription, invoice, at, 1 + period
  from peer.billed
 cross join (values (1, 'accounts_receivable', 1, 'invoice_issued'), (2, 'revenue', -1, 'invoice_issued'),
                    (1, 'cash', 1, 'payment_received'), (2, 'accounts_receivable', -1, 'payment_received')) v (position, account, sign, kind)
 order by at;
insert into perennial.subscription_history (subscription_id, version, position, from_status, to_status, edge, period_index, at, by_job)
select subscription, 2, 0, 'active', 'active', 'renewed', 1, at, 'bench' from peer.billed where period = 1 order by at;
insert into perennial.emails (id, key, customer_id, subscription_id, clock_id, template, letter, status, queued_at, settled_at, decision)
select invoice, invoice::text, customer, subscription, '00000000-0000-0000-0000-000000000000', 'receipt', '{}', 'sent', at, at, 2
  from peer.billed where period = 1 order by at;
insert into perennial.usage_closings
    (customer_id, metric_id, period_start, period_end, quota_id, limit_units, used, overage_units, rollover_units, closed_at)
select customer, 1, at - interval '31 days', at, null, 1000, n % 900, 0, 0, at from peer.billed where period = 1 and n % 10 = 1 order by at;
insert into perennial.dunning_cases (id, subscription_id, policy_id, failed_at, next_rung)
select subscription, subscription, '00000000-0000-7000-8000-000000000201', '2025-12-31T10:00:00Z', 0
  from peer.planted where change = 2;
drop table peer.planted, peer.billed;
drop schema peer;
