-- Which features and content are open to a customer.

-- This one and content_rules stand in place where they are used, so that they are planned once per session.
create or replace function perennial.features_of(customers uuid[], user_id uuid) returns setof text
language sql stable as $$
    select f.feature from perennial.live_subscriptions s join perennial.plan_features f on f.plan_id = s.plan_id
     where s.customer_id = any (customers)
    union
    select unnest(m.features) from perennial.live_memberships m where m.user_id = features_of.user_id
$$;
comment on function perennial.features_of is 'What these customers'' plans and this user''s memberships can do now; `all_features` stands for everything.';

create or replace function perennial.has_feature(customer uuid, feature text) returns boolean
language sql stable
set search_path = perennial, pg_temp as $$
    select exists (select from live_subscriptions s join plan_features f on f.plan_id = s.plan_id
                    where s.customer_id = has_feature.customer
                      and f.feature in (has_feature.feature, 'all_features'))
$$;
comment on function perennial.has_feature is 'Whether a plan of a customer''s live subscriptions has a feature.';

create or replace function perennial.upgrade_suggestion(customer uuid, feature_or_metric text)
returns table (plan text, plan_name text, amount_minor bigint, currency text, interval_unit text, interval_count integer,
               suggestion text)
language plpgsql security definer stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    metered integer := (select metric_id from metric_codes where code = feature_or_metric);
    held bigint;
    paid_in text;
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    elsif feature_or_metric is null or length(feature_or_metric) = 0 then
        perform refuse_field('feature_or_metric', 'is required');
    end if;
    select s.currency into paid_in from live_subscriptions s where s.customer_id = customer order by s.started_at limit 1;
    if metered is not null then
        -- -1, unlimited, is the most there is
        held := coalesce(nullif(coalesce(get_limit(customer, feature_or_metric), -1), -1), 9223372036854775807);
    end if;
    return query
    select p.code, p.name, r.unit_amount_minor, r.currency, r.interval_unit, r.interval_count,
           case when metered is null then format('%s has %s', p.name, feature_or_metric)
                when q.limit_units = -1 then format('%s has unlimited %s', p.name, m.unit)
                else format('%s has %s %s', p.name, q.limit_units, m.unit) end
      from plans p
      join prices r on r.plan_id = p.id and r.customer_id is null and r.active and r.currency = coalesce(paid_in, 'USD')
      left join metrics m on m.id = metered
      left join lateral latest_quota(p.id, metered) q on true
     where p.active and not p.negotiated
       and case when metered is null
                then exists (select from plan_features f
                              where f.plan_id = p.id and f.feature in (feature_or_metric, 'all_features'))
                     and exists (select from plan_features f where f.feature = feature_or_metric)
                     and not has_feature(customer, feature_or_metric)
                else q.id is not null and (q.limit_units = -1 or q.limit_units > held) and held < 9223372036854775807 end
     order by (r.interval_unit, r.interval_count) <> ('month', 1), r.unit_amount_minor::numeric
              / (r.interval_count * case r.interval_unit when 'year' then 365.25 when 'month' then 30.4375
                                                         when 'week' then 7 else 1 end), p.tier
     limit 1;
    if not found then
        suggestion := case when held = 9223372036854775807 or has_feature(customer, feature_or_metric)
                           then 'in the present plan' else 'not in any plan' end;
        return next;
    end if;
end
$$;
comment on function perennial.upgrade_suggestion is
    'The cheapest plan that has a feature, or more of a metric than the customer has now, with its price; plan null and "not in any plan" where there is none.';

create or replace function perennial.check_feature(customer uuid, feature text) returns boolean
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    person uuid;
begin
    select c.user_id into person from customers c where c.id = customer;
    if not found then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    elsif not exists (select from plan_features f where f.feature = check_feature.feature)
       and not exists (select from membership_types t where t.features @> array[check_feature.feature]) then
        perform refuse_field('feature', format('%s is in no plan and no membership type', coalesce(feature, 'null')),
            (select format('Did you mean %s?', meant)
               from nearest(feature, array(select f.feature from plan_features f
                                            union select unnest(t.features) from membership_types t)) meant
              where meant is not null));
    end if;
    return exists (select from features_of(array[customer], person) f where f in (check_feature.feature, 'all_features'));
end
$$;
comment on function perennial.check_feature is
    'Whether a customer''s plan has a feature, or a membership of the person behind it.';

create or replace function perennial.content_rules(content_key text) returns setof perennial.content_access_rules
language sql stable as $$
    -- Each prefix is looked up by index: there are as many as the key is long.
    select r.* from perennial.content_access_rules r
     where r.content_key = any (array(
           select left(content_rules.content_key, n) || '*' from generate_series(0, length(content_rules.content_key)) n
           union all select content_rules.content_key))
$$;
comment on function perennial.content_rules is 'The rules that a piece of content falls under.';

create or replace function perennial.can_access(user_id uuid, content_key text) returns boolean
language plpgsql stable security definer
set search_path = perennial, pg_temp as $$
declare
    theirs uuid[];
begin
    if length(can_access.content_key) between 1 and 200 is not true then
        perform refuse_field('content_key', 'must have 1 to 200 characters');
    elsif can_access.user_id is not null and not exists (select from users u where u.id = can_access.user_id) then
        perform refuse_id('user_id', can_access.user_id, 'A user comes with customer.upserted of kind user.');
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
