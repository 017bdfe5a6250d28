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

/// The price of a plan for a customer: one negotiated with them comes first. A free plan has one
/// in every currency and for every interval.
pub(crate) async fn price(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> sqlx::Result<Option<PriceRow>> {
    if let Some(found) = on_sale(&mut *conn, wanted).await? {
        return Ok(Some(found));
    }
    sqlx::query!(
        "insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
         select $1, p.id, $3, $4, $5, 'flat', 0 from perennial.plans p
          where p.code = $2 and perennial.is_free_plan(p.id)
         on conflict do nothing",
        crate::ids::new(),
        wanted.plan,
        wanted.currency,
        wanted.interval_unit,
        wanted.interval_count
    )
    .execute(&mut *conn)
    .await?;
    on_sale(conn, wanted).await
}

/// As [`price`], else the last one that was: what a policy promised holds, though it is sold to
/// nobody else any more.
pub(crate) async fn price_or_former(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> sqlx::Result<Option<PriceRow>> {
    if let Some(found) = price(&mut *conn, wanted).await? {
        return Ok(Some(found));
    }
    sqlx::query_as!(
        PriceRow,
        "select r.id as price_id, p.id as plan_id, p.name as plan_name, r.unit_amount_minor, r.setup_fee_minor
           from perennial.prices r join perennial.plans p on p.id = r.plan_id
          where p.code = $1 and (r.customer_id is null or r.customer_id = $2)
            and r.currency = $3 and r.interval_unit = $4 and r.interval_count = $5
          order by r.created_at desc, r.id desc limit 1",
        wanted.plan,
        wanted.customer,
        wanted.currency,
        wanted.interval_unit,
        wanted.interval_count
    )
    .fetch_optional(conn)
    .await
}

async fn on_sale(conn: &mut PgConnection, wanted: &Wanted<'_>) -> sqlx::Result<Option<PriceRow>> {
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

/// The prices on sale for many customers, one for each wanted, in order.
pub(crate) async fn prices(
    conn: &mut PgConnection,
    wanted: &[Wanted<'_>],
) -> sqlx::Result<Vec<Option<PriceRow>>> {
    let plans: Vec<&str> = wanted.iter().map(|wanted| wanted.plan).collect();
    let customers: Vec<Uuid> = wanted.iter().map(|wanted| wanted.customer).collect();
    let currencies: Vec<&str> = wanted.iter().map(|wanted| wanted.currency).collect();
    let units: Vec<&str> = wanted.iter().map(|wanted| wanted.interval_unit).collect();
    let counts: Vec<i32> = wanted.iter().map(|wanted| wanted.interval_count).collect();
    let rows = sqlx::query!(
        r#"select r.price_id as "price_id?", r.plan_id as "plan_id?", r.plan_name as "plan_name?",
                  r.unit_amount_minor as "unit_amount_minor?", r.setup_fee_minor as "setup_fee_minor?"
             from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::integer[]) with ordinality
                  as u (plan, customer, currency, unit, count, position)
             left join lateral (
                  select r.id as price_id, p.id as plan_id, p.name as plan_name, r.unit_amount_minor, r.setup_fee_minor
                    from perennial.prices r join perennial.plans p on p.id = r.plan_id
                   where p.code = u.plan and r.active and (r.customer_id is null or r.customer_id = u.customer)
                     and r.currency = u.currency and r.interval_unit = u.unit and r.interval_count = u.count
                   order by r.customer_id nulls last limit 1) r on true
            order by u.position"#,
        &plans as &[&str],
        &customers,
        &currencies as &[&str],
        &units as &[&str],
        &counts
    )
    .fetch_all(conn)
    .await?;
    let prices = rows.into_iter().map(|row| {
        Some(PriceRow {
            price_id: row.price_id?,
            plan_id: row.plan_id?,
            plan_name: row.plan_name?,
            unit_amount_minor: row.unit_amount_minor?,
            setup_fee_minor: row.setup_fee_minor?,
        })
    });
    Ok(prices.collect())
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
