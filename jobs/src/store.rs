//! PostgreSQL: one module per table (or few that belong together), every query checked at compile
//! time, every write set-based. Functions take a connection; the caller owns the transaction.

pub mod api_keys;
pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod catalog;
pub(crate) mod circuits;
pub(crate) mod columns;
pub(crate) mod commissions;
pub(crate) mod customers;
pub(crate) mod digests;
pub(crate) mod disputes;
pub(crate) mod emails;
pub(crate) mod events;
pub(crate) mod found_payments;
pub(crate) mod insight;
pub mod installation;
pub mod invoices;
pub(crate) mod items;
pub mod jobs;
pub(crate) mod ledger;
pub(crate) mod mail_brake;
pub mod mail_preferences;
pub(crate) mod memberships;
pub(crate) mod meters;
pub mod methods;
pub(crate) mod mrr;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod pending_items;
pub(crate) mod periods;
pub mod policies;
pub(crate) mod reconciliations;
pub(crate) mod refunds;
pub mod report;
pub(crate) mod snapshot_runs;
pub mod snapshots;
pub(crate) mod subscriptions;
pub mod undelivered;
pub mod usage;
pub(crate) mod usage_retention;
pub mod wallets;
pub(crate) mod warnings;

/// A row that says something the code does not know: written by a newer version, or by hand.
#[derive(Debug, thiserror::Error)]
#[error("corrupt row: {table}.{column} of {id}: {problem}")]
pub struct CorruptRow {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub id: String,
    /// What is wrong with the value.
    pub problem: String,
}

impl From<CorruptRow> for sqlx::Error {
    fn from(row: CorruptRow) -> Self {
        Self::Decode(Box::new(row))
    }
}

/// What a failed statement says to people: PostgreSQL's message and SQLSTATE, without the line of
/// PostgreSQL's own source that sqlx adds, and without the detail, which may quote a row.
pub struct Said<'a>(pub &'a sqlx::Error);

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(error) = self.0.as_database_error() else { return self.0.fmt(f) };
        match error.code() {
            Some(code) => write!(f, "{} (SQLSTATE {code})", error.message()),
            None => f.write_str(error.message()),
        }
    }
}

/// Reads a word that is stored as text.
pub(crate) fn word<T>(
    table: &'static str,
    column: &'static str,
    id: impl ToString,
    text: &str,
) -> sqlx::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| {
        CorruptRow { table, column, id: id.to_string(), problem: error.to_string() }.into()
    })
}
