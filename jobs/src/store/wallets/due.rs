//! What comes due in wallets by time alone, in sets.

use sqlx::PgConnection;
use uuid::Uuid;

use super::tend;

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

/// Whether buckets wait to be written down as expired.
pub(crate) async fn anything_expired(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from perennial.clocks c
                            join perennial.wallet_grants g on g.clock_id = c.id
                           where g.remaining > 0 and g.expires_at <= perennial.business_now(c.id)) as "any!""#
    )
    .fetch_one(conn)
    .await
}

/// Gives the tokens of plans to the customers whose month has begun; answers with how many were
/// dealt with. Only the month that it is now counts: those that nobody was there for gave nothing
/// that could still be used. Wallets that somebody else has locked, perhaps for long (rule X9), are
/// left to a later batch.
pub(crate) async fn allocate(conn: &mut PgConnection, batch: i64) -> sqlx::Result<usize> {
    let (mut customers, mut units) = with_wallet(&mut *conn, batch).await?;
    if customers.is_empty() {
        (customers, units) = without_wallet(&mut *conn, batch).await?;
    }
    if customers.is_empty() {
        return Ok(0);
    }
    give_allocations(&mut *conn, &customers, &units).await?;
    tend(conn, &customers, &units).await?;
    Ok(customers.len())
}

/// Customers and units.
type Waiting = (Vec<Uuid>, Vec<String>);

/// Who waits for tokens and has a wallet for them, locked.
async fn with_wallet(conn: &mut PgConnection, batch: i64) -> sqlx::Result<Waiting> {
    let due = sqlx::query!(
        r#"select d.customer_id as "customer_id!", d.unit as "unit!" from perennial.clocks c
            cross join lateral (
                  select a.customer_id, a.unit
                    from perennial.token_allocations a
                    join perennial.wallets w on w.customer_id = a.customer_id and w.unit = a.unit
                   where a.clock_id = c.id and a.due_at <= perennial.business_now(c.id)
                   order by a.due_at limit $1
                     for no key update of a, w skip locked) d"#,
        batch
    )
    .fetch_all(conn)
    .await?;
    Ok(due.into_iter().map(|row| (row.customer_id, row.unit)).unzip())
}

/// Who waits for tokens and has no wallet, which is made where they still are to be given some.
async fn without_wallet(conn: &mut PgConnection, batch: i64) -> sqlx::Result<Waiting> {
    let due = sqlx::query!(
        r#"select d.customer_id as "customer_id!", d.unit as "unit!", d.entitled as "entitled!"
             from perennial.clocks c
            cross join lateral (
                  select a.customer_id, a.unit,
                         exists (select from perennial.live_subscriptions s
                                   join perennial.current_allocations p on p.plan_id = s.plan_id and p.unit = a.unit
                                  where s.customer_id = a.customer_id and p.amount > 0) as entitled
                    from perennial.token_allocations a
                   where a.clock_id = c.id and a.due_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.wallets w
                                      where w.customer_id = a.customer_id and w.unit = a.unit)
                   order by a.due_at limit $1
                     for no key update of a skip locked) d"#,
        batch
    )
    .fetch_all(&mut *conn)
    .await?;
    let (entitled, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|row| row.entitled);
    let (customers, units): Waiting =
        entitled.into_iter().map(|row| (row.customer_id, row.unit)).unzip();
    let made = sqlx::query!(
        r#"select customer_id as "customer_id!", unit as "unit!" from perennial.open_wallets($1, $2)"#,
        &customers,
        &units
    )
    .fetch_all(conn)
    .await?;
    let made = made.into_iter().map(|row| (row.customer_id, row.unit));
    Ok(made.chain(others.into_iter().map(|row| (row.customer_id, row.unit))).unzip())
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
                       join perennial.current_allocations p on p.plan_id = l.plan_id and p.unit = u.unit
                      where l.customer_id = u.customer_id and p.amount > 0
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
