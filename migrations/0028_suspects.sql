-- A process that dies proves nothing against the jobs that ran beside each other: suspects are run alone.

alter table perennial.jobs
    add column suspicions smallint not null default 0 check (suspicions >= 0),
    drop constraint jobs_state,
    add constraint jobs_state check (state in ('ready', 'later', 'running', 'suspect')) not valid;
alter table perennial.jobs validate constraint jobs_state;
comment on column perennial.jobs.deaths is 'How often the process that ran it died while it ran alone there.';
comment on column perennial.jobs.suspicions is
    'How often its process died while others ran beside it. From the second time on it is run alone (state suspect).';
create index jobs_suspect on perennial.jobs (run_at, id) where state = 'suspect';

alter table perennial.job_catalogue add column set_wide boolean not null default false;
comment on column perennial.job_catalogue.set_wide is 'One job of it is for many subjects: it is never quarantined.';

alter table perennial.job_workers add column lost_several boolean not null default false;
comment on column perennial.job_workers.lost_several is 'It died with more than one job: none of them was alone.';

alter table perennial.dead_jobs add column probe_at timestamptz;
comment on column perennial.dead_jobs.probe_at is 'When a quarantined job is run again, alone.';
-- What was quarantined for ever is looked at again.
update perennial.dead_jobs set probe_at = now(), key_held_until = now() + interval '1 hour' where kind = 'quarantined';
create index dead_jobs_probe on perennial.dead_jobs (probe_at) where probe_at is not null;
