-- Memberships of people, and which content is open to whom.

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
-- Three examples. Set `active` to false on what you do not offer; add your own beside them.
insert into perennial.membership_types
    (id, code, name, duration, duration_days, price_minor, currency, features, notice_days) values
    ('00000000-0000-7000-8000-000000000401', 'supporter', 'Supporter', 'recurring', null, 500, 'USD',
     '{supporter_badge}', null),
    ('00000000-0000-7000-8000-000000000402', 'annual_pass', 'Annual pass', 'fixed', 365, 9900, 'USD',
     '{course_library}', 14),
    ('00000000-0000-7000-8000-000000000403', 'founding_member', 'Founding member', 'lifetime', null, 49900, 'USD',
     '{course_library,supporter_badge}', null);

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
