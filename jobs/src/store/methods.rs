//! Payment methods, and customers at the provider.

use chrono::{DateTime, Utc};
use perennial_core::decline::BlockScope;
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
    pub(crate) fingerprint: Option<String>,
}

/// The methods of customers, in the order to try.
pub(crate) async fn load(
    conn: &mut PgConnection,
    customers: &[Uuid],
) -> sqlx::Result<Vec<MethodRow>> {
    sqlx::query_as!(
        MethodRow,
        "select id, customer_id, kind, network, last4, expires_at, blocked_reason, not_before, fingerprint
           from perennial.payment_methods where customer_id = any($1) order by customer_id, position",
        customers
    )
    .fetch_all(conn)
    .await
}

/// Re-attempts since `since` on the cards behind these methods, under whatever reference, for
/// whatever invoice: what the networks' budgets count.
pub(crate) async fn reattempts(
    conn: &mut PgConnection,
    methods: &[Uuid],
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(Uuid, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        r#"select m.id as "method!", p.planned_at as "planned_at!"
             from perennial.payment_methods m
            cross join lateral (select m.id as same
                                union select o.id from perennial.payment_methods o
                                       where o.provider = m.provider and o.fingerprint = m.fingerprint) card
             join perennial.payments p on p.method_id = card.same and p.planned_at > $2
            where m.id = any($1) and p.attempt > 1 and p.origin = 'attempt'"#,
        methods,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.method, row.planned_at)).collect())
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
    /// The provider's name for the card itself.
    pub(crate) fingerprint: Option<&'a str>,
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

/// What an attachment came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attached {
    pub(crate) id: Uuid,
    /// It was not known, or what it was blocked for was corrected.
    pub(crate) news: bool,
}

/// Adds a method. One that is known is who it is by the provider's reference: its expiry and its
/// place are renewed, and nothing else; a block is lifted only where the expiry that it was for is
/// another now. A card that is blocked or held under another reference is so under this one too.
/// `None` where it belongs to another customer.
pub(crate) async fn attach(
    conn: &mut PgConnection,
    new: &Attachment<'_>,
) -> sqlx::Result<Option<Attached>> {
    sqlx::query!(
        "insert into perennial.provider_customers (provider, customer_id, reference) values ($1, $2, $3)
         on conflict (provider, customer_id) do nothing",
        new.provider,
        new.customer_id,
        new.provider_customer
    )
    .execute(&mut *conn)
    .await?;
    let renewed = lift_expiry(&mut *conn, new).await?;
    let attached = sqlx::query_as!(
        Attached,
        r#"with others as (select min(position) as first, max(position) as last
                           from perennial.payment_methods where customer_id = $2),
              card as (select max(not_before) as not_before,
                              (array_agg(blocked_reason) filter (where blocked_scope = 'card'))[1] as blocked_reason,
                              max(blocked_at) filter (where blocked_scope = 'card') as blocked_at
                         from perennial.payment_methods where provider = $3 and fingerprint = $11)
         insert into perennial.payment_methods as m
             (id, customer_id, provider, reference, kind, network, last4, expires_at, attached_at, position,
              fingerprint, not_before, blocked_reason, blocked_at, blocked_scope)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9,
                case when $10 then coalesce(first - 1, 0) else coalesce(last + 1, 0) end,
                $11, card.not_before, card.blocked_reason, card.blocked_at,
                case when card.blocked_reason is not null then 'card' end
           from others, card
         on conflict (provider, reference) do update
            set kind = excluded.kind, network = excluded.network, last4 = excluded.last4,
                expires_at = excluded.expires_at, position = excluded.position,
                fingerprint = coalesce(excluded.fingerprint, m.fingerprint)
          where m.customer_id = excluded.customer_id
         returning id, xmax = 0 as "news!""#,
        new.id,
        new.customer_id,
        new.provider,
        new.reference,
        new.kind,
        new.network,
        new.last4,
        new.expires_at,
        new.at,
        new.rank == Rank::Default,
        new.fingerprint
    )
    .fetch_optional(conn)
    .await?;
    Ok(attached.map(|attached| Attached { news: attached.news || renewed, ..attached }))
}

/// A card that was blocked for having expired, and is said to be good for longer now, may be
/// charged again. False: it is no such card.
async fn lift_expiry(conn: &mut PgConnection, new: &Attachment<'_>) -> sqlx::Result<bool> {
    let lifted = sqlx::query!(
        "update perennial.payment_methods
            set blocked_reason = null, blocked_at = null, blocked_scope = null
          where customer_id = $1 and provider = $2 and reference = $3
            and blocked_reason = 'expired_card' and coalesce($4 > expires_at, false)",
        new.customer_id,
        new.provider,
        new.reference,
        new.expires_at
    )
    .execute(conn)
    .await?;
    Ok(lifted.rows_affected() > 0)
}

/// A method that is not to be charged again, or the card behind it.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) method: Uuid,
    pub(crate) reason: String,
    pub(crate) scope: BlockScope,
    /// Business time.
    pub(crate) at: DateTime<Utc>,
}

/// Blocks a method; where the block is the card's, under all its references, whoever has them.
pub(crate) async fn block(conn: &mut PgConnection, block: &Block) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payment_methods m
            set blocked_reason = $2, blocked_scope = $4,
                blocked_at = case when m.id = charged.id then $3 else perennial.business_now(c.clock_id) end
           from perennial.payment_methods charged, perennial.customers c
          where charged.id = $1 and c.id = m.customer_id
            and (m.id = charged.id
                 or $4 = 'card' and m.provider = charged.provider and m.fingerprint = charged.fingerprint)",
        block.method,
        block.reason,
        block.at,
        block.scope.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lifts the block of a customer's method, and of its card: the method. `None` where the customer
/// has none of this reference.
pub(crate) async fn unblock(
    conn: &mut PgConnection,
    customer: Uuid,
    reference: &str,
) -> sqlx::Result<Option<Uuid>> {
    let method = sqlx::query_scalar!(
        "select id from perennial.payment_methods where customer_id = $1 and reference = $2",
        customer,
        reference
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(method) = method {
        sqlx::query!(
            "update perennial.payment_methods m
                set blocked_reason = null, blocked_at = null, blocked_scope = null
               from perennial.payment_methods named
              where named.id = $1 and m.blocked_reason is not null
                and (m.id = named.id
                     or named.blocked_scope = 'card' and m.blocked_scope = 'card'
                        and m.provider = named.provider and m.fingerprint = named.fingerprint)",
            method
        )
        .execute(conn)
        .await?;
    }
    Ok(method)
}

/// A card is not to be charged before an instant, under whatever reference.
pub(crate) async fn hold(
    conn: &mut PgConnection,
    method: Uuid,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payment_methods m set not_before = $2
           from perennial.payment_methods charged
          where charged.id = $1
            and (m.id = charged.id or m.provider = charged.provider and m.fingerprint = charged.fingerprint)",
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
