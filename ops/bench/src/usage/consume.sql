\set n $CUSTOMER
select * from perennial.consume(peer.customer(1, :n), 'ai_operations', 1, gen_random_uuid()::text);
