//! Whether this database is the one that the provider was last used with, and what the two know of
//! each other's.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::found_payments::UnpaidIntent;

/// Records which database this is. True: it is another one than before, such as a copy, a restored
/// one, or one that was promoted; from now on the provider is asked before an intent is made.
pub(crate) async fn identify(conn: &mut PgConnection, provider: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with here as (
                select format('%s/%s/%s', s.system_identifier, c.timeline_id, d.oid) as identity
                  from pg_control_system() s, pg_control_checkpoint() c, pg_database d
                 where d.datname = current_database()),
                before as (select database_identity from perennial.reconciliations where provider = $1)
           insert into perennial.reconciliations as r (provider, database_identity)
           select $1, identity from here
           on conflict (provider) do update
              set database_identity = excluded.database_identity,
                  ask_first_until = case when r.database_identity <> excluded.database_identity
                                         then now() + interval '35 days' else r.ask_first_until end
           returning (select database_identity from before) is distinct from database_identity
                     and exists (select from before) as "rewound!""#,
        provider
    )
    .fetch_one(conn)
    .await
}

/// The provider knows intents of ours that this database does not: it was rewound. True: that is
/// news.
pub(crate) async fn ask_first(conn: &mut PgConnection, provider: &str) -> sqlx::Result<bool> {
    let news = sqlx::query!(
        "update perennial.reconciliations set ask_first_until = now() + interval '35 days'
          where provider = $1 and (ask_first_until is null or ask_first_until < now() + interval '34 days')",
        provider
    )
    .execute(conn)
    .await?;
    Ok(news.rows_affected() > 0)
}

/// Which of these invoices exist here.
pub(crate) async fn known(
    conn: &mut PgConnection,
    invoices: &[Uuid],
) -> sqlx::Result<HashSet<Uuid>> {
    let known =
        sqlx::query_scalar!("select id from perennial.invoices where id = any($1)", invoices)
            .fetch_all(conn)
            .await?;
    Ok(known.into_iter().collect())
}

/// Persists intents that the provider has for invoices of ours that know none.
pub(crate) async fn adopt(
    conn: &mut PgConnection,
    provider: &str,
    invoice: Uuid,
    reference: &str,
) -> sqlx::Result<()> {
    super::payments::persist_intents(conn, provider, &[invoice], &[reference.to_owned()]).await
}

/// Invoices whose intents brought nothing and that no attempt waits for: open, or closed for at
/// most 90 days. In the order of their ids, after `after`.
pub(crate) async fn unpaid(
    conn: &mut PgConnection,
    provider: &str,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<UnpaidIntent>> {
    sqlx::query_as!(
        UnpaidIntent,
        r#"select i.id as invoice_id, i.subscription_id, i.order_id, i.currency, i.intent_reference as "reference!"
             from perennial.invoices i
             join perennial.customers c on c.id = i.customer_id
            where i.id > $2 and i.provider = $1 and i.intent_reference is not null
              and i.status <> 'paid'
              and (i.closed_at is null or i.closed_at > perennial.business_now(c.clock_id) - interval '90 days')
              and not exists (select from perennial.payments p
                               where p.invoice_id = i.id
                                 and p.status in ('planned', 'executing', 'unknown', 'processing', 'succeeded'))
            order by i.id limit $3"#,
        provider,
        after,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Records that a comparison came to its end.
pub(crate) async fn compared(
    conn: &mut PgConnection,
    provider: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.reconciliations set compared_at = $2 where provider = $1",
        provider,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
