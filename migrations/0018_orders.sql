-- Orders: packages of tokens, bought once through the payment port, by hand or by themselves.

create table perennial.token_packages (
    code text collate "C" primary key check (code ~ '^[a-z][a-z0-9_-]{0,59}$'),
    -- as an invoice and a receipt call it
    name text not null check (name !~ '[[:cntrl:]]'),
    unit text collate "C" not null references perennial.token_units,
    tokens bigint not null check (tokens between 1 and 1000000000),
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table perennial.token_packages is 'Tokens that can be bought. What was paid for never expires.';

create table perennial.token_package_prices (
    package text collate "C" not null references perennial.token_packages,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- minor units for one package
    amount_minor bigint not null check (amount_minor between 1 and 99999999),
    primary key (package, currency)
);
comment on table perennial.token_package_prices is 'What a package costs.';
insert into perennial.token_packages (code, name, unit, tokens) values ('tokens_100', '100 tokens', 'tokens', 100);
insert into perennial.token_package_prices (package, currency, amount_minor) values ('tokens_100', 'USD', 1000);

create table perennial.orders (
    id uuid primary key,
    customer_id uuid not null references perennial.customers,
    clock_id uuid not null,
    -- top_up: placed by a wallet that ran low
    kind text not null check (kind in ('purchase', 'top_up')),
    status text not null check (status in ('pending', 'paid', 'failed')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint not null check (total_minor > 0),
    -- names the occasion: there is one order of it
    key text collate "C" not null unique check (length(key) between 1 and 300),
    placed_at timestamptz not null,
    closed_at timestamptz,
    -- why it failed, or why an operator has to look
    reason text,
    -- how many decisions were taken: one audit row each
    version bigint not null,
    check ((status = 'pending') = (closed_at is null))
);
comment on table perennial.orders is 'What customers buy once.';
create index orders_customer on perennial.orders (customer_id, placed_at);

create table perennial.order_items (
    order_id uuid not null references perennial.orders,
    position integer not null,
    package text collate "C" not null references perennial.token_packages,
    description text not null,
    quantity bigint not null check (quantity between 1 and 1000),
    unit_amount_minor bigint not null check (unit_amount_minor > 0),
    amount_minor bigint not null check (amount_minor > 0),
    -- what is granted when it is paid
    unit text collate "C" not null references perennial.token_units,
    tokens bigint not null check (tokens > 0),
    primary key (order_id, position)
);
comment on table perennial.order_items is 'What an order consists of, as agreed when it was placed.';

------------------------------------------------------------------------------- invoices of orders

alter table perennial.invoices
    alter column subscription_id drop not null,
    add column order_id uuid references perennial.orders,
    drop constraint invoices_kind_check,
    drop constraint invoices_subject,
    add constraint invoices_kind_check check (kind in ('period', 'final', 'order')) not valid,
    add constraint invoices_subject check (
        (kind = 'order') = (order_id is not null)
        and (kind = 'period') = (subscription_id is not null and period_index is not null)
        and num_nonnulls(subscription_id, order_id) = 1) not valid;
alter table perennial.invoices validate constraint invoices_kind_check;
alter table perennial.invoices validate constraint invoices_subject;
comment on table perennial.invoices is
    'What was billed: one per subscription, period and kind, final ones of what an ended subscription used beyond its limits, and one per order.';
create unique index invoices_order on perennial.invoices (order_id) where order_id is not null;

alter table perennial.invoice_items drop constraint invoice_items_kind_check,
    add constraint invoice_items_kind_check check (kind in (
        'subscription', 'setup_fee', 'proration', 'carried_balance', 'overage', 'late_usage', 'package')) not valid;
alter table perennial.invoice_items validate constraint invoice_items_kind_check;

alter table perennial.payments
    alter column subscription_id drop not null,
    add column order_id uuid,
    add constraint payments_subject check (num_nonnulls(subscription_id, order_id) = 1) not valid;
alter table perennial.payments validate constraint payments_subject;
create unique index payments_order_in_flight on perennial.payments (order_id)
    where order_id is not null and status in ('planned', 'executing', 'unknown', 'processing');

alter table perennial.ledger_entries
    alter column subscription_id drop not null,
    add column order_id uuid,
    add constraint ledger_entries_subject check (num_nonnulls(subscription_id, order_id) = 1) not valid;
alter table perennial.ledger_entries validate constraint ledger_entries_subject;

alter table perennial.emails add column order_id uuid;

alter table perennial.audit_log drop constraint audit_log_subject_kind_check,
    add constraint audit_log_subject_kind_check check (subject_kind in ('subscription', 'customer', 'order')) not valid;
alter table perennial.audit_log validate constraint audit_log_subject_kind_check;

------------------------------------------------------------------------------------- placing

-- To add a type of event: a row here, a check where its fields' rules are not all, and its line in
-- jobs/src/inbox.rs.
alter table perennial.event_types
    drop constraint event_types_subject_check,
    -- but for customers, rows of the table with the plural's name, which have a customer_id
    add constraint event_types_subject_check check (subject ~ '^[a-z]+$'),
    -- function of an event (its `at` null: now) that refuses it where the world is not so
    add column check_function text,
    -- whether an event_id that comes again must say the same again
    add column repeats text not null default 'ignored' check (repeats in ('ignored', 'compared'));
update perennial.event_types set check_function = 'check_new_subscription' where type = 'subscription.created';
insert into perennial.event_types (type, subject, check_function, fields, description) values
    ('order.placed', 'order', 'check_new_order', '{
        "customer": {"type": "uuid", "required": true},
        "package": {"type": "text", "required": true},
        "quantity": {"type": "integer", "min": 1, "max": 1000},
        "currency": {"type": "currency"}}',
     'A customer buys packages of tokens.');

create function perennial.check_package(data jsonb) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    chosen token_packages;
begin
    select * into chosen from token_packages p where p.code = data ->> 'package' and p.active;
    if chosen.code is null then
        perform refuse_field('package', format('%s is not a package; known are %s', data -> 'package',
            (select string_agg(p.code, ', ' order by p.code) from token_packages p where p.active)));
    end if;
    if not exists (select from token_package_prices r
                    where r.package = chosen.code and r.currency = coalesce(data ->> 'currency', 'USD')) then
        perform refuse_field('currency', format('package %s is not sold in %s; it is in %s', chosen.code,
            coalesce(data ->> 'currency', 'USD'),
            (select string_agg(r.currency, ', ' order by r.currency) from token_package_prices r where r.package = chosen.code)));
    end if;
end
$$;
comment on function perennial.check_package(jsonb) is 'Checks what an order asks for against what is sold.';

create function perennial.check_new_order(event perennial.lifecycle_events) returns void
language sql stable as $$ select perennial.check_package(event.data) $$;
comment on function perennial.check_new_order is 'The check of order.placed.';

create function perennial.check_new_subscription(event perennial.lifecycle_events) returns void
language sql stable as $$ select perennial.check_catalog(event.data) $$;
comment on function perennial.check_new_subscription is 'The check of subscription.created.';

create or replace function perennial.customer_of(subject_kind text, subject uuid, data jsonb) returns uuid
language plpgsql stable as $$
declare
    found_customer uuid;
begin
    if subject_kind = 'customer' then
        return subject;
    end if;
    execute format('select customer_id from perennial.%I where id = $1', subject_kind || 's')
       into found_customer using subject;
    if found_customer is null and subject_kind = 'subscription' then
        -- not processed yet, or being created by this very event
        select e.customer_id into found_customer from perennial.lifecycle_events e
         where e.subject = customer_of.subject and e.type = 'subscription.created' order by e.seq limit 1;
    end if;
    if found_customer is null then
        perform perennial.refuse_field('subject', format('%s %s is not known', subject_kind, subject));
    end if;
    return found_customer;
end
$$;

create function perennial.check_told_again(said perennial.lifecycle_events, again perennial.lifecycle_events) returns void
language plpgsql stable as $$
begin
    if exists (select from perennial.event_types t where t.type in (said.type, again.type) and t.repeats = 'compared')
       and ((said.type, said.subject, said.data) is distinct from (again.type, again.subject, again.data)
            or said.at <> again.at) then
        perform perennial.refuse_field('event_id', format('%s names another event', said.event_id));
    end if;
end
$$;
comment on function perennial.check_told_again is 'Refuses another event under the name of one that was told before, where that matters.';

create or replace function perennial.emit(type text, subject uuid, data jsonb, event_id text, at timestamptz default null)
returns bigint
language plpgsql security definer
set search_path = perennial, pg_temp
as $$
#variable_conflict use_column
declare
    known perennial.event_types;
    said perennial.lifecycle_events;
    wish perennial.lifecycle_events;
    field text;
    whose uuid;
    clock uuid;
begin
    wish.type := emit.type;
    wish.subject := emit.subject;
    wish.data := emit.data;
    wish.at := emit.at;
    if emit.event_id is null or length(emit.event_id) not between 1 and 200 then
        perform perennial.refuse_field('event_id', 'must have 1 to 200 characters');
    end if;
    -- A repeat answers the same and does nothing.
    select * into said from perennial.lifecycle_events e where e.event_id = emit.event_id;
    if found then
        perform perennial.check_told_again(said, wish);
        return said.seq;
    end if;
    select * into known from perennial.event_types t where t.type = emit.type;
    if known.type is null then
        perform perennial.refuse_field('type', format('%s is not an event; known are %s', emit.type,
            (select string_agg(t.type, ', ' order by t.type) from perennial.event_types t)));
    end if;
    if subject is null then
        perform perennial.refuse_field('subject', format('is required: the %s', known.subject));
    end if;
    -- A customer's later events wait for it, so that one that never comes would hold them for ever.
    if emit.at > now() + interval '100 years' or emit.at < '1900-01-01' then
        perform perennial.refuse_field('at', format('must lie between 1900 and a hundred years from now, is %s', emit.at));
    end if;
    if emit.data is null or jsonb_typeof(emit.data) <> 'object' then
        perform perennial.refuse_field('data', 'must be a JSON object');
    end if;
    for field in select jsonb_object_keys(emit.data) loop
        if not known.fields ? field then
            perform perennial.refuse_field(field, format('is not a field of %s; known are %s', known.type,
                (select string_agg(k, ', ' order by k) from jsonb_object_keys(known.fields) k)));
        end if;
    end loop;
    for field in select jsonb_object_keys(known.fields) loop
        perform perennial.check_field(field, emit.data -> field, known.fields -> field);
    end loop;
    if known.fields ? 'customer' then
        whose := (emit.data ->> 'customer')::uuid;
    else
        whose := perennial.customer_of(known.subject, emit.subject, emit.data);
    end if;
    if known.type <> 'customer.upserted' and not exists (select from perennial.customers where id = whose)
       and not exists (select from perennial.lifecycle_events e where e.subject = whose and e.type = 'customer.upserted') then
        perform perennial.refuse_field('customer', format('%s is not known: emit customer.upserted first', whose));
    end if;
    if known.check_function is not null then
        execute format('select perennial.%I($1)', known.check_function) using wish;
    end if;
    clock := coalesce((select clock_id from perennial.customers where id = whose),
                      (select id from perennial.clocks where name = emit.data ->> 'clock'),
                      '00000000-0000-0000-0000-000000000000');
    insert into perennial.lifecycle_events (event_id, type, subject, customer_id, clock_id, data, at)
    values (emit.event_id, known.type, emit.subject, whose, clock, emit.data,
            coalesce(emit.at, perennial.business_now(clock)))
    on conflict (event_id) do nothing
    returning seq into wish.seq;
    if wish.seq is null then
        select * into said from perennial.lifecycle_events e where e.event_id = emit.event_id;
        perform perennial.check_told_again(said, wish);
        return said.seq;
    end if;
    perform perennial.enqueue_job('process_events', jsonb_build_object('customer', whose), whose::text);
    perform pg_notify('perennial_due', '');
    return wish.seq;
end
$$;

------------------------------------------------------------------------------------- top-up

alter table perennial.wallets
    -- bought by itself when less than top_up_below is left; null: nothing is
    add column top_up_package text collate "C" references perennial.token_packages,
    add column top_up_below bigint check (top_up_below > 0),
    -- orders in a month of the customer's calendar, at most
    add column top_ups_per_month_max integer check (top_ups_per_month_max > 0),
    -- an order is pending or was declined, or the month's are used up: none before this
    add column top_up_not_before timestamptz,
    -- when somebody has to look whether to buy (business time)
    add column top_up_at timestamptz,
    add check (num_nonnulls(top_up_package, top_up_below, top_ups_per_month_max) in (0, 3)),
    add check (top_up_package is not null or num_nonnulls(top_up_not_before, top_up_at) = 0);
create index wallets_top_up on perennial.wallets (clock_id, top_up_at) where top_up_at is not null;

create or replace function perennial.tend_wallets(customers uuid[], units text[]) returns void
language sql
set search_path = perennial, pg_temp as $$
    update wallets w
       set low_balance_told_at = case when s.balance <= w.low_balance_at then w.low_balance_told_at end,
           warn_at = case when w.low_balance_at is null then null
                          when s.balance <= w.low_balance_at and w.low_balance_told_at is null then s.moment
                          else s.turn end,
           top_up_at = case when w.top_up_package is null then null
                            when s.balance < w.top_up_below
                            then nullif(greatest(s.moment, w.top_up_not_before), 'infinity')
                            else s.turn end
      from (select distinct v.customer_id, v.unit, m.moment, tokens_at(v.customer_id, v.unit, m.moment) as balance,
                   next_turn(v.customer_id, v.unit, m.moment) as turn
              from unnest(customers, units) u (customer_id, unit)
              join wallets v on v.customer_id = u.customer_id and v.unit = u.unit
             cross join lateral (select business_now(v.clock_id) as moment) m
             where num_nonnulls(v.low_balance_at, v.top_up_package) > 0) s
     where w.customer_id = s.customer_id and w.unit = s.unit
$$;

create function perennial.set_auto_top_up(customer uuid, unit text, package text, below bigint, per_month_max integer)
returns void
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    clock uuid := check_wallet_fields(customer, set_auto_top_up.unit);
    sold token_packages;
begin
    if set_auto_top_up.package is not null then
        perform check_package(jsonb_build_object('package', set_auto_top_up.package));
        select * into sold from token_packages p where p.code = set_auto_top_up.package;
        if sold.unit <> set_auto_top_up.unit then
            perform refuse_field('package', format('%s holds %s, not %s', sold.code, sold.unit, set_auto_top_up.unit));
        end if;
        if below is null or below not between 1 and 1000000000000 then
            perform refuse_field('below', format('must be between 1 and 1000000000000, is %s', coalesce(below::text, 'null')));
        end if;
        if per_month_max is null or per_month_max not between 1 and 100 then
            perform refuse_field('per_month_max', format('must be between 1 and 100, is %s', coalesce(per_month_max::text, 'null')));
        end if;
    end if;
    insert into wallets (customer_id, unit, clock_id) values (customer, set_auto_top_up.unit, clock) on conflict do nothing;
    update wallets w
       set top_up_package = sold.code,
           top_up_below = case when sold.code is not null then below end,
           top_ups_per_month_max = case when sold.code is not null then per_month_max end,
           top_up_at = null,
           -- A pending order still holds the next one back.
           top_up_not_before = case when sold.code is not null and exists (
               select from orders o join order_items i on i.order_id = o.id
                where o.customer_id = w.customer_id and o.kind = 'top_up' and o.status = 'pending' and i.unit = w.unit)
               then 'infinity'::timestamptz end
     where w.customer_id = customer and w.unit = set_auto_top_up.unit;
    perform tend_wallets(array[customer], array[set_auto_top_up.unit]);
end
$$;
comment on function perennial.set_auto_top_up is
    'From now on a package is bought when less than `below` is left, at most so often in a month; package null: no more.';

------------------------------------------------------------------------------------- invariants

create function perennial.check_order_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp
as $$
    select 'I13', o.id::text, 'is ' || o.status || ', its invoice is ' || coalesce(i.status, 'none')
      from orders o left join invoices i on i.order_id = o.id
     where i.status is distinct from case o.status when 'pending' then 'open' when 'paid' then 'paid' else 'void' end
       -- What nothing could be charged for was never invoiced.
       and not (o.status = 'failed' and i.id is null)
    union all
    select 'I13', o.id::text, 'total ' || o.total_minor || ', items ' || t.total || ', invoice ' || coalesce(i.total_minor, t.total)
      from orders o
      left join invoices i on i.order_id = o.id
     cross join lateral (select coalesce(sum(amount_minor), 0) as total from order_items t where t.order_id = o.id) t
     where o.total_minor <> t.total or i.total_minor <> t.total
    union all
    select 'I4', t.order_id::text, 'order is ' || t.status || ', granted ' || coalesce(sum(g.amount), 0) || ' of ' || t.tokens
      from (select o.status, i.* from orders o join order_items i on i.order_id = o.id) t
      left join wallet_grants g on g.source = 'order' and g.key = 'order/' || t.order_id || '/' || t.position
     group by t.order_id, t.position, t.status, t.tokens
    having coalesce(sum(g.amount), 0) <> case when t.status = 'paid' then t.tokens else 0 end
$$;
comment on function perennial.check_order_invariants() is 'What of the orders does not hold (RELIABILITY: I4, I13).';

create or replace function perennial.check_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp
as $$
    select 'I1', invoice_id::text, count(*) || ' captured payments'
      from payments where status = 'succeeded' group by invoice_id having count(*) > 1
    union all
    select 'I2', p.id::text, 'captured ' || p.amount_minor || ', in the books ' || coalesce(sum(e.amount_minor), 0)
      from payments p left join ledger_entries e
        on e.payment_id = p.id and e.account = 'cash' and e.currency = p.currency
       and e.kind in ('payment_received', 'late_payment')
     where p.status = 'succeeded'
     group by p.id having count(e.posting_id) <> 1 or sum(e.amount_minor) <> p.amount_minor
    union all
    select 'I2', e.payment_id::text, 'in the books, but not captured'
      from ledger_entries e where e.account = 'cash'
       and not exists (select from payments p where p.id = e.payment_id and p.status = 'succeeded')
    union all
    select 'I3', g.subscription_id::text, 'period ' || g.period_index || ' starts at ' || g.starts_at
           || ', the one before ended at ' || g.before_ended_at
      from (select *, lag(ends_at) over (partition by subscription_id order by starts_at) as before_ended_at
              from subscription_periods) g
     where g.before_ended_at <> g.starts_at
       and not exists (select from subscription_history h
                        where h.subscription_id = g.subscription_id and h.edge in ('resumed', 'recovered')
                          and h.at = g.starts_at and h.from_status in ('paused', 'unpaid'))
    union all
    select 'I3', p.subscription_id::text, 'period ' || p.period_index || ' has no invoice'
      from subscription_periods p left join invoices i
        on i.subscription_id = p.subscription_id and i.period_index = p.period_index and i.kind = 'period'
     where p.kind = 'service' and i.id is null
    union all
    select 'I3', i.id::text, 'invoice without a period'
      from invoices i left join subscription_periods p
        on p.subscription_id = i.subscription_id and p.period_index = i.period_index and p.kind = 'service'
     where p.subscription_id is null and i.kind = 'period'
    union all
    select 'I3', s.id::text, 'stands at period ' || s.period_index || ', the last one opened is ' || p.period_index
      from subscriptions s
     cross join lateral (select period_index, ends_at from subscription_periods p
                          where p.subscription_id = s.id order by ends_at desc limit 1) p
     where p.period_index <> s.period_index or p.ends_at <> s.period_end
    union all
    select 'I4', posting_id::text, 'does not balance in ' || currency || ': ' || sum(amount_minor)
      from ledger_entries group by posting_id, currency having sum(amount_minor) <> 0
    union all
    select 'I4', coalesce(b.customer_id, l.customer_id)::text,
           'balance ' || coalesce(b.total, 0) || ', in the books ' || coalesce(l.total, 0)
      from (select customer_id, currency, sum(amount_minor) as total
              from customer_balance_entries group by 1, 2) b
      full join (select customer_id, currency, -sum(amount_minor) as total
                   from ledger_entries where account = 'customer_credit' group by 1, 2) l
        on l.customer_id = b.customer_id and l.currency = b.currency
     where coalesce(b.total, 0) <> coalesce(l.total, 0)
    union all
    select 'I5', e.subject::text, count(*) || ' mails ' || e.template || ' of one decision'
      -- (decision 0: what no decision about anybody caused)
      from (select coalesce(subscription_id, order_id, customer_id) as subject, template, decision from emails
             where decision > 0 or num_nonnulls(subscription_id, order_id) > 0) e
     group by e.subject, e.template, e.decision having count(*) > 1
    union all
    select 'I6', h.subscription_id::text, 'took an edge that is none: ' || coalesce(h.from_status, 'nothing')
           || ' -' || h.edge || '-> ' || h.to_status
      from subscription_history h
     where not exists (select from transitions t
                        where t.from_status is not distinct from h.from_status
                          and t.edge = h.edge and t.to_status = h.to_status)
    union all
    select 'I6', c.subscription_id::text, 'left ' || coalesce(c.from_status, 'nothing') || ' at version ' || c.version
           || ' but stood at ' || coalesce(c.stood_at, 'nothing')
      from (select *, lag(to_status) over (partition by subscription_id order by version, position) as stood_at
              from subscription_history) c
     where c.from_status is distinct from c.stood_at
    union all
    select 'I6', s.id::text, 'is ' || s.status || ', its history ends at ' || coalesce(h.to_status, 'nothing')
      from subscriptions s left join lateral (
           select to_status from subscription_history h where h.subscription_id = s.id
            order by version desc, position desc limit 1) h on true
     where s.status is distinct from h.to_status
    union all
    select 'I7', s.id::text, 'took ' || s.version || ' decisions, ' || count(a.version) || ' are in the audit log'
      from subscriptions s left join audit_log a on a.subject_id = s.id
     group by s.id, s.version
    having count(a.version) <> s.version or max(a.version) <> s.version or min(a.version) <> 1
    union all
    select 'I7', o.id::text, 'took ' || o.version || ' decisions, ' || count(a.version) || ' are in the audit log'
      from orders o left join audit_log a on a.subject_id = o.id
     group by o.id, o.version
    having count(a.version) <> o.version or max(a.version) <> o.version or min(a.version) <> 1
    union all
    select 'I7', x.subject::text, x.what || ' of decision ' || x.decision || ' is not in the audit log'
      from (select subscription_id as subject, version as decision, 'an edge' as what from subscription_history
            union all select coalesce(subscription_id, order_id), decision, 'an invoice' from invoices
            union all select coalesce(subscription_id, order_id), decision, 'a payment' from payments
            union all select coalesce(subscription_id, order_id), outcome_decision, 'an outcome' from payments
                       where outcome_decision is not null
            union all select coalesce(subscription_id, order_id), decision, 'a posting' from ledger_entries
            union all select coalesce(subscription_id, order_id, customer_id), decision, 'a mail' from emails
                       where decision > 0 or num_nonnulls(subscription_id, order_id) > 0) x
      left join audit_log a on a.subject_id = x.subject and a.version = x.decision
     where a.version is null
    union all
    select 'I12', j.id::text, 'job ' || j.queue || ' runs, its worker has been gone since ' || j.lease_until
      from jobs j where j.state = 'running' and j.lease_until < now() - interval '10 minutes'
    union all
    select 'I12', d.id::text, 'dead letter without a reason' from dead_jobs d
     where d.reason = '' or d.payload_hash = ''
    union all
    select 'I13', i.id::text, 'total ' || i.total_minor || ', lines ' || coalesce(l.total, 0)
      from invoices i left join (select invoice_id, sum(amount_minor) as total from invoice_items group by 1) l
        on l.invoice_id = i.id
     where i.total_minor <> coalesce(l.total, 0)
    union all
    select 'I13', i.id::text, i.status || ': total ' || i.total_minor || ', paid ' || p.paid || ', credited ' || b.credited
      from invoices i
     cross join lateral (select coalesce(sum(amount_minor), 0) as paid from payments p
                          where p.invoice_id = i.id and p.status = 'succeeded') p
     cross join lateral (select coalesce(-sum(amount_minor), 0) as credited from customer_balance_entries b
                          where b.invoice_id = i.id and b.kind in ('applied', 'carried')) b
     where (i.status = 'paid' and p.paid + b.credited <> i.total_minor)
        or (i.status = 'open' and p.paid + b.credited >= i.total_minor
            and not exists (select from payments f
                             where f.invoice_id = i.id and f.status in ('planned', 'executing', 'unknown', 'processing')))
    union all
    select 'I13', i.id::text, 'receivable in the books ' || coalesce(e.receivable, 0) || ' although ' || i.status
      from invoices i
      left join (select invoice_id, sum(amount_minor) as receivable from ledger_entries
                  where account = 'accounts_receivable' group by 1) e on e.invoice_id = i.id
     where i.status <> 'open' and coalesce(e.receivable, 0) <> 0
    union all
    select 'I13', m.prefix, 'numbers ' || m.numbers || ' of ' || m.last_number
      from (select s.prefix, s.last_number, count(i.id) as numbers, max(i.number) as highest
              from invoice_series s left join invoices i on i.series = s.prefix group by 1, 2) m
     where m.numbers <> m.last_number or coalesce(m.highest, 0) <> m.last_number
    union all
    select 'I14', c.id::text, c.attempts_made || ' attempts, the policy has ' || jsonb_array_length(p.document -> 'rungs')
      from dunning_cases c join dunning_policies p on p.id = c.policy_id
     where c.attempts_made > jsonb_array_length(p.document -> 'rungs')
    union all
    select 'I14', w.method_id::text, w.attempts || ' re-attempts within 30 days'
      from (select method_id, network, count(*) over (partition by method_id order by planned_at
                       range between interval '30 days' preceding and current row) as attempts
              from payments where attempt > 1) w
     where w.attempts > case when w.network = 'mastercard' then 35 else 20 end
    union all
    select 'I14', later.id::text, 'charged a method after ' || m.blocked_reason
      from payment_methods m
      join payments hard on hard.method_id = m.id and hard.status = 'declined' and hard.decline_code = m.blocked_reason
      join payments later on later.method_id = m.id and later.planned_at > hard.settled_at
     where m.attached_at <= hard.settled_at
    union all
    select 'I16', p.id::text, 'the request is not the one its key was first sent with'
      from payments p
     where p.request_hash <> encode(substring(sha256(convert_to(
               p.idempotency_key || '|pm_' || replace(p.method_id::text, '-', '') || '|' || p.amount_minor || '|' || p.currency,
               'UTF8')) from 1 for 16), 'hex')
    union all
    select * from check_order_invariants()
    union all
    select * from check_wallet_invariants()
$$;
comment on function perennial.check_invariants() is 'What does not hold (RELIABILITY: I1-I7, I12-I14, I16). Nothing: all is well.';
