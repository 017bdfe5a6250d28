-- Where each customer stands with each metric: the limit, and the period that is open.

-- Who gives a customer which limit: the most generous of the subscriptions that are live, the
-- quota's latest version, and what was agreed with the customer in its place.
create or replace function perennial.entitlement(customer uuid, metric integer)
returns table (subscription_id uuid, quota_id uuid, limit_units bigint, enforcement text, reset text,
               anchor_local timestamp, anchor_zone text)
language sql stable as $$
    select s.id, q.id, u.units, coalesce(o.enforcement, q.enforcement), q.reset, s.anchor_local, s.anchor_zone
      from perennial.live_subscriptions s
     cross join lateral perennial.latest_quota(s.plan_id, entitlement.metric) q
      left join perennial.customer_quotas o
        on o.customer_id = s.customer_id and o.metric_id = entitlement.metric
     cross join lateral (select coalesce(o.limit_units, case when q.limit_units > 0 and q.limit_per = 'seat'
                                                             then q.limit_units * s.seats
                                                             else q.limit_units end) as units) u
     where s.customer_id = entitlement.customer and q.id is not null
     order by u.units = -1 desc, u.units desc, s.started_at, s.id
     limit 1
$$;
comment on function perennial.entitlement is 'The limit a customer is given of a metric; no row: none.';

create or replace function perennial.late_usage_until(quota uuid, over timestamptz) returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select late_usage_until.over + make_interval(days => q.open_days) from plan_quotas q
     where q.id = late_usage_until.quota and q.late_usage = 'bill_next' and q.open_days > 0
       and exists (select from plan_quota_tiers t where t.quota_id = q.id)
$$;
comment on function perennial.late_usage_until is
    'When what came late is billed, after a limit has ended: as soon as nothing more can come; null: nothing will be billed.';

create or replace function perennial.late_window() returns interval
language sql stable
set search_path = perennial, pg_temp as $$
    select make_interval(days => 31 + coalesce((select max(q.open_days) from plan_quotas q), 35))
$$;
comment on function perennial.late_window is
    'How far before its start a closing looks for usage that came late: as far back as usage is taken, and a month for transactions that stay open.';

-- A limit judges nothing from before it was given (rule C14).

create or replace function perennial.access_since(subscription uuid, now timestamptz) returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce(max(h.at), access_since.now) from subscription_history h
     where h.subscription_id = access_since.subscription
       and h.to_status in ('trialing', 'active', 'past_due', 'grace')
       and coalesce(h.from_status, '') not in ('trialing', 'active', 'past_due', 'grace')
$$;
comment on function perennial.access_since is 'Since when a subscription gives access without a gap.';

create or replace function perennial.judge_from(meter perennial.usage_meters, since timestamptz, now timestamptz)
returns perennial.usage_meters
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    counted boolean;
    until timestamptz;
begin
    if meter.customer_id is null or meter.period_start = since then
        return meter;
    end if;
    counted := exists (select from usage_counters c
                        where c.customer_id = meter.customer_id and c.metric_id = meter.metric_id
                          and c.period_start >= meter.period_start);
    -- What was counted cannot be divided: nothing of it is judged.
    until := case when counted then judge_from.now else judge_from.since end;
    while meter.period_start < until loop
        meter.closed_start := meter.period_start;
        meter.closed_used := used_in(meter.customer_id, meter.metric_id, meter.period_start);
        -- A reset that is late leaves a month behind that ended before.
        meter.period_start := least(meter.period_end, until);
        meter.period_end := null;
        insert into usage_closings values (meter.customer_id, meter.metric_id, meter.closed_start, meter.period_start,
                                           null, null, -1, meter.closed_used, 0, 0, judge_from.now);
    end loop;
    return meter;
end
$$;
comment on function perennial.judge_from is
    'Ends the period in which nobody limited a meter, so that the limit it is given now begins with a count of its own.';

create or replace function perennial.excused_by(meter perennial.usage_meters, limit_units bigint) returns bigint
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    used bigint := used_in(meter.customer_id, meter.metric_id, meter.period_start);
    owed bigint := 0;
begin
    if excused_by.limit_units = -1 then
        return 0;
    elsif meter.limit_units <> -1 and exists (select from plan_quota_tiers t where t.quota_id = meter.quota_id) then
        owed := greatest(used - meter.limit_units - meter.rollover_units - meter.excused_units, 0);
    end if;
    return greatest(used - excused_by.limit_units - meter.rollover_units - owed, 0);
end
$$;
comment on function perennial.excused_by is
    'What a limit that begins within a period excuses: all that was used until then, except what the terms before had made payable.';

create or replace function perennial.entitle_meter(customer uuid, metric integer) returns perennial.usage_meters
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    meter usage_meters;
    given record;
    kept plan_quotas;
    clock uuid;
    zone text;
    moment timestamptz;
    over timestamptz;
    unentitled boolean;
    since timestamptz;
begin
    select c.clock_id, c.time_zone, business_now(c.clock_id) into clock, zone, moment
      from customers c where c.id = entitle_meter.customer;
    select * into meter from usage_meters m
     where m.customer_id = entitle_meter.customer and m.metric_id = entitle_meter.metric for no key update;
    select * into given from entitlement(entitle_meter.customer, entitle_meter.metric);
    if meter.ends and meter.period_end <= moment then
        -- The period that has ended is closed by the terms it had; after that it is looked at again.
        return meter;
    elsif given.quota_id is null and meter.quota_id is not null and meter.period_end is not null then
        -- The limit ends with its subscription, however late we hear of that.
        select coalesce(s.ended_at, moment) into over from subscriptions s where s.id = meter.subscription_id;
        if over > meter.period_start then
            -- The period ends with it: closing it holds what was used against the limit.
            update usage_meters m set ends = true, period_end = least(m.period_end, over)
             where m.customer_id = meter.customer_id and m.metric_id = meter.metric_id
            returning * into meter;
            perform pg_notify('perennial_due', '');
        else
            update usage_meters m
               set subscription_id = null, quota_id = null, limit_units = 0, rollover_units = 0, enforcement = 'hard',
                   period_end = late_usage_until(m.quota_id, m.period_start)
             where m.customer_id = meter.customer_id and m.metric_id = meter.metric_id
            returning * into meter;
        end if;
        return meter;
    elsif given.quota_id is null and meter.customer_id is not null and meter.quota_id is null then
        -- Nobody gave a limit, and nobody does.
        return meter;
    elsif given.quota_id is null then
        -- Nobody gives a limit: what is used is still counted, by the calendar month unless it never reset.
        select null::uuid as subscription_id, null::uuid as quota_id, 0::bigint as limit_units, 'hard' as enforcement,
               case when meter.period_start is not null and meter.period_end is null then 'never' else 'calendar_month' end
                   as reset,
               meter.anchor_local as anchor_local, coalesce(meter.anchor_zone, zone) as anchor_zone into given;
    end if;
    unentitled := meter.quota_id is null;
    if meter.quota_id is not null and meter.subscription_id = given.subscription_id then
        -- A period keeps the version it began with, as long as the plan is the same.
        select q.* into kept from plan_quotas q join plan_quotas n on n.id = given.quota_id
         where q.id = meter.quota_id and q.plan_id = n.plan_id and q.version < n.version
           -- What never resets has no next period to wait for.
           and q.reset <> 'never';
        if kept.id is not null then
            given.quota_id := kept.id;
            given.reset := kept.reset;
            if not exists (select from customer_quotas o
                            where o.customer_id = entitle_meter.customer and o.metric_id = entitle_meter.metric) then
                select case when kept.limit_units > 0 and kept.limit_per = 'seat' then kept.limit_units * s.seats
                            else kept.limit_units end, kept.enforcement
                  into given.limit_units, given.enforcement
                  from live_subscriptions s where s.id = given.subscription_id;
            end if;
        end if;
    end if;
    if given.reset <> 'anniversary' then
        given.anchor_local := date_trunc('month', coalesce(given.anchor_local, moment at time zone given.anchor_zone));
    end if;
    if unentitled and given.quota_id is not null and given.reset <> 'never' then
        since := access_since(given.subscription_id, moment);
        meter := judge_from(meter, since, moment);
    elsif not unentitled and meter.period_end > moment
          and (given.quota_id, given.limit_units) <> (meter.quota_id, meter.limit_units) then
        meter.excused_units := excused_by(meter, given.limit_units);
    end if;
    meter.customer_id := entitle_meter.customer;
    meter.metric_id := entitle_meter.metric;
    meter.clock_id := clock;
    meter.subscription_id := given.subscription_id;
    meter.quota_id := given.quota_id;
    meter.limit_units := given.limit_units;
    meter.enforcement := given.enforcement;
    meter.rollover_units := coalesce(meter.rollover_units, 0);
    meter.excused_units := coalesce(meter.excused_units, 0);
    meter.ends := false;
    if unentitled or (meter.anchor_local, meter.anchor_zone, meter.period_end is null)
                     is distinct from (given.anchor_local, given.anchor_zone, given.reset = 'never') then
        -- The instant already reached is kept, and with it the count; the new anchor counts from the next boundary.
        meter.anchor_local := given.anchor_local;
        meter.anchor_zone := given.anchor_zone;
        if meter.period_end is null or meter.period_end > moment then
            meter.period_index := month_index(given.anchor_local, given.anchor_zone, moment);
            meter.period_start := coalesce(meter.period_start, greatest(
                month_boundary(given.anchor_local, given.anchor_zone, meter.period_index), since));
            meter.period_end := case when given.reset <> 'never'
                then month_boundary(given.anchor_local, given.anchor_zone, meter.period_index + 1) end;
        else
            -- It is due: its end stays, and closing it leads on to the new anchor's months.
            meter.period_index := month_index(given.anchor_local, given.anchor_zone, meter.period_end) - 1;
        end if;
    end if;
    insert into usage_meters select meter.*
    on conflict (customer_id, metric_id) do update
       set clock_id = excluded.clock_id, subscription_id = excluded.subscription_id, quota_id = excluded.quota_id,
           limit_units = excluded.limit_units, enforcement = excluded.enforcement,
           anchor_local = excluded.anchor_local, anchor_zone = excluded.anchor_zone,
           period_index = excluded.period_index, period_start = excluded.period_start, period_end = excluded.period_end,
           closed_start = excluded.closed_start, closed_used = excluded.closed_used,
           excused_units = excluded.excused_units, ends = excluded.ends
    returning * into meter;
    return meter;
end
$$;
comment on function perennial.entitle_meter is
    'Gives a meter the limit its customer is entitled to now. A change of plan holds at once and keeps the count (rule U1).';

create or replace function perennial.entitle_meters(customers uuid[]) returns bigint
language sql
-- A caller may be making a meter of theirs: it is not waited for (rule X9).
set lock_timeout = '250ms' set search_path = perennial, pg_temp as $$
    select count(perennial.entitle_meter(w.customer_id, w.metric_id))
      from (select s.customer_id, q.metric_id
              from live_subscriptions s
              join (select distinct plan_id, metric_id from plan_quotas) q on q.plan_id = s.plan_id
              join metrics m on m.id = q.metric_id and m.kind = 'count'
             where s.customer_id = any (customers)
            union
            select m.customer_id, m.metric_id from usage_meters m where m.customer_id = any (customers)
            order by 1, 2) w
$$;
comment on function perennial.entitle_meters is 'Brings the meters of customers in step with their subscriptions.';

create or replace function perennial.entitle_closed_meters(customers uuid[], metrics integer[]) returns bigint
language sql
set search_path = perennial, pg_temp as $$
    select count(perennial.entitle_meter(w.customer_id, w.metric_id))
      from (select * from unnest(customers, metrics) u (customer_id, metric_id) order by 1, 2) w
$$;
comment on function perennial.entitle_closed_meters is 'entitle_meters, for single meters that the caller has locked.';

create or replace function perennial.set_customer_quota(customer uuid, metric text, limit_units bigint, enforcement text default null)
returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    metered integer := metric_of(metric);
begin
    if not exists (select from customers c where c.id = customer) then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    elsif set_customer_quota.limit_units is null or set_customer_quota.limit_units < -1 then
        perform refuse_field('limit_units', 'must be 0 or more, or -1 for unlimited');
    elsif set_customer_quota.enforcement not in ('hard', 'soft') then
        perform refuse_field('enforcement', 'must be hard or soft');
    end if;
    insert into customer_quotas as o (customer_id, metric_id, limit_units, enforcement)
    values (customer, metered, set_customer_quota.limit_units, set_customer_quota.enforcement)
    on conflict (customer_id, metric_id) do update
       set limit_units = excluded.limit_units, enforcement = excluded.enforcement;
    if (select kind from metrics m where m.id = metered) = 'count' then
        perform entitle_meter(customer, metered);
    end if;
end
$$;
comment on function perennial.set_customer_quota is 'Agrees a limit with one customer, at once. It needs a live subscription whose plan has the metric.';

create or replace function perennial.note_quota() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    new.quota_id := (select m.quota_id from usage_meters m
                      where m.customer_id = new.customer_id and m.metric_id = new.metric_id);
    return new;
end
$$;
comment on function perennial.note_quota() is 'Whose limit was crossed.';
create or replace trigger quota before insert on perennial.usage_warnings
    for each row execute function perennial.note_quota();

-- Thresholds count against the limit that holds: a lower one may be reached by what was used already.
create or replace function perennial.warn_of_lower_limit() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    perform note_warnings(new, new.period_start, used_in(new.customer_id, new.metric_id, new.period_start),
                          business_now(new.clock_id));
    return null;
end
$$;
comment on function perennial.warn_of_lower_limit() is 'Notes the thresholds that a lower limit is reached by.';
create or replace trigger lower_limit after update on perennial.usage_meters
    for each row when (new.period_start = old.period_start and new.limit_units > 0 and not new.ends
                       and (old.limit_units = -1
                            or new.limit_units + new.rollover_units < old.limit_units + old.rollover_units))
    execute function perennial.warn_of_lower_limit();

create or replace trigger announce after insert on perennial.usage_warnings
    for each row execute function perennial.announce_due();
