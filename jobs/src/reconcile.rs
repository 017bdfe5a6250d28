//! Comparing our books with the provider's (rules X8, C11): money that it holds and our books lack is
//! booked, and a database that was rewound is noticed.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::clock;
use crate::collect;
use crate::context::Cx;
use crate::job::Failure;
use crate::payments::{Listed, Observation};
use crate::store::found_payments;
use crate::store::reconciliations;

/// The job that says so.
const BY: &str = "reconcile_payments";
/// How far back the provider's list is read; what is older is inquired about one by one.
const LISTED: TimeDelta = TimeDelta::days(3);
/// Pages of a list that are read in one run: fifty thousand intents.
const PAGES_MAX: usize = 500;
/// Our own unpaid intents that are read at once.
const BATCH: i64 = 200;

/// Before a worker begins: notices where the database is not the one that the provider was last
/// used with, or where the provider's newest intents are unknown here.
///
/// # Errors
/// When the database does not answer. A provider that does not answer is no reason not to begin.
pub async fn notice_rewind(cx: &Cx) -> Result<(), Failure> {
    identify(cx).await?;
    let mut conn = cx.pool.acquire().await?;
    let now = clock::business_now(&mut conn, clock::GLOBAL).await?;
    drop(conn);
    match cx.circuit.ask(cx.payments.list(now - LISTED, None)).await {
        Ok(Ok(page)) => find_unknown(cx, &page.value.intents).await.map(drop),
        Ok(Err((no_answer, _))) => {
            tracing::warn!("the provider's newest intents could not be read: {no_answer}");
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

/// Notices where this is not the database that the provider was last used with.
async fn identify(cx: &Cx) -> Result<(), Failure> {
    let mut conn = cx.pool.acquire().await?;
    let rewound = match reconciliations::identify(&mut conn, cx.payments.name()).await {
        Err(error) if is_denied(&error) => {
            tracing::warn!("whether this database is a restored one is not known: {error}");
            false
        }
        known => known?,
    };
    if rewound {
        tracing::warn!(
            "this database is another one than before (a copy, a restored or a promoted one): for 35 days \
             the provider is asked before an intent is made, so that nothing is charged twice"
        );
    }
    Ok(())
}

/// A managed server may not say which one it is.
fn is_denied(error: &sqlx::Error) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some(INSUFFICIENT_PRIVILEGE))
}

/// Compares.
///
/// # Errors
/// Where the provider or the database does not answer; what was booked by then stays.
pub(crate) async fn reconcile(cx: &Cx) -> Result<(), Failure> {
    identify(cx).await?;
    let mut conn = cx.pool.acquire().await?;
    let now = clock::business_now(&mut conn, clock::GLOBAL).await?;
    drop(conn);
    read_list(cx, now - LISTED).await?;
    look_at_unpaid(cx).await?;
    let mut conn = cx.pool.acquire().await?;
    Ok(reconciliations::compared(&mut conn, cx.payments.name(), now).await?)
}

async fn read_list(cx: &Cx, since: DateTime<Utc>) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = cx.circuit.ask(cx.payments.list(since, after.as_deref())).await?;
        let page = page.map_err(|(no_answer, _)| Failure::retry(no_answer))?.value;
        note(cx, page.intents).await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
    tracing::warn!("the provider made more intents than one comparison reads: run it more often");
    Ok(())
}

/// Intents that name invoices: of those that we know, money is booked; those that we do not know
/// say that the database was rewound.
async fn note(cx: &Cx, intents: Vec<Listed>) -> Result<(), Failure> {
    let known = find_unknown(cx, &intents).await?;
    let provider = cx.payments.name();
    for intent in intents.into_iter().filter(|intent| known.contains(&intent.invoice.0)) {
        if !matches!(intent.observation, Observation::Executed { .. }) {
            continue;
        }
        let mut conn = cx.pool.acquire().await?;
        reconciliations::adopt(&mut conn, provider, intent.invoice.0, &intent.reference).await?;
        let unpaid = found_payments::unpaid_of_invoice(&mut conn, intent.invoice.0).await?;
        drop(conn);
        for unpaid in &unpaid {
            collect::found_in_list(cx, unpaid, intent.observation.clone(), BY).await?;
        }
    }
    Ok(())
}

/// Which of the intents' invoices exist here; one that does not says that the database was rewound.
async fn find_unknown(cx: &Cx, intents: &[Listed]) -> Result<HashSet<Uuid>, Failure> {
    let mut conn = cx.pool.acquire().await?;
    let named: Vec<Uuid> = intents.iter().map(|intent| intent.invoice.0).collect();
    let known = reconciliations::known(&mut conn, &named).await?;
    if named.iter().any(|invoice| !known.contains(invoice))
        && reconciliations::ask_first(&mut conn, cx.payments.name()).await?
    {
        tracing::warn!(
            "the provider knows intents that this database does not: it was rewound, or another database uses \
             the same account. For 35 days the provider is asked before an intent is made"
        );
    }
    Ok(known)
}

/// What is older than the list, and was never paid as far as we know.
async fn look_at_unpaid(cx: &Cx) -> Result<(), Failure> {
    let mut after = Uuid::nil();
    loop {
        let mut conn = cx.pool.acquire().await?;
        let unpaid = reconciliations::unpaid(&mut conn, cx.payments.name(), after, BATCH).await?;
        drop(conn);
        let Some(last) = unpaid.last() else { return Ok(()) };
        after = last.invoice_id;
        collect::look_at_all(cx, &unpaid, BY).await?;
    }
}
