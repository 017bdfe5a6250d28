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
