\set n $CUSTOMER
with taken as (update peer.counters set used = used + 1 where customer_id = peer.customer(1, :n) and metric = 'ai_operations' and used < limit_units returning used), stored as (insert into peer.events select gen_random_uuid()::text, peer.customer(1, :n), 'ai_operations', 1, now() from taken) select used from taken;
