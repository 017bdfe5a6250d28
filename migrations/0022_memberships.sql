-- Memberships of people, and what content is open to whom.

create table perennial.membership_types (
    id uuid primary key,
    code text collate "C" not null unique check (code ~ '^[a-z][a-z0-9_-]{0,59}$'),
    name text not null check (name !~ '[[:cntrl:]]' and length(name) between 1 and 200),
    -- recurring: as long as a subscription has access; fixed: for a number of days; lifetime: for ever
    duration text not null check (duration in ('recurring', 'fixed', 'lifetime')),
    duration_days integer check (duration_days between 1 and 36600),
    price_minor bigint not null check (price_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    features text[] not null default '{}' check (array_position(features, null) is null
        and array_to_string(features, ' ') ~ '^([a-z][a-z0-9_]{0,59}( [a-z][a-z0-9_]{0,59})*)?$'),
    -- how long before its end a member is told; null: not
    notice_days integer check (notice_days > 0),
    active boolean not null default true,
    created_at timestamptz not null default now(),
    check ((duration = 'fixed') = (duration_days is not null)),
    check (notice_days is null or (duration = 'fixed' and notice_days <= duration_days))
);
comment on table perennial.membership_types is
    'What one can be a member of. Memberships keep the end they were granted with: a change holds for those granted from then on.';
create index membership_types_features on perennial.membership_types using gin (features);

create table perennial.user_memberships (
    id uuid primary key,
    -- what it was granted for, once
    key text not null unique check (length(key) between 1 and 200),
    user_id uuid not null references perennial.users,
    membership_type_id uuid not null references perennial.membership_types,
    subscription_id uuid references perennial.subscriptions,
    -- the order it was bought with; no foreign key, since an order may be kept elsewhere
    order_id uuid,
    clock_id uuid not null,
    -- what was last written down. Whether it holds now is judged by perennial.live_memberships
    status text not null check (status in ('pending', 'active', 'expired', 'canceled')),
    starts_at timestamptz not null check (isfinite(starts_at)),
    -- null: it has no end of its own
    ends_at timestamptz check (ends_at > starts_at and isfinite(ends_at)),
    notice_at timestamptz check (notice_at < ends_at),
    -- null also where there was no customer to tell
    notice_sent_at timestamptz,
    canceled_at timestamptz,
    -- what was bought beside it
    addons jsonb not null default '[]' check (jsonb_typeof(addons) = 'array'),
    -- what is to be written down next, and when
    due_at timestamptz,
    created_at timestamptz not null default now(),
    check (num_nonnulls(subscription_id, order_id) <= 1),
    check (subscription_id is null or ends_at is null),
    check ((notice_at is null) <= (notice_sent_at is null)),
    check ((status = 'canceled') = (canceled_at is not null)),
    check (due_at is null or status in ('pending', 'active'))
);
comment on table perennial.user_memberships is 'Who is a member of what, from when to when.';
create index user_memberships_user on perennial.user_memberships (user_id);
create index user_memberships_due on perennial.user_memberships (clock_id, due_at) where due_at is not null;
create unique index user_memberships_order on perennial.user_memberships (order_id, membership_type_id)
    where order_id is not null;
create unique index user_memberships_subscription
    on perennial.user_memberships (subscription_id, membership_type_id, user_id)
    where subscription_id is not null and status <> 'canceled';

create index if not exists organization_members_user on perennial.organization_members (user_id);
create index if not exists customers_user on perennial.customers (user_id) where user_id is not null;
create index if not exists customers_organization on perennial.customers (organization_id) where organization_id is not null;

create view perennial.live_memberships as
    select m.id, m.user_id, m.membership_type_id, t.code, t.features
      from perennial.user_memberships m
      join perennial.membership_types t on t.id = m.membership_type_id
     where m.status in ('pending', 'active') and m.starts_at <= perennial.business_now(m.clock_id)
       and (m.ends_at is null or m.ends_at > perennial.business_now(m.clock_id))
       and (m.subscription_id is null
            or exists (select from perennial.live_subscriptions s where s.id = m.subscription_id));
comment on view perennial.live_memberships is
    'Memberships that hold now, [starts_at, ends_at), whether or not a job has written it down. What is written down as over stays over.';

------------------------------------------------------------------------------------- granting

create function perennial.customer_of_user(user_id uuid) returns uuid
language sql stable
set search_path = perennial, pg_temp as $$
    select c.id from customers c where c.user_id = customer_of_user.user_id order by c.created_at, c.id limit 1
$$;
comment on function perennial.customer_of_user is 'Where mail for a user goes, and whose clock and zone are theirs; null: nowhere.';

create function perennial.check_membership(type text, subscription uuid, order_id uuid, starts_at timestamptz)
returns perennial.membership_types
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    kind membership_types;
begin
    select * into kind from membership_types t where t.code = type;
    if kind.id is null then
        perform refuse_field('type', format('%s is not a membership type; known are %s', coalesce(type, 'null'),
            (select string_agg(t.code, ', ' order by t.code) from membership_types t where t.active)));
    elsif not kind.active then
        perform refuse_field('type', format('%s is not granted any more', type));
    elsif (kind.duration = 'recurring') <> (subscription is not null) then
        perform refuse_field('subscription', case when subscription is null
            then format('is required: %s lasts as long as a subscription', type)
            else format('%s does not depend on a subscription', type) end);
    elsif subscription is not null and not exists (select from subscriptions s where s.id = subscription) then
        perform refuse_field('subscription', format('%s is not known', subscription));
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
create function perennial.membership_due(membership perennial.user_memberships, moment timestamptz) returns timestamptz
language sql immutable parallel safe as $$
    select min(instant)
      from unnest(array[membership.starts_at, membership.notice_at, membership.ends_at]) instant
     where instant > moment
$$;
comment on function perennial.membership_due is 'When a membership next begins, is to be told of or ends.';

create function perennial.grant_membership(
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
        perform refuse_field('user_id', format('%s is not known', coalesce(grant_membership.user_id::text, 'null')));
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

create function perennial.cancel_membership(id uuid) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
declare
    held user_memberships;
begin
    select * into held from user_memberships m where m.id = cancel_membership.id for no key update;
    if held.id is null then
        perform refuse_field('id', format('%s is not a membership', coalesce(cancel_membership.id::text, 'null')));
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

------------------------------------------------------------------------------------- time passes

create function perennial.pass_memberships(clock uuid, batch integer)
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

------------------------------------------------------------------------------------- features

-- This one and content_rules stand in place where they are used, so that they are planned once per session.
create function perennial.features_of(customers uuid[], user_id uuid) returns setof text
language sql stable as $$
    select f.feature from perennial.live_subscriptions s join perennial.plan_features f on f.plan_id = s.plan_id
     where s.customer_id = any (customers)
    union
    select unnest(m.features) from perennial.live_memberships m where m.user_id = features_of.user_id
$$;
comment on function perennial.features_of is 'What these customers'' plans and this user''s memberships can do now; `all_features` stands for everything.';

create function perennial.check_feature(customer uuid, feature text) returns boolean
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    person uuid;
begin
    select c.user_id into person from customers c where c.id = customer;
    if not found then
        perform refuse_field('customer', format('%s is not known', coalesce(customer::text, 'null')));
    elsif not exists (select from plan_features f where f.feature = check_feature.feature)
       and not exists (select from membership_types t where t.features @> array[check_feature.feature]) then
        perform refuse_field('feature', format('%s is in no plan and no membership type', coalesce(feature, 'null')));
    end if;
    return exists (select from features_of(array[customer], person) f where f in (check_feature.feature, 'all_features'));
end
$$;
comment on function perennial.check_feature is
    'Whether a customer''s plan has a feature, or a membership of the person behind it.';

------------------------------------------------------------------------------------- content

create table perennial.content_access_rules (
    id integer generated always as identity primary key,
    -- a key, or with `*` at its end all keys that begin so
    content_key text collate "C" not null check (content_key ~ '^[^*[:cntrl:]]{0,200}\*?$' and content_key <> ''),
    requirement text not null check (requirement in ('public', 'plan', 'feature', 'membership')),
    plan text references perennial.plans (code) on update cascade,
    feature text check (feature ~ '^[a-z][a-z0-9_]{0,59}$'),
    membership text references perennial.membership_types (code) on update cascade,
    created_at timestamptz not null default now(),
    check (num_nonnulls(plan, feature, membership) = (requirement <> 'public')::integer),
    check ((plan is not null) = (requirement = 'plan')),
    check ((feature is not null) = (requirement = 'feature')),
    check ((membership is not null) = (requirement = 'membership')),
    unique nulls not distinct (content_key, requirement, plan, feature, membership)
);
comment on table perennial.content_access_rules is
    'What opens which content. Any rule that is met opens it; content without a rule is closed.';

create function perennial.content_rules(content_key text) returns setof perennial.content_access_rules
language sql stable as $$
    -- Each prefix is looked up by index: there are as many as the key is long.
    select r.* from perennial.content_access_rules r
     where r.content_key = any (array(
           select left(content_rules.content_key, n) || '*' from generate_series(0, length(content_rules.content_key)) n
           union all select content_rules.content_key))
$$;
comment on function perennial.content_rules is 'The rules that a piece of content falls under.';

create function perennial.can_access(user_id uuid, content_key text) returns boolean
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
declare
    theirs uuid[];
begin
    if length(can_access.content_key) between 1 and 200 is not true then
        perform refuse_field('content_key', 'must have 1 to 200 characters');
    elsif can_access.user_id is not null and not exists (select from users u where u.id = can_access.user_id) then
        perform refuse_field('user_id', format('%s is not known', can_access.user_id));
    elsif exists (select from content_rules(can_access.content_key) r where r.requirement = 'public') then
        return true;
    end if;
    theirs := array(
        select c.id from customers c where c.user_id = can_access.user_id
        union
        select c.id from organization_members o join customers c on c.organization_id = o.organization_id
         where o.user_id = can_access.user_id);
    return exists (
        select from content_rules(can_access.content_key) r
         where r.plan in (select p.code from live_subscriptions s join plans p on p.id = s.plan_id
                           where s.customer_id = any (theirs))
            or r.membership in (select m.code from live_memberships m where m.user_id = can_access.user_id)
            or (r.feature is not null
                and exists (select from features_of(theirs, can_access.user_id) f where f in (r.feature, 'all_features'))));
end
$$;
comment on function perennial.can_access is
    'Whether content is open to a user (null: to anybody), by what they or their organizations have now.';

-- Three examples. Set `active` to false on what you do not offer; add your own beside them.
insert into perennial.membership_types
    (id, code, name, duration, duration_days, price_minor, currency, features, notice_days) values
    ('00000000-0000-7000-8000-000000000401', 'supporter', 'Supporter', 'recurring', null, 500, 'USD',
     '{supporter_badge}', null),
    ('00000000-0000-7000-8000-000000000402', 'annual_pass', 'Annual pass', 'fixed', 365, 9900, 'USD',
     '{course_library}', 14),
    ('00000000-0000-7000-8000-000000000403', 'founding_member', 'Founding member', 'lifetime', null, 49900, 'USD',
     '{course_library,supporter_badge}', null);
