-- What a limit does not judge, and locks that only Perennial can name.

alter table perennial.usage_meters
    add column excused_units bigint not null default 0 check (excused_units >= 0);
comment on column perennial.usage_meters.excused_units is
    'Used in this period under an earlier, higher limit, beyond the one that holds now: no overage.';

create table perennial.lock_salt (
    only_row boolean primary key default true check (only_row),
    salt bigint not null
);
comment on table perennial.lock_salt is
    'One row: goes into the keys of advisory locks, so that no other role can guess and hold them.';
insert into perennial.lock_salt (salt) values (('x' || left(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint);

update perennial.analytics_metrics
   set description = 'Invoiced for the first time: without what was carried over from earlier invoices'
 where metric = 'billed';

-- Keys of other services have a prefix.
alter table perennial.jobs
    drop constraint jobs_unique_key_check,
    add constraint jobs_unique_key_check check (length(unique_key) between 1 and 310) not valid;
alter table perennial.jobs validate constraint jobs_unique_key_check;
