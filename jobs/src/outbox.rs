//! The steps of sending a mail that the database has to know of, committed in groups.

use std::collections::HashMap;

use futures::future::BoxFuture;
use perennial_core::ids::EmailId;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::clock::machine_now;
use crate::coalesce::{Serve, Shared, share};
use crate::store::emails::{self, Handed, HandedOver, OutboxRow};
use crate::waiting;

/// A step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Read the mail.
    Open(EmailId),
    /// Note that it is about to be handed over.
    Begin(EmailId),
    /// Note what became of it.
    Settle { email: EmailId, status: &'static str, reply: String },
}

/// What a step brought.
#[derive(Debug, Clone)]
pub(crate) enum Stepped {
    /// The mail, if there is one.
    Opened(Option<Box<OutboxRow>>),
    /// It is to be handed over, or was noted.
    Go,
    /// It was settled or withdrawn meanwhile.
    Over,
}

/// Serves steps in groups.
#[derive(Debug)]
pub(crate) struct Outbox {
    pool: PgPool,
}

impl Outbox {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    async fn commit(&self, steps: &[Step]) -> sqlx::Result<Vec<Stepped>> {
        let mut transaction = waiting::begin_among_workers(&self.pool).await?;
        let mut opened = open(&mut transaction, steps).await?;
        let begun = begin(&mut transaction, steps).await?;
        settle(&mut transaction, steps).await?;
        transaction.commit().await?;
        Ok(steps
            .iter()
            .map(|step| match step {
                Step::Open(email) => Stepped::Opened(opened.remove(&email.0).map(Box::new)),
                Step::Begin(email) if !begun.contains(&email.0) => Stepped::Over,
                Step::Begin(_) | Step::Settle { .. } => Stepped::Go,
            })
            .collect())
    }
}

async fn open(conn: &mut PgConnection, steps: &[Step]) -> sqlx::Result<HashMap<Uuid, OutboxRow>> {
    let wanted = steps
        .iter()
        .filter_map(|step| if let Step::Open(email) = step { Some(email.0) } else { None });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(emails::load(conn, &wanted).await?.into_iter().map(|row| (row.id, row)).collect())
}

async fn begin(conn: &mut PgConnection, steps: &[Step]) -> sqlx::Result<Vec<Uuid>> {
    let wanted = steps
        .iter()
        .filter_map(|step| if let Step::Begin(email) = step { Some(email.0) } else { None });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    emails::begin(conn, &wanted, machine_now()).await
}

async fn settle(conn: &mut PgConnection, steps: &[Step]) -> sqlx::Result<()> {
    let mut rows = HandedOver::default();
    for step in steps {
        if let Step::Settle { email, status, reply } = step {
            let (status, reply) = ((*status).to_owned(), reply.clone());
            rows.push(Handed { id: email.0, status, reply });
        }
    }
    emails::settle(conn, &rows).await
}

impl Serve for Outbox {
    type Request = Step;
    type Answer = Shared<Stepped>;

    fn serve(&self, batch: Vec<Step>) -> BoxFuture<'_, Vec<Self::Answer>> {
        Box::pin(async move { share(self.commit(&batch).await, batch.len()) })
    }
}
