-- The queue's functions: enqueue, claim, settle, keep leases, operate.

create or replace function perennial.wake_workers(queue_name text) returns void language sql as $$
    select pg_notify('perennial.jobs.' || queue_name, '')
     where exists (select from perennial.job_waiters w where w.queue = queue_name and w.waiting)
$$;
comment on function perennial.wake_workers is
    'Notifies the queue''s workers if one is idle. A notification takes a lock at commit, so a busy queue sends none.';

create or replace function perennial.enqueue_job(
    queue text, payload jsonb, key text default null, run_at timestamptz default null,
    priority smallint default 0, max_attempts smallint default null, trace text default null
) returns boolean language plpgsql as $$
#variable_conflict use_column
declare
    inserted bigint;
begin
    if key is not null and exists (
        select from perennial.dead_jobs d
         where d.queue = enqueue_job.queue and d.unique_key = key and d.key_held_until > now()
    ) then
        return false;
    end if;
    insert into perennial.jobs (queue, state, priority, run_at, max_attempts, unique_key, payload, trace)
    values (enqueue_job.queue, case when enqueue_job.run_at > now() then 'later' else 'ready' end,
            enqueue_job.priority, coalesce(enqueue_job.run_at, now()), enqueue_job.max_attempts, key,
            enqueue_job.payload, enqueue_job.trace)
    on conflict (queue, unique_key) where unique_key is not null do nothing
    returning id into inserted;
    if inserted is null then
        return false;
    end if;
    if exists (select from perennial.job_waiters w where w.queue = enqueue_job.queue and w.waiting) then
        perform pg_notify('perennial.jobs.' || enqueue_job.queue, '');
    end if;
    return true;
end $$;
comment on function perennial.enqueue_job is
    'Adds a job in the caller''s transaction. False, and nothing done, if a live or a held dead job has the key.';

create or replace function perennial.enqueue_jobs(
    queues text[], payloads jsonb[], keys text[] default null, run_ats timestamptz[] default null,
    priorities smallint[] default null
) returns bigint language plpgsql as $$
declare
    inserted bigint;
begin
    if keys is null then
        insert into perennial.jobs (queue, state, priority, run_at, payload)
        select u.queue, case when u.run_at > now() then 'later' else 'ready' end,
               coalesce(u.priority, 0), coalesce(u.run_at, now()), u.payload
          from unnest(queues, payloads, run_ats, priorities) as u (queue, payload, run_at, priority);
    else
        -- Sorted by key: two callers with overlapping keys wait for each other in one order.
        insert into perennial.jobs (queue, state, priority, run_at, unique_key, payload)
        select u.queue, case when u.run_at > now() then 'later' else 'ready' end,
               coalesce(u.priority, 0), coalesce(u.run_at, now()), u.key, u.payload
          from unnest(queues, payloads, keys, run_ats, priorities) with ordinality
               as u (queue, payload, key, run_at, priority, position)
         where u.key is null or not exists (
               select from perennial.dead_jobs d
                where d.queue = u.queue and d.unique_key = u.key and d.key_held_until > now())
         order by u.queue collate "C", u.key collate "C", u.position
        on conflict (queue, unique_key) where unique_key is not null do nothing;
    end if;
    get diagnostics inserted = row_count;
    perform perennial.wake_workers(q.name) from (select distinct unnest(queues) as name) q;
    return inserted;
end $$;
comment on function perennial.enqueue_jobs is 'enqueue_job for many jobs at once. Answers how many were added.';

create or replace function perennial.enqueue(job text, payload jsonb, key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    may boolean;
begin
    select c.schedulable into may from perennial.job_catalogue c where c.name = job;
    if may is null then
        perform perennial.refuse_name('job', format('%s is not a job this installation knows', to_jsonb(job)), job,
            array(select c.name::text from perennial.job_catalogue c where c.schedulable order by c.name));
    elsif not may then
        perform perennial.refuse_field('job',
            format('%s is enqueued by Perennial itself and not for schedulers', to_jsonb(job)),
            'select name from perennial.job_catalogue where schedulable');
    elsif payload is null or jsonb_typeof(payload) <> 'object' then
        perform perennial.refuse_field('payload', 'must be a JSON object');
    elsif key is null or length(key) not between 1 and 300 then
        perform perennial.refuse_field('key', 'must name the occasion in 1 to 300 characters');
    end if;
    -- A key that the sweep or a schedule uses too would be locked for as long as the caller's
    -- transaction is open.
    return perennial.enqueue_job(job, payload, 'caller:' || key);
end $$;
comment on function perennial.enqueue is
    'The door for schedulers of other services: adds a schedulable job in the caller''s transaction, once per live key.';

create or replace function perennial.check_queue(queue_name text) returns void language plpgsql stable as $$
begin
    -- Before the first worker has written the catalogue, nobody can say.
    if queue_name is null
       or exists (select from perennial.job_catalogue)
          and not exists (select from perennial.job_catalogue c where c.name = queue_name)
          and not exists (select from perennial.job_queues q where q.name = queue_name) then
        perform perennial.refuse_name('queue_name', format('%s is not a queue', coalesce(queue_name, 'null')), queue_name,
            array(select c.name::text from perennial.job_catalogue c order by c.name));
    end if;
end $$;
comment on function perennial.check_queue is 'Refuses a queue that no worker has: each job has the queue of its name.';

create or replace function perennial.pause_queue(queue_name text) returns void language plpgsql as $$
begin
    perform perennial.check_queue(queue_name);
    insert into perennial.job_queues (name, paused) values (queue_name, true)
    on conflict (name) do update set paused = true;
end $$;
comment on function perennial.pause_queue is
    'No host starts another job of the queue; what runs is finished.';

create or replace function perennial.resume_queue(queue_name text) returns void language plpgsql as $$
begin
    perform perennial.check_queue(queue_name);
    update perennial.job_queues set paused = false where name = queue_name;
    perform pg_notify('perennial.jobs.' || queue_name, '');
end $$;
comment on function perennial.resume_queue is 'Undoes pause_queue.';

create or replace function perennial.revive_job(dead_id bigint) returns boolean language plpgsql as $$
declare
    dead perennial.dead_jobs;
begin
    delete from perennial.dead_jobs where id = dead_id returning * into dead;
    return found and perennial.enqueue_job(dead.queue, dead.payload, dead.unique_key);
end $$;
comment on function perennial.revive_job is 'Runs a dead job again, with all its attempts.';

create or replace function perennial.prune_jobs(keep_dead interval, keep_ticks interval) returns void language sql as $$
    delete from perennial.job_history where ctid = any (array(
        select ctid from perennial.job_history where delete_at < now() limit 50000));
    delete from perennial.dead_jobs where died_at < now() - keep_dead and key_held_until < now();
    -- The cursor keeps a pruned tick from firing again.
    delete from perennial.ticks where fired_at < now() - keep_ticks;
    delete from perennial.job_waiters w where not exists (select from perennial.job_workers p where p.id = w.worker);
$$;
comment on function perennial.prune_jobs is 'Deletes what retention no longer keeps.';

create or replace function perennial.take_tokens(bucket text, wanted integer, per_second double precision, burst integer)
returns bigint language sql as $$
    insert into perennial.rate_limits as r (name, empty_until)
    values (bucket, clock_timestamp() + make_interval(secs => wanted / per_second))
    on conflict (name) do update
       set empty_until = greatest(r.empty_until, clock_timestamp()) + make_interval(secs => wanted / per_second)
    returning greatest(0, ceil(1000 * (extract(epoch from r.empty_until - clock_timestamp())
                                       - greatest(burst, wanted) / per_second)))::bigint
$$;
comment on function perennial.take_tokens is
    'Reserves tokens of a bucket shared by all hosts and answers in how many milliseconds they may be spent.';

-- The planner's statistics lag far behind a queue that fills and drains in seconds, so the
-- functions of the worker allow it only the plan that is right at every size. (Forbidden plans are
-- priced so high that the just-in-time compiler would start: 18 ms a call, so it is off.)
-- `id = any (ids)` beside each join is the other half: a plan made while the table was empty is
-- kept, and without it would read the whole table once the table is not.
create or replace function perennial.claim_jobs(queue_name text, wanted integer, worker uuid, lease_ms bigint)
returns table (id bigint, payload text, attempt integer, run integer, max_attempts smallint, trace text)
language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off as $$
#variable_conflict use_column
declare
    rules  perennial.job_queues;
    slots  integer := wanted;
begin
    select * into rules from perennial.job_queues q where q.name = queue_name;
    if rules.paused then
        return;
    end if;
    if rules.running_max is not null then
        -- The row takes turns: an advisory lock could be held by anybody who connects.
        perform from perennial.job_queues q where q.name = queue_name for no key update;
        select least(wanted, rules.running_max - count(*)) into slots
          from perennial.jobs j where j.queue = queue_name and j.state = 'running';
        if slots <= 0 then
            return;
        end if;
    end if;
    return query
    update perennial.jobs j
       set state = 'running', holder = claim_jobs.worker, attempt = j.attempt + 1, run = j.run + 1,
           lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
     where j.id = any (array(
           select c.id from perennial.jobs c
            where c.queue = queue_name and c.state = 'ready'
            order by c.priority, c.run_at, c.id limit slots for update skip locked))
    returning j.id, j.payload::text, j.attempt, j.run, j.max_attempts, j.trace;
    if found then
        update perennial.job_waiters w set waiting = false
         where w.queue = queue_name and w.worker = claim_jobs.worker and w.waiting;
    end if;
end $$;
comment on function perennial.claim_jobs is 'Takes up to `wanted` ready jobs for one worker and counts the attempt.';

create or replace function perennial.rest_jobs(queue_name text, worker uuid, out ready boolean, out next_ms bigint)
language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
begin
    ready := perennial.promote_jobs(queue_name) > 0
             or exists (select from perennial.jobs j where j.queue = queue_name and j.state = 'ready');
    insert into perennial.job_waiters as w values (queue_name, rest_jobs.worker, true)
    on conflict on constraint job_waiters_pkey do update set waiting = true where not w.waiting;
    select ceil(extract(epoch from min(j.run_at) - clock_timestamp()) * 1000) into next_ms
      from perennial.jobs j where j.queue = queue_name and j.state = 'later';
end $$;
comment on function perennial.rest_jobs is
    'Called before a worker sleeps: asks for a notification and says when the next job comes due.';

create or replace function perennial.promote_jobs(queue_name text) returns integer
language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    promoted integer;
begin
    update perennial.jobs j set state = 'ready'
     where j.id = any (array(
           select c.id from perennial.jobs c
            where c.queue = queue_name and c.state = 'later' and c.run_at <= clock_timestamp()
            order by c.run_at limit 2000 for update skip locked));
    get diagnostics promoted = row_count;
    return promoted;
end $$;
comment on function perennial.promote_jobs is 'Makes jobs ready whose time has come.';

-- All four are fenced by (id, run, holder): an acknowledgement that comes late, twice, or from a
-- worker whose lease went to another finds no row and changes nothing.

create or replace function perennial.settle_done(ids bigint[], runs integer[], worker uuid) returns bigint
language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
declare
    settled bigint;
begin
    if exists (select from perennial.job_queues where keep_done_for is not null) then
        with gone as (
            delete from perennial.jobs j using unnest(ids, runs) as a (id, run)
             where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker
            returning j.id, j.queue, j.unique_key, j.attempt, j.payload, j.created_at),
        kept as (
            insert into perennial.job_history (id, queue, unique_key, attempt, payload, created_at, delete_at)
            select g.id, g.queue, g.unique_key, g.attempt, g.payload, g.created_at, now() + q.keep_done_for
              from gone g join perennial.job_queues q on q.name = g.queue
             where q.keep_done_for is not null)
        select count(*) into settled from gone;
    else
        delete from perennial.jobs j using unnest(ids, runs) as a (id, run)
         where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker;
        get diagnostics settled = row_count;
    end if;
    return settled;
end $$;
comment on function perennial.settle_done is 'Ends jobs that succeeded; their keys are free again.';

create or replace function perennial.settle_later(
    ids bigint[], runs integer[], worker uuid, delays_ms bigint[], refunds integer[], reasons text[]
) returns bigint language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
declare
    settled bigint;
begin
    update perennial.jobs j
       set state = case when a.delay_ms > 0 then 'later' else 'ready' end,
           run_at = clock_timestamp() + a.delay_ms * interval '1 millisecond',
           attempt = j.attempt - a.refund, holder = null, lease_until = null, suspicions = 0,
           last_error = coalesce(a.reason, j.last_error)
      from unnest(ids, runs, delays_ms, refunds, reasons) as a (id, run, delay_ms, refund, reason)
     where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker;
    get diagnostics settled = row_count;
    return settled;
end $$;
comment on function perennial.settle_later is 'Puts jobs back until their delay is over: back-off (counts) or snooze (refunds the attempt).';

create or replace function perennial.give_back_jobs(ids bigint[], runs integer[], worker uuid) returns bigint
language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
declare
    settled bigint;
begin
    update perennial.jobs j
       set state = 'ready', attempt = j.attempt - 1, holder = null, lease_until = null
      from unnest(ids, runs) as a (id, run)
     where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker;
    get diagnostics settled = row_count;
    perform perennial.wake_workers(q.name)
       from (select distinct j.queue as name from perennial.jobs j where j.id = any (ids)) q;
    return settled;
end $$;
comment on function perennial.give_back_jobs is 'Returns jobs that were claimed and never begun: in their old place, the attempt not counted.';

create or replace function perennial.settle_dead(
    ids bigint[], runs integer[], worker uuid, kinds text[], reasons text[], holds_ms bigint[]
) returns bigint language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
declare
    settled bigint;
begin
    with gone as (
        delete from perennial.jobs j
         using unnest(ids, runs, kinds, reasons, holds_ms) as a (id, run, kind, reason, hold_ms)
         where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker
        returning j.*, a.kind, a.reason, a.hold_ms)
    insert into perennial.dead_jobs
    select g.id, g.queue, g.unique_key, g.kind, g.reason, g.attempt, g.deaths, g.payload,
           encode(sha256(convert_to(g.payload::text, 'UTF8')), 'hex'), g.created_at, now(),
           coalesce(now() + g.hold_ms * interval '1 millisecond', 'infinity')
      from gone g;
    get diagnostics settled = row_count;
    return settled;
end $$;
comment on function perennial.settle_dead is 'Moves jobs that ended without success to dead_jobs.';

create or replace function perennial.extend_leases(ids bigint[], runs integer[], worker uuid, leases_ms bigint[])
returns setof bigint language sql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
    update perennial.jobs j set lease_until = clock_timestamp() + a.lease_ms * interval '1 millisecond'
      from unnest(ids, runs, leases_ms) as a (id, run, lease_ms)
     where j.id = any (ids) and j.id = a.id and j.run = a.run and j.holder = worker
    returning j.id
$$;
comment on function perennial.extend_leases is 'The heartbeat. A job it does not answer with is no longer ours.';

-- What a death proves. A job that was alone in its process has killed it. Of several, each may be
-- innocent: it is suspected, and at the second time it is run alone, in a process of its own
-- (`suspect`). Only what died alone at least twice is quarantined, and a quarantine ends: the job is
-- run alone again, after longer each time. Jobs for whole sets are never quarantined: others depend
-- on them.
create or replace function perennial.reclaim_jobs(worker uuid, deaths_max integer)
returns table (id bigint, queue text, deaths integer, quarantined boolean) language plpgsql
set jit = off set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
    -- Nobody is there to run it alone: it takes its chance among the others.
    update perennial.jobs j set state = 'ready'
     where j.state = 'suspect' and j.run_at < clock_timestamp() - interval '10 minutes';
    return query
    with lost as materialized (
        select j.id, j.queue, j.holder, j.lease_until, j.deaths, j.suspicions, j.holder <> reclaim_jobs.worker as died
          from perennial.jobs j
         where j.state = 'running' and j.lease_until < clock_timestamp()
         limit 2000 for update skip locked),
    held as materialized (
        select j.holder, count(*) > 1 as together from perennial.jobs j
         where j.state = 'running' and j.holder = any (array(select holder from lost)) group by j.holder),
    -- Those of its jobs that are found later were not alone either.
    remembered as (
        update perennial.job_workers w set lost_several = true from held h
         where w.id = h.holder and h.together and not w.lost_several),
    judged as materialized (
        select l.id, coalesce(c.set_wide, false) as set_wide,
               l.deaths + (l.died and not t.together)::integer as deaths,
               l.suspicions + (l.died and t.together)::integer as suspicions
          from lost l
          left join perennial.job_catalogue c on c.name = l.queue
          left join perennial.job_workers w on w.id = l.holder
          left join held h on h.holder = l.holder
         -- A worker that was seen after the lease had run out lives: this one job of it is stuck.
         cross join lateral (select (coalesce(h.together, false) or coalesce(w.lost_several, false))
                                    and not coalesce(w.seen_at > l.lease_until, false) as together) t),
    guilty as materialized (
        select g.id from judged g
         where g.deaths > 1 and g.deaths + g.suspicions >= deaths_max and not g.set_wide),
    poison as (
        delete from perennial.jobs j using judged g
         where j.id = any (array(select id from guilty)) and j.id = g.id
        returning j.*, g.deaths as died, g.deaths + g.suspicions as times),
    buried as (
        insert into perennial.dead_jobs
        select p.id, p.queue, p.unique_key, 'quarantined',
               format('its process died %s times while it ran', p.times), p.attempt, p.died::smallint,
               p.payload, encode(sha256(convert_to(p.payload::text, 'UTF8')), 'hex'),
               p.created_at, now(), now() + perennial.quarantine_of(p.died) + interval '1 hour',
               now() + perennial.quarantine_of(p.died)
          from poison p),
    freed as (
        update perennial.jobs j
           set state = case when g.suspicions > 1 or g.set_wide and g.deaths + g.suspicions >= deaths_max then 'suspect'
                            when g.deaths > 1 then 'later' else 'ready' end,
               run_at = case when g.set_wide and g.deaths > 0
                             then clock_timestamp() + least(interval '1 hour', g.deaths * interval '1 minute')
                             when g.deaths > 1 then clock_timestamp() + random() * interval '5 seconds'
                             else j.run_at end,
               holder = null, lease_until = null, deaths = least(g.deaths, 1000)::smallint,
               suspicions = least(g.suspicions, 1000)::smallint, last_error = 'the process that ran it died'
          from judged g
         where j.id = any (array(select id from lost)) and j.id = g.id and g.id <> all (array(select id from guilty))
        returning j.id, j.queue, j.deaths)
    select f.id, f.queue, f.deaths::integer, false from freed f
    union all
    select p.id, p.queue, p.died, true from poison p;
end $$;
comment on function perennial.reclaim_jobs is
    'Frees the jobs whose lease ran out, whoever held them. Those that are proven to kill their process are quarantined for a while.';

create or replace function perennial.quarantine_of(deaths integer) returns interval
language sql immutable as $$
    select least(interval '1 day', interval '10 minutes' * power(3, least(greatest(deaths, 2), 20) - 2))
$$;
comment on function perennial.quarantine_of is 'How long a job that killed its process so often is not run: ten minutes, then three times as long each time, at most a day.';

create or replace function perennial.release_quarantined() returns bigint
language plpgsql as $$
declare
    released bigint;
begin
    with due as (
        delete from perennial.dead_jobs d where d.id = any (array(
            select q.id from perennial.dead_jobs q where q.probe_at <= now() limit 100 for update skip locked))
        returning *)
    insert into perennial.jobs (queue, state, unique_key, payload, created_at, deaths, suspicions, last_error)
    select d.queue, 'suspect', d.unique_key, d.payload, d.created_at, d.deaths, 2, d.reason from due d
    on conflict (queue, unique_key) where unique_key is not null do nothing;
    get diagnostics released = row_count;
    return released;
end $$;
comment on function perennial.release_quarantined is 'Ends quarantines whose time is over: the jobs are run again, each alone.';

create or replace function perennial.next_suspect(out job_id bigint, out queue_name text)
language sql stable as $$
    select j.id, j.queue from perennial.jobs j
     where j.state = 'suspect' and j.run_at <= clock_timestamp() order by j.run_at, j.id limit 1
$$;
comment on function perennial.next_suspect is 'The suspect that is to be run next, if there is one.';

create or replace function perennial.claim_suspect(job_id bigint, worker uuid, lease_ms bigint)
returns table (id bigint, payload text, attempt integer, run integer, max_attempts smallint, trace text)
language sql as $$
    update perennial.jobs j
       set state = 'running', holder = claim_suspect.worker, attempt = j.attempt + 1, run = j.run + 1,
           lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
     where j.id = job_id and j.state = 'suspect'
    returning j.id, j.payload::text, j.attempt, j.run, j.max_attempts, j.trace
$$;
comment on function perennial.claim_suspect is 'Takes one suspect for a process of its own.';
