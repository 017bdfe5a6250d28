-- Refunds and disputes, as other services report them.

create or replace function perennial.keep_dispute() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'perennial.disputes: delete refused' using errcode = 'restrict_violation';
    elsif (new.id, new.payment_id, new.customer_id, new.clock_id, new.currency, new.amount_minor, new.reference)
          <> (old.id, old.payment_id, old.customer_id, old.clock_id, old.currency, old.amount_minor, old.reference)
          or old.closed_at is not null
          or old.opened_at is not null and (new.opened_at, new.recorded_at) is distinct from (old.opened_at, old.recorded_at)
          or new.inquired_at is distinct from old.inquired_at then
        raise exception 'perennial.disputes: what was said of dispute % stays said', old.reference
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function perennial.keep_dispute() is 'A dispute is opened once and closed once, and is about the same money all along.';
create or replace trigger keep_dispute before update or delete on perennial.disputes
    for each row execute function perennial.keep_dispute();

create or replace function perennial.payment_of(payment_intent text, provider text default 'stripe') returns uuid
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    captured uuid;
begin
    select p.id into captured from invoices i join payments p on p.invoice_id = i.id and p.status = 'succeeded'
     where i.provider = provider and i.intent_reference = payment_intent;
    if captured is null then
        perform refuse_field('payment_intent', format('nothing was paid with %s', coalesce(payment_intent, 'null')),
            'It names no payment that succeeded: look it up at the provider, or call again when it has.', 'no_data_found');
    end if;
    return captured;
end
$$;
comment on function perennial.payment_of is 'The payment that came in with a provider''s payment intent: what refunds and disputes are told of.';

-- The checks below are made twice: at the door (seq is null: everything told before counts, processed
-- or not) and in processing (what was told earlier is processed by then).

create or replace function perennial.told_before(event perennial.lifecycle_events) returns setof perennial.lifecycle_events
language sql stable
set search_path = perennial, pg_temp as $$
    select e.* from lifecycle_events e
     where e.subject = event.subject and e.type like 'payment.%' and e.processed_at is null
       and (event.seq is null or e.seq < event.seq)
$$;
comment on function perennial.told_before is 'What was told of the same payment before, and waits to be processed.';

create or replace function perennial.check_paid(event perennial.lifecycle_events) returns perennial.payments
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    paid payments;
begin
    -- Locked for the caller: nobody else is told that the same money may go back.
    select * into paid from payments p where p.id = event.subject for no key update;
    if paid.status <> 'succeeded' then
        perform refuse_field('subject', format('payment %s is %s: nothing was paid', paid.id, paid.status));
    elsif event.data ->> 'currency' <> paid.currency then
        perform refuse_field('currency', format('payment %s was in %s, not in %s', paid.id, paid.currency, event.data ->> 'currency'));
    elsif event.at < paid.settled_at then
        perform refuse_field('at', format('%s is before the payment came in, at %s', event.at, paid.settled_at));
    elsif event.at > business_now(paid.clock_id) then
        perform refuse_field('at', format('%s is in the future', event.at));
    end if;
    return paid;
end
$$;
comment on function perennial.check_paid is 'The payment that an event is about, locked; refuses what cannot be about it.';

create or replace function perennial.check_left(event perennial.lifecycle_events, paid perennial.payments) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    remaining bigint;
begin
    select greatest(paid.amount_minor - paid.refunded_minor - paid.disputed_minor - coalesce(sum(w.amount_minor), 0), 0)
      into remaining
      from (select distinct on (e.type, e.data ->> 'reference') (e.data ->> 'amount_minor')::bigint as amount_minor
              from told_before(event) e
             where (e.type = 'payment.refunded'
                    and not exists (select from refunds r where r.reference = e.data ->> 'reference'))
                or (e.type = 'payment.disputed' and e.data ->> 'status' = 'open'
                    and not exists (select from disputes d where d.reference = e.data ->> 'reference' and d.opened_at is not null))
           ) w;
    if (event.data ->> 'amount_minor')::bigint > remaining then
        perform refuse_field('amount_minor', format('%s is more than the %s that are left of payment %s',
            event.data ->> 'amount_minor', remaining, paid.id));
    end if;
end
$$;
comment on function perennial.check_left is 'Refuses to let more go back than came in.';

create or replace function perennial.check_refund(event perennial.lifecycle_events) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    paid payments := check_paid(event);
    said record;
begin
    select * into said
      from (select r.payment_id, r.at, jsonb_build_object('amount_minor', r.amount_minor, 'currency', r.currency,
                                                          'reason', r.reason, 'reference', r.reference) as data
              from refunds r where r.reference = event.data ->> 'reference'
            union all
            select e.subject, e.at, e.data from told_before(event) e
             where e.type = 'payment.refunded' and e.data ->> 'reference' = event.data ->> 'reference') t
     limit 1;
    if not found then
        perform check_left(event, paid);
        return true;
    elsif (said.payment_id, said.data) <> (event.subject, event.data) or (event.seq is null and said.at <> event.at) then
        perform refuse_field('reference', format('%s names another refund', event.data ->> 'reference'));
    end if;
    return false;
end
$$;
comment on function perennial.check_refund is 'The check of payment.refunded. False: it was told before.';

create or replace function perennial.known_dispute(event perennial.lifecycle_events) returns perennial.disputes
language sql stable
set search_path = perennial, pg_temp as $$
    select t.* from (
        select * from disputes d where d.reference = event.data ->> 'reference'
        union all
        select null, e.subject, e.customer_id, e.clock_id, e.data ->> 'currency', (e.data ->> 'amount_minor')::bigint,
               e.data ->> 'reason', e.data ->> 'reference', e.data ->> 'status',
               case when e.data ->> 'status' = 'inquiry' then e.at end, case when e.data ->> 'status' = 'open' then e.at end,
               null, e.at, 0
          from told_before(event) e
         where e.type = 'payment.disputed' and e.data ->> 'reference' = event.data ->> 'reference') t
     -- the last word: a chargeback rather than the inquiry before it
     order by t.closed_at is null, t.opened_at is null limit 1
$$;
comment on function perennial.known_dispute is 'The dispute of an event''s reference as far as it was told; null: never.';

create or replace function perennial.check_disputable(event perennial.lifecycle_events, paid perennial.payments) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    remaining bigint;
begin
    select paid.amount_minor - coalesce(sum(t.amount_minor), 0) into remaining
      from (select d.amount_minor from disputes d
             where d.payment_id = paid.id and d.status in ('open', 'lost') and d.reference <> event.data ->> 'reference'
            union all
            select w.amount_minor
              from (select distinct on (e.data ->> 'reference') (e.data ->> 'amount_minor')::bigint as amount_minor
                      from told_before(event) e
                     where e.type = 'payment.disputed' and e.data ->> 'status' = 'open'
                       and e.data ->> 'reference' <> event.data ->> 'reference'
                       and not exists (select from disputes d
                                        where d.reference = e.data ->> 'reference' and d.opened_at is not null)) w) t;
    if (event.data ->> 'amount_minor')::bigint > remaining then
        perform refuse_field('amount_minor', format('%s is more than the %s of payment %s that no other dispute is about',
            event.data ->> 'amount_minor', greatest(remaining, 0), paid.id));
    end if;
end
$$;
comment on function perennial.check_disputable is
    'Refuses disputes that together exceed the payment. What was refunded may be disputed all the same: banks take it again.';

create or replace function perennial.check_dispute(event perennial.lifecycle_events) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    paid payments := check_paid(event);
    known disputes := known_dispute(event);
    reference text := event.data ->> 'reference';
    told_at timestamptz := case event.data ->> 'status' when 'open' then known.opened_at else known.inquired_at end;
begin
    if known.reference is null then
        if event.data ->> 'status' = 'open' then
            perform check_disputable(event, paid);
        elsif (event.data ->> 'amount_minor')::bigint > paid.amount_minor then
            perform refuse_field('amount_minor', format('%s is more than the %s of payment %s',
                event.data ->> 'amount_minor', paid.amount_minor, paid.id));
        end if;
        return true;
    elsif (known.payment_id, known.currency, known.amount_minor, known.reason)
          <> (event.subject, event.data ->> 'currency', (event.data ->> 'amount_minor')::bigint, event.data ->> 'reason')
          or (event.seq is null and told_at <> event.at) then
        perform refuse_field('reference', format('%s names another dispute', reference));
    elsif known.opened_at is not null or event.data ->> 'status' = 'inquiry' then
        -- Told before, or an inquiry that became a chargeback meanwhile.
        return false;
    elsif known.closed_at is not null then
        perform refuse_field('reference', format('%s is an inquiry that was closed at %s', reference, known.closed_at));
    elsif event.at < known.inquired_at then
        perform refuse_field('at', format('%s is before the inquiry, at %s', event.at, known.inquired_at));
    end if;
    perform check_disputable(event, paid);
    return true;
end
$$;
comment on function perennial.check_dispute is 'The check of payment.disputed. False: it was told before.';

create or replace function perennial.check_dispute_closed(event perennial.lifecycle_events) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    known disputes := known_dispute(event);
    reference text := event.data ->> 'reference';
    outcome text := event.data ->> 'status';
    began_at timestamptz := coalesce(known.opened_at, known.inquired_at);
begin
    perform check_paid(event);
    if known.payment_id is distinct from event.subject then
        perform refuse_field('reference', format('%s is no dispute of payment %s', reference, event.subject));
    elsif (outcome = 'warning_closed') <> (known.opened_at is null) then
        perform refuse_field('status', format('%s is %s, and cannot be %s', reference,
            case when known.opened_at is null then 'an inquiry' else 'a chargeback' end, outcome));
    elsif known.closed_at is not null and outcome <> 'warning_closed' and outcome <> known.status then
        perform refuse_field('status', format('%s was %s at %s', reference, known.status, known.closed_at));
    elsif event.seq is null and known.closed_at <> event.at then
        perform refuse_field('at', format('%s was closed at %s', reference, known.closed_at));
    elsif event.at < began_at then
        perform refuse_field('at', format('%s is before the dispute began, at %s', event.at, began_at));
    end if;
    return known.closed_at is null;
end
$$;
comment on function perennial.check_dispute_closed is 'The check of payment.dispute_closed. False: it was told before.';

create or replace function perennial.check_refund_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    with touched as (
        select id from payments where refunded_minor + disputed_minor + beyond_minor > 0
        union select payment_id from refunds
        union select payment_id from disputes
        union select payment_id from ledger_entries where account in ('refunds', 'disputes', 'dispute_losses')
    ), booked as (
        select payment_id, coalesce(sum(amount_minor) filter (where account = 'refunds'), 0) as refunded,
               coalesce(sum(amount_minor) filter (where account = 'disputes'), 0) as disputed,
               coalesce(sum(amount_minor) filter (where account = 'dispute_losses'), 0) as beyond,
               coalesce(sum(amount_minor) filter (where account = 'cash'), 0) as cash
          from ledger_entries where payment_id in (select id from touched) group by 1
    ), back as (
        select t.id, case when p.status = 'succeeded' then p.amount_minor else 0 end as paid,
               p.refunded_minor, p.disputed_minor, p.beyond_minor,
               coalesce((select sum(amount_minor) from refunds r where r.payment_id = t.id), 0) as refunded,
               coalesce(d.disputed, 0) as disputed, coalesce(d.beyond, 0) as beyond
          from touched t left join payments p on p.id = t.id
         cross join lateral (select sum(d.amount_minor - d.beyond_minor) as disputed, sum(d.beyond_minor) as beyond
                               from disputes d where d.payment_id = t.id and d.status in ('open', 'lost')) d
    )
    select 'I13', id::text, 'paid ' || paid || ', refunded ' || refunded || ', disputed ' || disputed
      from back where refunded + disputed > paid or disputed + beyond > paid
    union all
    select 'I13', id::text, 'refunded ' || refunded || ', disputed ' || disputed || ' and beyond ' || beyond || ', the payment says '
           || coalesce(refunded_minor, 0) || ', ' || coalesce(disputed_minor, 0) || ' and ' || coalesce(beyond_minor, 0)
      from back where (refunded, disputed, beyond) is distinct from (refunded_minor, disputed_minor, beyond_minor)
    union all
    select 'I13', id::text, 'paid ' || paid || ', refunded ' || b.refunded || ', disputed ' || b.disputed || ', beyond ' || b.beyond
           || '; in the books ' || coalesce(l.cash, 0) || ', ' || coalesce(l.refunded, 0) || ', ' || coalesce(l.disputed, 0)
           || ', ' || coalesce(l.beyond, 0)
      from back b left join booked l on l.payment_id = b.id
     where (b.refunded, b.disputed, b.beyond, b.paid - b.refunded - b.disputed - b.beyond)
           is distinct from (l.refunded, l.disputed, l.beyond, l.cash)
    union all
    select 'I13', x.reference, x.what || ' of payment ' || x.payment_id || ', which is another customer''s or in another currency'
      from (select reference, 'a refund' as what, payment_id, customer_id, clock_id, currency from refunds
            union all select reference, 'a dispute', payment_id, customer_id, clock_id, currency from disputes) x
      join payments p on p.id = x.payment_id
     where (x.customer_id, x.clock_id, x.currency) <> (p.customer_id, p.clock_id, p.currency)
$$;
comment on function perennial.check_refund_invariants is
    'What does not hold of refunds and disputes (I13): never more than was paid, and what was paid less what went back is in the books.';
