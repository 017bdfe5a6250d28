//! Sign-ups of many customers in one set-based transaction, so that a bulk of them takes a few
//! connections and the invoice series once for all.
//!
//! Takes the plain ones only: whatever is refused, negotiated, held by somebody else or new in any
//! way is left, unchanged, to [`super::process_next`], which takes customers one by one.

use std::collections::{HashMap, HashSet};

use futures::future::BoxFuture;
use perennial_core::dunning::EndAction;
use perennial_core::ids::{CustomerId, SubscriptionId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::BY;
use super::subscription::{Known, SubscriptionCreated};
use crate::coalesce::Serve;
use crate::context::Policies;
use crate::lifecycle::{Terms, begin_all};
use crate::store::customers::SignUpRow;
use crate::store::events::{self, EventRow};
use crate::store::{catalog, customers, meters, policies, subscriptions};
use crate::waiting;

/// Begins what customers have signed up for, in groups. Answers whether a customer's next event was
/// a sign-up and is done.
#[derive(Debug)]
pub(crate) struct SignUps {
    pool: PgPool,
    policies: Policies,
    provider: &'static str,
}

/// A sign-up that can be looked at.
struct Wish {
    event: EventRow,
    data: SubscriptionCreated,
    customer: SignUpRow,
}

impl SignUps {
    pub(crate) fn new(pool: PgPool, policies: Policies, provider: &'static str) -> Self {
        Self { pool, policies, provider }
    }

    /// Those whose next event is done.
    async fn commit(&self, customers: &[Uuid]) -> sqlx::Result<HashSet<Uuid>> {
        let mut transaction = waiting::begin(&self.pool).await?;
        let wishes = wishes(&mut transaction, customers).await?;
        if wishes.is_empty() {
            // At once: their turns are wanted one by one now.
            transaction.rollback().await?;
            return Ok(HashSet::new());
        }
        let (mut seqs, terms) = self.terms(&mut transaction, wishes).await?;
        let mut begun: HashMap<SubscriptionId, Uuid> =
            terms.iter().map(|terms| (terms.id, terms.customer.0)).collect();
        let (journal, refused) = begin_all(&mut transaction, self.provider, terms, BY).await?;
        for (refused, _) in refused {
            begun.remove(&refused);
        }
        seqs.retain(|(_, subscription)| begun.contains_key(subscription));
        let seqs: Vec<i64> = seqs.into_iter().map(|(seq, _)| seq).collect();
        events::all_processed(&mut transaction, &seqs).await?;
        crate::crash_point!("inbox.C2");
        transaction.commit().await?;
        crate::crash_point!("inbox.C7");
        journal.log();
        Ok(begun.into_values().collect())
    }

    /// What was agreed, as far as nothing stands in the way.
    async fn terms(
        &self,
        conn: &mut PgConnection,
        wishes: Vec<Wish>,
    ) -> sqlx::Result<(Vec<(i64, SubscriptionId)>, Vec<Terms>)> {
        let names: Vec<String> = wishes.iter().map(|wish| wish.data.policy().to_owned()).collect();
        let latest = policies::latest_of(&mut *conn, &names).await?;
        let wanted: Vec<_> = wishes
            .iter()
            .filter_map(|wish| wish.data.wanted(CustomerId(wish.customer.id)).ok())
            .collect();
        let prices = catalog::prices(&mut *conn, &wanted).await?;
        let (mut seqs, mut all) = (Vec::new(), Vec::new());
        for (wish, price) in wishes.into_iter().zip(prices) {
            let (Some(price), Some(policy_id)) = (price, latest.get(wish.data.policy())) else {
                continue;
            };
            let policy = self.policies.get(&mut *conn, *policy_id).await?;
            if matches!(policy.end, EndAction::Downgrade(_)) {
                continue;
            }
            let Wish { event, data, customer: SignUpRow { id, clock_id, time_zone, now } } = wish;
            let (customer, policy_id) = (CustomerId(id), *policy_id);
            let known = Known { customer, clock_id, time_zone, now, price, policy_id, policy };
            if let Ok(terms) = data.terms(&event, known) {
                seqs.push((event.seq, terms.id));
                all.push(terms);
            }
        }
        Ok((seqs, all))
    }
}

/// The next events that are sign-ups, with their customers locked.
async fn wishes(conn: &mut PgConnection, customers: &[Uuid]) -> sqlx::Result<Vec<Wish>> {
    let free = events::take_free_turns(&mut *conn, customers).await?;
    let events = events::next_sign_ups(&mut *conn, &free).await?;
    if events.is_empty() {
        return Ok(vec![]);
    }
    let whose: Vec<Uuid> = events.iter().map(|(customer, _)| *customer).collect();
    let subjects: Vec<Uuid> = events.iter().map(|(_, event)| event.subject).collect();
    let held = meters::take(&mut *conn, &whose).await?;
    let mut known: HashMap<Uuid, SignUpRow> = customers::lock_free(&mut *conn, &whose)
        .await?
        .into_iter()
        .filter(|row| !held.contains(&row.id))
        .map(|row| (row.id, row))
        .collect();
    let mut taken: HashSet<Uuid> =
        subscriptions::existing(conn, &subjects).await?.into_iter().collect();
    let wishes = events.into_iter().filter_map(|(customer, event)| {
        let data: SubscriptionCreated = serde_json::from_value(event.data.clone()).ok()?;
        let plain = !data.is_negotiated() && taken.insert(event.subject);
        let customer = known.remove(&customer).filter(|_| plain)?;
        data.wanted(CustomerId(customer.id)).ok()?;
        Some(Wish { event, data, customer })
    });
    Ok(wishes.collect())
}

impl Serve for SignUps {
    type Request = CustomerId;
    type Answer = bool;

    fn serve(&self, batch: Vec<CustomerId>) -> BoxFuture<'_, Vec<bool>> {
        Box::pin(async move {
            let customers: Vec<Uuid> = batch.iter().map(|customer| customer.0).collect();
            let done = self.commit(&customers).await.unwrap_or_else(|error| {
                tracing::debug!("sign-ups are taken one by one: {error}");
                HashSet::new()
            });
            customers.iter().map(|customer| done.contains(customer)).collect()
        })
    }
}
