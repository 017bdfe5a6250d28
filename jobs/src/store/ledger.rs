//! The books, and customers' balances. Both only grow.

use chrono::{DateTime, Utc};
use perennial_core::ids::PostingId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

columns! {
    /// One side of a posting.
    EntryRow / EntryRows {
        posting_id: Uuid,
        position: i32,
        account: String,
        amount_minor: i64,
        currency: String,
        kind: String,
        customer_id: Uuid,
        // One of both.
        subscription_id: Option<Uuid>,
        order_id: Option<Uuid>,
        invoice_id: Option<Uuid>,
        payment_id: Option<Uuid>,
        at: DateTime<Utc>,
        decision: i64,
    }
}

/// Two accounts: the first is debited, the second credited.
pub(crate) type Sides = (&'static str, &'static str);

/// The entries of an amount that goes from one account to another.
pub(crate) fn sides((debited, credited): Sides, amount_minor: i64) -> Vec<(&'static str, i64)> {
    vec![(debited, amount_minor), (credited, -amount_minor)]
}

/// Amounts that go from accounts to others.
#[derive(Debug, Clone)]
pub(crate) struct Transfer<'a> {
    pub(crate) posting: PostingId,
    pub(crate) kind: &'a str,
    /// Accounts and minor units: debits above zero, credits below. Those of zero are left out.
    pub(crate) entries: Vec<(&'static str, i64)>,
    pub(crate) currency: &'a str,
    pub(crate) customer_id: Uuid,
    // One of both.
    pub(crate) subscription_id: Option<Uuid>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) invoice_id: Uuid,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) decision: i64,
}

/// Adds a posting.
pub(crate) async fn transfer(conn: &mut PgConnection, moved: &Transfer<'_>) -> sqlx::Result<()> {
    let mut rows = EntryRows::default();
    let entries = moved.entries.iter().filter(|(_, amount_minor)| *amount_minor != 0);
    for (position, &(account, amount_minor)) in (1..).zip(entries) {
        rows.push(EntryRow {
            posting_id: moved.posting.0,
            position,
            account: account.to_owned(),
            amount_minor,
            currency: moved.currency.to_owned(),
            kind: moved.kind.to_owned(),
            customer_id: moved.customer_id,
            subscription_id: moved.subscription_id,
            order_id: moved.order_id,
            invoice_id: Some(moved.invoice_id),
            payment_id: moved.payment_id,
            at: moved.at,
            decision: moved.decision,
        });
    }
    insert(conn, &rows).await
}

/// Adds postings whole: a trigger checks that each balances.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &EntryRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.ledger_entries
             (posting_id, position, account, amount_minor, currency, kind, customer_id, subscription_id, order_id,
              invoice_id, payment_id, at, decision)
         select * from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::uuid[],
                              $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::timestamptz[],
                              $13::bigint[])",
        &rows.posting_id,
        &rows.position,
        &rows.account,
        &rows.amount_minor,
        &rows.currency,
        &rows.kind,
        &rows.customer_id,
        &rows.subscription_id as &[Option<Uuid>],
        &rows.order_id as &[Option<Uuid>],
        &rows.invoice_id as &[Option<Uuid>],
        &rows.payment_id as &[Option<Uuid>],
        &rows.at,
        &rows.decision
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// A movement of a customer's balance.
    BalanceRow / BalanceRows {
        id: Uuid,
        customer_id: Uuid,
        subscription_id: Uuid,
        currency: String,
        amount_minor: i64,
        kind: String,
        invoice_id: Option<Uuid>,
        at: DateTime<Utc>,
        decision: i64,
    }
}

/// Adds movements.
pub(crate) async fn move_balances(conn: &mut PgConnection, rows: &BalanceRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.customer_balance_entries
             (id, customer_id, subscription_id, currency, amount_minor, kind, invoice_id, at, decision)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::uuid[],
                              $8::timestamptz[], $9::bigint[])",
        &rows.id,
        &rows.customer_id,
        &rows.subscription_id,
        &rows.currency,
        &rows.amount_minor,
        &rows.kind,
        &rows.invoice_id as &[Option<Uuid>],
        &rows.at,
        &rows.decision
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Balances that are not zero, by customer and currency.
pub(crate) async fn balances(
    conn: &mut PgConnection,
    customers: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, String, i64)>> {
    let rows = sqlx::query!(
        r#"select customer_id, currency, sum(amount_minor)::bigint as "sum!"
             from perennial.customer_balance_entries where customer_id = any($1)
            group by customer_id, currency having sum(amount_minor) <> 0"#,
        customers
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.customer_id, row.currency, row.sum)).collect())
}
