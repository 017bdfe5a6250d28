//! The provider's circuit (rule X7): where the provider does not let us in at all (key, permission,
//! account), nothing is sent but a probe, nothing is settled, and no attempt of a job is used up.
//!
//! The state is a row that all workers share; each keeps what it saw last, so that nothing is read
//! while all is well. Whoever opens the circuit says so loudly, once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::clock::machine_now;
use crate::job::Failure;
use crate::payments::{CallTrace, Inquiry, NoAnswer, Observation, PaymentProvider, Reply};
use crate::store::circuits;

/// What a call came to, where the provider let it in.
pub(crate) type Answer<T> = Result<Reply<T>, (NoAnswer, CallTrace)>;

/// Guards every call to the provider.
pub(crate) struct Circuit {
    pool: PgPool,
    payments: Arc<dyn PaymentProvider>,
    seen: Mutex<Seen>,
}

/// What this process saw last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Closed,
    OpenUntil(DateTime<Utc>),
}

/// Why a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Usual,
    Probe,
}

impl Circuit {
    pub(crate) fn new(pool: PgPool, payments: Arc<dyn PaymentProvider>) -> Self {
        Self { pool, payments, seen: Mutex::new(Seen::Nothing) }
    }

    /// Makes a call, unless the circuit is open.
    ///
    /// # Errors
    /// [`Failure::NotYet`] where the circuit is open, or opens with this call, or the provider asks
    /// for patience.
    pub(crate) async fn ask<T>(
        &self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<Answer<T>, Failure> {
        let pass = self.admit().await?;
        match call.await {
            Err((NoAnswer::Denied { reason }, _)) => Err(self.open(&reason).await?),
            Err((NoAnswer::NotSent { retry_after: Some(wait), .. }, _)) => {
                Err(Failure::NotYet { wait })
            }
            answer => {
                let let_in = matches!(answer, Ok(_) | Err((NoAnswer::Rejected { .. }, _)));
                if pass == Pass::Probe && let_in {
                    self.close().await?;
                }
                Ok(answer)
            }
        }
    }

    /// Inquires. An intent that we have persisted and the provider does not know is another
    /// account's, unless that account knows the others.
    ///
    /// # Errors
    /// As [`Circuit::ask`].
    pub(crate) async fn inquire(&self, inquiry: &Inquiry) -> Result<Answer<Observation>, Failure> {
        let pass = self.admit().await?;
        // What is missing proves nothing, so a probe is judged here and not by `ask`.
        match self.payments.inquire(inquiry).await {
            Ok(reply) if reply.value == Observation::Missing => {
                if let Inquiry::Reference(reference) = inquiry {
                    self.require_account("intent", reference).await?;
                }
                Ok(Ok(reply))
            }
            Err((NoAnswer::Denied { reason }, _)) => Err(self.open(&reason).await?),
            Err((NoAnswer::NotSent { retry_after: Some(wait), .. }, _)) => {
                Err(Failure::NotYet { wait })
            }
            answer => {
                if pass == Pass::Probe && answer.is_ok() {
                    self.close().await?;
                }
                Ok(answer)
            }
        }
    }

    /// Returns where the provider's account is the one that we have worked with; else the circuit
    /// opens: `what` (named `reference`) is missing there like everything else of ours.
    ///
    /// # Errors
    /// [`Failure::NotYet`] where it is another account, or nobody knows.
    pub(crate) async fn require_account(&self, what: &str, reference: &str) -> Result<(), Failure> {
        let mut conn = self.pool.acquire().await?;
        let witness = circuits::witness(&mut conn, self.payments.name(), reference).await?;
        drop(conn);
        let Some(witness) = witness else {
            let reason = format!("no such {what}: {reference}. Is the key another account's?");
            return Err(self.open(&reason).await?);
        };
        match self.payments.inquire(&Inquiry::Reference(witness.clone())).await {
            Ok(reply) if reply.value == Observation::Missing => {
                let reason = format!(
                    "neither {reference} nor {witness} is known there: the key is another account's"
                );
                Err(self.open(&reason).await?)
            }
            Ok(_) => Ok(()),
            Err((NoAnswer::Denied { reason }, _)) => Err(self.open(&reason).await?),
            Err((no_answer, _)) => Err(Failure::retry(no_answer)),
        }
    }

    async fn admit(&self) -> Result<Pass, Failure> {
        match self.seen() {
            Seen::Closed => return Ok(Pass::Usual),
            Seen::OpenUntil(until) if machine_now() < until => return Err(not_before(until)),
            Seen::OpenUntil(_) | Seen::Nothing => {}
        }
        let mut conn = self.pool.acquire().await?;
        if circuits::take_probe(&mut conn, self.payments.name()).await? {
            return Ok(Pass::Probe);
        }
        match circuits::wait_ms(&mut conn, self.payments.name()).await? {
            None => {
                self.see(Seen::Closed);
                Ok(Pass::Usual)
            }
            Some(wait_ms) => {
                let until = machine_now() + TimeDelta::milliseconds(wait_ms);
                self.see(Seen::OpenUntil(until));
                Err(not_before(until))
            }
        }
    }

    /// Opens the circuit: the one alarm.
    async fn open(&self, reason: &str) -> Result<Failure, Failure> {
        let provider = self.payments.name();
        let mut conn = self.pool.acquire().await?;
        let opened = circuits::open(&mut conn, provider, reason).await?;
        if opened.fresh {
            tracing::error!(
                provider,
                "{provider} does not let us in: {reason}. Nothing is charged or settled until it does; \
                 it is probed, and all goes on by itself. Check STRIPE_SECRET_KEY and the account."
            );
        } else {
            tracing::warn!(provider, "{provider} still does not let us in: {reason}");
        }
        let until = machine_now() + TimeDelta::milliseconds(opened.wait_ms);
        self.see(Seen::OpenUntil(until));
        Ok(not_before(until))
    }

    async fn close(&self) -> Result<(), Failure> {
        let provider = self.payments.name();
        let mut conn = self.pool.acquire().await?;
        if circuits::close(&mut conn, provider).await? {
            tracing::warn!(provider, "{provider} lets us in again: what waited goes on");
        }
        self.see(Seen::Closed);
        Ok(())
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn see(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

fn not_before(until: DateTime<Utc>) -> Failure {
    let wait = (until - machine_now()).to_std().unwrap_or_default();
    Failure::NotYet { wait: wait.max(Duration::from_millis(100)) }
}
