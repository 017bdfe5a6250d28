//! What a job is given to work with.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::TimeDelta;
use perennial_core::dunning::DunningPolicy;
use perennial_core::email::RETRY_FIRST;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::circuit::Circuit;
use crate::coalesce::Coalesced;
use crate::inbox::SignUps;
use crate::lifecycle::Decider;
use crate::mail::{Mailbox, Mailer, Sender};
use crate::outbox::Outbox;
use crate::payments::PaymentProvider;
use crate::store::policies;
use crate::till::Till;

/// The ports and the store. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    /// The database.
    pub pool: PgPool,
    /// Where numbers of the business are read from: the same, or a replica of it.
    pub analytics: PgPool,
    /// Who moves money.
    pub payments: Arc<dyn PaymentProvider>,
    /// Who carries mail.
    pub mailer: Arc<dyn Mailer>,
    /// Who the mail is from.
    pub sender: Arc<Sender>,
    /// Where the team's digest goes; none: nowhere.
    pub digest_to: Option<Arc<Mailbox>>,
    /// More charges of one customer within an hour wait for an operator (the first of each
    /// subscription does not count).
    pub charges_per_customer_hour: u32,
    pub(crate) policies: Policies,
    pub(crate) circuit: Arc<Circuit>,
    pub(crate) lifecycle: Coalesced<Decider>,
    pub(crate) till: Coalesced<Till>,
    pub(crate) outbox: Coalesced<Outbox>,
    pub(crate) sign_ups: Coalesced<SignUps>,
    turns: Arc<Semaphore>,
}

/// Unless it is set otherwise: more than any customer wants, and few enough to refund by hand.
pub const CHARGES_PER_CUSTOMER_HOUR: u32 = 20;
/// Requests that become one transaction.
const BATCH_MAX: usize = 256;

impl Cx {
    /// Puts the ports together and starts the tasks that commit in groups. Within a Tokio runtime.
    #[must_use]
    pub fn new(
        pool: PgPool,
        payments: Arc<dyn PaymentProvider>,
        mailer: Arc<dyn Mailer>,
        sender: Sender,
    ) -> Self {
        let policies = Policies::default();
        let decider = Decider::new(pool.clone(), policies.clone(), payments.name());
        let sign_ups = SignUps::new(pool.clone(), policies.clone(), payments.name());
        let turns = pool.options().get_max_connections() / 2;
        Self {
            lifecycle: Coalesced::start(decider, 2, BATCH_MAX),
            till: Coalesced::start(Till::new(pool.clone(), payments.name()), 2, BATCH_MAX),
            outbox: Coalesced::start(Outbox::new(pool.clone(), RETRY_FIRST), 2, BATCH_MAX),
            circuit: Arc::new(Circuit::new(pool.clone(), Arc::clone(&payments))),
            sign_ups: Coalesced::start(sign_ups, 1, BATCH_MAX),
            turns: Arc::new(Semaphore::new(usize::try_from(turns).unwrap_or(1).max(1))),
            sender: Arc::new(sender),
            digest_to: None,
            charges_per_customer_hour: CHARGES_PER_CUSTOMER_HOUR,
            analytics: pool.clone(),
            pool,
            payments,
            mailer,
            policies,
        }
    }

    /// A turn for work that keeps a connection to itself. There are fewer turns than connections:
    /// however much of such work waits, decisions, payments and emails have theirs.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Reads numbers of the business from a replica.
    #[must_use]
    pub fn with_analytics(self, analytics: PgPool) -> Self {
        Self { analytics, ..self }
    }

    /// Lets so many charges of one customer through within an hour.
    #[must_use]
    pub fn with_charges_per_customer_hour(self, charges_per_customer_hour: u32) -> Self {
        Self { charges_per_customer_hour, ..self }
    }

    /// Waits so long after the first attempt that a mail server put off.
    #[must_use]
    pub fn with_mail_retry(self, first: TimeDelta) -> Self {
        let outbox = Outbox::new(self.pool.clone(), first);
        Self { outbox: Coalesced::start(outbox, 2, BATCH_MAX), ..self }
    }

    /// Sends the team's digest there.
    #[must_use]
    pub fn with_digest_to(self, team: Mailbox) -> Self {
        Self { digest_to: Some(Arc::new(team)), ..self }
    }
}

/// Policies that were read already: a version never changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    known: Arc<RwLock<HashMap<Uuid, Arc<DunningPolicy>>>>,
}

impl Policies {
    pub(crate) async fn get(
        &self,
        conn: &mut PgConnection,
        id: Uuid,
    ) -> sqlx::Result<Arc<DunningPolicy>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(policy) = known {
            return Ok(policy);
        }
        let policy = Arc::new(policies::load(conn, id).await?);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&policy));
        Ok(policy)
    }
}
