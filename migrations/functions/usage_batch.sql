-- Many usage events in one call.

-- Not in place in the statement below, which would be planned for a hundred events, then for one.
create or replace function perennial.listed_usage(events jsonb)
returns table (number bigint, event_id text, customer uuid, metric text, quantity bigint, at timestamptz)
language sql stable rows 1000
set search_path = perennial, pg_temp as $$
    select e.number,
           case when jsonb_typeof(e.event -> 'event_id') = 'string' then e.event ->> 'event_id' end as event_id,
           case when e.event ->> 'customer' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
                then (e.event ->> 'customer')::uuid end as customer,
           e.event ->> 'metric' as metric,
           case when jsonb_typeof(e.event -> 'quantity') = 'number' and e.event ->> 'quantity' ~ '^[1-9][0-9]{0,11}$'
                     and (coalesce(jsonb_typeof(e.event -> 'at'), 'null') = 'null'
                          or e.event ->> 'at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?[0-9]{2})$')
                then (e.event ->> 'quantity')::bigint end as quantity,
           case when e.event ->> 'at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]+([Zz]|[+-][0-9]{2}:?[0-9]{2})$'
                then (e.event ->> 'at')::timestamptz end as at
      from jsonb_array_elements(events) with ordinality e (event, number)
$$;
comment on function perennial.listed_usage is 'The events of a batch, with null where a field is not what it must be.';

create or replace function perennial.record_plain_usage(events jsonb) returns setof perennial.usage_batch_answer
-- plpgsql: its plan is kept, which takes as long to make as 300 events to record
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    return query
    with listed as materialized (select * from listed_usage(events)),
    moments as materialized (select c.id, business_now(c.id) as now from clocks c),
    matched as materialized (
        select l.number, l.event_id, l.quantity, coalesce(l.at, n.now) as moment, n.now,
               m.customer_id, m.metric_id, m.clock_id, m.quota_id, m.limit_units, m.rollover_units, m.period_start, m.period_end,
               length(l.event_id) between 1 and 200
               and (m.period_end is null or n.now < m.period_end)
               and coalesce(l.at, n.now) >= m.period_start
               and coalesce(l.at, n.now) <= n.now + interval '5 minutes'
               and (m.period_end is null or coalesce(l.at, n.now) < m.period_end)
               and coalesce(l.at, n.now) >= n.now - coalesce(q.open_days, 35) * interval '24 hours' as fits
          from listed l
          join metric_codes k on k.code = l.metric
          join usage_meters m on m.customer_id = l.customer and m.metric_id = k.metric_id
          join moments n on n.id = m.clock_id
          left join plan_quotas q on q.id = m.quota_id
         where l.quantity is not null),
    fitting as materialized (
        select m.*, row_number() over named = 1 as first,
               (m.customer_id, m.metric_id, m.quantity)
               = (first_value(m.customer_id) over named, first_value(m.metric_id) over named,
                  first_value(m.quantity) over named) as same
          from matched m where m.fits window named as (partition by m.event_id order by m.number)),
    -- The ids of all events of known meters, in one order: those that are recorded one by one are
    -- claimed here, too. So no two batches wait for each other's events in a circle.
    claims as materialized (
        select distinct on (m.event_id) m.number, m.event_id, m.moment, m.customer_id, m.metric_id, m.quantity
          from matched m where length(m.event_id) between 1 and 200
         -- A plain one before others of its id: it is what counts.
         order by m.event_id, m.fits desc, m.number),
    fresh as (
        insert into usage_event_ids (event_id, at, customer_id, metric_id, quantity)
        select c.event_id, c.moment, c.customer_id, c.metric_id, c.quantity from claims c order by c.event_id
        on conflict do nothing returning event_id),
    stored as (
        insert into usage_events (event_id, customer_id, metric_id, quantity, at, period_start)
        select f.event_id, f.customer_id, f.metric_id, f.quantity, f.moment, f.period_start
          from fitting f join fresh using (event_id) where f.first),
    sums as materialized (
        select f.customer_id, f.metric_id, f.clock_id, f.quota_id, f.limit_units, f.rollover_units, f.period_start, f.now,
               coalesce(sum(f.quantity) filter (where f.first and r.event_id is not null), 0)::bigint as added
          from fitting f left join fresh r using (event_id)
         group by 1, 2, 3, 4, 5, 6, 7, 8),
    shards as materialized (
        select c.customer_id, c.metric_id, c.period_start, c.shard, c.used
          from usage_counters c join sums s using (customer_id, metric_id, period_start)),
    -- One shard of each is taken, and none is waited for.
    free as materialized (
        select s.customer_id, s.metric_id, s.period_start, s.added, o.shard
          from sums s
         cross join lateral (
               select k.shard, k.used,
                      (select u.used from usage_counters u
                        where u.customer_id = k.customer_id and u.metric_id = k.metric_id
                          and u.period_start = k.period_start and u.shard = k.shard) as seen
                 from usage_counters k
                where k.customer_id = s.customer_id and k.metric_id = s.metric_id and k.period_start = s.period_start
                limit 1 for no key update of k skip locked) o
         -- What has changed meanwhile is left to a shard of one's own: the others look for what nobody saw.
         where s.added > 0 and o.used = o.seen),
    counted as (
        update usage_counters c set used = c.used + f.added
          from free f
         where c.customer_id = f.customer_id and c.metric_id = f.metric_id and c.period_start = f.period_start
           and c.shard = f.shard
        returning c.customer_id, c.metric_id, c.period_start),
    totals as materialized (
        select s.*, s.added + coalesce(h.used, 0)::bigint as used,
               case when s.limit_units <> -1 then s.limit_units + s.rollover_units end as units
          from sums s
          left join (select customer_id, metric_id, period_start, sum(used) as used
                       from shards group by 1, 2, 3) h
         using (customer_id, metric_id, period_start)),
    -- What others hold is not waited for.
    opened as (
        insert into usage_counters as c (customer_id, metric_id, period_start, shard, used)
        select t.customer_id, t.metric_id, t.period_start, own_shard(t.customer_id, t.metric_id, t.period_start), t.added
          from totals t
         where t.added > 0 and (t.customer_id, t.metric_id, t.period_start)
                               not in (select d.customer_id, d.metric_id, d.period_start from counted d)
         order by 1, 2, 3
        on conflict (customer_id, metric_id, period_start, shard) do update set used = c.used + excluded.used),
    warned as (
        insert into usage_warnings (customer_id, metric_id, period_start, threshold, clock_id, used, limit_units, crossed_at, due_at)
        select t.customer_id, t.metric_id, t.period_start, w.threshold, t.clock_id, t.used, t.units, t.now, t.now
          from totals t
          join plan_quotas q on q.id = t.quota_id
         cross join lateral unnest(q.warn_at) w (threshold)
         where t.limit_units > 0 and t.added > 0 and t.used::numeric * 100 >= t.units::numeric * w.threshold
           and not exists (select from usage_warnings n
                            where n.customer_id = t.customer_id and n.metric_id = t.metric_id
                              and n.period_start = t.period_start and n.threshold = w.threshold
                              and n.limit_units = t.units)
           and pg_try_advisory_xact_lock(lock_key(format('warning %s %s %s', t.customer_id, t.metric_id, w.threshold)))
         order by 1, 2, 3, 4
        on conflict do nothing)
    -- A repeat that is none is left to the door for one, which says so.
    select l.number, l.event_id, f.number is not null and i.event_id is null and (f.first or f.same),
           case when f.number is not null then r.event_id is not null and f.first else claimed.number is not null end,
           t.used, t.units, greatest(t.units - t.used, 0), f.period_end, null::text
      from listed l
      left join fitting f on f.number = l.number
      left join fresh r on r.event_id = f.event_id
      left join (select c.number from claims c join fresh using (event_id)) claimed on claimed.number = l.number
      left join lateral (
           select n.event_id from usage_event_ids n
            where r.event_id is null and n.event_id = f.event_id
              and (n.customer_id, n.metric_id, n.quantity) <> (f.customer_id, f.metric_id, f.quantity) limit 1) i on true
      left join totals t on t.customer_id = f.customer_id and t.metric_id = f.metric_id and t.period_start = f.period_start
     order by l.number;
end
$$;
comment on function perennial.record_plain_usage is
    'The set-based part of record_usage_batch. Of an event that is not plain, `recorded` says that its id is claimed.';

create or replace function perennial.record_listed_usage(event jsonb, claimed boolean)
returns table (recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz)
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if jsonb_typeof(event) <> 'object' then
        perform refuse_field('event', format('must be an object, is %s', event));
    end if;
    perform check_field('customer', event -> 'customer', '{"type": "uuid", "required": true}');
    perform check_field('metric', event -> 'metric', '{"type": "text", "required": true}');
    perform check_field('quantity', event -> 'quantity', '{"type": "integer", "required": true, "min": 1, "max": 1000000000000}');
    perform check_field('event_id', event -> 'event_id', '{"type": "text", "required": true}');
    perform check_field('at', event -> 'at', '{"type": "instant"}');
    return query select * from record_event((event ->> 'customer')::uuid, event ->> 'metric',
        (event ->> 'quantity')::bigint, event ->> 'event_id', (event ->> 'at')::timestamptz, claimed);
end
$$;
comment on function perennial.record_listed_usage is 'Records one event of a batch.';

create or replace function perennial.answer_listed_usage(event jsonb, answer perennial.usage_batch_answer)
returns perennial.usage_batch_answer
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    select r.recorded, r.used, r."limit", r.remaining, r.period_end
      into answer.recorded, answer.used, answer."limit", answer.remaining, answer.period_end
      from record_listed_usage(event, coalesce(answer.recorded, false)) r;
    return answer;
exception when data_exception then
    if answer.recorded then
        delete from usage_event_ids i where i.event_id = answer.event_id;
    end if;
    answer.recorded := false;
    answer.used := null; answer."limit" := null; answer.remaining := null; answer.period_end := null;
    answer.error := sqlerrm;
    return answer;
end
$$;
comment on function perennial.answer_listed_usage is 'Records one event of a batch, and answers with what is wrong where it cannot.';

create or replace function perennial.record_usage_once(events jsonb) returns setof perennial.usage_batch_answer
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_variable
declare
    answers usage_batch_answer[];
    answer usage_batch_answer;
begin
    begin
        answers := array(select p from record_plain_usage(events) p);
    exception when data_exception then
        -- Something cannot be read: each event is taken for itself, and the bad one named.
        answers := array(select row(e.number, e.event ->> 'event_id', false, null, null, null, null, null, null)::usage_batch_answer
                           from jsonb_array_elements(events) with ordinality e (event, number));
    end;
    -- Those that are not plain lock what they touch one by one: in the same order in every batch, so
    -- that no two wait for each other. They are answered in the order they came in.
    for answer in
        select a.* from unnest(answers) a where not a.plain
         order by lower(events -> (a.number - 1)::integer ->> 'customer') collate "C",
                  events -> (a.number - 1)::integer ->> 'metric' collate "C", a.event_id collate "C", a.number
    loop
        answers[answer.number] := answer_listed_usage(events -> (answer.number - 1)::integer, answer);
    end loop;
    return query select a.* from unnest(answers) a order by a.number;
end
$$;
comment on function perennial.record_usage_once is 'record_usage_batch, without trying again.';

create or replace function perennial.record_usage_batch(events jsonb)
returns table (event_id text, recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamptz,
               error text)
language plpgsql security definer
set enable_seqscan = off set jit = off set search_path = perennial, pg_temp as $$
#variable_conflict use_column
begin
    if events is null or jsonb_typeof(events) <> 'array' then
        perform refuse_field('events', 'must be a JSON array of {customer, metric, quantity, event_id, at}');
    elsif jsonb_array_length(events) > 100000 then
        perform refuse_field('events', format('%s are too many: 100000 at most', jsonb_array_length(events)));
    end if;
    -- The same events in two batches may be plain in one and not in the other, whose orders then
    -- differ. What the loser of a deadlock had taken is free again before it tries once more.
    for attempt in 1 .. 5 loop
        begin
            return query select a.event_id, a.recorded, a.used, a."limit", a.remaining, a.period_end, a.error
                           from record_usage_once(events) a;
            return;
        exception when deadlock_detected then
            if attempt = 5 then
                perform refuse_deadlock();
            end if;
        end;
    end loop;
end
$$;
comment on function perennial.record_usage_batch is
    'Records many events in one step, each answered as record_usage would. A bad event is answered with its error, the rest is recorded.';
