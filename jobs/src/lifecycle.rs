//! The one place where a subscription's state changes: lock → decide → save → commit.
//!
//! Callers hand in what happened; calls that come at the same time become one transaction
//! ([`crate::coalesce`]), in which each subscription is decided for itself. Where the transaction
//! fails, each is tried alone, so that the failure of one stays its own.

mod begin;
mod found;
mod journal;
mod letters;
mod load;
mod save;
mod settlement;

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use perennial_core::ids::SubscriptionId;
use perennial_core::lifecycle::{self as core, Event, Refused};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::coalesce::Serve;
use crate::context::{Cx, Policies};
use crate::job::Failure;
use crate::waiting;
use load::LoadedSet;
use save::Batch;

pub(crate) use begin::{BeginError, Terms, begin, begin_all};
pub(crate) use found::Found;
pub(crate) use journal::Journal;
pub(crate) use letters::method_words;
pub(crate) use load::{Loaded, counted, interval, load_one, methods_of};
pub(crate) use save::{found_hash, request_hash};
pub(crate) use settlement::{Settled, Settlement};

/// What happened, to which subscription, and which job says so.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) subscription: SubscriptionId,
    pub(crate) cause: Cause,
    pub(crate) by: &'static str,
}

/// Something that happened, with what the store has to note of it.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// Nothing beside the event itself.
    Event(Event),
    /// An attempt to collect has an outcome.
    Settlement(Box<Settlement>),
    /// Captured money was found at the provider.
    Found(Box<Found>),
}

impl Cause {
    /// The invoice it is about, which may be closed already.
    fn closed_invoice(&self) -> Option<Uuid> {
        match self {
            Self::Found(found) => Some(found.invoice.0),
            Self::Event(_) | Self::Settlement(_) => None,
        }
    }
}

/// Why nothing changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApplyError {
    /// The rules do not allow it.
    #[error("{subscription}: {refused}")]
    Refused {
        /// Of what.
        subscription: SubscriptionId,
        /// Why.
        refused: Refused,
    },
    /// There is no such subscription.
    #[error("{0} does not exist")]
    Missing(SubscriptionId),
    /// A caller's transaction holds what belongs to its customer.
    #[error("{0} is set aside: a transaction of another service holds rows of its customer")]
    Held(SubscriptionId),
    /// The database did not do it.
    #[error("{subscription}: not saved: {}", crate::store::Said(.source))]
    Database {
        /// Of what.
        subscription: SubscriptionId,
        /// Why.
        #[source]
        source: Arc<sqlx::Error>,
    },
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Held(_) => Self::NotYet { wait: waiting::SKIPPED },
            ApplyError::Database { source, .. } if waiting::is_blocked(&source) => {
                Self::from(&*source)
            }
            ApplyError::Database { .. } => Self::retry(error),
            ApplyError::Refused { .. } | ApplyError::Missing(_) => Self::give_up(error),
        }
    }
}

/// Lets something happen to a subscription.
///
/// # Errors
/// A refusal is given up; a machine fault is tried again.
pub(crate) async fn apply(cx: &Cx, request: Request) -> Result<(), Failure> {
    Ok(cx.lifecycle.ask(request).await??)
}

/// Serves requests in groups.
#[derive(Debug)]
pub(crate) struct Decider {
    pool: PgPool,
    policies: Policies,
    provider: &'static str,
}

impl Decider {
    pub(crate) fn new(pool: PgPool, policies: Policies, provider: &'static str) -> Self {
        Self { pool, policies, provider }
    }

    async fn commit(&self, requests: &[&Request]) -> sqlx::Result<Vec<Result<(), ApplyError>>> {
        let mut transaction = waiting::begin(&self.pool).await?;
        let (answers, journal) =
            decide_all(&mut transaction, &self.policies, self.provider, requests).await?;
        crash_before_commit(requests);
        transaction.commit().await?;
        journal.log();
        crash_after_commit(requests);
        Ok(answers)
    }

    /// One transaction for all, or where that fails one for each.
    async fn commit_group(&self, requests: &[&Request]) -> Vec<Result<(), ApplyError>> {
        match self.commit(requests).await {
            Ok(answers) => answers,
            Err(error) if requests.len() == 1 => vec![Err(not_saved(requests[0], error))],
            Err(_) => {
                let mut answers = Vec::with_capacity(requests.len());
                for request in requests {
                    answers.push(match self.commit(&[request]).await {
                        Ok(mut alone) => alone.pop().unwrap_or(Ok(())),
                        Err(error) => Err(not_saved(request, error)),
                    });
                }
                answers
            }
        }
    }
}

/// Kill points C2 (an intent) and C6 (a result).
fn crash_before_commit(requests: &[&Request]) {
    if settles(requests) {
        crate::crash_point!("C6");
    } else {
        crate::crash_point!("C2");
    }
}

/// Kill point C7: the result is committed, and nobody has heard of it.
fn crash_after_commit(requests: &[&Request]) {
    if settles(requests) {
        crate::crash_point!("C7");
    }
}

fn settles(requests: &[&Request]) -> bool {
    let settles = |cause: &Cause| matches!(cause, Cause::Settlement(_) | Cause::Found(_));
    requests.iter().any(|request| settles(&request.cause))
}

fn not_saved(request: &Request, error: sqlx::Error) -> ApplyError {
    ApplyError::Database { subscription: request.subscription, source: Arc::new(error) }
}

impl Serve for Decider {
    type Request = Request;
    type Answer = Result<(), ApplyError>;

    fn serve(&self, batch: Vec<Request>) -> BoxFuture<'_, Vec<Self::Answer>> {
        Box::pin(async move {
            let mut answers: Vec<_> = batch
                .iter()
                .map(|request| Err(ApplyError::Missing(request.subscription)))
                .collect();
            // A subscription that is named twice is decided in two rounds, in order.
            let mut waiting: Vec<usize> = (0..batch.len()).collect();
            while !waiting.is_empty() {
                let (round, later) = distinct(&batch, &waiting);
                let requests: Vec<_> = round.iter().map(|&index| &batch[index]).collect();
                for (index, answer) in round.into_iter().zip(self.commit_group(&requests).await) {
                    answers[index] = answer;
                }
                waiting = later;
            }
            answers
        })
    }
}

/// The first request of each subscription, and the rest.
fn distinct(batch: &[Request], waiting: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut seen = std::collections::HashSet::new();
    waiting.iter().copied().partition(|&index| seen.insert(batch[index].subscription))
}

/// Decides requests of distinct subscriptions within the caller's transaction. The journal is to be
/// logged once that is committed.
pub(crate) async fn decide_all(
    conn: &mut PgConnection,
    policies: &Policies,
    provider: &'static str,
    requests: &[&Request],
) -> sqlx::Result<(Vec<Result<(), ApplyError>>, Journal)> {
    let ids: Vec<Uuid> = requests.iter().map(|request| request.subscription.0).collect();
    // Of closed invoices only those are loaded that a request names.
    let named: Vec<Uuid> =
        requests.iter().filter_map(|request| request.cause.closed_invoice()).collect();
    let LoadedSet { loaded, held } = load::load(&mut *conn, policies, &ids, &named).await?;
    let mut by_id: HashMap<SubscriptionId, Loaded> =
        loaded.into_iter().map(|loaded| (loaded.subscription.id, loaded)).collect();
    let mut batch = Batch::new(provider);
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let subscription = request.subscription;
        let Some(mut loaded) = by_id.remove(&subscription) else {
            answers.push(Err(match held.contains(&subscription) {
                true => ApplyError::Held(subscription),
                false => ApplyError::Missing(subscription),
            }));
            continue;
        };
        load::downgrade_if_due(&mut *conn, &mut loaded, request).await?;
        answers.push(decide_one(loaded, request, &mut batch));
    }
    let held = batch.leave_out_held(&mut *conn).await?;
    for (request, answer) in requests.iter().zip(&mut answers) {
        if held.contains(&request.subscription) {
            *answer = Err(ApplyError::Held(request.subscription));
        }
    }
    Ok((answers, batch.write(conn).await?))
}

fn decide_one(loaded: Loaded, request: &Request, batch: &mut Batch) -> Result<(), ApplyError> {
    let event = match &request.cause {
        Cause::Event(event) => event.clone(),
        Cause::Settlement(settlement) => settlement.event(),
        Cause::Found(found) => found.event(),
    };
    let context = core::Context {
        policy: &loaded.policy,
        now: loaded.now,
        downgrade: loaded.downgrade.as_deref(),
    };
    let decision = core::decide(&loaded.subscription, &event, context)
        .map_err(|refused| ApplyError::Refused { subscription: request.subscription, refused })?;
    // A late or repeated event changes nothing.
    if decision.effects.is_empty() && decision.after == loaded.subscription {
        return Ok(());
    }
    batch.add(loaded, decision, request.by, &request.cause);
    Ok(())
}
