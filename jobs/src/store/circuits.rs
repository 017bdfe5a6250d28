//! Whether the provider lets us in, for all workers to see.

use sqlx::PgConnection;

/// An open circuit.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// It was closed until now.
    pub(crate) fresh: bool,
    /// Until the next probe.
    pub(crate) wait_ms: i64,
}

/// Opens the circuit. One that is open already keeps its next probe.
pub(crate) async fn open(
    conn: &mut PgConnection,
    provider: &str,
    reason: &str,
) -> sqlx::Result<Opened> {
    sqlx::query_as!(
        Opened,
        r#"insert into perennial.provider_circuits as c (provider, opened_at, reason, failures, probe_at)
           values ($1, now(), $2, 1, now() + interval '1 second')
           on conflict (provider) do update
              set opened_at = case when c.closed_at is null then c.opened_at else now() end,
                  failures = case when c.closed_at is null then c.failures else 1 end,
                  probe_at = case when c.closed_at is null then greatest(c.probe_at, now() + interval '1 second')
                                  else now() + interval '1 second' end,
                  reason = excluded.reason, closed_at = null
           returning opened_at = now() as "fresh!",
                     (extract(epoch from probe_at - now()) * 1000)::bigint as "wait_ms!""#,
        provider,
        reason
    )
    .fetch_one(conn)
    .await
}

/// Takes the next probe, if its time has come and nobody else took it; each one waits longer for
/// the next, up to five minutes.
pub(crate) async fn take_probe(conn: &mut PgConnection, provider: &str) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update perennial.provider_circuits
            set failures = failures + 1,
                probe_at = now() + least(interval '1 second' * power(2, least(failures, 9)), interval '5 minutes')
          where provider = $1 and closed_at is null and probe_at <= now()",
        provider
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// How long to wait for the next probe; `None`: the circuit is closed.
pub(crate) async fn wait_ms(conn: &mut PgConnection, provider: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"select greatest(extract(epoch from probe_at - now()) * 1000, 100)::bigint as "wait_ms!"
             from perennial.provider_circuits where provider = $1 and closed_at is null"#,
        provider
    )
    .fetch_optional(conn)
    .await
}

/// Closes the circuit. False: it was closed already.
pub(crate) async fn close(conn: &mut PgConnection, provider: &str) -> sqlx::Result<bool> {
    let closed = sqlx::query!(
        "update perennial.provider_circuits set closed_at = now() where provider = $1 and closed_at is null",
        provider
    )
    .execute(conn)
    .await?;
    Ok(closed.rows_affected() > 0)
}

/// An intent that was made for some other invoice: whoever knows it is the provider's account that
/// we have worked with.
pub(crate) async fn witness(
    conn: &mut PgConnection,
    provider: &str,
    apart_from: &str,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"select intent_reference as "reference!" from perennial.invoices
            where provider = $1 and intent_reference is not null and intent_reference <> $2
            order by provider desc, intent_reference desc limit 1"#,
        provider,
        apart_from
    )
    .fetch_optional(conn)
    .await
}
