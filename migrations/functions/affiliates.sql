-- Referrals and commissions.

create or replace function perennial.keep_rule() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        perform refuse_field('commission_rules', 'are not deleted: set active_until', 'Set active_until.', 'restrict_violation');
    elsif to_jsonb(new) - 'active_until' <> to_jsonb(old) - 'active_until' then
        perform refuse_field('commission_rules', 'keep their terms: end this one with active_until and add another',
            'Set active_until of this one, and insert another.', 'restrict_violation');
    elsif new.active_until is distinct from old.active_until
          and least(coalesce(old.active_until, 'infinity'), coalesce(new.active_until, 'infinity')) < business_now() then
        perform refuse_field('active_until', format('cannot be %s: customers were referred on these terms until now', new.active_until));
    end if;
    return new;
end
$$;
comment on function perennial.keep_rule() is 'What was promised for a referral stays promised.';
create or replace trigger keep_rule before update or delete on perennial.commission_rules
    for each row execute function perennial.keep_rule();

create or replace view perennial.payable_commissions as
    select c.affiliate_code, c.currency,
           coalesce(sum(c.amount_minor) filter (where c.payable_at <= k.now), 0) as payable_minor,
           coalesce(sum(c.amount_minor) filter (where c.payable_at > k.now), 0) as held_minor,
           min(c.payable_at) filter (where c.payable_at > k.now) as next_payable_at
      from perennial.commissions c
      join (select id, perennial.business_now(id) as now from perennial.clocks offset 0) k on k.id = c.clock_id
     group by c.affiliate_code, c.currency;
comment on view perennial.payable_commissions is
    'What each affiliate is owed, per currency: what may be paid out, and what is kept back. A reversal during the hold is set off within it.';

create or replace function perennial.refer_customer(customer uuid, affiliate_code text, key text, at timestamptz default null) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    known record;
    affiliate affiliates;
    said referrals;
    moment timestamptz;
begin
    perform check_key(key);
    select k.clock_id, k.email into known
      from (select c.clock_id, c.email, 0 as position from customers c where c.id = customer
            union all
            select e.clock_id, e.data ->> 'email', 1 from lifecycle_events e
             where e.subject = customer and e.type = 'customer.upserted') k
     order by k.position limit 1;
    select * into affiliate from affiliates a where a.code = affiliate_code;
    moment := business_now(known.clock_id);
    if known.clock_id is null then
        perform refuse_id('customer', customer, 'Emit customer.upserted first, in the same transaction if you like.');
    elsif affiliate.code is null then
        perform refuse_field('affiliate_code', format('%s is not an affiliate', coalesce(affiliate_code, 'null')));
    elsif lower(affiliate.email) = lower(known.email) then
        perform refuse_field('affiliate_code', format('%s is the customer: nobody refers themselves', affiliate_code));
    end if;
    perform check_past('at', at, moment);
    insert into referrals values (customer, affiliate_code, key, coalesce(at, moment)) on conflict do nothing;
    select * into said from referrals r where r.key = key;
    if said.key is null then
        return false;
    elsif (said.customer_id, said.affiliate_code) <> (customer, affiliate_code) or said.at <> coalesce(at, said.at) then
        perform refuse_field('key', format('%s names another referral', key));
    end if;
    return true;
end
$$;
comment on function perennial.refer_customer is
    'Notes who brought a customer (`at` null: now). True: so it is, also when it is said again with the same key; false: another referral was there before, and holds.';

create or replace function perennial.commission_rule_of(affiliate text, currency text, referred_at timestamptz)
returns setof perennial.commission_rules
language sql stable
set search_path = perennial, pg_temp as $$
    select r.* from commission_rules r
     where (r.affiliate_code is null or r.affiliate_code = affiliate)
       and (r.currency is null or r.currency = commission_rule_of.currency)
       and r.active_from <= referred_at and (r.active_until is null or r.active_until > referred_at)
     order by r.affiliate_code is null, r.currency is null limit 1
$$;
comment on function perennial.commission_rule_of is 'The terms of a referral, for payments in a currency.';

create or replace function perennial.commission_of(rule perennial.commission_rules, amount_minor bigint) returns bigint
language sql immutable
set search_path = perennial, pg_temp as $$
    -- half up, in whole numbers: (2 a + b) / 2 b, cut off
    select coalesce(rule.fixed_minor,
                    div(2 * amount_minor::numeric * rule.percent_numer + 100::numeric * rule.percent_denom,
                        200::numeric * rule.percent_denom)::bigint)
$$;
comment on function perennial.commission_of is 'What a rule gives for a payment, rounded half up, once.';

create or replace view perennial.commissions_due as
    select c.payment_id, c.customer_id, sum(c.amount_minor) as stands_minor, max(c.position) as position,
           -- what was earned, less the share of it that went back, rounded half up
           max(c.amount_minor) filter (where c.position = 0)
               - div(2 * max(c.amount_minor) filter (where c.position = 0)::numeric * (p.refunded_minor + p.disputed_minor)
                     + p.amount_minor, 2 * p.amount_minor::numeric)::bigint as due_minor
      from perennial.commissions c join perennial.payments p on p.id = c.payment_id
     group by c.payment_id, c.customer_id, p.id;
comment on view perennial.commissions_due is 'What the commission of each payment stands at, and what it should.';

create or replace function perennial.correct_commissions(customers uuid[]) returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    wrong uuid[];
begin
    -- Nothing goes back of them meanwhile.
    select array_agg(l.id) into wrong
      from (select p.id from payments p
             where p.id in (select d.payment_id from commissions_due d
                             where d.customer_id = any (customers) and d.stands_minor <> d.due_minor)
             -- Whoever tells of a refund at this moment is not waited for: the next look finds it.
             order by p.id for no key update skip locked) l;
    if wrong is null then
        return;
    end if;
    insert into commissions (payment_id, position, kind, affiliate_code, customer_id, clock_id, rule_id, currency,
                             amount_minor, at, payable_at)
    select c.payment_id, d.position + 1, case when d.due_minor < d.stands_minor then 'reversed' else 'reinstated' end,
           c.affiliate_code, c.customer_id, c.clock_id, c.rule_id, c.currency, d.due_minor - d.stands_minor,
           b.at, greatest(c.payable_at, b.at)
      from commissions_due d
      join commissions c on c.payment_id = d.payment_id and c.position = 0
     cross join lateral (
           select coalesce(max(t.at), business_now(c.clock_id)) as at
             from (select r.at from refunds r where r.payment_id = d.payment_id
                   union all select s.opened_at from disputes s where s.payment_id = d.payment_id
                   union all select s.closed_at from disputes s where s.payment_id = d.payment_id and s.status = 'won') t) b
     where d.payment_id = any (wrong) and d.stands_minor <> d.due_minor;
end
$$;
comment on function perennial.correct_commissions is
    'Brings the commissions of these customers'' payments to what they should be: less where money went back, more where it came again.';

-- The months are those of what was billed, on the wall clock of its subscription: a payment that
-- comes late counts like one on time.
create or replace function perennial.accrue_commissions_of(customers uuid[]) returns bigint
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    fresh bigint;
begin
    with paid as (
        select p.id, p.customer_id, p.clock_id, p.amount_minor, p.currency, p.settled_at as paid_at, i.issued_at,
               r.affiliate_code, r.at as referred_at, coalesce(s.anchor_zone, c.time_zone) as zone,
               first_value(i.issued_at) over payments as first_issued_at, row_number() over payments as position
          from referrals r
          join customers c on c.id = r.customer_id
          join payments p on p.customer_id = r.customer_id and p.status = 'succeeded' and p.settled_at >= r.at
          join invoices i on i.id = p.invoice_id
          left join subscriptions s on s.id = p.subscription_id
         where r.customer_id = any (customers)
        window payments as (partition by p.customer_id order by p.settled_at, p.id)
    ), added as (
        insert into commissions (payment_id, position, kind, affiliate_code, customer_id, clock_id, rule_id, currency,
                                 amount_minor, at, payable_at)
        select p.id, 0, 'accrued', p.affiliate_code, p.customer_id, p.clock_id, rule.id, p.currency,
               commission_of(rule, p.amount_minor), p.paid_at, p.paid_at + make_interval(hours => 24 * rule.hold_days)
          from paid p
         cross join lateral commission_rule_of(p.affiliate_code, p.currency, p.referred_at) rule
         where not exists (select from commissions d where d.payment_id = p.id and d.kind = 'accrued')
           and case rule.duration
                    when 'once' then p.position = 1 and not exists (
                        select from commissions d where d.customer_id = p.customer_id and d.rule_id = rule.id)
                    else p.issued_at < (p.first_issued_at at time zone p.zone + make_interval(months => rule.months))
                                       at time zone p.zone end
         order by p.id
        on conflict do nothing
        returning 1
    )
    select count(*) into fresh from added;
    perform correct_commissions(customers);
    return fresh;
end
$$;
comment on function perennial.accrue_commissions_of is
    'Notes what is owed for payments of these customers that came in since they were referred, and what is not since they went back. Answers with how many are new.';

create or replace function perennial.accrue_commissions(after uuid, customers_max integer, out accrued bigint, out reached uuid)
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    next_customers uuid[];
begin
    select array_agg(n.customer_id order by n.customer_id) into next_customers
      from (select r.customer_id from referrals r where r.customer_id > after order by r.customer_id limit customers_max) n;
    accrued := coalesce(accrue_commissions_of(next_customers), 0);
    reached := next_customers[cardinality(next_customers)];
end
$$;
comment on function perennial.accrue_commissions is
    'One step through the referred customers: how many commissions are new, and the customer to go on after (null: done).';

create or replace function perennial.check_commission_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select 'I18', c.payment_id::text, 'a commission of ' || c.amount_minor || ', its rule gives ' || commission_of(r, p.amount_minor)
      from commissions c join payments p on p.id = c.payment_id join commission_rules r on r.id = c.rule_id
     where c.kind = 'accrued' and c.amount_minor <> commission_of(r, p.amount_minor)
    union all
    select 'I18', c.payment_id::text, 'a commission for a payment that is ' || p.status || ' and of ' || p.currency
      from commissions c join payments p on p.id = c.payment_id
     where p.status <> 'succeeded' or p.currency <> c.currency or p.customer_id <> c.customer_id
    union all
    select 'I18', c.payment_id::text, 'a commission for ' || c.affiliate_code || ', who did not bring the customer'
      from commissions c
     where not exists (select from referrals r where r.customer_id = c.customer_id and r.affiliate_code = c.affiliate_code)
    union all
    select 'I18', d.payment_id::text, 'a commission that stands at ' || d.stands_minor || ', and is ' || coalesce(d.due_minor, 0)
      from commissions_due d where d.stands_minor is distinct from d.due_minor
    union all
    select 'I18', c.payment_id::text, 'a ' || c.kind || ' commission of another affiliate, rule or currency than was earned'
      from commissions c left join commissions a on a.payment_id = c.payment_id and a.position = 0
     where (c.affiliate_code, c.rule_id, c.currency) is distinct from (a.affiliate_code, a.rule_id, a.currency)
$$;
comment on function perennial.check_commission_invariants is
    'What does not hold of commissions (I18): each is what its rule gives for a payment that came in, less the share of it that went back.';
