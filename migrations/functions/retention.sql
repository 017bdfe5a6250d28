-- Partitions made ahead, and how long usage events are kept: partitions are dropped when nobody keeps
-- them, and between the two the rows that a customer's plan does not keep. Counts are not touched:
-- they have tables of their own.

-- Attaching locks the table less than creating in place does. Rows that came before their month had
-- a partition lie in the default one, and are moved.
create or replace function perennial.make_month_partition(parent text, month date) returns void
language plpgsql
-- A month begins in UTC, whether rows have an instant or a date.
set timezone = 'UTC' set lock_timeout = '100ms' set search_path = perennial, pg_temp as $$
declare
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    part text := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
    key text := (select a.attname from pg_partitioned_table t
                   join pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
                  where t.partrelid = format('perennial.%I', parent)::regclass);
begin
    if to_regclass(format('perennial.%I', part)) is not null then
        return;
    end if;
    execute format('create table perennial.%I (like perennial.%I including defaults including constraints)', part, parent);
    execute format('comment on table perennial.%I is %L', part, format('A month (UTC) of perennial.%s.', parent));
    execute format('lock table perennial.%I in access exclusive mode', parent || '_default');
    execute format('with moved as (delete from perennial.%1$I where %2$I >= %3$L and %2$I < %4$L returning *)
                    insert into perennial.%5$I select * from moved', parent || '_default', key, first, next, part);
    execute format('alter table perennial.%I attach partition perennial.%I for values from (%L) to (%L)', parent, part, first, next);
exception when duplicate_table then null; -- someone else was faster
end
$$;
comment on function perennial.make_month_partition is
    'Makes the partition of a month that is not there yet, of a table that is partitioned by month and has a default partition.';

create or replace function perennial.make_month_partitions() returns bigint
language sql security definer
set search_path = perennial, pg_temp as $$
    select count(make_month_partition(c.relname, (date_trunc('month', business_now() at time zone 'UTC')
                                                  + make_interval(months => n))::date))
      from pg_partitioned_table t
      join pg_class c on c.oid = t.partrelid and c.relnamespace = 'perennial'::regnamespace
     cross join generate_series(0, 3) n
$$;
comment on function perennial.make_month_partitions is
    'Makes the partitions of this month and the three that follow, of every table that is partitioned by month.';

-- Days long past have no partition that was made ahead.
create or replace function perennial.make_snapshot_partition(day date) returns void
language plpgsql security definer
set search_path = perennial, pg_temp as $$
begin
    perform make_month_partition('analytics_snapshots', make_snapshot_partition.day);
exception when lock_not_available then
    -- Somebody reads. The default partition takes it, until the month has its own.
    null;
end
$$;
comment on function perennial.make_snapshot_partition(date) is 'Makes the partition that a day''s figures go to, if that is possible at once.';

create or replace view perennial.usage_retention as
    select c.id as customer_id, c.clock_id,
           nullif(coalesce(
               (select max(coalesce(p.retention_days, 2147483647))
                  from perennial.live_subscriptions s join perennial.plans p on p.id = s.plan_id
                 where s.customer_id = c.id),
               (select max(coalesce(p.retention_days, 2147483647))
                  from perennial.subscriptions s join perennial.plans p on p.id = s.plan_id
                 where s.customer_id = c.id),
               (select coalesce(p.retention_days, 2147483647)
                  from perennial.plans p where p.active order by p.tier limit 1)), 2147483647) as days
      from perennial.customers c;
comment on view perennial.usage_retention is
    'For how many days a customer''s usage events are kept (null: for ever): as the most generous live plan says, else any plan there was, else the lowest one.';

create or replace view perennial.usage_partitions as
    select c.oid::regclass as partition, to_date(right(c.relname, 7), 'YYYY_MM')::timestamp at time zone 'UTC' as starts_at,
           (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' as ends_at
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'perennial.usage_events'::regclass and c.relname ~ '^usage_events_[0-9]{4}_[0-9]{2}$';
comment on view perennial.usage_partitions is 'The months of usage events that have a partition of their own.';

-- Events before this instant are kept by nobody; null: somebody keeps all.
create or replace function perennial.usage_kept_since() returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    -- The first period of a meter takes in what came before it, as far back as it was open.
    select case when not bool_or(k.days is null)
                then least(min(business_now(k.clock_id) - k.days * interval '24 hours'),
                           (select min(m.period_start) from usage_meters m where m.period_end is not null)
                           - coalesce((select max(q.open_days) from plan_quotas q), 35) * interval '24 hours') end
      from (select distinct r.clock_id, r.days from usage_retention r
             where exists (select from usage_meters m where m.customer_id = r.customer_id)) k
$$;
comment on function perennial.usage_kept_since is
    'Since when somebody keeps usage events, by plan or because their period is not closed; null: for ever, or nobody has any.';

-- The longest that a meter may be open for late events (perennial.plan_quotas.open_days), on the
-- slowest clock: nothing from before this comes in any more.
create or replace function perennial.usage_settled_before() returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select min(business_now(id)) - 400 * interval '24 hours' from clocks
$$;
comment on function perennial.usage_settled_before is 'Events before this instant are refused, and so need no longer be recognized.';

create or replace function perennial.drop_usage_partitions() returns integer
language plpgsql security definer
set lock_timeout = '100ms' set search_path = perennial, pg_temp as $$
declare
    kept_since timestamptz := usage_kept_since();
    settled_before timestamptz := usage_settled_before();
    past record;
    droppable boolean;
    dropped integer := 0;
begin
    for past in select * from usage_partitions p where p.ends_at <= greatest(kept_since, settled_before) order by p.starts_at loop
        droppable := past.ends_at <= kept_since;
        if droppable is not true then
            -- What customers do not keep was deleted row by row until nothing was left.
            execute format('select not exists (select from %s)', past.partition) into droppable;
        end if;
        if droppable then
            execute format('alter table perennial.usage_events detach partition %s', past.partition);
            execute format('drop table %s', past.partition);
            dropped := dropped + 1;
        end if;
    end loop;
    return dropped;
end
$$;
comment on function perennial.drop_usage_partitions is
    'Drops the months that nobody keeps anything of. Waits a tenth of a second for the lock, and else fails: usage that is recorded meanwhile would wait, too.';

create or replace function perennial.prunable_usage_partitions() returns setof text
language sql stable security definer
set search_path = perennial, pg_temp as $$
    select p.partition::text from usage_partitions p
     where p.starts_at < (select max(business_now(k.id)) from clocks k)
                         - (select min(retention_days) from plans) * interval '24 hours'
    union all select 'perennial.usage_events_default'
$$;
comment on function perennial.prunable_usage_partitions is 'Partitions that may hold events which some plan does not keep.';

-- One bounded step through one partition, customer after customer.
create or replace function perennial.prune_usage(partition text, after uuid, rows_max integer, out deleted bigint, out reached uuid)
language plpgsql security definer
-- A thousand customers are looked up by index, however large the month is.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set search_path = perennial, pg_temp as $$
declare
    part regclass := (select i.inhrelid from pg_inherits i
                       where i.inhparent = 'perennial.usage_events'::regclass
                         and i.inhrelid = to_regclass(prune_usage.partition));
begin
    if part is null then
        -- It was dropped meanwhile.
        deleted := 0;
        return;
    end if;
    execute format($sql$
        with listed as materialized (
            select m.customer_id from usage_meters m where m.customer_id > $1
             group by m.customer_id order by m.customer_id limit 1000),
        cutoffs as materialized (
            select r.customer_id, business_now(r.clock_id) - r.days * interval '24 hours' as before
              from listed l join usage_retention r on r.customer_id = l.customer_id
             where r.days is not null),
        gone as (
            delete from %1$s
             where ctid = any (array(
                   select e.ctid from cutoffs c join %1$s e on e.customer_id = c.customer_id and e.at < c.before
                    where not exists (select from usage_meters m
                                       where m.customer_id = e.customer_id and m.metric_id = e.metric_id
                                         and m.period_end is not null and e.period_start >= m.period_start)
                    limit $2))
            returning 1)
        select (select count(*) from gone), (select l.customer_id from listed l order by l.customer_id desc limit 1)
        $sql$, part)
       into deleted, reached using prune_usage.after, rows_max;
    if deleted >= rows_max then
        reached := prune_usage.after;
    end if;
end
$$;
comment on function perennial.prune_usage is
    'Deletes up to `rows_max` events of a partition that their customers do not keep. reached: where the next step goes on; null: done. Events of periods that are not closed stay.';

create or replace function perennial.prune_usage_ids(rows_max integer) returns bigint
language sql security definer
set search_path = perennial, pg_temp as $$
    with gone as (
        delete from usage_event_ids
         where ctid = any (array(select i.ctid from usage_event_ids i where i.at < usage_settled_before() limit rows_max))
        returning 1)
    select count(*) from gone
$$;
comment on function perennial.prune_usage_ids is 'Forgets up to `rows_max` events that would be refused as too old if they came again.';

create or replace function perennial.prune_usage_counters(rows_max integer) returns bigint
language sql security definer
set search_path = perennial, pg_temp as $$
    with gone as (
        delete from usage_counters
         where ctid = any (array(select c.ctid from usage_counters c
                                   join usage_meters m using (customer_id, metric_id)
                                  where c.period_start < least(m.closed_start, m.period_start - late_window())
                                  limit rows_max for update of c skip locked))
        returning 1)
    select count(*) from gone
$$;
comment on function perennial.prune_usage_counters is 'Forgets up to `rows_max` counters of periods that no closing looks back at any more: their closings have what counted.';
