//! Plans and prices.

use sqlx::PgConnection;
use uuid::Uuid;

/// A price with its plan.
#[derive(Debug, Clone)]
pub(crate) struct PriceRow {
    pub(crate) price_id: Uuid,
    pub(crate) plan_id: Uuid,
    pub(crate) plan_name: String,
    pub(crate) unit_amount_minor: i64,
    pub(crate) setup_fee_minor: i64,
}

/// What a price is looked for by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) plan: &'a str,
    pub(crate) customer: Uuid,
    pub(crate) currency: &'a str,
    pub(crate) interval_unit: &'a str,
    pub(crate) interval_count: i32,
}

/// The price of a plan for a customer: one negotiated with them comes first.
pub(crate) async fn price(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> sqlx::Result<Option<PriceRow>> {
    sqlx::query_as!(
        PriceRow,
        "select r.id as price_id, p.id as plan_id, p.name as plan_name, r.unit_amount_minor, r.setup_fee_minor
           from perennial.prices r join perennial.plans p on p.id = r.plan_id
          where p.code = $1 and r.active and (r.customer_id is null or r.customer_id = $2)
            and r.currency = $3 and r.interval_unit = $4 and r.interval_count = $5
          order by r.customer_id nulls last limit 1",
        wanted.plan,
        wanted.customer,
        wanted.currency,
        wanted.interval_unit,
        wanted.interval_count
    )
    .fetch_optional(conn)
    .await
}

/// Notes a price negotiated with a customer; it replaces an earlier one for new subscriptions.
pub(crate) async fn negotiate(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
    unit_amount_minor: i64,
    setup_fee_minor: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.prices r set active = false from perennial.plans p
          where p.id = r.plan_id and p.code = $1 and r.customer_id = $2 and r.currency = $3
            and r.interval_unit = $4 and r.interval_count = $5 and r.active",
        wanted.plan,
        wanted.customer,
        wanted.currency,
        wanted.interval_unit,
        wanted.interval_count
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into perennial.prices (id, plan_id, customer_id, currency, interval_unit, interval_count, scheme,
                                       unit_amount_minor, setup_fee_minor)
         select $1, p.id, $3, $4, $5, $6, 'flat', $7, $8 from perennial.plans p where p.code = $2",
        crate::ids::new(),
        wanted.plan,
        wanted.customer,
        wanted.currency,
        wanted.interval_unit,
        wanted.interval_count,
        unit_amount_minor,
        setup_fee_minor
    )
    .execute(conn)
    .await?;
    Ok(())
}
