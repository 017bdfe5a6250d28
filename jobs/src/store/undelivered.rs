//! Emails that did not arrive, and addresses that get none.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// An email that did not arrive, may not have arrived, or waits for the mail server.
#[derive(Debug, Clone, serde::Serialize)]
pub struct UndeliveredEmail {
    /// The email.
    pub email: Uuid,
    /// Its template.
    pub template: String,
    /// Whose.
    pub customer: String,
    /// `deferred`, `uncertain`, `failed`, `suppressed` or `withdrawn`.
    pub outcome: String,
    /// Why, in the mail server's words if it said something.
    pub reason: Option<String>,
    /// How often it was handed to the server.
    pub attempts: i32,
    /// When it was queued, in business time.
    pub queued_at: DateTime<Utc>,
    /// When it is tried again, in machine time.
    pub retry_at: Option<DateTime<Utc>>,
}

/// The latest of them, of one outcome or all.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    conn: &mut PgConnection,
    outcome: Option<&str>,
    most: i64,
) -> sqlx::Result<Vec<UndeliveredEmail>> {
    sqlx::query_as!(
        UndeliveredEmail,
        r#"select id as "email!", template as "template!",
                  'cus_' || replace(customer_id::text, '-', '') as "customer!", outcome as "outcome!", reason,
                  attempts as "attempts!", queued_at as "queued_at!", retry_at
             from perennial.undelivered_emails where outcome = $1 or $1 is null
            order by queued_at desc, id limit $2"#,
        outcome,
        most
    )
    .fetch_all(conn)
    .await
}

/// Queues an email again; false: it waits, or was sent.
///
/// # Errors
/// When there is no such email, or the database does not answer.
pub async fn resend(conn: &mut PgConnection, email: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select perennial.resend_email($1) as "queued!""#, email)
        .fetch_one(conn)
        .await
}

/// All mail waits, because the mail server refuses ours.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailStopped {
    /// Since when, in machine time.
    pub since: DateTime<Utc>,
    /// How often in a row.
    pub refusals: i32,
    /// What it said last.
    pub reason: String,
    /// When it is tried next.
    pub probe_at: DateTime<Utc>,
    /// Emails that wait.
    pub waiting: i64,
}

/// Whether all mail waits; `None`: it does not.
///
/// # Errors
/// When the database does not answer.
pub async fn stopped(conn: &mut PgConnection) -> sqlx::Result<Option<MailStopped>> {
    sqlx::query_as!(
        MailStopped,
        r#"select since, refusals, reason, probe_at,
                  (select count(*) from perennial.emails e
                    where e.due_at <= perennial.business_now(e.clock_id)) as "waiting!"
             from perennial.mail_brake where refusals >= $1"#,
        perennial_core::email::BRAKE_AFTER
    )
    .fetch_optional(conn)
    .await
}

/// An address that gets no mail.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Suppression {
    /// The address.
    pub address: String,
    /// Why, in the mail server's words.
    pub reason: String,
    /// Since when, in machine time.
    pub since: DateTime<Utc>,
}

/// All suppressed addresses, the latest first.
///
/// # Errors
/// When the database does not answer.
pub async fn suppressions(conn: &mut PgConnection) -> sqlx::Result<Vec<Suppression>> {
    sqlx::query_as!(
        Suppression,
        "select address, reason, created_at as since from perennial.email_suppressions
          order by created_at desc, address"
    )
    .fetch_all(conn)
    .await
}

/// Sends nothing to an address any more; false: it was suppressed already.
///
/// # Errors
/// When it is no address, or the database does not answer.
pub async fn suppress(
    conn: &mut PgConnection,
    address: &str,
    reason: Option<&str>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.suppress_address($1, $2) as "suppressed!""#,
        address,
        reason
    )
    .fetch_one(conn)
    .await
}

/// Sends to an address again; false: it was not suppressed.
///
/// # Errors
/// When the database does not answer.
pub async fn lift(conn: &mut PgConnection, address: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select perennial.lift_suppression($1) as "lifted!""#, address)
        .fetch_one(conn)
        .await
}
