-- $N active subscriptions whose first paid period begins on 1 March; until then a trial.
insert into perennial.clocks (id, name, frozen_at)
values ('00000000-0000-0000-0000-000000000000', 'global', '2026-02-15T00:00:00Z')
on conflict (name) do update set frozen_at = excluded.frozen_at;
insert into perennial.payment_providers (name) values ('bench');

create schema peer;
-- What the peer's transactions are given: who, and the ids they need.
create table peer.numbered as
select n, md5('subscription' || n)::uuid as subscription, md5('customer' || n)::uuid as customer,
       md5('user' || n)::uuid as "user", md5('method' || n)::uuid as method, md5('invoice' || n)::uuid as invoice,
       md5('payment' || n)::uuid as payment, md5('issued' || n)::uuid as issued, md5('paid' || n)::uuid as paid,
       md5('email' || n)::uuid as email, 'perennial-execute-inv_' || md5('invoice' || n) || '-1' as key,
       null::text as hash
  from generate_series(1, $N) n;
update peer.numbered
   set hash = encode(substring(sha256(convert_to(
           key || '|pm_' || replace(method::text, '-', '') || '|4900|USD', 'UTF8')) from 1 for 16), 'hex');
alter table peer.numbered add primary key (n);
create sequence peer.turn;

insert into perennial.users (id, email, name)
select "user", 'customer' || n || '@example.com', 'Customer ' || n from peer.numbered;
insert into perennial.customers (id, user_id, email, name)
select customer, "user", 'customer' || n || '@example.com', 'Customer ' || n from peer.numbered;
insert into perennial.provider_customers (provider, customer_id, reference)
select 'bench', customer, 'cus_' || n from peer.numbered;
insert into perennial.payment_methods
    (id, customer_id, provider, reference, kind, network, last4, position, attached_at)
select method, customer, 'bench', 'pm_' || n, 'card', 'visa', '4242', 0, '2026-02-01T00:00:00Z' from peer.numbered;
insert into perennial.subscriptions
    (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit, interval_count,
     started_at, period_index, period_start, period_end, policy_id, next_action, next_action_at, version)
select subscription, customer, '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003',
       'active', 'USD', '2026-02-01', 'UTC', 'month', 1, '2026-02-01T00:00:00Z', 0, '2026-02-01T00:00:00Z',
       '2026-03-01T00:00:00Z', '00000000-0000-7000-8000-000000000201', 'renew', '2026-03-01T00:00:00Z', 1
  from peer.numbered;
insert into perennial.subscription_items (subscription_id, position, price_id, plan_id, quantity)
select subscription, 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1
  from peer.numbered;
insert into perennial.subscription_periods (subscription_id, period_index, kind, starts_at, ends_at)
select subscription, 0, 'trial', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z' from peer.numbered;
insert into perennial.subscription_history
    (subscription_id, version, position, to_status, edge, period_index, at, by_job)
select subscription, 1, 1, 'active', 'started', 0, '2026-02-01T00:00:00Z', 'process_events' from peer.numbered;
insert into perennial.audit_log (subject_id, subject_kind, version, act, at, actor, facts)
select subscription, 'subscription', 1, 'started', '2026-02-01T00:00:00Z', 'process_events', '{"edges": ["started"]}'
  from peer.numbered;
select perennial.open_mrr_ledger();
