-- Who may do what with all that has come since, and what must always hold of it.

create function perennial.grant_rights() returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    target record;
    -- What other services may call, in their own transactions.
    doors constant text[] := array[
        'emit', 'enqueue', 'record_usage', 'record_usage_batch', 'consume', 'release_usage', 'check_quota', 'get_limit',
        'check_feature', 'upgrade_suggestion', 'set_mail_preference', 'wallet_balance', 'consume_tokens', 'grant_tokens',
        'refund_tokens', 'set_low_balance', 'set_auto_top_up', 'authorize_api_key', 'can_access', 'grant_membership', 'cancel_membership',
        'refer_customer', 'record_roi_event', 'subscription_access', 'payment_of'];
begin
    execute 'revoke all on all functions in schema perennial from public';
    if exists (select from pg_roles where rolname = 'perennial_worker') then
        execute 'grant execute on all functions in schema perennial to perennial_worker';
        execute 'grant usage on all sequences in schema perennial to perennial_worker';
        for target in
            select c.oid::regclass as name, c.relkind,
                   exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only') as appended,
                   c.relname in ('transitions', 'event_types', 'ledger_accounts') as fixed
              from pg_class c
             where c.relnamespace = 'perennial'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
        loop
            execute format('grant %s on %s to perennial_worker',
                case when target.relkind = 'v' or target.fixed then 'select'
                     when target.appended then 'select, insert'
                     else 'select, insert, update, delete' end, target.name);
        end loop;
    end if;
    if exists (select from pg_roles where rolname = 'perennial_ingest') then
        for target in select p.oid::regprocedure as name from pg_proc p
                       where p.pronamespace = 'perennial'::regnamespace and p.proname = any (doors) loop
            execute format('grant execute on function %s to perennial_ingest', target.name);
        end loop;
    end if;
end
$$;
comment on function perennial.grant_rights is
    'Gives the roles their rights on everything there is: the last step of a migration that adds tables or functions. Tables that only grow are known by their trigger.';

create function perennial.check_usage_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select 'I10', m.customer_id || ' ' || m.metric_id, 'events ' || coalesce(e.total, 0) || ', counted ' || coalesce(c.total, 0)
      from usage_meters m
      left join (select customer_id, metric_id, period_start, sum(quantity) as total from usage_events group by 1, 2, 3) e
     using (customer_id, metric_id, period_start)
      left join (select customer_id, metric_id, period_start, sum(used) as total from usage_counters group by 1, 2, 3) c
     using (customer_id, metric_id, period_start)
     -- What never resets has no end, and its old events are not kept (perennial.usage_retention).
     where m.period_end is not null and coalesce(e.total, 0) <> coalesce(c.total, 0)
    union all
    select 'I10', customer_id || ' ' || metric_id, 'used ' || used || ' in the period from ' || period_start
      from (select customer_id, metric_id, period_start, sum(used) as used from usage_counters group by 1, 2, 3) c
     where used < 0
    union all
    select 'I10', g.customer_id || ' ' || g.metric_id, 'period from ' || g.period_start || ', the one before ended at ' || g.before_ended_at
      from (select *, lag(period_end) over (partition by customer_id, metric_id order by period_start) as before_ended_at
              from usage_closings) g
     where g.before_ended_at <> g.period_start
    union all
    select 'I10', m.customer_id || ' ' || m.metric_id, 'stands at ' || m.period_start || ', the last closed period ended at ' || l.period_end
      from usage_meters m
     cross join lateral (select c.period_end from usage_closings c
                          where c.customer_id = m.customer_id and c.metric_id = m.metric_id
                          order by c.period_start desc limit 1) l
     where l.period_end <> m.period_start
    union all
    select 'I10', c.customer_id || ' ' || c.metric_id, 'closed with ' || c.used || ', counted ' || u.total
      from usage_closings c
      join (select customer_id, metric_id, period_start, sum(used) as total from usage_counters group by 1, 2, 3) u
     using (customer_id, metric_id, period_start)
     where u.total < c.used
    union all
    select 'I13', p.id::text, 'billed ' || coalesce(sum(i.amount_minor), 0) || ' of ' || p.amount_minor
      from pending_invoice_items p
      left join invoice_items i on i.invoice_id = p.invoice_id and i.kind = p.kind and i.description = p.description
                               and i.period_start = p.period_start
     where p.invoice_id is not null
     group by p.id having coalesce(sum(i.amount_minor), 0) < p.amount_minor
    union all
    select 'I13', p.id::text, 'waits for no invoice: its subscription has ended'
      from pending_invoice_items p join subscriptions s on s.id = p.subscription_id
     where p.invoice_id is null and p.final_at is null and s.ended_at is not null
    union all
    select 'I3', i.id::text, 'final invoice of a subscription that goes on'
      from invoices i join subscriptions s on s.id = i.subscription_id
     where i.kind = 'final' and s.ended_at is null
$$;
comment on function perennial.check_usage_invariants is
    'What does not hold of usage (I3, I10, I13): counters are the sum of their events, periods are closed once and without gaps, and what was priced is billed.';

alter function perennial.check_invariants() rename to check_lifecycle_invariants;
create function perennial.check_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select * from check_lifecycle_invariants()
    union all
    select * from check_usage_invariants()
$$;
comment on function perennial.check_invariants() is 'What does not hold (RELIABILITY: I1-I7, I10, I12-I14, I16). Nothing: all is well.';

select perennial.grant_rights();

-- Customers who were here before.
select perennial.entitle_meters(array(select distinct customer_id from perennial.live_subscriptions));
