-- What a plan includes: features, and limits of what is metered.

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

create table perennial.plan_features (
    plan_id uuid not null references perennial.plans,
    -- `all_features` stands for every feature of every plan
    feature text collate "C" not null check (feature ~ '^[a-z][a-z0-9_]{0,59}$'),
    primary key (plan_id, feature)
);
comment on table perennial.plan_features is 'What a plan can do.';
create index plan_features_feature on perennial.plan_features (feature);

alter table perennial.plans add column retention_days integer check (retention_days > 0);
comment on column perennial.plans.retention_days is 'How long usage events are kept; null: for ever.';

create view perennial.live_subscriptions as
    select s.id, s.customer_id, s.clock_id, s.plan_id, s.status, s.currency, s.anchor_local, s.anchor_zone,
           s.started_at, coalesce(i.quantity, 1) as seats
      from perennial.subscriptions s
      left join perennial.subscription_items i on i.subscription_id = s.id and i.position = 1
     where s.status in ('trialing', 'active', 'past_due', 'grace');
comment on view perennial.live_subscriptions is 'Subscriptions whose customer has access now, with their seats.';

create function perennial.latest_quota(plan uuid, metric integer) returns perennial.plan_quotas
language sql stable as $$
    select q from perennial.plan_quotas q
     where q.plan_id = latest_quota.plan and q.metric_id = latest_quota.metric order by q.version desc limit 1
$$;
comment on function perennial.latest_quota is 'The limit a period that begins now is given.';

create function perennial.metric_of(metric text) returns integer
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    answer integer;
begin
    select metric_id into answer from metric_codes where code = metric;
    if answer is null then
        perform refuse_field('metric', format('%s is not a metric; known are %s', coalesce(metric, 'null'),
            (select string_agg(code, ', ' order by code) from metric_codes where retired_at is null)));
    end if;
    return answer;
end
$$;
comment on function perennial.metric_of is 'The metric of a code, one that it had before included.';

create function perennial.rename_metric(old_code text, new_code text) returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    metric integer := metric_of(old_code);
begin
    if exists (select from metric_codes where code = new_code and metric_id <> metric) then
        perform refuse_field('new_code', format('%s is another metric''s', new_code));
    end if;
    update metric_codes set retired_at = now() where metric_id = metric and retired_at is null;
    insert into metric_codes (code, metric_id) values (new_code, metric)
    on conflict (code) do update set retired_at = null;
end
$$;
comment on function perennial.rename_metric is 'Gives a metric another code. The old one goes on to work.';

create function perennial.revise_quota(plan text, metric text, changes jsonb) returns uuid
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    known constant text[] := array['limit_units', 'limit_per', 'enforcement', 'reset', 'rollover_max', 'warn_at',
                                   'late_usage', 'open_days'];
    field text;
    revised plan_quotas;
    before_id uuid;
begin
    for field in select jsonb_object_keys(changes) loop
        if not field = any (known) then
            perform refuse_field(field, format('is not part of a quota; known are %s', array_to_string(known, ', ')));
        end if;
    end loop;
    select (latest_quota(p.id, metric_of(revise_quota.metric))).* into revised from plans p where p.code = revise_quota.plan;
    if revised.id is null then
        perform refuse_field('plan', format('%s has no limit of %s', revise_quota.plan, revise_quota.metric));
    end if;
    before_id := revised.id;
    begin
        revised := jsonb_populate_record(revised, changes
            || jsonb_build_object('id', gen_random_uuid(), 'version', revised.version + 1, 'created_at', now()));
        insert into plan_quotas select revised.*;
    exception when check_violation or invalid_text_representation or not_null_violation then
        perform refuse_field('changes', format('%s: %s', changes, sqlerrm));
    end;
    insert into plan_quota_tiers
    select revised.id, t.currency, t.position, t.up_to, t.amount_minor, t.per_units
      from plan_quota_tiers t where t.quota_id = before_id;
    return revised.id;
end
$$;
comment on function perennial.revise_quota is
    'Changes a plan''s limit from each customer''s next period on: a new version, with the fields given and the prices it had.';

-- The example catalog's limits.
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

insert into perennial.plan_features (plan_id, feature)
select p.id, f.feature from perennial.plans p
  join (values ('free', 'basic_processing'), ('free', 'simple_validation'),
               ('pro', 'basic_processing'), ('pro', 'simple_validation'),
               ('professional', 'basic_processing'), ('professional', 'simple_validation'),
               ('professional', 'advanced_processing'), ('professional', 'compliance_check'),
               ('professional', 'export_formats'), ('professional', 'integrations'),
               ('enterprise', 'all_features'), ('enterprise', 'custom_models'), ('enterprise', 'white_label'),
               ('enterprise', 'sso'), ('enterprise', 'dedicated_support')) f (plan, feature) on f.plan = p.code;

update perennial.plans set retention_days = case code when 'free' then 30 else 365 end
 where code in ('free', 'pro', 'professional');
