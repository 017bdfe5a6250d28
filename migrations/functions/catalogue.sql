-- What is sold, and under which names.

create or replace function perennial.is_free_plan(plan uuid) returns boolean
language sql stable as $$
    select coalesce(bool_and(p.unit_amount_minor = 0 and p.setup_fee_minor = 0), false)
      from perennial.prices p where p.plan_id = plan and p.customer_id is null and p.active
$$;
comment on function perennial.is_free_plan is
    'Whether a plan costs nothing: then it does in every currency and for every interval.';

create or replace function perennial.is_offered(plan uuid, currency text, interval_unit text, interval_count integer)
returns boolean
language sql stable as $$
    select perennial.is_free_plan(plan) or exists (
        select from perennial.prices p
         where p.plan_id = plan and p.customer_id is null and p.active and p.currency = is_offered.currency
           and p.interval_unit = is_offered.interval_unit and p.interval_count = is_offered.interval_count)
$$;
comment on function perennial.is_offered is 'Whether a plan has a list price in this currency and for this interval.';

create or replace function perennial.check_policy_end(policy text, data jsonb) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    lesser text;
    plan uuid;
begin
    select p.document -> 'end' ->> 'downgrade' into lesser
      from dunning_policies p where p.name = policy order by p.version desc limit 1;
    if lesser is null then
        return;
    end if;
    select l.id into plan from plans l where l.code = lesser and l.active;
    if plan is null or not is_offered(plan, coalesce(data ->> 'currency', 'USD'), data ->> 'interval',
                                      coalesce((data ->> 'interval_count')::integer, 1)) then
        perform refuse_field('policy', format('%s ends with plan %s, which is not sold in %s every %s %s; '
            'give the plan such a price, or name another policy', to_jsonb(policy), lesser,
            coalesce(data ->> 'currency', 'USD'), coalesce(data ->> 'interval_count', '1'), data ->> 'interval'));
    end if;
end
$$;
comment on function perennial.check_policy_end is
    'Refuses a policy whose lesser plan has no price where a subscription would need one.';

create or replace function perennial.check_catalog(data jsonb) returns void
language plpgsql stable as $$
declare
    chosen perennial.plans;
    intervals text;
begin
    select * into chosen from perennial.plans where code = data ->> 'plan' and active;
    if chosen.id is null then
        perform perennial.refuse_name('plan', format('%s is not a plan', data -> 'plan'), data ->> 'plan',
            array(select code from perennial.plans where active order by tier));
    end if;
    if chosen.negotiated then
        if not data ? 'negotiated_amount_minor' then
            perform perennial.refuse_field('negotiated_amount_minor',
                format('is required: plan %s has no list price', chosen.code));
        end if;
        perform perennial.check_charge('negotiated_amount_minor',
            (data ->> 'negotiated_amount_minor')::numeric + coalesce((data ->> 'negotiated_setup_fee_minor')::numeric, 0),
            coalesce(data ->> 'currency', 'USD'));
        return;
    elsif data ? 'negotiated_amount_minor' then
        perform perennial.refuse_field('negotiated_amount_minor', format('plan %s has a list price', chosen.code));
    end if;
    if not perennial.is_free_plan(chosen.id) and not exists (
        select from perennial.prices where plan_id = chosen.id and customer_id is null and active
           and currency = coalesce(data ->> 'currency', 'USD')) then
        perform perennial.refuse_field('currency', format('plan %s is not sold in %s; it is in %s', chosen.code,
            coalesce(data ->> 'currency', 'USD'),
            (select string_agg(distinct currency, ', ') from perennial.prices
              where plan_id = chosen.id and customer_id is null and active)));
    end if;
    if not perennial.is_offered(chosen.id, coalesce(data ->> 'currency', 'USD'), data ->> 'interval',
                                coalesce((data ->> 'interval_count')::integer, 1)) then
        select string_agg(distinct interval_count || ' ' || interval_unit, ', ') into intervals
          from perennial.prices where plan_id = chosen.id and customer_id is null and active
           and currency = coalesce(data ->> 'currency', 'USD');
        perform perennial.refuse_field('interval', format('plan %s is not billed every %s %s; it is every %s',
            chosen.code, coalesce(data ->> 'interval_count', '1'), data ->> 'interval', intervals));
    end if;
    if coalesce((data ->> 'seats')::bigint, 1) > 1 and not exists (
        select from perennial.prices where plan_id = chosen.id and scheme = 'per_seat' and active) then
        perform perennial.refuse_field('seats', format('plan %s is not sold by seat', chosen.code));
    end if;
    perform perennial.check_charge(case when data ? 'seats' then 'seats' else 'plan' end,
        coalesce((data ->> 'seats')::numeric, 1) * r.unit_amount_minor + r.setup_fee_minor, r.currency)
       from perennial.prices r
      where r.plan_id = chosen.id and r.customer_id is null and r.active and r.currency = coalesce(data ->> 'currency', 'USD')
        and r.interval_unit = data ->> 'interval' and r.interval_count = coalesce((data ->> 'interval_count')::integer, 1);
end
$$;
comment on function perennial.check_catalog(jsonb) is 'Checks what a new subscription asks for against the catalog.';

create or replace function perennial.check_new_subscription(event perennial.lifecycle_events) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    anchor text := event.data ->> 'anchor';
    policy text := coalesce(event.data ->> 'policy', 'standard');
    moment timestamptz := coalesce(event.at, business_now(clock_to_be((event.data ->> 'customer')::uuid)));
    starts timestamptz := instant_of(event.data ->> 'starts_at');
begin
    perform check_catalog(event.data);
    if starts <= moment then
        perform refuse_field('starts_at', format('must lie after the event, at %s, is %s; a start in the past is the event''s own `at`',
            moment, event.data -> 'starts_at'));
    elsif starts > moment + interval '5 years' then
        perform refuse_field('starts_at', format('must lie within five years, is %s', event.data -> 'starts_at'));
    end if;
    moment := coalesce(starts, moment);
    if not exists (select from dunning_policies p where p.name = policy) then
        perform refuse_name('policy', format('there is no %s', to_jsonb(policy)), policy,
            array(select distinct p.name from dunning_policies p order by p.name));
    end if;
    perform check_policy_end(policy, event.data);
    if instant_of(event.data ->> 'trial_end') <= moment then
        perform refuse_field('trial_end', format('must be after the subscription begins, at %s, is %s',
            moment, event.data -> 'trial_end'));
    elsif instant_of(coalesce(anchor, 'none')) is null and instant_of(anchor || 'T00:00:00Z') is null and anchor is not null then
        perform refuse_field('anchor', format('must be a date or an RFC 3339 instant, is %s', event.data -> 'anchor'));
    end if;
end
$$;
comment on function perennial.check_new_subscription is 'The check of subscription.created.';

create or replace function perennial.latest_quota(plan uuid, metric integer) returns perennial.plan_quotas
language sql stable as $$
    select q from perennial.plan_quotas q
     where q.plan_id = latest_quota.plan and q.metric_id = latest_quota.metric order by q.version desc limit 1
$$;
comment on function perennial.latest_quota is 'The limit a period that begins now is given.';

create or replace function perennial.metric_of(metric text) returns integer
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    answer integer;
begin
    select metric_id into answer from metric_codes where code = metric;
    if answer is null then
        perform refuse_name('metric', format('%s is not a metric', coalesce(metric, 'null')), metric,
            array(select code from metric_codes where retired_at is null order by code));
    end if;
    return answer;
end
$$;
comment on function perennial.metric_of is 'The metric of a code, one that it had before included.';

create or replace function perennial.rename_metric(old_code text, new_code text) returns void
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

create or replace function perennial.revise_quota(plan text, metric text, changes jsonb) returns uuid
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
            perform refuse_name(field, 'is not part of a quota', field, known);
        end if;
    end loop;
    -- Who revises limits of a plan at the same time takes turns.
    perform from plans p where p.code = revise_quota.plan for no key update;
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
