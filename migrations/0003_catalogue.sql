-- What is sold: plans, their prices, features and limits, and packages of tokens.

create table perennial.plans (
    id uuid primary key,
    code text not null unique check (code ~ '^[a-z][a-z0-9_-]*$'),
    name text not null,
    description text not null default '',
    -- order of the tiers, cheapest first
    tier integer not null,
    -- prices are agreed with each customer
    negotiated boolean not null default false,
    retention_days integer check (retention_days > 0),
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table perennial.plans is 'Plans (tiers) of the catalog.';
comment on column perennial.plans.retention_days is 'How long usage events are kept; null: for ever.';

create table perennial.prices (
    id uuid primary key,
    plan_id uuid not null references perennial.plans,
    -- a price negotiated with one customer
    customer_id uuid references perennial.customers,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    interval_unit text not null check (interval_unit in ('day', 'week', 'month', 'year')),
    interval_count integer not null check (interval_count between 1 and 3650),
    scheme text not null check (scheme in ('flat', 'per_seat')),
    -- minor units per interval, and per seat where the scheme says so
    unit_amount_minor bigint not null check (unit_amount_minor >= 0),
    -- minor units, once, on the first invoice
    setup_fee_minor bigint not null default 0 check (setup_fee_minor >= 0),
    active boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table perennial.prices is 'What a plan costs, per currency and interval.';
create unique index prices_listed on perennial.prices (plan_id, currency, interval_unit, interval_count)
    where customer_id is null and active;
create unique index prices_negotiated on perennial.prices (customer_id, plan_id, currency, interval_unit, interval_count)
    where customer_id is not null and active;

create table perennial.plan_features (
    plan_id uuid not null references perennial.plans,
    -- `all_features` stands for every feature of every plan
    feature text collate "C" not null check (feature ~ '^[a-z][a-z0-9_]{0,59}$'),
    primary key (plan_id, feature)
);
comment on table perennial.plan_features is 'What a plan can do.';
create index plan_features_feature on perennial.plan_features (feature);

create table perennial.metrics (
    id integer generated always as identity primary key,
    name text not null,
    -- what one is called in a letter, in the plural: "AI operations"
    unit text not null,
    -- count: what was used is added up; ceiling: each request is held against the limit for itself
    kind text not null default 'count' check (kind in ('count', 'ceiling')),
    created_at timestamptz not null default now()
);
comment on table perennial.metrics is 'What is metered or limited.';

create table perennial.metric_codes (
    code text collate "C" primary key check (code ~ '^[a-z][a-z0-9_]{0,59}$'),
    metric_id integer not null references perennial.metrics,
    -- a code that a metric no longer has goes on to mean it: services change their words later
    retired_at timestamptz
);
comment on table perennial.metric_codes is 'What services call a metric: one code now, and those it had before.';
create unique index metric_codes_current on perennial.metric_codes (metric_id) where retired_at is null;

create table perennial.plan_quotas (
    id uuid primary key,
    plan_id uuid not null references perennial.plans,
    metric_id integer not null references perennial.metrics,
    version integer not null check (version >= 1),
    -- per period; -1: unlimited
    limit_units bigint not null check (limit_units >= -1),
    limit_per text not null default 'subscription' check (limit_per in ('subscription', 'seat')),
    -- hard: consume refuses what is beyond; soft: it is allowed, warned of and, with tiers, billed
    enforcement text not null check (enforcement in ('hard', 'soft')),
    reset text not null default 'anniversary' check (reset in ('anniversary', 'calendar_month', 'never')),
    -- how much of what was not used goes over into the next period, at most
    rollover_max bigint not null default 0 check (rollover_max >= 0),
    -- percent of the limit
    warn_at integer[] not null default '{80,100}'
        check (1 <= all (warn_at) and 1000 >= all (warn_at) and array_position(warn_at, null) is null),
    -- usage of a period that is closed: billed with the next one, or dropped and noted
    late_usage text not null default 'bill_next' check (late_usage in ('bill_next', 'drop')),
    -- how far back a timestamp may lie
    open_days integer not null default 35 check (open_days between 0 and 400),
    created_at timestamptz not null default now(),
    unique (plan_id, metric_id, version)
);
comment on table perennial.plan_quotas is
    'Versions of a plan''s limits. A period keeps the version it began with; the next one takes the latest, a change of plan at once.';
select perennial.make_append_only('perennial.plan_quotas');

create table perennial.plan_quota_tiers (
    quota_id uuid not null references perennial.plan_quotas,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    position integer not null check (position >= 1),
    -- units beyond the limit up to which this tier holds; null: all the rest
    up_to bigint check (up_to > 0),
    -- minor units for each `per_units` units
    amount_minor bigint not null check (amount_minor >= 0),
    per_units bigint not null default 1 check (per_units > 0),
    primary key (quota_id, currency, position)
);
comment on table perennial.plan_quota_tiers is 'What usage beyond a limit costs, tier by tier.';
select perennial.make_append_only('perennial.plan_quota_tiers');

create table perennial.customer_quotas (
    customer_id uuid not null references perennial.customers,
    metric_id integer not null references perennial.metrics,
    limit_units bigint not null check (limit_units >= -1),
    enforcement text check (enforcement in ('hard', 'soft')),
    created_at timestamptz not null default now(),
    primary key (customer_id, metric_id)
);
comment on table perennial.customer_quotas is 'Limits agreed with one customer: they take the place of the plan''s.';

create table perennial.token_units (
    code text collate "C" primary key check (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    -- what they are called in a letter, in the plural
    name text not null,
    created_at timestamptz not null default now()
);
comment on table perennial.token_units is 'What wallets hold.';

create table perennial.plan_allocations (
    plan_id uuid not null references perennial.plans,
    unit text collate "C" not null references perennial.token_units,
    -- per month, from billing anniversary to billing anniversary
    amount bigint not null check (amount between 1 and 1000000000000),
    priority integer not null default 0,
    primary key (plan_id, unit)
);
comment on table perennial.plan_allocations is 'Tokens that a plan gives each month; they expire with the month. A change holds from each customer''s next month on.';

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

-- The example catalogue. Set `active` to false on what you do not sell; add your own beside it.

insert into perennial.plans (id, code, name, description, tier, negotiated, retention_days) values
    ('00000000-0000-7000-8000-000000000001', 'free', 'Free', 'For trying it out', 0, false, 30),
    ('00000000-0000-7000-8000-000000000002', 'pro', 'Pro', 'For teams, by the seat', 10, false, 365),
    ('00000000-0000-7000-8000-000000000003', 'professional', 'Professional', 'For professionals', 20, false, 365),
    ('00000000-0000-7000-8000-000000000004', 'enterprise', 'Enterprise', 'For companies', 30, false, null),
    ('00000000-0000-7000-8000-000000000005', 'custom', 'Custom', 'As agreed', 40, true, null);

insert into perennial.prices
    (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor, setup_fee_minor) values
    ('00000000-0000-7000-8000-000000000101', '00000000-0000-7000-8000-000000000001', 'USD', 'month', 1, 'flat', 0, 0),
    ('00000000-0000-7000-8000-000000000102', '00000000-0000-7000-8000-000000000001', 'USD', 'year', 1, 'flat', 0, 0),
    ('00000000-0000-7000-8000-000000000103', '00000000-0000-7000-8000-000000000002', 'USD', 'month', 1, 'per_seat', 4900, 0),
    ('00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 'USD', 'month', 1, 'flat', 4900, 0),
    ('00000000-0000-7000-8000-000000000105', '00000000-0000-7000-8000-000000000003', 'USD', 'year', 1, 'flat', 49000, 0),
    ('00000000-0000-7000-8000-000000000106', '00000000-0000-7000-8000-000000000004', 'USD', 'month', 1, 'flat', 19900, 50000),
    ('00000000-0000-7000-8000-000000000107', '00000000-0000-7000-8000-000000000004', 'USD', 'year', 1, 'flat', 199000, 50000);

insert into perennial.plan_features (plan_id, feature)
select p.id, f.feature from perennial.plans p
  join (values ('free', 'basic_processing'), ('free', 'simple_validation'),
               ('pro', 'basic_processing'), ('pro', 'simple_validation'),
               ('professional', 'basic_processing'), ('professional', 'simple_validation'),
               ('professional', 'advanced_processing'), ('professional', 'compliance_check'),
               ('professional', 'export_formats'), ('professional', 'integrations'),
               ('enterprise', 'all_features'), ('enterprise', 'custom_models'), ('enterprise', 'white_label'),
               ('enterprise', 'sso'), ('enterprise', 'dedicated_support')) f (plan, feature) on f.plan = p.code;

insert into perennial.metrics (name, unit, kind) values
    ('AI operations', 'AI operations', 'count'), ('Data processing', 'data processing runs', 'count'),
    ('AI decisions', 'AI decisions', 'count'), ('Members', 'members', 'count'),
    ('API calls per hour', 'API calls per hour', 'ceiling'), ('Project size', 'MB per project', 'ceiling');

insert into perennial.metric_codes (code, metric_id)
select c.code, m.id from perennial.metrics m
  join (values ('AI operations', 'ai_operations'), ('Data processing', 'data_processing'),
               ('AI decisions', 'ai_decisions'), ('Members', 'members'),
               ('API calls per hour', 'api_calls_per_hour'), ('Project size', 'project_size_mb')) c (name, code)
    on c.name = m.name;

insert into perennial.plan_quotas (id, plan_id, metric_id, version, limit_units, enforcement, reset)
select ('00000000-0000-7000-8000-0000000003' || lpad(row_number() over (order by p.tier, m.metric_id)::text, 2, '0'))::uuid,
       p.id, m.metric_id, 1, l.limit_units, l.enforcement,
       case when l.code in ('members', 'api_calls_per_hour', 'project_size_mb') then 'never' else 'anniversary' end
  from (values
    ('free', 'ai_operations', 5, 'hard'), ('professional', 'ai_operations', 100, 'hard'), ('enterprise', 'ai_operations', -1, 'soft'),
    ('free', 'data_processing', 2, 'hard'), ('professional', 'data_processing', 20, 'hard'), ('enterprise', 'data_processing', -1, 'soft'),
    ('free', 'ai_decisions', 100, 'hard'), ('pro', 'ai_decisions', 10000, 'soft'), ('enterprise', 'ai_decisions', -1, 'soft'),
    ('free', 'members', 3, 'hard'), ('pro', 'members', 10, 'hard'), ('enterprise', 'members', -1, 'soft'),
    ('free', 'api_calls_per_hour', 10, 'hard'), ('professional', 'api_calls_per_hour', 100, 'hard'),
    ('enterprise', 'api_calls_per_hour', 1000, 'hard'),
    ('free', 'project_size_mb', 50, 'hard'), ('professional', 'project_size_mb', 500, 'hard'),
    ('enterprise', 'project_size_mb', -1, 'soft'),
    -- as agreed with each customer: perennial.set_customer_quota
    ('custom', 'ai_operations', 0, 'hard'), ('custom', 'data_processing', 0, 'hard'), ('custom', 'ai_decisions', 0, 'hard'),
    ('custom', 'members', 0, 'hard'), ('custom', 'api_calls_per_hour', 0, 'hard'),
    ('custom', 'project_size_mb', 0, 'hard')) l (plan, code, limit_units, enforcement)
  join perennial.plans p on p.code = l.plan
  join perennial.metric_codes m on m.code = l.code;

-- Pro: a cent for each AI decision beyond the limit, half of it from the 10,001st on.
insert into perennial.plan_quota_tiers (quota_id, currency, position, up_to, amount_minor, per_units)
select q.id, 'USD', t.position, t.up_to, t.amount_minor, t.per_units
  from perennial.plan_quotas q
  join perennial.plans p on p.id = q.plan_id and p.code = 'pro'
  join perennial.metric_codes m on m.metric_id = q.metric_id and m.code = 'ai_decisions'
 cross join (values (1, 10000::bigint, 1, 1), (2, null, 1, 2)) t (position, up_to, amount_minor, per_units);

insert into perennial.token_units (code, name) values ('tokens', 'tokens');

-- Three free tokens a month for who tries it out.
insert into perennial.plan_allocations (plan_id, unit, amount)
select id, 'tokens', 3 from perennial.plans where code = 'free';

insert into perennial.token_packages (code, name, unit, tokens) values ('tokens_100', '100 tokens', 'tokens', 100);

insert into perennial.token_package_prices (package, currency, amount_minor) values ('tokens_100', 'USD', 1000);
