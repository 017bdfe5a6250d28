-- Who may do what.

create or replace function perennial.grant_rights() returns void
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    target record;
    ours text;
    -- What other services may call, in their own transactions.
    doors constant text[] := array[
        'emit', 'enqueue', 'record_usage', 'record_usage_batch', 'consume', 'release_usage', 'check_quota', 'get_limit',
        'check_feature', 'upgrade_suggestion', 'set_mail_preference', 'wallet_balance', 'consume_tokens', 'grant_tokens',
        'refund_tokens', 'set_low_balance', 'set_auto_top_up', 'authorize_api_key', 'can_access', 'grant_membership', 'cancel_membership',
        'refer_customer', 'record_roi_event', 'subscription_access', 'payment_of', 'id'];
begin
    -- The functions of an extension may be somebody else's: their rights are not ours to give.
    select string_agg(p.oid::regprocedure::text, ', ') into strict ours
      from pg_proc p
     where p.pronamespace = 'perennial'::regnamespace and pg_has_role(p.proowner, 'usage');
    execute format('revoke all on routine %s from public', ours);
    if exists (select from pg_roles where rolname = 'perennial_worker') then
        execute 'grant usage on schema perennial to perennial_worker';
        -- Workers check at start that the schema is theirs.
        if to_regclass('public._sqlx_migrations') is not null then
            execute 'grant select on public._sqlx_migrations to perennial_worker';
        end if;
        execute format('grant execute on routine %s to perennial_worker', ours);
        execute 'grant usage on all sequences in schema perennial to perennial_worker';
        for target in
            select c.oid::regclass as name, c.relkind,
                   exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only') as appended,
                   c.relname in ('transitions', 'event_types', 'ledger_accounts', 'network_budgets', 'function_files', 'function_objects',
                                 'schema_version', 'installation') as fixed
              from pg_class c
             where c.relnamespace = 'perennial'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
        loop
            execute format('grant %s on %s to perennial_worker',
                case when target.relkind = 'v' or target.fixed then 'select'
                     when target.appended then 'select, insert'
                     else 'select, insert, update, delete' end, target.name);
        end loop;
    end if;
    if exists (select from pg_roles where rolname = 'perennial_ingest') then
        execute 'grant usage on schema perennial to perennial_ingest';
        for target in select p.oid::regprocedure as name from pg_proc p
                       where p.pronamespace = 'perennial'::regnamespace and p.proname = any (doors) loop
            execute format('grant execute on function %s to perennial_ingest', target.name);
        end loop;
    end if;
end
$$;
comment on function perennial.grant_rights is
    'Gives the roles their rights on everything there is: the last step of a migration that adds tables or functions. Tables that only grow are known by their trigger.';
