//! The group roles `perennial_worker` and `perennial_ingest`, which may come to be after the schema.

use std::fmt;

use sqlx::{PgConnection, PgPool};

use super::DatabaseError;

/// Makes the roles that are missing, where we may. Whether we are a member of those that others
/// made is theirs to decide.
const MAKE_ROLES: &str = "do $$
declare
    wanted text;
begin
    if not (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) then
        return;
    end if;
    foreach wanted in array array['perennial_worker', 'perennial_ingest'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
                execute format('grant %I to current_user', wanted);
            exception
                -- A service that restricts the attribute, or another database's migration.
                when insufficient_privilege or duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;
end $$";

/// Makes the roles where we may, and gives theirs to those that have none yet.
pub(super) async fn settle(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    sqlx::raw_sql(MAKE_ROLES).execute(&mut *conn).await?;
    let lacking: bool = sqlx::query_scalar(
        "select exists (select from pg_roles
                         where rolname in ('perennial_worker', 'perennial_ingest')
                           and not has_schema_privilege(oid, 'perennial', 'usage'))",
    )
    .fetch_one(&mut *conn)
    .await?;
    if lacking {
        sqlx::raw_sql("select perennial.grant_rights()").execute(conn).await?;
    }
    Ok(())
}

/// Roles that do not exist, and that we may not create. Shown, it says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRoles {
    names: Vec<String>,
    /// Who migrates, quoted as an identifier.
    owner: String,
}

/// The roles that an administrator has to create, if any.
///
/// # Errors
/// When the database does not answer.
pub async fn missing_roles(pool: &PgPool) -> Result<Option<MissingRoles>, DatabaseError> {
    let (names, owner): (Vec<String>, String) = sqlx::query_as(
        "select array(select wanted from unnest(array['perennial_worker', 'perennial_ingest']) wanted
                       where not exists (select from pg_roles where rolname = wanted)),
                quote_ident(current_user)",
    )
    .fetch_one(pool)
    .await?;
    Ok((!names.is_empty()).then_some(MissingRoles { names, owner }))
}

impl fmt::Display for MissingRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, owner } = self;
        write!(
            f,
            "there is no role {}, and {owner} may not create it. All works without, as {owner}; with \
             the roles, a worker cannot change what was recorded, and other services can be let in. \
             Ask an administrator to run this, and then run `perennial migrate` again:",
            names.join(" and no role ")
        )?;
        for name in names {
            write!(f, "\n    create role {name} nologin;")?;
            if name == "perennial_worker" {
                write!(f, "\n    grant {name} to {owner};")?;
            }
        }
        Ok(())
    }
}
