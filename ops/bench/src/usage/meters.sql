-- $N meters of Free customers whose period ends on 1 March; half of them were used.
set session_replication_role = replica;
insert into perennial.clocks (id, name, frozen_at)
values ('00000000-0000-0000-0000-000000000000', 'global', '2026-03-01T00:00:00Z')
on conflict (name) do update set frozen_at = excluded.frozen_at;
insert into perennial.users (id, email, name) values (md5('bench')::uuid, 'bench@example.com', 'Bench');

create schema peer;
-- A customer has three meters that reset.
create table peer.numbered as
select n, ('0190' || lpad(to_hex(n), 8, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid as customer,
       ('0190' || lpad(to_hex(n), 8, '0') || '70018' || substr(md5(n::text), 1, 15))::uuid as subscription
  from generate_series(0, ($N - 1) / 3) n;
insert into perennial.customers (id, user_id, email, name)
select customer, md5('bench')::uuid, 'customer' || n || '@example.com', 'Customer ' || n from peer.numbered;
insert into perennial.subscriptions
    (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit, interval_count,
     started_at, period_index, period_start, period_end, policy_id, version)
select subscription, customer, '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000001',
       'active', 'USD', '2026-02-01', 'UTC', 'month', 1, '2026-02-01T00:00:00Z', 0, '2026-02-01T00:00:00Z',
       '2026-03-01T00:00:00Z', '00000000-0000-7000-8000-000000000201', 1
  from peer.numbered;
insert into perennial.usage_meters
    (customer_id, metric_id, clock_id, subscription_id, quota_id, limit_units, enforcement, anchor_local, anchor_zone,
     period_index, period_start, period_end)
select n.customer, q.metric_id, '00000000-0000-0000-0000-000000000000', n.subscription, q.id, q.limit_units, q.enforcement,
       '2026-02-01', 'UTC', 0, '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'
  from peer.numbered n
  join perennial.plan_quotas q on q.plan_id = '00000000-0000-7000-8000-000000000001' and q.reset = 'anniversary'
 order by n.customer, q.metric_id limit $N;
insert into perennial.usage_counters (customer_id, metric_id, period_start, shard, used)
select customer_id, metric_id, period_start, 0, 1 from (
    select m.*, row_number() over (order by customer_id, metric_id) as n from perennial.usage_meters m) m
 where n % 2 = 0;
drop table peer.numbered;
