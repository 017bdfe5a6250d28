\set n $CUSTOMER
select * from perennial.record_usage(peer.customer(2, :n), 'ai_decisions', 1, gen_random_uuid()::text);
