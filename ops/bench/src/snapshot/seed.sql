-- $N subscriptions that began over two years, one customer each, the last day with 10,000 changes.
set session_replication_role = replica;
set synchronous_commit = off;
insert into perennial.clocks (id, name, frozen_at)
values ('00000000-0000-0000-0000-000000000000', 'global', '2026-01-01T00:10:00Z')
on conflict (name) do update set frozen_at = excluded.frozen_at;
insert into perennial.users (id, email, name) values (md5('bench')::uuid, 'bench@example.com', 'Bench');

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
insert into perennial.ledger_entries (posting_id, position, account, amount_minor, currency, kind, customer_id, subscription_id, at, decision)
select md5(v.kind || n)::uuid, v.position, v.account, v.sign * price, currency, v.kind, customer, subscription, began, 1
  from peer.planted
 cross join (values (1, 'accounts_receivable', 1, 'invoice_issued'), (2, 'revenue', -1, 'invoice_issued'),
                    (1, 'cash', 1, 'payment_captured'), (2, 'accounts_receivable', -1, 'payment_captured')) v (position, account, sign, kind)
 order by n;
insert into perennial.dunning_cases (id, subscription_id, policy_id, failed_at, next_rung)
select subscription, subscription, '00000000-0000-7000-8000-000000000201', '2025-12-31T10:00:00Z', 0
  from peer.planted where change = 2;
drop table peer.planted;
drop schema peer;
