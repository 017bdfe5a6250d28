//! What every session of ours sets for itself, so that the defaults of a database, a role or a
//! pooler change no result.
//!
//! Set after connecting and not as a startup parameter: poolers refuse those they do not know.
//! `default_transaction_read_only` is left alone: it is how an operator, or a provider whose disk
//! is full, stops writes. [`super::require_writable`] reports it instead.

use sqlx::postgres::PgConnection;

use super::Role;

/// A name that the server does not know (an older version's) is left out.
const SETTINGS: &str = "select count(set_config(s.name, p.value, false)) from (values
    -- what names mean: a user who is called like a schema would else find other tables
    ('search_path', 'public'),
    -- what a transaction sees: jobs lock rows and expect to see what others committed meanwhile
    ('default_transaction_isolation', 'read committed'),
    ('default_transaction_deferrable', 'off'),
    -- how values are written and read
    ('TimeZone', 'UTC'),
    ('DateStyle', 'ISO, MDY'),
    ('IntervalStyle', 'postgres'),
    ('client_encoding', 'UTF8'),
    ('bytea_output', 'hex'),
    ('extra_float_digits', '1'),
    ('lc_numeric', 'C'),
    ('lc_monetary', 'C'),
    ('lc_time', 'C'),
    ('standard_conforming_strings', 'on'),
    ('array_nulls', 'on'),
    ('transform_null_equals', 'off'),
    -- how long things may take: the queue's leases and the callers' deadlines say that
    ('statement_timeout', '0'),
    ('lock_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0')
) p (name, value) join pg_settings s on s.name = p.name;
-- A payment attempt that was committed has to be there after a crash. Stricter levels stay.
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

/// A role that does not exist, may not be taken or has no rights yet leaves the URL's own. Since
/// PostgreSQL 16 a member may be one that cannot take the role.
const TAKE_WORKER_ROLE: &str = "do $$
declare
    may_take constant text := case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end;
begin
    if exists (select from pg_roles where rolname = 'perennial_worker') and to_regnamespace('perennial') is not null then
        if pg_has_role(current_user, 'perennial_worker', may_take)
           and has_schema_privilege('perennial_worker', 'perennial', 'usage') then
            set role perennial_worker;
        end if;
    end if;
end $$";

/// Prepares a new session.
pub(super) async fn prepare(connection: &mut PgConnection, role: Role) -> sqlx::Result<()> {
    sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
    if role == Role::Worker {
        sqlx::raw_sql(TAKE_WORKER_ROLE).execute(connection).await?;
    }
    Ok(())
}
