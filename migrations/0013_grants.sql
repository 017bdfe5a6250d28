-- Who may do what. The worker changes everything but the append-only tables, to which it only
-- adds; other services go through the doors and see nothing.
do $$
declare
    target record;
    appended text[] := array['dunning_policies', 'subscription_history', 'audit_log', 'customer_balance_entries',
                             'ledger_entries'];
begin
    execute 'revoke all on schema perennial from public';
    execute 'revoke all on all functions in schema perennial from public';
    if exists (select from pg_roles where rolname = 'perennial_worker') then
        grant usage on schema perennial to perennial_worker;
        grant execute on all functions in schema perennial to perennial_worker;
        -- Workers check at start that the schema is theirs.
        if to_regclass('public._sqlx_migrations') is not null then
            grant select on public._sqlx_migrations to perennial_worker;
        end if;
        grant usage on all sequences in schema perennial to perennial_worker;
        for target in select tablename from pg_tables where schemaname = 'perennial' loop
            if target.tablename = any (appended) then
                execute format('grant select, insert on perennial.%I to perennial_worker', target.tablename);
            else
                execute format('grant select, insert, update, delete on perennial.%I to perennial_worker', target.tablename);
            end if;
        end loop;
        -- Books of who may do what, and what is legal, are the owner's.
        revoke insert, update, delete on perennial.transitions, perennial.event_types, perennial.ledger_accounts
            from perennial_worker;
    end if;
    if exists (select from pg_roles where rolname = 'perennial_ingest') then
        grant usage on schema perennial to perennial_ingest;
        grant execute on function perennial.emit(text, uuid, jsonb, text, timestamptz) to perennial_ingest;
        grant execute on function perennial.enqueue(text, jsonb, text) to perennial_ingest;
    end if;
end
$$;
