//! What subscriptions consist of.

use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

/// An item on the subscription's own terms, and its plan.
#[derive(Debug, Clone)]
pub(crate) struct ItemRow {
    pub(crate) subscription_id: Uuid,
    pub(crate) price_id: Uuid,
    pub(crate) plan_id: Uuid,
    pub(crate) plan_name: String,
    pub(crate) quantity: i64,
    pub(crate) unit_amount_minor: i64,
    pub(crate) setup_fee_minor: i64,
}

/// The items of subscriptions, in order of their positions.
pub(crate) async fn load(
    conn: &mut PgConnection,
    subscriptions: &[Uuid],
) -> sqlx::Result<Vec<ItemRow>> {
    sqlx::query_as!(
        ItemRow,
        "select i.subscription_id, i.price_id, i.plan_id, p.name as plan_name, i.quantity,
                i.unit_amount_minor, i.setup_fee_minor
           from perennial.subscription_items i
           join perennial.plans p on p.id = i.plan_id
          where i.subscription_id = any($1) order by i.subscription_id, i.position",
        subscriptions
    )
    .fetch_all(conn)
    .await
}

/// An item to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewItem {
    pub(crate) price_id: Uuid,
    pub(crate) plan_id: Uuid,
    pub(crate) quantity: i64,
    pub(crate) unit_amount_minor: i64,
    pub(crate) setup_fee_minor: i64,
}

columns! {
    /// An item of a subscription that begins.
    FirstItem / FirstItems {
        subscription_id: Uuid,
        position: i64,
        price_id: Uuid,
        plan_id: Uuid,
        quantity: i64,
        unit_amount_minor: i64,
        setup_fee_minor: i64,
    }
}

/// Adds the items of subscriptions that begin.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &FirstItems) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.subscription_items
             (subscription_id, position, price_id, plan_id, quantity, unit_amount_minor, setup_fee_minor)
         select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[])",
        &rows.subscription_id,
        &rows.position,
        &rows.price_id,
        &rows.plan_id,
        &rows.quantity,
        &rows.unit_amount_minor,
        &rows.setup_fee_minor
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the items of a subscription.
pub(crate) async fn replace(
    conn: &mut PgConnection,
    subscription: Uuid,
    items: &[NewItem],
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from perennial.subscription_items where subscription_id = $1",
        subscription
    )
    .execute(&mut *conn)
    .await?;
    let prices: Vec<_> = items.iter().map(|item| item.price_id).collect();
    let plans: Vec<_> = items.iter().map(|item| item.plan_id).collect();
    let quantities: Vec<_> = items.iter().map(|item| item.quantity).collect();
    let amounts: Vec<_> = items.iter().map(|item| item.unit_amount_minor).collect();
    let fees: Vec<_> = items.iter().map(|item| item.setup_fee_minor).collect();
    sqlx::query!(
        "insert into perennial.subscription_items
             (subscription_id, position, price_id, plan_id, quantity, unit_amount_minor, setup_fee_minor)
         select $1, position, price, plan, quantity, amount, fee
           from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
                with ordinality as u (price, plan, quantity, amount, fee, position)",
        subscription,
        &prices,
        &plans,
        &quantities,
        &amounts,
        &fees
    )
    .execute(conn)
    .await?;
    Ok(())
}
