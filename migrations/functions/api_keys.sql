-- API keys: making, ending and using them.

create or replace function perennial.base62(bytes bytea, digits integer) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
    alphabet constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    rest numeric := 0;
    answer text := '';
begin
    for place in 0 .. length(bytes) - 1 loop
        rest := rest * 256 + get_byte(bytes, place);
    end loop;
    for digit in 1 .. digits loop
        answer := substr(alphabet, (rest % 62)::integer + 1, 1) || answer;
        rest := div(rest, 62);
    end loop;
    return answer;
end
$$;
comment on function perennial.base62 is 'The last digits of a number in base 62, most significant first.';

-- Of the 256 bits 244 are random: a UUID has six that are not.
create or replace function perennial.random_bits() returns bytea
language sql volatile
set search_path = pg_catalog, pg_temp as $$
    select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
$$;
comment on function perennial.random_bits is '256 bits from the system''s source of randomness.';

-- Adds the row of a key to be and answers with the key: the one place that ever holds it.
create or replace function perennial.issue_api_key(wanted perennial.api_keys) returns text
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    key text;
begin
    loop
        wanted.public_id := base62(random_bits(), 8);
        key := format('prn_%s_%s_%s', wanted.mode, wanted.public_id, base62(random_bits(), 43));
        wanted.key_hash := sha256(convert_to(key, 'UTF8'));
        insert into api_keys select wanted.* on conflict (public_id) do nothing;
        if found then
            return key;
        end if;
    end loop;
end
$$;
comment on function perennial.issue_api_key is 'Gives a row its public id and hash, stores it and answers with the key.';

create or replace function perennial.check_scopes(scopes text[]) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
declare
    scope text;
begin
    if coalesce(cardinality(scopes), 0) not between 1 and 100 then
        perform refuse_field('scopes', 'must be 1 to 100 scopes');
    end if;
    foreach scope in array scopes loop
        if coalesce(scope !~ '^[a-z][a-z0-9_.:-]{0,59}$', true) then
            perform refuse_field('scopes', format('%s is not of the form usage:write (a-z, 0-9, _ . : -, 60 at most)',
                                                  coalesce(quote_literal(scope), 'null')));
        end if;
    end loop;
end
$$;
comment on function perennial.check_scopes is 'Refuses what cannot be the scopes of a key.';

create or replace function perennial.create_api_key(
    customer uuid, name text, scopes text[], expires_at timestamptz default null, limit_per_hour integer default null
) returns table (id uuid, key text)
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    made api_keys;
begin
    select c.clock_id, business_now(c.clock_id) into made.clock_id, made.issued_at
      from customers c where c.id = customer;
    if not found then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    elsif length(trim(name)) between 1 and 200 is not true or name ~ '[[:cntrl:]]' then
        perform refuse_field('name', 'must have 1 to 200 characters, and no control characters');
    elsif expires_at <= made.issued_at or not isfinite(expires_at) then
        perform refuse_field('expires_at', format('must be after %s, is %s', made.issued_at, expires_at));
    elsif limit_per_hour < -1 or limit_per_hour = 0 then
        perform refuse_field('limit_per_hour', format('must be 1 or more, or -1 for unlimited, is %s', limit_per_hour));
    end if;
    perform check_scopes(scopes);
    made.id := gen_random_uuid();
    -- A key of a customer whose time is not real is marked so that nobody takes it for a real one.
    made.mode := case when exists (select from clocks k where k.frozen_at is not null
                                      and k.id in (made.clock_id, '00000000-0000-0000-0000-000000000000'))
                      then 'test' else 'live' end;
    made.customer_id := customer;
    made.name := name;
    made.scopes := array(select distinct s from unnest(scopes) s order by s);
    made.expires_at := expires_at;
    made.limit_per_hour := limit_per_hour;
    made.spent := 0;
    made.spent_at := made.issued_at;
    return query select made.id, issue_api_key(made);
end
$$;
comment on function perennial.create_api_key is 'Makes a key. Its text is in the answer and nowhere else.';

create or replace function perennial.revoke_api_key(id uuid) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
begin
    update api_keys k set revoked_at = business_now(k.clock_id)
     where k.id = revoke_api_key.id and k.revoked_at is null;
    if found then
        return true;
    elsif not exists (select from api_keys k where k.id = revoke_api_key.id) then
        perform refuse_id('id', revoke_api_key.id, 'It is no key: `perennial api-key list` shows a customer''s.');
    end if;
    return false;
end
$$;
comment on function perennial.revoke_api_key is 'Ends a key at once. False: it was revoked before.';

create or replace function perennial.rotate_api_key(inout id uuid, overlap interval, out key text)
language plpgsql security definer
-- A day of overlap is 24 hours, whatever zone the caller's session is in.
set timezone = 'UTC' set search_path = perennial, pg_temp as $$
declare
    old api_keys;
    made api_keys;
    moment timestamptz;
begin
    if rotate_api_key.overlap between interval '0' and interval '90 days' is not true then
        perform refuse_field('overlap', format('must be 0 to 90 days, is %s', coalesce(rotate_api_key.overlap::text, 'null')));
    end if;
    select * into old from api_keys k where k.id = rotate_api_key.id for no key update;
    moment := business_now(old.clock_id);
    if old.id is null then
        perform refuse_id('id', rotate_api_key.id, 'It is no key: `perennial api-key list` shows a customer''s.');
    elsif old.revoked_at is not null then
        perform refuse_field('id', format('key %s was revoked at %s', id, old.revoked_at));
    elsif old.expires_at <= moment then
        perform refuse_field('id', format('key %s expired at %s', id, old.expires_at));
    elsif old.rotated_to is not null then
        perform refuse_field('id', format('key %s was rotated already, to %s', id, old.rotated_to));
    end if;
    -- The bucket goes along: a new key is not a full one.
    made := old;
    made.id := gen_random_uuid();
    made.issued_at := moment;
    made.expires_at := moment + make_interval(secs => extract(epoch from old.expires_at - old.issued_at)::double precision);
    made.last_used_at := null;
    key := issue_api_key(made);
    update api_keys k
       set rotated_to = made.id, expires_at = least(k.expires_at, moment + rotate_api_key.overlap)
     where k.id = old.id;
    id := made.id;
end
$$;
comment on function perennial.rotate_api_key is
    'Makes a key that takes another''s place, valid for as long as that one was meant to be; the old one works until the overlap is over.';

-- A token is 3,600,000,000 parts, so that a microsecond refills exactly `limit_per_hour` of them:
-- no rounding, however often it is asked. The row keeps what is spent rather than what is left: a
-- higher limit then holds at once and keeps the count, and a new key is a full bucket.
create or replace function perennial.bucket_spent(spent bigint, spent_at timestamptz, limit_per_hour bigint, moment timestamptz)
returns bigint
language sql immutable parallel safe as $$
    select greatest(0, least(spent, limit_per_hour * 3600000000)
           - limit_per_hour * least(3600000000, greatest(0, (extract(epoch from moment - spent_at) * 1000000)::bigint)))
$$;
comment on function perennial.bucket_spent is 'What of a bucket is still spent at a moment, in parts of a token.';

-- How many calls per hour a key may make: its own limit, else the most generous plan's. (Not in
-- plain SQL: that would be planned anew at each call.)
create or replace function perennial.api_key_limit(customer uuid, own integer) returns bigint
language plpgsql stable
set search_path = perennial, pg_temp as $$
begin
    return least(2147483647,
                 coalesce(own, (select limit_units from entitlement(customer, metric_of('api_calls_per_hour'))), 0));
end
$$;
comment on function perennial.api_key_limit is 'Calls per hour; -1: unlimited; 0: no plan allows any.';

-- In a long transaction the lock on the key's row is held long: call it on its own.
create or replace function perennial.authorize_api_key(
    key text, scope text,
    out customer uuid, out allowed boolean, out remaining bigint, out retry_after integer, out reason text
) language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
declare
    token constant bigint := 3600000000;
    known api_keys;
    moment timestamptz;
    per_hour bigint;
    unspent bigint;
begin
    if coalesce(trim(scope), '') = '' then
        perform refuse_field('scope', 'must name what the call needs');
    end if;
    -- What other calls did meanwhile is seen by the next round: each one that fails has lost its
    -- token to another call, so that there are as many rounds as tokens at most.
    loop
        select * into known from api_keys k
         where k.public_id = substring(key from '^prn_(?:live|test)_([0-9A-Za-z]{8})_[0-9A-Za-z]{43}$')
           and k.key_hash = sha256(convert_to(key, 'UTF8'));
        customer := known.customer_id;
        moment := business_now(known.clock_id);
        allowed := false;
        if known.id is null then reason := 'unknown'; return;
        elsif known.revoked_at is not null then reason := 'revoked'; return;
        elsif known.expires_at <= moment then reason := 'expired'; return;
        elsif not scope = any (known.scopes) then reason := 'scope'; return;
        end if;
        per_hour := api_key_limit(known.customer_id, known.limit_per_hour);
        if per_hour = 0 then reason := 'no_plan'; return;
        elsif per_hour = -1 then
            allowed := true;
            update api_keys k set last_used_at = moment
             where k.id = known.id and (k.last_used_at is null or k.last_used_at <= moment - interval '1 minute');
            return;
        end if;
        -- Looked at before it is locked: a call that is denied writes nothing.
        unspent := per_hour * token - bucket_spent(known.spent, known.spent_at, per_hour, moment);
        if unspent < token then
            remaining := 0;
            retry_after := (token - unspent + per_hour * 1000000 - 1) / (per_hour * 1000000);
            reason := 'rate_limited';
            return;
        end if;
        update api_keys k
           set spent = bucket_spent(k.spent, k.spent_at, per_hour, moment) + token,
               spent_at = greatest(k.spent_at, moment), last_used_at = greatest(k.last_used_at, moment)
         where k.id = known.id and k.revoked_at is null
           and bucket_spent(k.spent, k.spent_at, per_hour, moment) <= (per_hour - 1) * token
        returning (per_hour * token - k.spent) / token into remaining;
        if found then
            allowed := true;
            return;
        end if;
    end loop;
end
$$;
comment on function perennial.authorize_api_key is
    'Whether a call may be made with this key, now: a token of its bucket is taken if so. reason: unknown, revoked, expired, scope, no_plan or rate_limited; remaining is null where there is no limit; retry_after: whole seconds until there is a token.';
