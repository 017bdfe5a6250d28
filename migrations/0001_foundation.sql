-- The schema, its roles, append-only tables, and business time.

create schema if not exists perennial;
comment on schema perennial is 'Subscription lifecycle: everything Perennial knows.';

-- Exclusion constraints over uuid need it; trusted since PostgreSQL 13, so no superuser is needed.
create extension if not exists btree_gist with schema perennial;

-- Group roles. A login role is granted one of them. Where the migrating role may not create
-- roles (some managed services), the triggers below still guard the append-only tables.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['perennial_worker', 'perennial_ingest'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when insufficient_privilege then
                    raise notice 'role % not created: ask an administrator for it', wanted;
                when duplicate_object or unique_violation then null; -- another database's migration was faster
            end;
        end if;
        begin
            execute format('grant %I to current_user', wanted);
        exception
            when others then raise notice 'role % not granted to %', wanted, current_user;
        end;
    end loop;
end
$$;

-- Other services reach the schema through its functions alone (functions/rights.sql).
revoke all on schema perennial from public;
do $$
declare
    wanted text;
begin
    for wanted in select rolname from pg_roles where rolname in ('perennial_worker', 'perennial_ingest') loop
        execute format('grant usage on schema perennial to %I', wanted);
    end loop;
    -- Workers check at start that the schema is theirs.
    if exists (select from pg_roles where rolname = 'perennial_worker')
       and to_regclass('public._sqlx_migrations') is not null then
        grant select on public._sqlx_migrations to perennial_worker;
    end if;
end
$$;

create function perennial.refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception 'perennial.% is append-only: % refused', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation', hint = 'Corrections are new rows.';
end
$$;
comment on function perennial.refuse_change() is 'Trigger of append-only tables.';

create function perennial.make_append_only(target regclass) returns void
language plpgsql as $$
begin
    execute format('create trigger append_only before update or delete on %s
                    for each statement execute function perennial.refuse_change()', target);
    execute format('create trigger append_only_truncate before truncate on %s
                    for each statement execute function perennial.refuse_change()', target);
end
$$;
comment on function perennial.make_append_only(regclass) is 'Guards a table against update, delete and truncate.';

create table perennial.clocks (
    id uuid primary key,
    name text not null unique constraint clocks_name check (length(trim(name)) between 1 and 100),
    -- null: this clock is the system clock
    frozen_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table perennial.clocks is
    'Business time. The row `global` is the whole database''s; other rows are test clocks of single customers.';
insert into perennial.clocks (id, name) values ('00000000-0000-0000-0000-000000000000', 'global');

-- In plpgsql: each recorded event asks for it, and the plan of an SQL function is made at each call.
create function perennial.business_now(clock uuid default '00000000-0000-0000-0000-000000000000')
returns timestamptz
language plpgsql stable parallel safe
set search_path = perennial, pg_temp
as $$
begin
    return coalesce(
        (select frozen_at from perennial.clocks where id = clock),
        (select frozen_at from perennial.clocks where id = '00000000-0000-0000-0000-000000000000'),
        statement_timestamp());
end
$$;
comment on function perennial.business_now(uuid) is 'What time it is for a clock''s customers: one value per statement.';

create table perennial.time_zones (
    name text collate "C" primary key
);
comment on table perennial.time_zones is 'IANA time zones as they are spelled: the database takes them in any case, workers do not.';
insert into perennial.time_zones
select name from pg_timezone_names where name ~ '^(UTC|GMT|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$' and name !~ '^(posix|right)/';
