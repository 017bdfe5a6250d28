//! What subscriptions consist of.

use sqlx::PgConnection;
use uuid::Uuid;

/// An item with its price and plan.
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
pub(crate) async fn load(conn: &mut PgConnection, subscriptions: &[Uuid]) -> sqlx::Result<Vec<ItemRow>> {
    sqlx::query_as!(
        ItemRow,
        "select i.subscription_id, i.price_id, i.plan_id, p.name as plan_name, i.quantity,
                r.unit_amount_minor, r.setup_fee_minor
           from perennial.subscription_items i
           join perennial.prices r on r.id = i.price_id
           join perennial.plans p on p.id = i.plan_id
          where i.subscription_id = any($1) order by i.subscription_id, i.position",
        subscriptions
    )
    .fetch_all(conn)
    .await
}

/// Replaces the items of a subscription by (price, plan, quantity).
pub(crate) async fn replace(
    conn: &mut PgConnection,
    subscription: Uuid,
    items: &[(Uuid, Uuid, i64)],
) -> sqlx::Result<()> {
    sqlx::query!("delete from perennial.subscription_items where subscription_id = $1", subscription)
        .execute(&mut *conn)
        .await?;
    let prices: Vec<_> = items.iter().map(|item| item.0).collect();
    let plans: Vec<_> = items.iter().map(|item| item.1).collect();
    let quantities: Vec<_> = items.iter().map(|item| item.2).collect();
    sqlx::query!(
        "insert into perennial.subscription_items (subscription_id, position, price_id, plan_id, quantity)
         select $1, position, price, plan, quantity
           from unnest($2::uuid[], $3::uuid[], $4::bigint[]) with ordinality as u (price, plan, quantity, position)",
        subscription,
        &prices,
        &plans,
        &quantities
    )
    .execute(conn)
    .await?;
    Ok(())
}
