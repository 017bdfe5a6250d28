//! Wallets: prepaid tokens. What burns what, and when, is decided in the database's own doors, so
//! that services in any language get the same answer; the sweep's part of it is here.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What `consume` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consumed {
    /// Whether the tokens were there.
    pub allowed: bool,
    /// How many were taken: all or none.
    pub consumed: i64,
    /// How many are left.
    pub balance: i64,
}

/// What a customer can use of a unit now.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn balance(conn: &mut PgConnection, customer: Uuid, unit: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.wallet_balance($1, $2) as "balance!""#, customer, unit)
        .fetch_one(conn)
        .await
}

/// Takes tokens, all or none. A repeat of an event answers the same and takes nothing.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn consume(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    amount: i64,
    event_id: &str,
) -> sqlx::Result<Consumed> {
    sqlx::query_as!(
        Consumed,
        r#"select allowed as "allowed!", consumed as "consumed!", balance as "balance!"
             from perennial.consume_tokens($1, $2, $3, $4)"#,
        customer,
        unit,
        amount,
        event_id
    )
    .fetch_one(conn)
    .await
}

/// A bucket of tokens to be given.
#[derive(Debug, Clone, Copy)]
pub struct Gift<'a> {
    /// To whom.
    pub customer: Uuid,
    /// Of what.
    pub unit: &'a str,
    /// How many.
    pub amount: i64,
    /// `paid` or `promotional`.
    pub kind: &'a str,
    /// Lower burns first.
    pub priority: i32,
    /// From when on; none: now.
    pub effective_at: Option<DateTime<Utc>>,
    /// Until when; none: for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// Names the occasion: a repeat gives nothing.
    pub key: &'a str,
}

/// Gives tokens; answers with the grant.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn grant(conn: &mut PgConnection, gift: &Gift<'_>) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        r#"select perennial.grant_tokens($1, $2, $3, $4, $5, $6, $7, $8) as "grant!""#,
        gift.customer,
        gift.unit,
        gift.amount,
        gift.kind,
        gift.priority,
        gift.effective_at,
        gift.expires_at,
        gift.key
    )
    .fetch_one(conn)
    .await
}

/// What `refund` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refunded {
    /// How many tokens are back in their buckets.
    pub refunded: i64,
    /// How many are not: their buckets had expired.
    pub lost: i64,
}

/// Gives back what an event consumed, once.
///
/// # Errors
/// The door's refusal of an event that is not known, or when the database does not answer.
pub async fn refund(conn: &mut PgConnection, event_id: &str) -> sqlx::Result<Refunded> {
    sqlx::query_as!(
        Refunded,
        r#"select refunded as "refunded!", lost as "lost!" from perennial.refund_tokens($1)"#,
        event_id
    )
    .fetch_one(conn)
    .await
}

/// A wallet at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WalletLine {
    /// The unit's code.
    pub unit: String,
    /// The unit's name.
    pub name: String,
    /// What can be used now.
    pub balance: i64,
    /// When something of it expires next,
    pub next_expiry: Option<DateTime<Utc>>,
    /// … and how much.
    pub expiring: i64,
    /// Below this the customer is told.
    pub low_balance_at: Option<i64>,
}

/// A customer's wallets.
///
/// # Errors
/// When the database does not answer.
pub async fn of_customer(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Vec<WalletLine>> {
    sqlx::query_as!(
        WalletLine,
        r#"select w.unit, u.name, perennial.tokens_at(w.customer_id, w.unit, m.moment) as "balance!",
                  g.expires_at as "next_expiry?", coalesce(g.expiring, 0)::bigint as "expiring!", w.low_balance_at
             from perennial.wallets w
             join perennial.token_units u on u.code = w.unit
            cross join lateral (select perennial.business_now(w.clock_id) as moment) m
             left join lateral (
                  select e.expires_at, sum(e.remaining) as expiring from perennial.wallet_grants e
                   where e.customer_id = w.customer_id and e.unit = w.unit and e.remaining > 0
                     and e.effective_at <= m.moment and e.expires_at > m.moment
                   group by e.expires_at order by e.expires_at limit 1) g on true
            where w.customer_id = $1
            order by w.unit"#,
        customer
    )
    .fetch_all(conn)
    .await
}

/// A wallet, locked.
#[derive(Debug, Clone)]
pub(crate) struct WalletRow {
    pub(crate) unit: String,
    pub(crate) unit_name: String,
    pub(crate) clock_id: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) balance: i64,
    pub(crate) low_balance_at: Option<i64>,
    pub(crate) low_balance_told_at: Option<DateTime<Utc>>,
}

/// Locks a wallet, and only then looks into it.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
) -> sqlx::Result<Option<WalletRow>> {
    sqlx::query!(
        "select from perennial.wallets where customer_id = $1 and unit = $2 for no key update",
        customer,
        unit
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query_as!(
        WalletRow,
        r#"select w.unit, u.name as unit_name, w.clock_id, m.moment as "now!",
                  perennial.tokens_at(w.customer_id, w.unit, m.moment) as "balance!", w.low_balance_at,
                  w.low_balance_told_at
             from perennial.wallets w
             join perennial.token_units u on u.code = w.unit
            cross join lateral (select perennial.business_now(w.clock_id) as moment) m
            where w.customer_id = $1 and w.unit = $2"#,
        customer,
        unit
    )
    .fetch_optional(conn)
    .await
}

/// Notes that a customer was told of a low balance.
pub(crate) async fn told(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.wallets set low_balance_told_at = $3 where customer_id = $1 and unit = $2",
        customer,
        unit,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets when wallets have to be looked at, after a change of them; the caller holds their locks.
pub(crate) async fn tend(
    conn: &mut PgConnection,
    customers: &[Uuid],
    units: &[String],
) -> sqlx::Result<()> {
    sqlx::query!("select perennial.tend_wallets($1, $2)", customers, units).execute(conn).await?;
    Ok(())
}

/// What a locked wallet is set to buy, and what it bought this month.
#[derive(Debug, Clone)]
pub(crate) struct TopUpRow {
    pub(crate) package: String,
    pub(crate) per_month_max: i32,
    /// The balance is too low, and another order is allowed now.
    pub(crate) wanted: bool,
    /// The month of the customer's calendar: `2026-01`,
    pub(crate) month: String,
    /// … and when it is over.
    pub(crate) next_month: DateTime<Utc>,
    pub(crate) placed_this_month: i64,
    /// Those that failed do not count.
    pub(crate) bought_this_month: i32,
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
                  perennial.tokens_at(w.customer_id, w.unit, m.moment) < w.top_up_below
                      and coalesce(w.top_up_not_before <= m.moment, true) as "wanted!",
                  to_char(m.month, 'YYYY-MM') as "month!",
                  perennial.wall_instant(m.month + interval '1 month', c.time_zone) as "next_month!",
                  o.placed as "placed_this_month!", o.bought as "bought_this_month!"
             from perennial.wallets w
             join perennial.customers c on c.id = w.customer_id
            cross join lateral (
                  select n.moment, date_trunc('month', n.moment at time zone c.time_zone) as month
                    from (select perennial.business_now(w.clock_id) as moment) n) m
            cross join lateral (
                  select count(*) as placed, (count(*) filter (where o.status in ('pending', 'paid')))::integer as bought
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

/// Writes down that buckets have expired, dated the instant they did; answers with how many.
/// Wallets that somebody else has locked are left to the next batch.
pub(crate) async fn expire(conn: &mut PgConnection, batch: i64) -> sqlx::Result<usize> {
    let expired = sqlx::query!(
        r#"with due as materialized (
                select d.* from perennial.clocks c
                cross join lateral (
                      select g.id, g.customer_id, g.unit, g.remaining, g.expires_at
                        from perennial.wallet_grants g
                        join perennial.wallets w on w.customer_id = g.customer_id and w.unit = g.unit
                       where g.clock_id = c.id and g.remaining > 0 and g.expires_at <= perennial.business_now(c.id)
                       order by g.expires_at limit $1
                         for no key update of g, w skip locked) d),
           emptied as (
                update perennial.wallet_grants g set remaining = 0 from due where g.id = due.id),
           written as (
                insert into perennial.wallet_entries (customer_id, unit, grant_id, kind, amount, at)
                select customer_id, unit, id, 'expire', -remaining, expires_at from due)
           select customer_id as "customer_id!", unit as "unit!" from due"#,
        batch
    )
    .fetch_all(&mut *conn)
    .await?;
    let (customers, units): (Vec<_>, Vec<_>) =
        expired.into_iter().map(|row| (row.customer_id, row.unit)).unzip();
    tend(conn, &customers, &units).await?;
    Ok(customers.len())
}

/// Gives the tokens of plans to the customers whose month has begun; answers with how many were
/// dealt with. Only the month that it is now counts: those that nobody was there for gave nothing
/// that could still be used.
pub(crate) async fn allocate(conn: &mut PgConnection, batch: i64) -> sqlx::Result<usize> {
    let due = sqlx::query!(
        r#"select d.customer_id as "customer_id!", d.unit as "unit!" from perennial.clocks c
            cross join lateral (
                  select a.customer_id, a.unit from perennial.token_allocations a
                   where a.clock_id = c.id and a.due_at <= perennial.business_now(c.id)
                   order by a.due_at limit $1
                     for update skip locked) d"#,
        batch
    )
    .fetch_all(&mut *conn)
    .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let (customers, units): (Vec<_>, Vec<_>) =
        due.into_iter().map(|row| (row.customer_id, row.unit)).unzip();
    open(&mut *conn, &customers, &units).await?;
    give_allocations(&mut *conn, &customers, &units).await?;
    tend(conn, &customers, &units).await?;
    Ok(customers.len())
}

/// Makes wallets that are not there yet, and locks all, in one order.
async fn open(conn: &mut PgConnection, customers: &[Uuid], units: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.wallets (customer_id, unit, clock_id)
         select u.customer_id, u.unit, c.clock_id
           from unnest($1::uuid[], $2::text[]) u (customer_id, unit)
           join perennial.customers c on c.id = u.customer_id
          where exists (select from perennial.live_subscriptions s
                          join perennial.plan_allocations p on p.plan_id = s.plan_id and p.unit = u.unit
                         where s.customer_id = u.customer_id)
          order by 1, 2
         on conflict do nothing",
        customers,
        units
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "select from perennial.wallets w
          where (w.customer_id, w.unit) in (select * from unnest($1::uuid[], $2::text[]))
          order by w.customer_id, w.unit for no key update",
        customers,
        units
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// The month is that of the subscription that gives most, from anniversary to anniversary in its
/// zone; whoever has no such subscription any more waits for nothing.
async fn give_allocations(
    conn: &mut PgConnection,
    customers: &[Uuid],
    units: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "with entitled as materialized (
              select u.customer_id, u.unit, s.clock_id, s.amount, s.priority, m.moment, s.started_at,
                     perennial.month_boundary(s.anchor_local, s.anchor_zone, n.index) as starts_at,
                     perennial.month_boundary(s.anchor_local, s.anchor_zone, n.index + 1) as ends_at
                from unnest($1::uuid[], $2::text[]) u (customer_id, unit)
               cross join lateral (
                     select l.*, p.amount, p.priority from perennial.live_subscriptions l
                       join perennial.plan_allocations p on p.plan_id = l.plan_id and p.unit = u.unit
                      where l.customer_id = u.customer_id
                      order by p.amount desc, l.started_at, l.id limit 1) s
               cross join lateral (select perennial.business_now(s.clock_id) as moment) m
               cross join lateral (select perennial.month_index(s.anchor_local, s.anchor_zone, m.moment) as index) n),
         given as (
              insert into perennial.wallet_grants (id, customer_id, unit, clock_id, amount, remaining, kind, priority,
                                                   effective_at, expires_at, created_at, source, key)
              select gen_random_uuid(), e.customer_id, e.unit, e.clock_id, e.amount, e.amount, 'promotional',
                     e.priority, greatest(e.starts_at, e.started_at), e.ends_at, e.moment, 'allocation',
                     format('allocation/%s/%s/%s', e.customer_id, e.unit, extract(epoch from e.starts_at)::bigint)
                from entitled e
              on conflict (source, key) do nothing
              returning id, customer_id, unit, amount, created_at),
         written as (
              insert into perennial.wallet_entries (customer_id, unit, grant_id, kind, amount, at)
              select g.customer_id, g.unit, g.id, 'grant', g.amount, g.created_at from given g),
         awaited as (
              update perennial.token_allocations a set due_at = e.ends_at
                from entitled e where a.customer_id = e.customer_id and a.unit = e.unit)
         delete from perennial.token_allocations a using unnest($1::uuid[], $2::text[]) u (customer_id, unit)
          where a.customer_id = u.customer_id and a.unit = u.unit
            and not exists (select from entitled e where e.customer_id = a.customer_id and e.unit = a.unit)",
        customers,
        units
    )
    .execute(conn)
    .await?;
    Ok(())
}
