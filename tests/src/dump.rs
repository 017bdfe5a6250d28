//! All that a world's database says of its business, without what differs from run to run: the
//! times of the machine, and what the provider and the mail server called their answers.

use sqlx::AssertSqlSafe;

use crate::World;

/// Tables, and the columns that a repeated call may change. All ids are derived from what they name.
const TABLES: &[(&str, &[&str])] = &[
    ("customers", &["user_id", "organization_id"]),
    ("payment_methods", &["reference", "fingerprint"]),
    ("subscriptions", &[]),
    ("subscription_items", &[]),
    ("subscription_periods", &[]),
    ("dunning_cases", &[]),
    ("subscription_history", &[]),
    ("audit_log", &[]),
    ("invoices", &["intent_reference"]),
    ("invoice_items", &[]),
    ("refunds", &[]),
    ("disputes", &[]),
    ("payments", &["charge_reference", "request_id", "http_status", "replayed", "inquiries"]),
    ("customer_balance_entries", &[]),
    ("ledger_entries", &[]),
    // Whether a mail arrived is not always known after a crash: the rows may differ in that.
    (
        "emails",
        &["status", "attempts", "reply", "settled_at", "resends", "deferred_for", "retry_at"],
    ),
    ("email_suppressions", &[]),
    ("lifecycle_events", &["seq"]),
];

/// Times of the machine, in whichever table.
const MACHINE: &[&str] =
    &["created_at", "updated_at", "recorded_at", "received_at", "processed_at", "first_sent_at"];

impl World {
    /// The rows of all tables of the domain, one per line: equal for equal stories.
    pub async fn dump(&self) -> String {
        let mut lines = String::new();
        for (table, volatile) in TABLES {
            let without: Vec<_> =
                MACHINE.iter().chain(*volatile).map(|column| (*column).to_owned()).collect();
            let sql = format!(
                "select (to_jsonb(t) - $1::text[])::text from perennial.{table} t order by 1"
            );
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(without)
                .fetch_all(&self.pool)
                .await
                .expect("the rows of a table");
            lines.extend(rows.iter().map(|row| format!("{table} {row}\n")));
        }
        lines
    }
}
