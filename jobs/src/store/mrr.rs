//! Recurring revenue: movements, which only grow, what they come to per customer and currency, and
//! when customers came in.
//!
//! Numerators and denominators are text on the way: they may be longer than 64 bits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use perennial_core::analytics::{History, Mrr, Standing};
use sqlx::PgConnection;
use uuid::Uuid;

use super::CorruptRow;
use super::columns::columns;

/// Where customers stand, by customer and currency.
pub(crate) type Totals = BTreeMap<(Uuid, String), Standing>;

columns! {
    /// A change of what a subscription contributes.
    MovementRow / MovementRows {
        customer_id: Uuid,
        currency: String,
        subscription_id: Uuid,
        decision: i64,
        at: DateTime<Utc>,
        kind: String,
        amount_numer: String,
        amount_denom: String,
        before_numer: String,
        before_denom: String,
        plan_before: Option<Uuid>,
        after_numer: String,
        after_denom: String,
        plan_after: Uuid,
        total_numer: String,
        total_denom: String,
    }
}

columns! {
    /// What a customer's movements come to.
    TotalRow / TotalRows {
        customer_id: Uuid,
        currency: String,
        numer: String,
        denom: String,
        ever_paid: bool,
    }
}

columns! {
    /// When a customer came in.
    CohortRow / CohortRows {
        customer_id: Uuid,
        subscription_at: DateTime<Utc>,
        purchase_at: Option<DateTime<Utc>>,
    }
}

/// Locks where customers stand, in the order given, which must be one that everybody keeps to.
/// Those that were never heard of stand at nothing.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    customers: &[Uuid],
    currencies: &[String],
) -> sqlx::Result<Totals> {
    let rows = sqlx::query!(
        r#"insert into perennial.customer_mrr as c (customer_id, currency, numer, denom, ever_paid)
           select customer, currency, 0, 1, false
             from unnest($1::uuid[], $2::text[]) with ordinality as u (customer, currency, position)
            order by position
           on conflict (customer_id, currency) do update set ever_paid = c.ever_paid
           returning customer_id, currency, numer::text as "numer!", denom::text as "denom!", ever_paid"#,
        customers,
        currencies
    )
    .fetch_all(conn)
    .await?;
    let mut totals = Totals::new();
    for row in rows {
        let history = if row.ever_paid { History::HasPaid } else { History::NeverPaid };
        let total = fraction(&row.numer, &row.denom).map_err(|problem| CorruptRow {
            table: "customer_mrr",
            column: "numer",
            id: format!("{} {}", row.customer_id, row.currency),
            problem,
        })?;
        totals.insert((row.customer_id, row.currency), Standing { total, history });
    }
    Ok(totals)
}

/// A fraction as stored.
pub(crate) fn fraction(numer: &str, denom: &str) -> Result<Mrr, String> {
    let part = |text: &str| text.parse::<i128>().map_err(|error| format!("{text}: {error}"));
    Mrr::new(part(numer)?, part(denom)?).map_err(|error| error.to_string())
}

/// Adds movements.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &MovementRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.mrr_movements
             (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom,
              before_numer, before_denom, plan_before, after_numer, after_denom, plan_after, total_numer, total_denom)
         select customer, currency, subscription, decision, at, kind, amount_numer::numeric, amount_denom::numeric,
                before_numer::numeric, before_denom::numeric, plan_before, after_numer::numeric,
                after_denom::numeric, plan_after, total_numer::numeric, total_denom::numeric
           from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[],
                       $8::text[], $9::text[], $10::text[], $11::uuid[], $12::text[], $13::text[], $14::uuid[],
                       $15::text[], $16::text[])
                with ordinality
                as u (customer, currency, subscription, decision, at, kind, amount_numer, amount_denom, before_numer,
                      before_denom, plan_before, after_numer, after_denom, plan_after, total_numer, total_denom, position)
          order by position",
        &rows.customer_id,
        &rows.currency,
        &rows.subscription_id,
        &rows.decision,
        &rows.at,
        &rows.kind,
        &rows.amount_numer,
        &rows.amount_denom,
        &rows.before_numer,
        &rows.before_denom,
        &rows.plan_before as &[Option<Uuid>],
        &rows.after_numer,
        &rows.after_denom,
        &rows.plan_after,
        &rows.total_numer,
        &rows.total_denom
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves where customers stand now.
pub(crate) async fn save(conn: &mut PgConnection, rows: &TotalRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.customer_mrr c
            set numer = u.numer::numeric, denom = u.denom::numeric, ever_paid = u.ever_paid
           from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[])
                as u (customer, currency, numer, denom, ever_paid)
          where c.customer_id = u.customer and c.currency = u.currency",
        &rows.customer_id,
        &rows.currency,
        &rows.numer,
        &rows.denom,
        &rows.ever_paid
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes when customers came in, each named once; what is noted already stays.
pub(crate) async fn note_cohorts(conn: &mut PgConnection, rows: &CohortRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.customer_cohorts as c (customer_id, first_subscription_at, first_purchase_at)
         select customer, subscription_at, purchase_at
           from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as u (customer, subscription_at, purchase_at)
          order by customer
         on conflict (customer_id) do update set first_purchase_at = excluded.first_purchase_at
          where c.first_purchase_at is null and excluded.first_purchase_at is not null",
        &rows.customer_id,
        &rows.subscription_at,
        &rows.purchase_at as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
