-- The queue: a disposable cache of work that is due. Every row here can be derived again from the
-- due columns of the domain's tables. It knows machine time only, never business time.

create table perennial.job_catalogue (
    name        text collate "C" primary key check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    schedulable boolean not null
);
comment on table perennial.job_catalogue is
    'The jobs this installation knows, written by the workers at start. Other services may enqueue the schedulable ones.';

create table perennial.job_queues (
    name          text collate "C" primary key,
    paused        boolean not null default false,
    running_max   integer check (running_max > 0),
    keep_done_for interval check (keep_done_for > interval '0')
);
comment on table perennial.job_queues is
    'What an operator set for a queue, for all hosts: paused, at most running_max at once, finished jobs kept in job_history for keep_done_for. A queue without a row runs with the defaults.';

create index job_queues_kept on perennial.job_queues (name) where keep_done_for is not null;

create table perennial.jobs (
    id           bigint generated always as identity primary key,
    run_at       timestamptz not null default now(),
    created_at   timestamptz not null default now(),
    lease_until  timestamptz,
    attempt      integer  not null default 0 check (attempt >= 0),
    run          integer  not null default 0 check (run >= 0),
    priority     smallint not null default 0,
    deaths       smallint not null default 0 check (deaths >= 0),
    max_attempts smallint check (max_attempts > 0),
    holder       uuid,
    state        text collate "C" not null,
    queue        text collate "C" not null check (length(queue) between 1 and 40),
    unique_key   text collate "C" check (length(unique_key) between 1 and 300),
    payload      jsonb not null check (pg_column_size(payload) <= 65536),
    last_error   text,
    trace        text,
    constraint jobs_state check (state in ('ready', 'later', 'running')),
    constraint jobs_lease check ((state = 'running') = (holder is not null))
) with (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0
);
comment on table perennial.jobs is
    'Live jobs only: finished ones are deleted (or moved to job_history), failed ones move to dead_jobs.';
comment on column perennial.jobs.attempt is 'Tries that count: a snooze or a job given back unstarted takes its try back.';
comment on column perennial.jobs.run is 'How often it was claimed. Never goes back: with the holder it fences late acknowledgements.';
comment on column perennial.jobs.deaths is 'How often the process that ran it died. At three it is quarantined.';
comment on column perennial.jobs.max_attempts is 'Null: what the worker of the queue is set to.';
comment on column perennial.jobs.priority is 'Lower runs first.';

-- The claim's order is exactly this index; future jobs are not in it.
create index jobs_ready on perennial.jobs (queue, priority, run_at, id) where state = 'ready';
create index jobs_later on perennial.jobs (queue, run_at) where state = 'later';
create index jobs_running on perennial.jobs (queue, lease_until) where state = 'running';
create unique index jobs_live_key on perennial.jobs (queue, unique_key) where unique_key is not null;

create table perennial.dead_jobs (
    id           bigint primary key,
    queue        text collate "C" not null,
    unique_key   text collate "C",
    kind         text not null check (kind in ('exhausted', 'given_up', 'undecodable', 'quarantined')),
    reason       text not null,
    attempt      integer not null,
    deaths       smallint not null,
    payload      jsonb not null,
    payload_hash text not null,
    created_at   timestamptz not null,
    died_at      timestamptz not null default now(),
    key_held_until timestamptz not null
);
comment on table perennial.dead_jobs is
    'Jobs that ended without success, with the reason. While key_held_until lies ahead the key cannot be enqueued again, so that a sweep does not feed a poison job for ever.';
create index dead_jobs_key on perennial.dead_jobs (queue, unique_key) where unique_key is not null;
create index dead_jobs_died_at on perennial.dead_jobs (died_at);

create table perennial.job_history (
    id          bigint not null,
    queue       text collate "C" not null,
    unique_key  text collate "C",
    attempt     integer not null,
    payload     jsonb not null,
    created_at  timestamptz not null,
    finished_at timestamptz not null default now(),
    delete_at   timestamptz not null
);
comment on table perennial.job_history is 'Finished jobs of the queues that keep them (job_queues.keep_done_for).';
create index job_history_delete_at on perennial.job_history (delete_at);

create table perennial.job_workers (
    id         uuid primary key,
    name       text not null,
    started_at timestamptz not null default now(),
    seen_at    timestamptz not null default now()
) with (fillfactor = 50);
comment on table perennial.job_workers is 'Processes that run jobs. The id is new with every start, so that no one inherits the leases of the dead.';

-- Unlogged: losing it costs a poll interval, and writing it costs no flush.
create unlogged table perennial.job_waiters (
    queue   text collate "C" not null,
    worker  uuid not null,
    waiting boolean not null,
    primary key (queue, worker)
) with (fillfactor = 50);
comment on table perennial.job_waiters is 'Which idle worker wants to be notified of new jobs. Nobody waiting, no notification.';

create table perennial.schedules (
    name   text collate "C" primary key,
    cursor timestamptz not null
);
comment on table perennial.schedules is 'How far each periodic schedule has ticked.';

create table perennial.ticks (
    schedule text collate "C" not null references perennial.schedules (name) on delete cascade,
    tick     timestamptz not null,
    fired_at timestamptz not null default now(),
    primary key (schedule, tick)
);
comment on table perennial.ticks is 'Each tick that fired. The key lets one of many schedulers win.';

create table perennial.rate_limits (
    name       text collate "C" primary key,
    empty_until timestamptz not null
) with (fillfactor = 50);
comment on table perennial.rate_limits is
    'Token buckets shared by all hosts. One instant per bucket says how far ahead its tokens are spent.';

------------------------------------------------------------------------------------- enqueue

create function perennial.wake_workers(queue_name text) returns void language sql as $$
    select pg_notify('perennial.jobs.' || queue_name, '')
     where exists (select from perennial.job_waiters w where w.queue = queue_name and w.waiting)
$$;
comment on function perennial.wake_workers is
    'Notifies the queue''s workers if one is idle. A notification takes a lock at commit, so a busy queue sends none.';

create function perennial.enqueue_job(
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

create function perennial.enqueue_jobs(
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

create function perennial.enqueue(job text, payload jsonb, key text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    may boolean;
begin
    select c.schedulable into may from perennial.job_catalogue c where c.name = job;
    if may is null then
        raise exception 'job: "%" is not a job this installation knows', job
            using errcode = 'invalid_parameter_value',
                  hint = 'select name from perennial.job_catalogue where schedulable';
    elsif not may then
        raise exception 'job: "%" is enqueued by Perennial itself and not for schedulers', job
            using errcode = 'invalid_parameter_value',
                  hint = 'select name from perennial.job_catalogue where schedulable';
    elsif payload is null or jsonb_typeof(payload) <> 'object' then
        raise exception 'payload: must be a JSON object' using errcode = 'invalid_parameter_value';
    elsif key is null or length(key) not between 1 and 300 then
        raise exception 'key: must name the occasion in 1 to 300 characters'
            using errcode = 'invalid_parameter_value';
    end if;
    return perennial.enqueue_job(job, payload, key);
end $$;
comment on function perennial.enqueue is
    'The door for schedulers of other services: adds a schedulable job in the caller''s transaction, once per live key.';

------------------------------------------------------------------------------------- operate

create function perennial.pause_queue(queue_name text) returns void language sql as $$
    insert into perennial.job_queues (name, paused) values (queue_name, true)
    on conflict (name) do update set paused = true
$$;
comment on function perennial.pause_queue is 'No host starts another job of the queue; what runs is finished.';

create function perennial.resume_queue(queue_name text) returns void language sql as $$
    update perennial.job_queues set paused = false where name = queue_name;
    select pg_notify('perennial.jobs.' || queue_name, '')
$$;

create function perennial.revive_job(dead_id bigint) returns boolean language plpgsql as $$
declare
    dead perennial.dead_jobs;
begin
    delete from perennial.dead_jobs where id = dead_id returning * into dead;
    return found and perennial.enqueue_job(dead.queue, dead.payload, dead.unique_key);
end $$;
comment on function perennial.revive_job is 'Runs a dead job again, with all its attempts.';

create function perennial.prune_jobs(keep_dead interval, keep_ticks interval) returns void language sql as $$
    delete from perennial.job_history where ctid = any (array(
        select ctid from perennial.job_history where delete_at < now() limit 50000));
    delete from perennial.dead_jobs where died_at < now() - keep_dead and key_held_until < now();
    -- The cursor keeps a pruned tick from firing again.
    delete from perennial.ticks where fired_at < now() - keep_ticks;
    delete from perennial.job_waiters w where not exists (select from perennial.job_workers p where p.id = w.worker);
$$;
comment on function perennial.prune_jobs is 'Deletes what retention no longer keeps.';

create function perennial.take_tokens(bucket text, wanted integer, per_second double precision, burst integer)
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
