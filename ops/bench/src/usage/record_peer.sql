\set n $CUSTOMER
with stored as (insert into peer.events values (gen_random_uuid()::text, peer.customer(2, :n), 'ai_decisions', 1, now())) insert into peer.counters as c values (peer.customer(2, :n), 'ai_decisions', 1, 0) on conflict (customer_id, metric) do update set used = c.used + 1 returning used;
