-- Two sets of customers: 5,000 with Pro, whose AI decisions are limited softly, and 5,000 with
-- Free, whose AI operations are limited hard, at a number that no run reaches.
insert into perennial.users (id, email, name) values (md5('bench')::uuid, 'bench@example.com', 'Bench');

create schema peer;
-- The id of customer n on a plan, in the order in which they came, as real ones are.
create function peer.customer(plan integer, n integer) returns uuid language sql immutable as $$
    select ('01900000-000' || plan || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid
$$;
create table peer.numbered as
select p.plan, n, peer.customer(p.plan, n) as customer, md5('subscription' || p.plan || ' ' || n)::uuid as subscription
  from (values (1), (2)) p (plan), generate_series(0, 4999) n;

insert into perennial.customers (id, user_id, email, name)
select customer, md5('bench')::uuid, 'customer' || n || '@example.com', 'Customer ' || n from peer.numbered;
insert into perennial.subscriptions
    (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit, interval_count,
     started_at, period_index, period_start, period_end, policy_id, version)
select subscription, customer, '00000000-0000-0000-0000-000000000000',
       ('00000000-0000-7000-8000-00000000000' || plan)::uuid,
       'active', 'USD', now() - interval '3 days', 'UTC', 'month', 1, now() - interval '3 days', 0,
       now() - interval '3 days', now() + interval '20 days', '00000000-0000-7000-8000-000000000201', 1
  from peer.numbered;
insert into perennial.customer_quotas (customer_id, metric_id, limit_units)
select n.customer, m.metric_id, 1000000000
  from peer.numbered n join perennial.metric_codes m on m.code = 'ai_operations' where n.plan = 1;
select perennial.entitle_meters(array(select customer from peer.numbered));

-- The naive way: an event, and one row to count in.
create table peer.events (
    event_id text primary key, customer_id uuid not null, metric text not null, quantity bigint not null,
    at timestamptz not null);
create table peer.counters (
    customer_id uuid not null, metric text not null, used bigint not null, limit_units bigint not null,
    primary key (customer_id, metric));
insert into peer.counters
select customer, case plan when 1 then 'ai_operations' else 'ai_decisions' end, 0, 1000000000 from peer.numbered;
