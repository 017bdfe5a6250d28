-- What `migrate` records of migrations/functions, whose files it applies again whenever they changed.

create table perennial.function_files (
    name text collate "C" primary key,
    sha256 text not null
);
comment on table perennial.function_files is 'The files of migrations/functions as they were applied last.';

create table perennial.function_objects (
    -- as pg_identify_object names it
    kind text not null,
    identity text not null,
    -- '': it was there before this table was
    file text collate "C" not null,
    primary key (kind, identity)
);
comment on table perennial.function_objects is
    'Functions, views and triggers that the files define. One that no file defines any more is dropped.';

create table perennial.schema_version (
    only_row boolean primary key default true check (only_row),
    -- of the newest version that migrated this database: an older one is refused
    version text not null,
    -- the newest versioned migration whose tables have their rights and partitions
    migration bigint not null
);
comment on table perennial.schema_version is 'One row: which version of Perennial migrated this database last.';

-- A database of a version without these tables has all of its functions already. (The three that
-- tables need are the baseline's.)
insert into perennial.function_objects (kind, identity, file)
select o.type, o.identity, ''
  from (select 'pg_proc'::regclass as class, p.oid
          from pg_proc p
         where p.pronamespace = 'perennial'::regnamespace
           and p.proname not in ('refuse_change', 'make_append_only', 'business_now')
           and not exists (select from pg_depend d
                            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
         union all
        select 'pg_class'::regclass, c.oid
          from pg_class c where c.relnamespace = 'perennial'::regnamespace and c.relkind = 'v'
         union all
        select 'pg_trigger'::regclass, t.oid
          from pg_trigger t join pg_class c on c.oid = t.tgrelid
         where c.relnamespace = 'perennial'::regnamespace and not t.tgisinternal and t.tgparentid = 0
           and t.tgname not in ('append_only', 'append_only_truncate')) x
 cross join lateral pg_identify_object(x.class, x.oid, 0) o;
