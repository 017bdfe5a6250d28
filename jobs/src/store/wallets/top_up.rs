//! What wallets are set to buy by themselves.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{lock, tend};

/// What a locked wallet is set to buy, and what it bought this month.
#[derive(Debug, Clone)]
pub(crate) struct TopUpRow {
    pub(crate) package: String,
    pub(crate) per_month_max: i32,
    /// The balance is too low, and another order is allowed now.
    pub(crate) wanted: bool,
    /// How much less is left than there should be.
    pub(crate) missing: i64,
    /// The month of the customer's calendar: `2026-01`,
    pub(crate) month: String,
    /// … and when it is over.
    pub(crate) next_month: DateTime<Utc>,
    pub(crate) placed_this_month: i64,
    /// Packages; those of orders that failed do not count.
    pub(crate) bought_this_month: i64,
}

/// Locks a wallet, and only then looks at what it is set to buy; `None` where that is nothing.
pub(crate) async fn lock_top_up(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
) -> sqlx::Result<Option<TopUpRow>> {
    if lock(&mut *conn, customer, unit).await?.is_none() {
        return Ok(None);
    }
    sqlx::query_as!(
        TopUpRow,
        r#"select w.top_up_package as "package!", w.top_ups_per_month_max as "per_month_max!",
                  t.left_over < w.top_up_below and coalesce(w.top_up_not_before <= m.moment, true) as "wanted!",
                  w.top_up_below - t.left_over as "missing!",
                  to_char(m.month, 'YYYY-MM') as "month!",
                  perennial.wall_instant(m.month + interval '1 month', c.time_zone) as "next_month!",
                  o.placed as "placed_this_month!", o.bought as "bought_this_month!"
             from perennial.wallets w
             join perennial.customers c on c.id = w.customer_id
            cross join lateral (
                  select n.moment, date_trunc('month', n.moment at time zone c.time_zone) as month
                    from (select perennial.business_now(w.clock_id) as moment) n) m
            cross join lateral (select perennial.tokens_at(w.customer_id, w.unit, m.moment) as left_over) t
            cross join lateral (
                  select count(*) as placed,
                         coalesce(sum(i.quantity) filter (where o.status in ('pending', 'paid')), 0)::bigint as bought
                    from perennial.orders o join perennial.order_items i on i.order_id = o.id and i.position = 1
                   where o.customer_id = w.customer_id and o.kind = 'top_up' and i.unit = w.unit
                     and o.placed_at >= perennial.wall_instant(m.month, c.time_zone)) o
            where w.customer_id = $1 and w.unit = $2 and w.top_up_package is not null"#,
        customer,
        unit
    )
    .fetch_optional(conn)
    .await
}

/// Lets a wallet buy nothing before an instant; `None`: until a method is attached.
pub(crate) async fn hold_top_ups(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.wallets set top_up_not_before = coalesce($3, 'infinity'::timestamptz)
          where customer_id = $1 and unit = $2 and top_up_package is not null",
        customer,
        unit,
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A method was attached: wallets may buy again, unless an order is pending or the month's are
/// used up.
pub(crate) async fn resume_top_ups(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<()> {
    let resumed = sqlx::query_scalar!(
        "update perennial.wallets w set top_up_not_before = null
          where w.customer_id = $1 and w.top_up_not_before = 'infinity'
            and not exists (select from perennial.orders o join perennial.order_items i on i.order_id = o.id
                             where o.customer_id = w.customer_id and o.kind = 'top_up' and o.status = 'pending'
                               and i.unit = w.unit)
         returning w.unit",
        customer
    )
    .fetch_all(&mut *conn)
    .await?;
    let customers = vec![customer; resumed.len()];
    tend(conn, &customers, &resumed).await
}
