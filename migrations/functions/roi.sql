-- What features and queries cost and earn.

create or replace function perennial.record_roi_event(
    key text, kind text, amount_minor bigint, currency text, feature text default null, query_id text default null,
    at timestamptz default null
) returns boolean
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    said roi_events;
begin
    perform check_key(key);
    if kind in ('cost', 'revenue') is not true then
        perform refuse_field('kind', format('must be cost or revenue, is %s', coalesce(kind, 'null')));
    elsif amount_minor > 0 is not true then
        perform refuse_field('amount_minor', format('must be above zero, is %s', coalesce(amount_minor::text, 'null')));
    elsif currency ~ '^[A-Z]{3}$' is not true then
        perform refuse_field('currency', format('must be an ISO 4217 code in capitals, is %s', coalesce(currency, 'null')));
    elsif num_nonnulls(feature, query_id) = 0 then
        perform refuse_field('feature', 'is required, or query_id is');
    elsif feature !~ '^[a-z][a-z0-9_]{0,59}$' then
        perform refuse_field('feature', format('must be lower case letters, digits and _, is %s', feature));
    elsif length(query_id) not between 1 and 200 then
        perform refuse_field('query_id', 'must have 1 to 200 characters');
    end if;
    perform check_past('at', at, business_now());
    insert into roi_events values (key, kind, feature, query_id, amount_minor, currency, coalesce(at, business_now()))
    on conflict do nothing;
    if found then
        return true;
    end if;
    select * into said from roi_events e where e.key = key;
    if (said.kind, said.amount_minor, said.currency, said.feature, said.query_id)
       is distinct from (kind, amount_minor, currency, feature, query_id) or said.at <> coalesce(at, said.at) then
        perform refuse_field('key', format('%s names another event', key));
    end if;
    return false;
end
$$;
comment on function perennial.record_roi_event is
    'Notes what a feature or query cost or brought (`at` null: now). False: a repeat of the same event.';

create or replace function perennial.roi(feature text, since timestamptz, until timestamptz, query_id text default null)
returns table (currency text, cost_minor numeric, revenue_minor numeric, net_minor numeric,
               ratio_numer numeric, ratio_denom numeric)
language plpgsql stable
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
begin
    if roi.since < roi.until is not true then
        perform refuse_field('until', format('must lie after since (%s), is %s', coalesce(roi.since::text, 'null'),
            coalesce(roi.until::text, 'null')));
    elsif num_nonnulls(roi.feature, roi.query_id) = 0 then
        perform refuse_field('feature', 'is required, or query_id is');
    elsif roi.feature is not null and not exists (select from roi_events e where e.feature = roi.feature) then
        perform refuse_field('feature', format('nothing is recorded of %s', roi.feature));
    elsif roi.query_id is not null and not exists (select from roi_events e where e.query_id = roi.query_id) then
        perform refuse_field('query_id', format('nothing is recorded of %s', roi.query_id));
    end if;
    return query
    select s.currency, s.cost, s.revenue, s.revenue - s.cost,
           case when s.cost > 0 then div(s.revenue - s.cost, gcd(s.revenue - s.cost, s.cost)) end,
           case when s.cost > 0 then div(s.cost, gcd(s.revenue - s.cost, s.cost)) end
      from (select e.currency, coalesce(sum(e.amount_minor) filter (where e.kind = 'cost'), 0) as cost,
                   coalesce(sum(e.amount_minor) filter (where e.kind = 'revenue'), 0) as revenue
              from roi_events e
             where (roi.feature is null or e.feature = roi.feature)
               and (roi.query_id is null or e.query_id = roi.query_id)
               and e.at >= roi.since and e.at < roi.until
             group by e.currency) s
     order by s.currency;
end
$$;
comment on function perennial.roi is
    'What a feature (and, or, a query) cost and brought in [since, until), per currency: the ratio is net by cost as a reduced fraction, null without cost.';
