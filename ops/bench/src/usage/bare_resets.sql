with closed as (
    insert into peer.usage_closings
    select m.customer_id, m.metric_id, m.period_start, m.period_end, m.subscription_id, m.quota_id, m.limit_units, coalesce(c.used, 0),
           greatest(coalesce(c.used, 0) - m.limit_units, 0), 0, '2026-03-01T00:00:00Z'
      from perennial.usage_meters m
      left join perennial.usage_counters c using (customer_id, metric_id, period_start)
    returning customer_id, metric_id, period_start, used)
insert into peer.usage_meters
select m.customer_id, m.metric_id, m.clock_id, m.subscription_id, m.quota_id, m.limit_units, 0, m.enforcement,
       m.anchor_local, m.anchor_zone, m.period_index + 1, m.period_end, m.period_end + interval '1 month',
       m.period_start, c.used
  from perennial.usage_meters m join closed c using (customer_id, metric_id, period_start)
