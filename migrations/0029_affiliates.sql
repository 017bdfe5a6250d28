-- Who brought which customer and what they are owed for it; and what features cost and bring.

create table perennial.affiliates (
    code text collate "C" primary key check (code ~ '^[a-z0-9][a-z0-9_-]{0,59}$'),
    name text not null check (name !~ '[[:cntrl:]]' and length(name) between 1 and 200),
    email text not null check (email ~ '^[^@\s]+@[^@\s]+$'),
    created_at timestamptz not null default now()
);
comment on table perennial.affiliates is 'People and companies who bring customers.';

create table perennial.referrals (
    -- no foreign key: it may be told of together with the event that brings the customer
    customer_id uuid primary key,
    affiliate_code text collate "C" not null references perennial.affiliates,
    key text collate "C" not null unique check (length(key) between 1 and 200),
    -- business time
    at timestamptz not null check (isfinite(at)),
    recorded_at timestamptz not null default now()
);
comment on table perennial.referrals is 'Who brought a customer: the first to say so, for ever.';
select perennial.make_append_only('perennial.referrals');

create table perennial.commission_rules (
    id uuid primary key default gen_random_uuid(),
    -- null: whoever has no rule of their own
    affiliate_code text collate "C" references perennial.affiliates,
    -- percent of what was paid, exactly: 25/2 is 12.5 %
    percent_numer bigint check (percent_numer > 0),
    percent_denom bigint check (percent_denom > 0),
    -- or so many minor units of `currency` for each payment in it
    fixed_minor bigint check (fixed_minor > 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    -- once: for the first payment; recurring: for invoices of so many months, from that of the first payment on
    duration text not null check (duration in ('once', 'recurring')),
    months integer check (months between 1 and 1200),
    -- how long after the payment the commission is kept back
    hold_days integer not null default 30 check (hold_days between 0 and 3650),
    -- holds for customers who are referred in [active_from, active_until)
    active_from timestamptz not null default perennial.business_now(),
    active_until timestamptz check (active_until > active_from),
    created_at timestamptz not null default now(),
    constraint percent_or_fixed_amount check (num_nonnulls(percent_numer, fixed_minor) = 1),
    constraint percent_is_a_fraction check ((percent_numer is null) = (percent_denom is null)),
    constraint percent_at_most_100 check (percent_numer / 100.0 <= percent_denom),
    constraint fixed_amount_has_a_currency check ((fixed_minor is null) = (currency is null)),
    constraint recurring_has_months check ((duration = 'recurring') = (months is not null)),
    constraint one_active_rule exclude using gist ((coalesce(affiliate_code, '')) with =, (coalesce(currency, '')) with =,
                        tstzrange(active_from, active_until) with &&)
);
comment on table perennial.commission_rules is
    'What is paid for a referral. A customer''s payments keep the rule that was active when they were referred: an affiliate''s own before that of all, an amount in the payment''s currency before a percentage.';

create function perennial.keep_rule() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        perform refuse_field('commission_rules', 'are not deleted: set active_until');
    elsif to_jsonb(new) - 'active_until' <> to_jsonb(old) - 'active_until' then
        perform refuse_field('commission_rules', 'keep their terms: end this one with active_until and add another');
    elsif new.active_until is distinct from old.active_until
          and least(coalesce(old.active_until, 'infinity'), coalesce(new.active_until, 'infinity')) < business_now() then
        perform refuse_field('active_until', format('cannot be %s: customers were referred on these terms until now', new.active_until));
    end if;
    return new;
end
$$;
comment on function perennial.keep_rule() is 'What was promised for a referral stays promised.';
create trigger keep_rule before update or delete on perennial.commission_rules
    for each row execute function perennial.keep_rule();

create table perennial.commissions (
    payment_id uuid not null references perennial.payments,
    -- 0: what was earned; then each change of what went back of the payment
    position integer not null check (position >= 0),
    -- reversed: so much less, since money went back; reinstated: so much again, since it came again
    kind text not null check (kind in ('accrued', 'reversed', 'reinstated')),
    affiliate_code text collate "C" not null references perennial.affiliates,
    customer_id uuid not null,
    clock_id uuid not null,
    rule_id uuid not null references perennial.commission_rules,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- zero where less than half a unit was earned: the payment is dealt with
    amount_minor bigint not null,
    -- when the payment came in, or went back (business time)
    at timestamptz not null,
    payable_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (payment_id, position),
    check ((kind = 'accrued') = (position = 0)),
    check (case kind when 'accrued' then amount_minor >= 0 when 'reversed' then amount_minor < 0 else amount_minor > 0 end)
);
comment on table perennial.commissions is
    'What is owed for payments of referred customers: earned once per payment, and less by the share of it that went back.';
create index commissions_affiliate on perennial.commissions (affiliate_code, currency, payable_at);
create index commissions_customer on perennial.commissions (customer_id, rule_id);
select perennial.make_append_only('perennial.commissions');

create index payments_succeeded on perennial.payments (customer_id, settled_at) where status = 'succeeded';

create view perennial.payable_commissions as
    select c.affiliate_code, c.currency,
           coalesce(sum(c.amount_minor) filter (where c.payable_at <= k.now), 0) as payable_minor,
           coalesce(sum(c.amount_minor) filter (where c.payable_at > k.now), 0) as held_minor,
           min(c.payable_at) filter (where c.payable_at > k.now) as next_payable_at
      from perennial.commissions c
      join (select id, perennial.business_now(id) as now from perennial.clocks offset 0) k on k.id = c.clock_id
     group by c.affiliate_code, c.currency;
comment on view perennial.payable_commissions is
    'What each affiliate is owed, per currency: what may be paid out, and what is kept back. A reversal during the hold is set off within it.';

------------------------------------------------------------------------------------- checks

create function perennial.check_key(key text) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if length(key) between 1 and 200 is not true then
        perform refuse_field('key', 'must have 1 to 200 characters');
    end if;
end
$$;
comment on function perennial.check_key is 'Refuses what does not name an occasion.';

create function perennial.check_past(field text, at timestamptz, now timestamptz) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if not isfinite(at) or at < '1970-01-01Z' or at > now then
        perform refuse_field(field, format('must lie between 1970 and now (%s), is %s', now, at));
    end if;
end
$$;
comment on function perennial.check_past is 'Refuses an instant at which nothing can have happened yet.';

------------------------------------------------------------------------------------- referrals

create function perennial.refer_customer(customer uuid, affiliate_code text, key text, at timestamptz default null) returns boolean
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
        perform refuse_field('customer', format('%s is not known: emit customer.upserted first', coalesce(customer::text, 'null')));
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

------------------------------------------------------------------------------------- commissions

create function perennial.commission_rule_of(affiliate text, currency text, referred_at timestamptz)
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

create function perennial.commission_of(rule perennial.commission_rules, amount_minor bigint) returns bigint
language sql immutable
set search_path = perennial, pg_temp as $$
    -- half up, in whole numbers: (2 a + b) / 2 b, cut off
    select coalesce(rule.fixed_minor,
                    div(2 * amount_minor::numeric * rule.percent_numer + 100::numeric * rule.percent_denom,
                        200::numeric * rule.percent_denom)::bigint)
$$;
comment on function perennial.commission_of is 'What a rule gives for a payment, rounded half up, once.';

create view perennial.commissions_due as
    select c.payment_id, c.customer_id, sum(c.amount_minor) as stands_minor, max(c.position) as position,
           -- what was earned, less the share of it that went back, rounded half up
           max(c.amount_minor) filter (where c.position = 0)
               - div(2 * max(c.amount_minor) filter (where c.position = 0)::numeric * (p.refunded_minor + p.disputed_minor)
                     + p.amount_minor, 2 * p.amount_minor::numeric)::bigint as due_minor
      from perennial.commissions c join perennial.payments p on p.id = c.payment_id
     group by c.payment_id, c.customer_id, p.id;
comment on view perennial.commissions_due is 'What the commission of each payment stands at, and what it should.';

create function perennial.correct_commissions(customers uuid[]) returns void
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
             order by p.id for no key update) l;
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
create function perennial.accrue_commissions_of(customers uuid[]) returns bigint
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

create function perennial.accrue_commissions(after uuid, customers_max integer, out accrued bigint, out reached uuid)
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

------------------------------------------------------------------------------------- return on investment

create table perennial.roi_events (
    key text collate "C" primary key check (length(key) between 1 and 200),
    kind text not null check (kind in ('cost', 'revenue')),
    -- what it was for: a feature, a single query, or a query of a feature
    feature text collate "C" check (feature ~ '^[a-z][a-z0-9_]{0,59}$'),
    query_id text collate "C" check (length(query_id) between 1 and 200),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- business time
    at timestamptz not null check (isfinite(at)),
    recorded_at timestamptz not null default now(),
    constraint feature_or_query check (num_nonnulls(feature, query_id) >= 1)
);
comment on table perennial.roi_events is 'What features and queries cost and bring, each event once.';
create index roi_events_feature on perennial.roi_events (feature, at) where feature is not null;
create index roi_events_query on perennial.roi_events (query_id, at) where query_id is not null;
select perennial.make_append_only('perennial.roi_events');

create function perennial.record_roi_event(
    key text, kind text, amount_minor bigint, currency text, feature text default null, query_id text default null,
    at timestamptz default null
) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    said roi_events;
begin
    perform check_key(key);
    if kind in ('cost', 'revenue') is not true then
        perform refuse_field('kind', format('must be cost or revenue, is %s', coalesce(kind, 'null')));
    elsif amount_minor > 0 is not true then
        perform refuse_field('amount_minor', format('must be above zero, is %s', coalesce(amount_minor::text, 'null')));
    elsif currency ~ '^[A-Z]{3}$' is not true then
        perform refuse_field('currency', format('must be an ISO 4217 code in capitals, is %s', coalesce(currency, 'null')));
    elsif num_nonnulls(feature, query_id) = 0 then
        perform refuse_field('feature', 'is required, or query_id is');
    elsif feature !~ '^[a-z][a-z0-9_]{0,59}$' then
        perform refuse_field('feature', format('must be lower case letters, digits and _, is %s', feature));
    elsif length(query_id) not between 1 and 200 then
        perform refuse_field('query_id', 'must have 1 to 200 characters');
    end if;
    perform check_past('at', at, business_now());
    insert into roi_events values (key, kind, feature, query_id, amount_minor, currency, coalesce(at, business_now()))
    on conflict do nothing;
    if found then
        return true;
    end if;
    select * into said from roi_events e where e.key = key;
    if (said.kind, said.amount_minor, said.currency, said.feature, said.query_id)
       is distinct from (kind, amount_minor, currency, feature, query_id) or said.at <> coalesce(at, said.at) then
        perform refuse_field('key', format('%s names another event', key));
    end if;
    return false;
end
$$;
comment on function perennial.record_roi_event is
    'Notes what a feature or query cost or brought (`at` null: now). False: a repeat of the same event.';

create function perennial.roi(feature text, since timestamptz, until timestamptz, query_id text default null)
returns table (currency text, cost_minor numeric, revenue_minor numeric, net_minor numeric,
               ratio_numer numeric, ratio_denom numeric)
language plpgsql stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
begin
    if roi.since < roi.until is not true then
        perform refuse_field('until', format('must lie after since (%s), is %s', coalesce(roi.since::text, 'null'),
            coalesce(roi.until::text, 'null')));
    elsif num_nonnulls(roi.feature, roi.query_id) = 0 then
        perform refuse_field('feature', 'is required, or query_id is');
    elsif roi.feature is not null and not exists (select from roi_events e where e.feature = roi.feature) then
        perform refuse_field('feature', format('nothing is recorded of %s', roi.feature));
    elsif roi.query_id is not null and not exists (select from roi_events e where e.query_id = roi.query_id) then
        perform refuse_field('query_id', format('nothing is recorded of %s', roi.query_id));
    end if;
    return query
    select s.currency, s.cost, s.revenue, s.revenue - s.cost,
           case when s.cost > 0 then div(s.revenue - s.cost, gcd(s.revenue - s.cost, s.cost)) end,
           case when s.cost > 0 then div(s.cost, gcd(s.revenue - s.cost, s.cost)) end
      from (select e.currency, coalesce(sum(e.amount_minor) filter (where e.kind = 'cost'), 0) as cost,
                   coalesce(sum(e.amount_minor) filter (where e.kind = 'revenue'), 0) as revenue
              from roi_events e
             where (roi.feature is null or e.feature = roi.feature)
               and (roi.query_id is null or e.query_id = roi.query_id)
               and e.at >= roi.since and e.at < roi.until
             group by e.currency) s
     order by s.currency;
end
$$;
comment on function perennial.roi is
    'What a feature (and, or, a query) cost and brought in [since, until), per currency: the ratio is net by cost as a reduced fraction, null without cost.';

------------------------------------------------------------------------------------- invariants

create function perennial.check_commission_invariants() returns table (invariant text, subject text, problem text)
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

alter function perennial.check_invariants() rename to check_invariants_before_commissions;
create function perennial.check_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select * from check_invariants_before_commissions()
    union all
    select * from check_commission_invariants()
$$;
comment on function perennial.check_invariants() is 'What does not hold (RELIABILITY: I1-I7, I10, I12-I14, I16-I18). Nothing: all is well.';
comment on function perennial.check_invariants_before_commissions() is 'What does not hold of all but commissions.';

select perennial.grant_rights();
