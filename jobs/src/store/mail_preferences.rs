//! Which streams of mail a customer muted.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::mail::Stream;

/// What a customer wants of a stream.
pub(crate) struct MailPreference {
    /// Mutes the stream when it comes back to us. Never logged.
    pub(crate) token: String,
    pub(crate) muted: bool,
}

/// What the customer wants of the stream; from the first letter on there is a token.
pub(crate) async fn of(
    conn: &mut PgConnection,
    customer: Uuid,
    stream: Stream,
) -> sqlx::Result<MailPreference> {
    sqlx::query_as!(
        MailPreference,
        r#"insert into perennial.mail_preferences (customer_id, stream) values ($1, $2)
           on conflict (customer_id, stream) do update set stream = excluded.stream
           returning token, muted_at is not null as "muted!""#,
        customer,
        stream.as_str()
    )
    .fetch_one(conn)
    .await
}

/// Whether the token is one of ours.
///
/// # Errors
/// When the database does not answer.
pub async fn knows(conn: &mut PgConnection, token: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from perennial.mail_preferences where token = $1) as "known!""#,
        token
    )
    .fetch_one(conn)
    .await
}

/// Mutes the token's stream; once more changes nothing. Answers whether the token is one of ours.
///
/// # Errors
/// When the database does not answer.
pub async fn mute(conn: &mut PgConnection, token: &str) -> sqlx::Result<bool> {
    let muted = sqlx::query!(
        "update perennial.mail_preferences p
            set muted_at = coalesce(p.muted_at, perennial.business_now(c.clock_id))
           from perennial.customers c where c.id = p.customer_id and p.token = $1",
        token
    )
    .execute(conn)
    .await?;
    Ok(muted.rows_affected() == 1)
}
