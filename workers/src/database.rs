//! Reaching the database, and bringing its schema up to date.

mod functions;
mod reach;
mod rights;
mod schema;
mod session;

use sqlx::PgPool;
use sqlx::migrate::MigrateError;

use crate::settings::SettingError;
pub use reach::{connect, connect_worker};
pub use rights::{MissingRoles, missing_roles};
pub use schema::{check_schema, migrate};

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is none.
    #[error("DATABASE_URL is not a PostgreSQL URL: {0}")]
    Url(#[source] sqlx::Error),
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Nobody answers.
    #[error("the database does not answer: {reason}; check DATABASE_URL, and that the server runs")]
    Unreachable {
        /// What stood in the way.
        reason: String,
    },
    /// Somebody may be there, who says nothing.
    #[error("the database did not answer in time; check DATABASE_URL, and that the server runs")]
    Silent,
    /// It answers, and does not let us in.
    #[error("the database refused the connection: {reason}; check DATABASE_URL")]
    Login {
        /// Its words.
        reason: String,
    },
    /// It could not be trusted.
    #[error(
        "no trusted connection to the database: {reason}; set PERENNIAL_CA_FILE to the certificate \
         of its authority if that is your own"
    )]
    Tls {
        /// What was wrong.
        reason: String,
    },
    /// A pooler gives each transaction another session.
    #[error(
        "DATABASE_URL leads to a connection pooler in transaction or statement mode, which \
         Perennial cannot work through: it needs sessions of its own (for LISTEN, SET ROLE and prepared \
         statements). Set pool_mode = session for its database or user, or give the server's own \
         address; nothing was done"
    )]
    PooledByTransaction,
    /// It takes too few connections.
    #[error(
        "the database takes {taken} more connections at the same time; a worker needs {least}, and a \
         command a few: raise the limit (max_connections, the role's or the database's CONNECTION \
         LIMIT, a pooler's pool_size)"
    )]
    TooFewConnections {
        /// How many a worker needs.
        least: u32,
        /// How many could be opened.
        taken: u32,
    },
    /// It takes no writes.
    #[error(
        "the database is read only: it is a replica, or default_transaction_read_only is set for \
         it or for this role; give the address of the primary, or reset the setting"
    )]
    ReadOnly,
    /// It was migrated by a newer version.
    #[error(
        "the database was migrated by a newer version of Perennial (it knows migration {version}, this binary does \
         not): run that version, or a newer one; nothing was changed"
    )]
    Newer {
        /// A migration this binary does not have.
        version: i64,
    },
    /// It was migrated by a newer version, which may have the same migrations.
    #[error(
        "the database was migrated by a newer version of Perennial ({theirs}, this is {ours}): run that version, or a \
         newer one; nothing was changed"
    )]
    NewerVersion {
        /// The version that migrated it.
        theirs: String,
        /// This version.
        ours: &'static str,
    },
    /// A migration of its has another content than this binary's of the same number.
    #[error(
        "the database is of another line of Perennial: its migration {version} is not this version's. Only a database \
         whose migrations are complete as of the last commit before the baseline (4496e8d) is adopted: run `perennial \
         migrate` of that commit first; nothing was changed"
    )]
    Foreign {
        /// The migration that differs.
        version: i64,
    },
    /// It has not been migrated, or not by this version.
    #[error("the database lacks migration {version}: run `perennial migrate` first")]
    Older {
        /// A migration the database does not have.
        version: i64,
    },
    /// Its SQL functions are not this version's.
    #[error(
        "the database's SQL functions ({file}) are not this version's: run `perennial migrate` first"
    )]
    FunctionsDiffer {
        /// The file of migrations/functions that differs.
        file: String,
    },
    /// The SQL functions were not applied.
    #[error(
        "the SQL functions were not applied ({file}): {source}{detail}; those before are still in place"
    )]
    Functions {
        /// What was being applied.
        file: &'static str,
        /// What the database says beside its message.
        detail: String,
        /// Why it failed.
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("the schema was not brought up to date: {0}")]
    Migrate(#[source] MigrateError),
    /// A statement failed.
    #[error("the database refused: {}", perennial_jobs::store::Said(.0))]
    Refused(#[from] sqlx::Error),
}

/// Who a process is to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever the URL says: migrations, administration.
    Owner,
    /// `perennial_worker`, where it exists and may be taken: append-only tables are just that.
    Worker,
}

/// Checks that the database takes writes.
///
/// # Errors
/// When it is a replica, or set to read only.
pub async fn require_writable(pool: &PgPool) -> Result<(), DatabaseError> {
    let read_only: bool =
        sqlx::query_scalar("select current_setting('transaction_read_only')::boolean")
            .fetch_one(pool)
            .await?;
    if read_only { Err(DatabaseError::ReadOnly) } else { Ok(()) }
}
