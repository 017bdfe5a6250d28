-- What subscriptions give their customers.

create or replace view perennial.live_subscriptions as
    select s.id, s.customer_id, s.clock_id, s.plan_id, s.status, s.currency, s.anchor_local, s.anchor_zone,
           s.started_at, coalesce(i.quantity, 1) as seats
      from perennial.subscriptions s
      left join perennial.subscription_items i on i.subscription_id = s.id and i.position = 1
     where s.status in ('trialing', 'active', 'past_due', 'grace');
comment on view perennial.live_subscriptions is 'Subscriptions whose customer has access now, with their seats.';

create or replace function perennial.subscription_access(subscription uuid) returns text
language sql stable
set search_path = perennial, pg_temp as $$
    select case
               when s.status not in ('trialing', 'active', 'past_due', 'grace') then 'none'
               when s.cancel_requested_at is not null and s.period_end <= n.moment then 'none'
               when s.status = 'grace' and s.status_until <= n.moment and s.grace_notice_at is not null
                    and jsonb_typeof(p.document -> 'end') = 'string'
                    and not exists (select from payments f where f.subscription_id = s.id
                                       and f.status in ('planned', 'executing', 'unknown', 'processing')) then 'none'
               when s.status in ('past_due', 'grace')
                    -- in seconds: a day of the caller's zone may have 23 hours
                    and d.failed_at + make_interval(secs => extract(epoch from (p.document ->> 'restrict_after')::interval)::double precision)
                        <= n.moment then 'restricted'
               else 'full' end
      from subscriptions s
     cross join lateral (select business_now(s.clock_id) as moment) n
      left join dunning_cases d on d.id = s.dunning_case_id
      join dunning_policies p on p.id = coalesce(d.policy_id, s.policy_id)
     where s.id = subscription_access.subscription
$$;
comment on function perennial.subscription_access is
    'What a subscription gives now: full, restricted (payment is overdue and its dunning policy restricts; what that means is the application''s) or none. Whether or not a worker has come by since. Null: there is no such subscription.';
