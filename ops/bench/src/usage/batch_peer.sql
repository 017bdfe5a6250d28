with listed as materialized (
    select * from jsonb_to_recordset($1) e (event_id text, customer uuid, metric text, quantity bigint)),
stored as (
    insert into peer.events select event_id, customer, metric, quantity, now() from listed returning event_id)
insert into peer.counters as c
select customer, metric, sum(quantity), 0 from listed group by 1, 2 order by 1, 2
on conflict (customer_id, metric) do update set used = c.used + excluded.used
