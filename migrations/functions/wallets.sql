-- Wallets: prepaid tokens in buckets that expire, burned in the order of rule U4.

create or replace function perennial.await_allocation() returns trigger
language plpgsql security definer
set search_path = perennial, pg_temp as $$
begin
    insert into token_allocations (customer_id, unit, clock_id, due_at)
    select new.customer_id, a.unit, new.clock_id, business_now(new.clock_id)
      from current_allocations a where a.plan_id = new.plan_id and a.amount > 0
    on conflict do nothing;
    return null;
end
$$;
comment on function perennial.await_allocation is 'Who comes to a plan with tokens is given them by the next sweep; who waits for the next month goes on to wait.';
create or replace trigger await_allocation_new after insert on perennial.subscriptions
    for each row when (new.status in ('trialing', 'active', 'past_due', 'grace'))
    execute function perennial.await_allocation();
create or replace trigger await_allocation after update on perennial.subscriptions
    for each row when (new.status in ('trialing', 'active', 'past_due', 'grace')
                       and (new.plan_id <> old.plan_id or old.status not in ('trialing', 'active', 'past_due', 'grace')))
    execute function perennial.await_allocation();

create or replace function perennial.await_allocations() returns trigger
language plpgsql security definer
set search_path = perennial, pg_temp as $$
begin
    insert into token_allocations (customer_id, unit, clock_id, due_at)
    select distinct on (s.customer_id) s.customer_id, new.unit, s.clock_id, business_now(s.clock_id)
      from live_subscriptions s where s.plan_id = new.plan_id and new.amount > 0
    on conflict do nothing;
    return null;
end
$$;
comment on function perennial.await_allocations is 'A plan that begins to give tokens gives them to its subscribers too.';
create or replace trigger announce after insert on perennial.token_allocations
    for each row execute function perennial.announce_due();
create or replace trigger await_allocations after insert on perennial.plan_allocations
    for each row execute function perennial.await_allocations();

create or replace function perennial.tokens_at(customer uuid, unit text, moment timestamptz) returns bigint
language sql stable as $$
    select coalesce(sum(g.remaining), 0)::bigint from perennial.wallet_grants g
     where g.customer_id = tokens_at.customer and g.unit = tokens_at.unit and g.remaining > 0
       and g.effective_at <= moment and (g.expires_at is null or g.expires_at > moment)
$$;
comment on function perennial.tokens_at is 'What of a wallet is usable at an instant (rule U4), whether or not expiry has been written down.';

create or replace function perennial.next_turn(customer uuid, unit text, moment timestamptz) returns timestamptz
language sql stable as $$
    select min(t.at) from perennial.wallet_grants g cross join lateral (values (g.effective_at), (g.expires_at)) t (at)
     where g.customer_id = next_turn.customer and g.unit = next_turn.unit and g.remaining > 0 and t.at > moment
$$;
comment on function perennial.next_turn is 'When a wallet''s balance changes next by time alone.';

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
comment on function perennial.tend_wallets is 'After a change of these wallets, locked by the caller: when they have to be looked at.';

create or replace function perennial.check_wallet_fields(customer uuid, unit text) returns uuid
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    clock uuid;
begin
    select c.clock_id into clock from customers c where c.id = check_wallet_fields.customer;
    if clock is null then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    end if;
    if not exists (select from token_units u where u.code = check_wallet_fields.unit) then
        perform refuse_name('unit', format('%s is not a unit', coalesce(unit, 'null')), unit,
            array(select u.code from token_units u order by u.code));
    end if;
    return clock;
end
$$;
comment on function perennial.check_wallet_fields is 'Refuses a customer or a unit that is not known; answers with the customer''s clock.';

create or replace function perennial.refuse_mixed_units(customer uuid, unit text) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    held text;
begin
    select string_agg(w.unit, ', ' order by w.unit) into held from wallets w
     where w.customer_id = refuse_mixed_units.customer
    having not bool_or(w.unit = refuse_mixed_units.unit);
    if held is not null then
        perform refuse_field('unit', format('the customer holds no %s; it holds %s', unit, held));
    end if;
end
$$;
comment on function perennial.refuse_mixed_units is 'Refuses a unit other than what the customer''s wallets hold; who holds nothing at all has a balance of 0.';

create or replace function perennial.check_token_amount(amount bigint) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if amount is null or amount not between 1 and 1000000000000 then
        perform refuse_field('amount', format('must be between 1 and 1000000000000, is %s', coalesce(amount::text, 'null')));
    end if;
end
$$;
comment on function perennial.check_token_amount is 'Refuses an amount that is none.';

create or replace function perennial.wallet_balance(customer uuid, unit text) returns bigint
language plpgsql stable security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
declare
    clock uuid := check_wallet_fields(customer, unit);
begin
    perform refuse_mixed_units(customer, unit);
    return tokens_at(customer, unit, business_now(clock));
end
$$;
comment on function perennial.wallet_balance(uuid, text) is 'What a customer can use of a unit now.';

create or replace function perennial.open_wallets(customers uuid[], units text[])
returns table (customer_id uuid, unit text)
language plpgsql
-- A caller may be opening one of them: it is waited for no longer than this.
set lock_timeout = '50ms' set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    wanted record;
begin
    for wanted in
        select u.customer_id, u.unit, c.clock_id
          from unnest(customers, units) u (customer_id, unit)
          join customers c on c.id = u.customer_id
         order by 1, 2
    loop
        begin
            insert into wallets (customer_id, unit, clock_id)
            values (wanted.customer_id, wanted.unit, wanted.clock_id) on conflict do nothing;
            if found then
                open_wallets.customer_id := wanted.customer_id;
                open_wallets.unit := wanted.unit;
                return next;
            end if;
        exception when lock_not_available then null; -- it is left to the next sweep
        end;
    end loop;
end
$$;
comment on function perennial.open_wallets is 'Makes these wallets, locked; those that are there, or are being made by somebody else, are left out.';

create or replace function perennial.lock_wallet(customer uuid, unit text) returns perennial.wallets
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    wallet wallets;
begin
    select * into wallet from wallets w
     where w.customer_id = customer and w.unit = lock_wallet.unit for no key update skip locked;
    if found then
        return wallet;
    end if;
    begin
        select * into wallet from wallets w
         where w.customer_id = customer and w.unit = lock_wallet.unit for no key update;
        return wallet;
    exception when deadlock_detected then
        perform refuse_deadlock();
    end;
end
$$;
comment on function perennial.lock_wallet is 'The wallet, locked: the lock of all that is in it. Null where there is none.';

create or replace function perennial.consume_tokens(customer uuid, unit text, amount bigint, event_id text)
returns table (allowed boolean, consumed bigint, balance bigint)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    clock uuid;
    moment timestamptz;
    usable bigint;
    may boolean;
    wallet wallets;
    known wallet_events;
begin
    if consume_tokens.event_id is null or length(consume_tokens.event_id) not between 1 and 200 then
        perform refuse_field('event_id', 'must have 1 to 200 characters');
    end if;
    perform check_token_amount(consume_tokens.amount);
    clock := check_wallet_fields(customer, consume_tokens.unit);
    wallet := lock_wallet(customer, consume_tokens.unit);
    if wallet.unit is null then
        perform refuse_mixed_units(customer, consume_tokens.unit);
    end if;
    moment := business_now(clock);
    usable := tokens_at(customer, consume_tokens.unit, moment);
    may := usable >= consume_tokens.amount;
    -- The event is claimed before anything is burned: of two callers with the same one, the second waits here.
    insert into wallet_events (event_id, customer_id, unit, amount, allowed, balance, at)
    values (consume_tokens.event_id, customer, consume_tokens.unit, consume_tokens.amount, may,
            usable - case when may then consume_tokens.amount else 0 end, moment)
    on conflict (event_id) do nothing
    returning * into known;
    if known.event_id is null then
        select * into known from wallet_events e where e.event_id = consume_tokens.event_id;
        if (known.customer_id, known.unit, known.amount) is distinct from (customer, consume_tokens.unit, consume_tokens.amount) then
            perform refuse_field('event_id', format('%s was used for %s %s of customer %s', known.event_id,
                known.amount, known.unit, known.customer_id));
        end if;
    elsif may then
        with line as (
            select g.id, g.remaining, coalesce(sum(g.remaining) over (
                       order by g.priority, g.expires_at nulls last, g.kind = 'paid', g.effective_at, g.created_at, g.seq
                       rows between unbounded preceding and 1 preceding), 0) as before
              from wallet_grants g
             where g.customer_id = customer and g.unit = consume_tokens.unit and g.remaining > 0
               and g.effective_at <= moment and (g.expires_at is null or g.expires_at > moment)),
        burned as (
            update wallet_grants g
               set remaining = g.remaining - least(l.remaining, consume_tokens.amount - l.before)
              from line l where g.id = l.id and l.before < consume_tokens.amount
            returning g.id, least(l.remaining, consume_tokens.amount - l.before) as amount)
        insert into wallet_entries (customer_id, unit, grant_id, kind, amount, event_id, at)
        select customer, consume_tokens.unit, b.id, 'burn', -b.amount, consume_tokens.event_id, moment from burned b;
        perform tend_wallets(array[customer], array[consume_tokens.unit]);
    end if;
    return query select known.allowed, case when known.allowed then known.amount else 0 end, known.balance;
end
$$;
comment on function perennial.consume_tokens(uuid, text, bigint, text) is
    'Takes tokens, all or none, in the order of rule U4. A repeat of an event_id answers the same and takes nothing.';

create or replace function perennial.grant_tokens(customer uuid, unit text, amount bigint, kind text default 'promotional',
    priority integer default 0, effective_at timestamptz default null, expires_at timestamptz default null,
    key text default null)
returns uuid
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
begin
    return add_grant(customer, unit, amount, kind, priority, effective_at, expires_at, 'granted', key);
end
$$;
comment on function perennial.grant_tokens is
    'Puts a bucket of tokens into a customer''s wallet, effective now unless said otherwise. A repeat of a key answers the same grant.';

create or replace function perennial.add_grant(customer uuid, unit text, amount bigint, kind text, priority integer,
    effective_at timestamptz, expires_at timestamptz, source text, key text)
returns uuid
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    clock uuid;
    moment timestamptz;
    starts timestamptz;
    known wallet_grants;
begin
    if add_grant.key is null or length(add_grant.key) not between 1 and 300 then
        perform refuse_field('key', 'must name the occasion in 1 to 300 characters');
    end if;
    perform check_token_amount(add_grant.amount);
    clock := check_wallet_fields(customer, add_grant.unit);
    if add_grant.kind is null or add_grant.kind not in ('paid', 'promotional') then
        perform refuse_field('kind', format('must be one of paid, promotional, is %s', coalesce(add_grant.kind, 'null')));
    end if;
    moment := business_now(clock);
    starts := coalesce(add_grant.effective_at, moment);
    -- The wallet's lock, the wallet itself where this is the first of it.
    insert into wallets (customer_id, unit, clock_id) values (customer, add_grant.unit, clock) on conflict do nothing;
    perform lock_wallet(customer, add_grant.unit);
    select * into known from wallet_grants g where g.source = add_grant.source and g.key = add_grant.key;
    if known.id is not null then
        if (known.customer_id, known.unit, known.amount, known.kind)
           is distinct from (customer, add_grant.unit, add_grant.amount, add_grant.kind) then
            perform refuse_field('key', format('%s was used for a grant of %s %s %s to customer %s', add_grant.key,
                known.amount, known.kind, known.unit, known.customer_id));
        end if;
        return known.id;
    end if;
    if add_grant.expires_at <= starts then
        perform refuse_field('expires_at', format('must lie after effective_at (%s), is %s', starts, add_grant.expires_at));
    end if;
    insert into wallet_grants (id, customer_id, unit, clock_id, amount, remaining, kind, priority, effective_at,
                               expires_at, created_at, source, key)
    values (gen_random_uuid(), customer, add_grant.unit, clock, add_grant.amount, add_grant.amount, add_grant.kind,
            coalesce(add_grant.priority, 0), starts, add_grant.expires_at, moment, add_grant.source, add_grant.key)
    on conflict (source, key) do nothing
    returning * into known;
    if known.id is null then
        perform refuse_field('key', format('%s was used for a grant to another customer or unit', add_grant.key));
    end if;
    insert into wallet_entries (customer_id, unit, grant_id, kind, amount, at)
    values (known.customer_id, known.unit, known.id, 'grant', known.amount, moment);
    perform tend_wallets(array[known.customer_id], array[known.unit]);
    return known.id;
end
$$;
comment on function perennial.add_grant is 'grant_tokens, for every source of grants.';

create or replace function perennial.refund_tokens(event_id text) returns table (refunded bigint, lost bigint)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    known wallet_events;
    moment timestamptz;
begin
    select * into known from wallet_events e where e.event_id = refund_tokens.event_id;
    if known.event_id is null then
        perform refuse_field('event_id', format('%s consumed nothing', coalesce(refund_tokens.event_id, 'null')));
    end if;
    perform lock_wallet(known.customer_id, known.unit);
    select * into known from wallet_events e where e.event_id = refund_tokens.event_id;
    if known.refunded_at is not null or not known.allowed then
        return query select coalesce(known.refunded, 0), coalesce(known.lost, 0);
        return;
    end if;
    select business_now(c.clock_id) into moment from customers c where c.id = known.customer_id;
    with alive as (
        update wallet_grants g set remaining = g.remaining - b.amount
          from wallet_entries b
         where b.event_id = known.event_id and b.kind = 'burn' and g.id = b.grant_id
           and (g.expires_at is null or g.expires_at > moment)
        returning g.id, -b.amount as amount),
    given_back as (
        insert into wallet_entries (customer_id, unit, grant_id, kind, amount, event_id, at)
        select known.customer_id, known.unit, a.id, 'refund', a.amount, known.event_id, moment from alive a
        returning amount)
    update wallet_events e
       set refunded_at = moment, refunded = s.total, lost = known.amount - s.total
      from (select coalesce(sum(amount), 0)::bigint as total from given_back) s
     where e.event_id = known.event_id
    returning * into known;
    perform tend_wallets(array[known.customer_id], array[known.unit]);
    return query select known.refunded, known.lost;
end
$$;
comment on function perennial.refund_tokens(text) is
    'Gives back what an event consumed, to the same buckets; what has expired meanwhile is lost. Once.';

create or replace function perennial.set_low_balance(customer uuid, unit text, threshold bigint) returns void
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    clock uuid := check_wallet_fields(customer, set_low_balance.unit);
begin
    if threshold not between 0 and 1000000000000 then
        perform refuse_field('threshold', format('must be between 0 and 1000000000000, is %s', threshold));
    end if;
    insert into wallets as w (customer_id, unit, clock_id, low_balance_at) values (customer, set_low_balance.unit, clock, threshold)
    on conflict (customer_id, unit) do update
       set low_balance_at = excluded.low_balance_at,
           low_balance_told_at = case when excluded.low_balance_at is not null then w.low_balance_told_at end, warn_at = null;
    perform tend_wallets(array[customer], array[set_low_balance.unit]);
end
$$;
comment on function perennial.set_low_balance is 'From now on the customer is told when no more than this is left; null: never.';

create or replace function perennial.check_wallet_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp
as $$
    select 'I4', g.id::text, 'remaining ' || g.remaining || ', its entries sum up to ' || coalesce(sum(e.amount), 0)
      from wallet_grants g left join wallet_entries e on e.grant_id = g.id
     group by g.id having g.remaining <> coalesce(sum(e.amount), 0)
    union all
    select 'I4', r.grant_id::text, 'was below zero after entry ' || r.id
      from (select e.id, e.grant_id, sum(e.amount) over (partition by e.grant_id order by e.id) as balance
              from wallet_entries e) r
     where r.balance < 0
    union all
    select 'I4', e.grant_id::text, e.kind || ' at ' || e.at || ', outside its time'
      from wallet_entries e join wallet_grants g on g.id = e.grant_id
     where (e.kind in ('burn', 'refund') and (e.at < g.effective_at or e.at >= g.expires_at))
        or (e.kind = 'expire' and e.at is distinct from g.expires_at)
    union all
    select 'I4', v.event_id, 'consumed ' || case when v.allowed then v.amount else 0 end || ', burned ' || coalesce(e.burned, 0)
           || ', given back ' || coalesce(e.given_back, 0) || ' of ' || coalesce(v.refunded, 0)
      from wallet_events v
      left join (select event_id, -sum(amount) filter (where kind = 'burn') as burned,
                        sum(amount) filter (where kind = 'refund') as given_back
                   from wallet_entries where event_id is not null group by 1) e on e.event_id = v.event_id
     where coalesce(e.burned, 0) <> case when v.allowed then v.amount else 0 end
        or coalesce(e.given_back, 0) <> coalesce(v.refunded, 0)
        or v.refunded + v.lost <> v.amount
    union all
    select 'I4', e.event_id, 'burned without a consumption'
      from wallet_entries e
     where e.kind = 'burn' and not exists (select from wallet_events v where v.event_id = e.event_id)
$$;
comment on function perennial.check_wallet_invariants() is 'What of the wallets does not hold (RELIABILITY: I4).';
