//! The steps of sending an email that the database has to know of, committed in groups, and the
//! brake of the whole stream.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use perennial_core::email::{BRAKE_AFTER, Verdict, probe_after, retry_after};
use perennial_core::ids::EmailId;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::clock::machine_now;
use crate::coalesce::{Serve, Shared, share};
use crate::store::emails::{self, Handed, HandedOver, OutboxRow};
use crate::store::mail_brake::{self, Brake};
use crate::waiting;

/// A step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Read the email.
    Open(EmailId),
    /// Take the probe that is due while the brake holds.
    Probe,
    /// Note that it is about to be handed over.
    Begin(EmailId),
    /// Note what became of it.
    Settle { email: EmailId, outcome: Outcome },
}

/// What became of an email.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The server took it.
    Sent { reply: String },
    /// It is tried again, after attempt number `attempt`.
    Deferred { verdict: Verdict, reply: String, attempt: i32, evidence: Evidence },
    /// That was it.
    Over { status: &'static str, reply: String },
}

/// Whether a refusal says something about all mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The next email would probably meet the same.
    OfAllMail,
    /// Nothing new: the same email was refused like that before, perhaps for its recipient's sake.
    None,
}

/// What a step brought.
#[derive(Debug, Clone)]
pub(crate) enum Stepped {
    /// The email, if there is one.
    Opened(Option<Box<OutboxRow>>),
    /// It is to be handed over, or was noted.
    Go,
    /// It was settled or withdrawn meanwhile, or somebody else has the probe.
    Over,
}

/// Serves steps in groups.
#[derive(Debug)]
pub(crate) struct Outbox {
    pool: PgPool,
    /// The wait after the first attempt that the server put off.
    retry_first: TimeDelta,
}

impl Outbox {
    pub(crate) fn new(pool: PgPool, retry_first: TimeDelta) -> Self {
        Self { pool, retry_first }
    }

    async fn commit(&self, steps: &[Step]) -> sqlx::Result<Vec<Stepped>> {
        let now = machine_now();
        let mut transaction = waiting::begin_among_workers(&self.pool).await?;
        let mut opened = open(&mut transaction, steps).await?;
        let begun = begin(&mut transaction, steps, now).await?;
        self.settle(&mut transaction, steps, now).await?;
        let mut probe = self.probe(&mut transaction, steps, now).await?;
        let released = self.brake(&mut transaction, steps, now).await?;
        transaction.commit().await?;
        if released {
            let mut conn = self.pool.acquire().await?;
            emails::retry_at_once(&mut conn, now).await?;
        }
        Ok(steps
            .iter()
            .map(|step| match step {
                Step::Open(email) => Stepped::Opened(opened.remove(&email.0).map(Box::new)),
                Step::Begin(email) if !begun.contains(&email.0) => Stepped::Over,
                Step::Probe if !std::mem::take(&mut probe) => Stepped::Over,
                Step::Probe | Step::Begin(_) | Step::Settle { .. } => Stepped::Go,
            })
            .collect())
    }

    async fn settle(
        &self,
        conn: &mut PgConnection,
        steps: &[Step],
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let mut rows = HandedOver::default();
        for step in steps {
            if let Step::Settle { email, outcome } = step {
                rows.push(self.handed(email.0, outcome.clone(), now));
            }
        }
        emails::settle(conn, &rows).await
    }

    fn handed(&self, id: Uuid, outcome: Outcome, now: DateTime<Utc>) -> Handed {
        let over = |status: &str, reply| Handed {
            id,
            status: status.to_owned(),
            reply,
            deferred_for: None,
            retry_at: None,
        };
        match outcome {
            Outcome::Sent { reply } => over("sent", reply),
            Outcome::Over { status, reply } => over(status, reply),
            Outcome::Deferred { verdict, reply, attempt, .. } => Handed {
                deferred_for: Some(verdict.as_str().to_owned()),
                retry_at: Some(now + retry_after(attempt, self.retry_first)),
                ..over("queued", reply)
            },
        }
    }

    /// One of all that ask has the probe; if it comes to nothing, the next is due after a while.
    async fn probe(
        &self,
        conn: &mut PgConnection,
        steps: &[Step],
        now: DateTime<Utc>,
    ) -> sqlx::Result<bool> {
        if !steps.iter().any(|step| matches!(step, Step::Probe)) {
            return Ok(false);
        }
        let until = now + probe_after(BRAKE_AFTER, self.retry_first);
        mail_brake::take_probe(conn, now, until).await
    }

    /// Refusals of us count up to the brake; whatever the server takes lets it go. True: it held,
    /// and does not any more.
    async fn brake(
        &self,
        conn: &mut PgConnection,
        steps: &[Step],
        now: DateTime<Utc>,
    ) -> sqlx::Result<bool> {
        let outcomes = || {
            steps.iter().filter_map(|step| match step {
                Step::Settle { outcome, .. } => Some(outcome),
                _ => None,
            })
        };
        let mut released = false;
        if outcomes().any(|outcome| matches!(outcome, Outcome::Sent { .. })) {
            let brake = mail_brake::release(&mut *conn).await?;
            released = brake.is_some_and(|brake| brake.refusals >= BRAKE_AFTER);
            if released {
                tracing::info!("the mail server takes mail again: what waited is sent");
            }
        }
        let refusals: Vec<&str> = outcomes()
            .filter_map(|outcome| match outcome {
                Outcome::Deferred { reply, evidence: Evidence::OfAllMail, .. } => {
                    Some(reply.as_str())
                }
                _ => None,
            })
            .collect();
        if let Some(reason) = refusals.last() {
            let count = i32::try_from(refusals.len()).unwrap_or(i32::MAX);
            let brake = mail_brake::refused(&mut *conn, count, reason, now).await?;
            let probe_at = now + probe_after(brake.refusals, self.retry_first);
            mail_brake::probe_at(conn, probe_at).await?;
            report(&brake, count, reason);
        }
        Ok(released)
    }
}

/// One loud line when the brake takes hold.
fn report(brake: &Brake, count: i32, reason: &str) {
    if brake.refusals >= BRAKE_AFTER && brake.refusals - count < BRAKE_AFTER {
        tracing::error!(
            mail.refusals = brake.refusals,
            mail.since = %brake.since,
            "the mail server refuses our mail: all mail waits, one probe at a time: {reason}"
        );
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

async fn begin(
    conn: &mut PgConnection,
    steps: &[Step],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    let wanted = steps
        .iter()
        .filter_map(|step| if let Step::Begin(email) = step { Some(email.0) } else { None });
    let wanted: Vec<_> = wanted.collect();
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    emails::begin(conn, &wanted, now).await
}

impl Serve for Outbox {
    type Request = Step;
    type Answer = Shared<Stepped>;

    fn serve(&self, batch: Vec<Step>) -> BoxFuture<'_, Vec<Self::Answer>> {
        Box::pin(async move { share(self.commit(&batch).await, batch.len()) })
    }
}
