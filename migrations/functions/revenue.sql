-- Monthly recurring revenue, in exact fractions.

create or replace aggregate perennial.lcm_of(numeric) (sfunc = pg_catalog.lcm(numeric, numeric), stype = numeric, initcond = '1');
comment on aggregate perennial.lcm_of(numeric) is
    'The least common multiple: fractions add up exactly as sum(numer * (multiple / denom)) over it.';

create or replace function perennial.note_mrr_decisions() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    insert into mrr_decisions (subscription_id, decision) select subscription_id, decision from fresh;
    return null;
end
$$;
comment on function perennial.note_mrr_decisions() is 'A decision moves a subscription''s revenue once.';
create or replace trigger moved_once after insert on perennial.mrr_movements
    referencing new table as fresh
    for each statement execute function perennial.note_mrr_decisions();

create or replace function perennial.keep_first() returns trigger
language plpgsql as $$
begin
    if new.first_subscription_at <> old.first_subscription_at
       or old.first_purchase_at is not null and new.first_purchase_at is distinct from old.first_purchase_at then
        raise exception 'customer_cohorts: what came first stays first' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function perennial.keep_first() is 'What came first stays first.';
create or replace trigger keep_first before update on perennial.customer_cohorts
    for each row execute function perennial.keep_first();

create or replace function perennial.note_country() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    new.country := coalesce((select substring(c.locale from '[-_]([A-Z]{2})(?:[-_.]|$)')
                               from customers c where c.id = new.customer_id), 'unknown');
    return new;
end
$$;
comment on function perennial.note_country() is 'Where a customer was when it came in.';
create or replace trigger country before insert on perennial.customer_cohorts
    for each row execute function perennial.note_country();

create or replace view perennial.subscription_mrr as
    select s.id as subscription_id, s.customer_id, s.clock_id, s.currency, s.plan_id, s.status,
           s.interval_unit, s.interval_count, s.version,
           m.numer / gcd(m.numer, m.denom) as numer, m.denom / gcd(m.numer, m.denom) as denom
      from perennial.subscriptions s
     cross join lateral (
           select coalesce(sum(i.quantity::numeric * i.unit_amount_minor), 0)
                  * case s.interval_unit when 'day' then 365 when 'week' then 52 else 1 end as numer,
                  s.interval_count::numeric * case s.interval_unit when 'month' then 1 else 12 end as denom
             from perennial.subscription_items i
            where i.subscription_id = s.id) m
     where s.status in ('active', 'past_due', 'grace') and m.numer > 0;
comment on view perennial.subscription_mrr is
    'What each subscription contributes to recurring revenue as it stands (rule A1, as jobs/core has it): minor units per month, as reduced fractions.';

create or replace function perennial.open_mrr_ledger() returns bigint
language sql
set search_path = perennial, pg_temp as $$
    with there as (
        select m.* from subscription_mrr m
         where not exists (select from customer_mrr c where c.customer_id = m.customer_id and c.currency = m.currency)
    ), multiples as (
        select customer_id, currency, lcm_of(denom) as multiple from there group by 1, 2
    ), totals as (
        select t.customer_id, t.currency, sum(t.numer * (m.multiple / t.denom)) as numer, m.multiple as denom
          from there t join multiples m using (customer_id, currency) group by t.customer_id, t.currency, m.multiple
    ), paying as (
        insert into customer_mrr (customer_id, currency, numer, denom, ever_paid)
        select customer_id, currency, numer / gcd(numer, denom), denom / gcd(numer, denom), true from totals
        returning *
    ), gone as (
        -- None now, but there was.
        insert into customer_mrr (customer_id, currency, numer, denom, ever_paid)
        select distinct s.customer_id, s.currency, 0, 1, true
          from subscriptions s
         where exists (select from subscription_history h where h.subscription_id = s.id and h.to_status = 'active')
           and exists (select from subscription_items i
                        where i.subscription_id = s.id and i.unit_amount_minor > 0)
           and not exists (select from totals t where t.customer_id = s.customer_id and t.currency = s.currency)
           and not exists (select from customer_mrr c where c.customer_id = s.customer_id and c.currency = s.currency)
    ), cohorts as (
        insert into customer_cohorts (customer_id, first_subscription_at, first_purchase_at)
        select s.customer_id, min(s.first_at),
               coalesce(min(s.paid_at), min(s.first_at) filter (where exists (
                   select from totals t where t.customer_id = s.customer_id)))
          from (select s.customer_id,
                       (select min(p.starts_at) from subscription_periods p where p.subscription_id = s.id) as first_at,
                       (select min(p.starts_at) from subscription_periods p
                          join invoices i on i.subscription_id = p.subscription_id and i.period_index = p.period_index
                         where p.subscription_id = s.id and p.kind = 'service' and i.total_minor > 0) as paid_at
                  from subscriptions s) s
         group by s.customer_id having min(s.first_at) is not null
        on conflict do nothing
    ), opened as (
        insert into mrr_movements (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom,
                                   before_numer, before_denom, after_numer, after_denom, plan_after, total_numer, total_denom)
        select t.customer_id, t.currency, t.subscription_id, t.version, business_now(t.clock_id), 'new', t.numer, t.denom,
               0, 1, t.numer, t.denom, t.plan_id, p.numer, p.denom
          from there t join paying p using (customer_id, currency)
         order by t.customer_id, t.subscription_id
        returning 1
    )
    select count(*) from opened
$$;
comment on function perennial.open_mrr_ledger() is
    'Begins the ledger of customers who have none: what they contribute is a movement `new` of business now, since nobody wrote down what they contributed before. Answers with how many movements that were.';

create or replace function perennial.check_mrr_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    with parts as (
        select customer_id, currency, 'subscriptions' as what, denom, sum(numer) as numer from subscription_mrr group by 1, 2, 4
        union all
        select customer_id, currency, 'total', denom, numer from customer_mrr
        union all
        select customer_id, currency, 'movements', amount_denom, sum(amount_numer) from mrr_movements group by 1, 2, 4
    ), multiples as (
        select customer_id, currency, lcm_of(denom) as multiple from parts group by 1, 2
    ), sums as (
        select p.customer_id, p.currency, m.multiple,
               coalesce(sum(p.numer * (m.multiple / p.denom)) filter (where p.what = 'movements'), 0) as moved,
               coalesce(sum(p.numer * (m.multiple / p.denom)) filter (where p.what = 'subscriptions'), 0) as contributed,
               coalesce(sum(p.numer * (m.multiple / p.denom)) filter (where p.what = 'total'), 0) as total
          from parts p join multiples m using (customer_id, currency)
         group by 1, 2, 3
    )
    select 'I17', customer_id || ' ' || currency,
           'movements come to ' || moved || '/' || multiple || ', subscriptions to ' || contributed || '/' || multiple
      from sums where moved <> contributed
    union all
    select 'I17', customer_id || ' ' || currency,
           'movements come to ' || moved || '/' || multiple || ', the total says ' || total || '/' || multiple
      from sums where moved <> total
    union all
    select 'I17', c.subscription_id::text, 'decision ' || c.decision || ' moved it from ' || c.before_numer || '/' || c.before_denom
           || ', the one before left it at ' || coalesce(c.stood_numer, 0) || '/' || coalesce(c.stood_denom, 1)
      from (select *, lag(after_numer) over w as stood_numer, lag(after_denom) over w as stood_denom
              from mrr_movements window w as (partition by subscription_id order by decision)) c
     where (c.before_numer, c.before_denom) <> (coalesce(c.stood_numer, 0), coalesce(c.stood_denom, 1))
    union all
    select 'I17', subscription_id::text, 'decision ' || decision || ' did not move it by what it says'
      from mrr_movements
     where amount_numer * before_denom * after_denom
           <> (after_numer * before_denom - before_numer * after_denom) * amount_denom
    union all
    select 'I17', m.subscription_id::text, 'a movement of decision ' || m.decision || ' is not in the audit log'
      from mrr_movements m
     where not exists (select from audit_log a where a.subject_id = m.subscription_id and a.version = m.decision)
    union all
    select 'I17', coalesce(m.subscription_id, d.subscription_id)::text, 'decision ' || coalesce(m.decision, d.decision)
           || case when d.decision is null then ' moved it, and is not noted to' else ' is noted to have moved it, and did not' end
      from mrr_movements m full join mrr_decisions d on d.subscription_id = m.subscription_id and d.decision = m.decision
     where d.decision is null or m.decision is null
    union all
    select 'I17', m.customer_id || ' ' || m.currency, 'was new ' || count(distinct m.at) || ' times'
      from mrr_movements m where m.kind = 'new' group by m.customer_id, m.currency having count(distinct m.at) > 1
    union all
    select 'I17', m.customer_id || ' ' || m.currency, 'has paid, and has no first purchase'
      from customer_mrr m left join customer_cohorts c using (customer_id)
     where m.numer > 0 and c.first_purchase_at is null
$$;
comment on function perennial.check_mrr_invariants() is
    'What does not hold of recurring revenue (I17): movements come to what subscriptions contribute, per customer and currency, and each follows from the one before.';
