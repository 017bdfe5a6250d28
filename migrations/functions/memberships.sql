-- Memberships of people: granting, ending, and what they open.

create or replace view perennial.live_memberships as
    select m.id, m.user_id, m.membership_type_id, t.code, t.features
      from perennial.user_memberships m
      join perennial.membership_types t on t.id = m.membership_type_id
     where m.status in ('pending', 'active') and m.starts_at <= perennial.business_now(m.clock_id)
       and (m.ends_at is null or m.ends_at > perennial.business_now(m.clock_id))
       and (m.subscription_id is null
            or exists (select from perennial.live_subscriptions s where s.id = m.subscription_id));
comment on view perennial.live_memberships is
    'Memberships that hold now, [starts_at, ends_at), whether or not a job has written it down. What is written down as over stays over.';

create or replace function perennial.customer_of_user(user_id uuid) returns uuid
language sql stable
set search_path = perennial, pg_temp as $$
    select c.id from customers c where c.user_id = customer_of_user.user_id order by c.created_at, c.id limit 1
$$;
comment on function perennial.customer_of_user is 'Where mail for a user goes, and whose clock and zone are theirs; null: nowhere.';

create or replace function perennial.check_membership(type text, subscription uuid, order_id uuid, starts_at timestamptz)
returns perennial.membership_types
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    kind membership_types;
begin
    select * into kind from membership_types t where t.code = type;
    if kind.id is null then
        perform refuse_name('type', format('%s is not a membership type', coalesce(type, 'null')), type,
            array(select t.code from membership_types t where t.active order by t.code));
    elsif not kind.active then
        perform refuse_field('type', format('%s is not granted any more', type));
    elsif (kind.duration = 'recurring') <> (subscription is not null) then
        perform refuse_field('subscription', case when subscription is null
            then format('is required: %s lasts as long as a subscription', type)
            else format('%s does not depend on a subscription', type) end);
    elsif subscription is not null and not exists (select from subscriptions s where s.id = subscription) then
        perform refuse_id('subscription', subscription);
    elsif subscription is not null and order_id is not null then
        perform refuse_field('order_id', format('%s lasts as long as a subscription, and is not bought by order', type));
    elsif not isfinite(starts_at) or starts_at not between '1970-01-01Z' and '2200-01-01Z' then
        perform refuse_field('starts_at', format('must lie between 1970 and 2200, is %s', starts_at));
    end if;
    return kind;
end
$$;
comment on function perennial.check_membership is 'Refuses what cannot be granted; answers with the type.';

-- The first instant after `moment` at which there is something to write down.
create or replace function perennial.membership_due(membership perennial.user_memberships, moment timestamptz) returns timestamptz
language sql immutable parallel safe as $$
    select min(instant)
      from unnest(array[membership.starts_at, membership.notice_at, membership.ends_at]) instant
     where instant > moment
$$;
comment on function perennial.membership_due is 'When a membership next begins, is to be told of or ends.';

create or replace function perennial.grant_membership(
    user_id uuid, type text, key text, subscription uuid default null, order_id uuid default null,
    starts_at timestamptz default null
) returns uuid
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    kind membership_types;
    made user_memberships;
    moment timestamptz;
    zone text;
begin
    if length(grant_membership.key) between 1 and 200 is not true then
        perform refuse_field('key', 'must have 1 to 200 characters');
    end if;
    -- A repeat answers the same and does nothing.
    select m.id into made.id from user_memberships m where m.key = grant_membership.key;
    if found then
        return made.id;
    end if;
    if not exists (select from users u where u.id = grant_membership.user_id) then
        perform refuse_id('user_id', grant_membership.user_id, 'A user comes with customer.upserted of kind user.');
    end if;
    kind := check_membership(type, subscription, grant_membership.order_id, grant_membership.starts_at);
    select c.clock_id, c.time_zone into made.clock_id, zone
      from customers c where c.id = customer_of_user(grant_membership.user_id);
    made.clock_id := coalesce((select s.clock_id from subscriptions s where s.id = subscription), made.clock_id,
                              '00000000-0000-0000-0000-000000000000');
    moment := business_now(made.clock_id);
    made.id := gen_random_uuid();
    made.starts_at := coalesce(grant_membership.starts_at, moment);
    -- A day is one on the member's wall, whatever the clocks are turned by (rule T4).
    zone := coalesce(zone, 'UTC');
    made.ends_at := wall_instant((made.starts_at at time zone zone) + make_interval(days => kind.duration_days), zone);
    made.notice_at := wall_instant((made.ends_at at time zone zone) - make_interval(days => kind.notice_days), zone);
    made.status := case when made.ends_at <= moment then 'expired' when made.starts_at <= moment then 'active'
                        else 'pending' end;
    made.due_at := case when made.notice_at <= moment and moment < made.ends_at then moment
                        else membership_due(made, moment) end;
    insert into user_memberships (id, key, user_id, membership_type_id, subscription_id, order_id, clock_id, status,
                                  starts_at, ends_at, notice_at, due_at)
    values (made.id, grant_membership.key, grant_membership.user_id, kind.id, subscription, grant_membership.order_id,
            made.clock_id, made.status, made.starts_at, made.ends_at, made.notice_at, made.due_at)
    on conflict do nothing;
    if not found then
        select m.id into made.id from user_memberships m where m.key = grant_membership.key;
        if not found then
            perform refuse_field(case when subscription is null then 'order_id' else 'subscription' end,
                format('%s has given membership %s already', coalesce(subscription, grant_membership.order_id), type));
        end if;
    end if;
    perform pg_notify('perennial_due', '');
    return made.id;
end
$$;
comment on function perennial.grant_membership is
    'Makes a user a member, from starts_at on (null: now). A repeat of a key answers the same and does nothing.';

create or replace function perennial.cancel_membership(id uuid) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
declare
    held user_memberships;
begin
    select * into held from user_memberships m where m.id = cancel_membership.id for no key update;
    if held.id is null then
        perform refuse_id('id', cancel_membership.id, 'It is no membership: grant_membership answers with the id.');
    elsif held.status = 'canceled' then
        return false;
    elsif held.ends_at <= business_now(held.clock_id) then
        perform refuse_field('id', format('membership %s ended at %s', held.id, held.ends_at));
    end if;
    update user_memberships m
       set status = 'canceled', canceled_at = business_now(m.clock_id), due_at = null
     where m.id = held.id;
    return true;
end
$$;
comment on function perennial.cancel_membership is 'Ends a membership at once. False: it was canceled before.';

create or replace function perennial.pass_memberships(clock uuid, batch integer)
returns table (id uuid, customer_id uuid, type_name text, ends_at timestamptz)
language sql
set search_path = perennial, pg_temp as $$
    with moment as materialized (select business_now(clock) as now),
    due as materialized (
        select m.id, customer_of_user(m.user_id) as customer_id from user_memberships m
         where m.clock_id = clock and m.due_at <= (select now from moment)
         order by m.due_at limit batch for no key update skip locked),
    passed as (
        update user_memberships m
           set status = case when m.ends_at <= n.now then 'expired' when m.starts_at <= n.now then 'active'
                             else m.status end,
               due_at = membership_due(m, n.now),
               notice_sent_at = case when m.notice_sent_at is null and m.notice_at <= n.now and n.now < m.ends_at
                                      and d.customer_id is not null then n.now else m.notice_sent_at end
          from due d cross join moment n
         where m.id = d.id
        returning m.id, d.customer_id, m.membership_type_id, m.ends_at, m.notice_sent_at = n.now as to_tell)
    select p.id, case when p.to_tell then p.customer_id end, t.name, p.ends_at
      from passed p join membership_types t on t.id = p.membership_type_id
$$;
comment on function perennial.pass_memberships is
    'Writes down what has come about with up to `batch` memberships. Those with a customer are to be told that their end is near; one whose end has passed is not told any more.';
