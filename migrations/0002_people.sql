-- Who is billed: a user or an organization stands behind every customer.

create table perennial.users (
    id uuid primary key,
    email text not null unique check (email ~ '^[^@\s]+@[^@\s]+$'),
    name text not null,
    created_at timestamptz not null default now()
);
comment on table perennial.users is 'People.';

create table perennial.organizations (
    id uuid primary key,
    name text not null,
    tax_id text,
    created_at timestamptz not null default now()
);
comment on table perennial.organizations is 'Companies and teams.';

create table perennial.organization_members (
    organization_id uuid not null references perennial.organizations,
    user_id uuid not null references perennial.users,
    role text not null check (role in ('owner', 'admin', 'billing', 'member')),
    created_at timestamptz not null default now(),
    primary key (organization_id, user_id)
);
comment on table perennial.organization_members is 'Who belongs to an organization, as what.';
create index organization_members_user on perennial.organization_members (user_id);

create table perennial.customers (
    id uuid primary key,
    user_id uuid references perennial.users,
    organization_id uuid references perennial.organizations,
    email text not null check (email ~ '^[^@\s]+@[^@\s]+$'),
    name text not null check (name !~ '[[:cntrl:]]'),
    locale text not null default 'en-US',
    time_zone text not null default 'UTC',
    clock_id uuid not null default '00000000-0000-0000-0000-000000000000' references perennial.clocks,
    -- how many audit rows name this customer as their subject
    version bigint not null default 0,
    created_at timestamptz not null default now(),
    check (num_nonnulls(user_id, organization_id) = 1)
);
comment on table perennial.customers is 'The billable party. All personal data lives here and in users.';
create index customers_email on perennial.customers (email);
create index customers_user on perennial.customers (user_id) where user_id is not null;
create index customers_organization on perennial.customers (organization_id) where organization_id is not null;
