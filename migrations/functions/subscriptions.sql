-- What subscriptions give their customers.

create or replace view perennial.live_subscriptions as
    select s.id, s.customer_id, s.clock_id, s.plan_id, s.status, s.currency, s.anchor_local, s.anchor_zone,
           s.started_at, coalesce(i.quantity, 1) as seats
      from perennial.subscriptions s
      left join perennial.subscription_items i on i.subscription_id = s.id and i.position = 1
     where s.status in ('trialing', 'active', 'past_due', 'grace');
comment on view perennial.live_subscriptions is 'Subscriptions whose customer has access now, with their seats.';

create or replace function perennial.subscription_access(subscription uuid) returns text
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
declare
    answer text;
begin
    select case
               when s.status not in ('trialing', 'active', 'past_due', 'grace') then 'none'
               when s.cancel_requested_at is not null and s.period_end <= n.moment then 'none'
               when s.status = 'grace' and s.status_until <= n.moment and s.grace_notice_at is not null
                    and (jsonb_typeof(p.document -> 'end') = 'string' or s.cancel_requested_at is not null)
                    and not exists (select from payments f where f.subscription_id = s.id
                                       and f.status in ('planned', 'executing', 'unknown', 'processing')) then 'none'
               when s.status in ('past_due', 'grace')
                    -- in seconds: a day of the caller's zone may have 23 hours
                    and d.failed_at + make_interval(secs => extract(epoch from (p.document ->> 'restrict_after')::interval)::double precision)
                        <= n.moment then 'restricted'
               else 'full' end
      into answer
      from subscriptions s
     cross join lateral (select business_now(s.clock_id) as moment) n
      left join dunning_cases d on d.id = s.dunning_case_id
      join dunning_policies p on p.id = coalesce(d.policy_id, s.policy_id)
     where s.id = subscription_access.subscription;
    if not found and not exists (select from lifecycle_events e where e.subject = subscription_access.subscription
                                    and e.type = 'subscription.created' and e.processed_at is null) then
        perform refuse_id('subscription', subscription);
    end if;
    return answer;
end
$$;
comment on function perennial.subscription_access is
    'What a subscription gives now: full, restricted (payment is overdue and its dunning policy restricts; what that means is the application''s) or none. Whether or not a worker has come by since. Null: it was emitted, and is not processed yet.';

create or replace function perennial.release_parked(kind text) returns bigint
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    released bigint := 0;
    kinds constant text[] := array['request_rejected', 'outcome_unknown', 'too_far_behind'];
    parked subscriptions;
begin
    if kind is null or not kind = any (kinds) then
        perform refuse_name('kind', format('%s is no kind of cause', coalesce(kind, 'null')), kind, kinds);
    end if;
    for parked in select * from subscriptions s where s.parked_kind = kind order by s.id loop
        perform emit('subscription.release_requested', parked.id, '{}', format('release/%s/%s', parked.id, parked.version));
        released := released + 1;
    end loop;
    return released;
end
$$;
comment on function perennial.release_parked is
    'Lets all subscriptions go on that are parked for this kind of cause; returns how many.';

create or replace view perennial.parked as
    select s.parked_kind as kind, 'sub_' || replace(s.id::text, '-', '') as subject, s.customer_id, s.clock_id,
           s.parked_reason as reason, s.status, s.parked_at as since
      from perennial.subscriptions s where s.parked_kind is not null
    union all
    select 'order', 'ord_' || replace(o.id::text, '-', ''), o.customer_id, o.clock_id, o.reason, o.status, o.placed_at
      from perennial.orders o where o.status = 'pending' and o.reason is not null;
comment on view perennial.parked is 'What an operator has to look at: nothing happens to it by itself.';
