//! The steps of an attempt that the database has to know of, committed in groups.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use perennial_core::ids::{InvoiceId, PaymentId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::clock::machine_now;
use crate::coalesce::{Serve, Shared, share};
use crate::store::payments::{self, Attempt};
use crate::waiting;

/// A step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Read the attempt.
    Open(PaymentId),
    /// Persist the intent (once) and note that the attempt is about to be sent.
    Begin { payment: PaymentId, invoice: InvoiceId, reference: String },
}

/// What a step brought.
#[derive(Debug, Clone)]
pub(crate) enum Stepped {
    /// The attempt, if there is one.
    Opened(Option<Box<Attempt>>),
    /// The attempt still waits to be sent, and is sent at this business instant.
    Go { sent_at: DateTime<Utc> },
    /// It was settled meanwhile.
    Over,
}

/// Serves steps in groups.
#[derive(Debug)]
pub(crate) struct Till {
    pool: PgPool,
    provider: &'static str,
}

impl Till {
    pub(crate) fn new(pool: PgPool, provider: &'static str) -> Self {
        Self { pool, provider }
    }

    async fn commit(&self, steps: &[Step]) -> sqlx::Result<Vec<Stepped>> {
        let mut transaction = waiting::begin_among_workers(&self.pool).await?;
        let mut opened = open(&mut transaction, steps).await?;
        let begun = begin(&mut transaction, self.provider, steps).await?;
        transaction.commit().await?;
        Ok(steps
            .iter()
            .map(|step| match step {
                Step::Open(payment) => Stepped::Opened(opened.remove(&payment.0).map(Box::new)),
                Step::Begin { payment, .. } => {
                    begun.get(&payment.0).map_or(Stepped::Over, |&sent_at| Stepped::Go { sent_at })
                }
            })
            .collect())
    }
}

async fn open(conn: &mut PgConnection, steps: &[Step]) -> sqlx::Result<HashMap<Uuid, Attempt>> {
    let wanted = steps.iter().filter_map(|step| match step {
        Step::Open(payment) => Some(payment.0),
        Step::Begin { .. } => None,
    });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(payments::load(conn, &wanted)
        .await?
        .into_iter()
        .map(|attempt| (attempt.id, attempt))
        .collect())
}

async fn begin(
    conn: &mut PgConnection,
    provider: &str,
    steps: &[Step],
) -> sqlx::Result<HashMap<Uuid, DateTime<Utc>>> {
    let (mut ids, mut invoices, mut references) = (vec![], vec![], vec![]);
    for step in steps {
        if let Step::Begin { payment, invoice, reference } = step {
            ids.push(payment.0);
            invoices.push(invoice.0);
            references.push(reference.clone());
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    payments::persist_intents(&mut *conn, provider, &invoices, &references).await?;
    payments::begin(conn, &ids, machine_now()).await
}

impl Serve for Till {
    type Request = Step;
    type Answer = Shared<Stepped>;

    fn serve(&self, batch: Vec<Step>) -> BoxFuture<'_, Vec<Self::Answer>> {
        Box::pin(async move { share(self.commit(&batch).await, batch.len()) })
    }
}
