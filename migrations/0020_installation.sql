-- What tells this database from every other one that uses the same account at a provider.

create table perennial.installation (
    only_row boolean primary key default true check (only_row),
    -- part of every idempotency key: two databases with the same ids never share one
    tag text not null default left(replace(gen_random_uuid()::text, '-', ''), 12) check (tag ~ '^[0-9a-f]{12}$'),
    created_at timestamptz not null default now()
);
comment on table perennial.installation is
    'One row: this database''s tag. Give a copy of a database another one (update … set tag = default) before it works on the same provider account.';
insert into perennial.installation default values;
