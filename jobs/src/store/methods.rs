//! Payment methods, and customers at the provider.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A card or account.
#[derive(Debug, Clone)]
pub(crate) struct MethodRow {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) kind: String,
    pub(crate) network: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) blocked_reason: Option<String>,
    pub(crate) not_before: Option<DateTime<Utc>>,
}

/// The methods of customers, in the order to try.
pub(crate) async fn load(
    conn: &mut PgConnection,
    customers: &[Uuid],
) -> sqlx::Result<Vec<MethodRow>> {
    sqlx::query_as!(
        MethodRow,
        "select id, customer_id, kind, network, last4, expires_at, blocked_reason, not_before
           from perennial.payment_methods where customer_id = any($1) order by customer_id, position",
        customers
    )
    .fetch_all(conn)
    .await
}

/// Re-attempts on methods since `since`: what the networks' budgets count.
pub(crate) async fn reattempts(
    conn: &mut PgConnection,
    methods: &[Uuid],
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(Uuid, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        "select method_id, planned_at from perennial.payments
          where method_id = any($1) and planned_at > $2 and attempt > 1",
        methods,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.method_id, row.planned_at)).collect())
}

/// A method to be known from now on.
#[derive(Debug, Clone)]
pub(crate) struct Attachment<'a> {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) provider: &'a str,
    pub(crate) provider_customer: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) network: Option<&'a str>,
    pub(crate) last4: Option<&'a str>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) rank: Rank,
    pub(crate) at: DateTime<Utc>,
}

/// Where a method stands among the customer's others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Tried first from now on.
    Default,
    /// Tried after all others.
    Backup,
}

/// Adds a method, or renews what is known of it: attached anew, it may be charged again. Answers
/// with its id; `None` where it belongs to another customer.
pub(crate) async fn attach(
    conn: &mut PgConnection,
    new: &Attachment<'_>,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query!(
        "insert into perennial.provider_customers (provider, customer_id, reference) values ($1, $2, $3)
         on conflict (provider, customer_id) do nothing",
        new.provider,
        new.customer_id,
        new.provider_customer
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        "with others as (select min(position) as first, max(position) as last
                           from perennial.payment_methods where customer_id = $2)
         insert into perennial.payment_methods
             (id, customer_id, provider, reference, kind, network, last4, expires_at, attached_at, position)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9,
                case when $10 then coalesce(first - 1, 0) else coalesce(last + 1, 0) end from others
         on conflict (provider, reference) do update
            set kind = excluded.kind, network = excluded.network, last4 = excluded.last4,
                expires_at = excluded.expires_at, attached_at = excluded.attached_at,
                position = excluded.position, blocked_reason = null, not_before = null
          where payment_methods.customer_id = excluded.customer_id
         returning id",
        new.id,
        new.customer_id,
        new.provider,
        new.reference,
        new.kind,
        new.network,
        new.last4,
        new.expires_at,
        new.at,
        new.rank == Rank::Default
    )
    .fetch_optional(conn)
    .await
}

/// A method is never to be charged again unless attached anew.
pub(crate) async fn block(conn: &mut PgConnection, method: Uuid, reason: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payment_methods set blocked_reason = $2 where id = $1",
        method,
        reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A method is not to be charged before an instant.
pub(crate) async fn hold(
    conn: &mut PgConnection,
    method: Uuid,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payment_methods set not_before = $2 where id = $1",
        method,
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The customer as the provider knows it.
///
/// # Errors
/// When the database does not answer.
pub async fn provider_customer(
    conn: &mut PgConnection,
    provider: &str,
    customer: Uuid,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select reference from perennial.provider_customers where provider = $1 and customer_id = $2",
        provider,
        customer
    )
    .fetch_optional(conn)
    .await
}
