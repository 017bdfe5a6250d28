//! How a subscription begins.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use perennial_core::calendar::{Anchor, Interval, Period};
use perennial_core::currency::Currency;
use perennial_core::dunning::DunningPolicy;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::lifecycle::{
    self as core, Item, NoticesSent, Refused, Start, State, Subscription,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Journal;
use super::load::{Loaded, balances, methods_of};
use super::save::{Batch, Decided};
use crate::store::methods::{self, MethodRow};
use crate::store::subscriptions::NewSubscription;
use crate::store::{ledger, meters};

/// What was agreed.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) id: SubscriptionId,
    pub(crate) customer: CustomerId,
    pub(crate) clock_id: Uuid,
    pub(crate) item: Item,
    pub(crate) plan_name: String,
    pub(crate) currency: Currency,
    pub(crate) anchor: Anchor,
    pub(crate) interval: Interval,
    pub(crate) trial_end: Option<DateTime<Utc>>,
    pub(crate) policy_id: Uuid,
    pub(crate) policy: Arc<DunningPolicy>,
    /// When it begins: the event's own time, which may lie before processing, or what it says.
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

/// Why a subscription did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A caller's transaction holds a meter or the balance of the customer.
    #[error("rows of the customer are held by another service")]
    Held,
    #[error("{}", crate::store::Said(.0))]
    Database(#[from] sqlx::Error),
}

/// Begins a subscription within the caller's transaction.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    provider: &'static str,
    terms: Terms,
    by: &'static str,
) -> Result<Journal, BeginError> {
    // Another subscription of the customer may be spending the same balance.
    let customers = [terms.customer.0];
    let held = balances(&mut *conn, &customers).await?.held;
    if !held.is_empty() || !meters::take(&mut *conn, &customers).await?.is_empty() {
        return Err(BeginError::Held);
    }
    let (journal, refused) = begin_all(conn, provider, vec![terms], by).await?;
    match refused.into_iter().next() {
        Some((_, refused)) => Err(refused.into()),
        None => Ok(journal),
    }
}

/// Subscriptions that cannot be, and why.
type RefusedOnes = Vec<(SubscriptionId, Refused)>;

/// Begins subscriptions of distinct customers within the caller's transaction, which has locked the
/// customers and their meters. Returns those that cannot be; they leave nothing.
pub(crate) async fn begin_all(
    conn: &mut PgConnection,
    provider: &'static str,
    all: Vec<Terms>,
    by: &'static str,
) -> sqlx::Result<(Journal, RefusedOnes)> {
    let customers: Vec<Uuid> = all.iter().map(|terms| terms.customer.0).collect();
    let methods = methods::load(&mut *conn, &customers).await?;
    let balances = ledger::balances(&mut *conn, &customers).await?;
    let (mut new, mut refused) = (Vec::with_capacity(all.len()), Vec::new());
    for terms in all {
        let id = terms.id;
        let methods: Vec<_> =
            methods.iter().filter(|row| row.customer_id == terms.customer.0).cloned().collect();
        let balance_minor = balances
            .iter()
            .find(|(customer, currency, _)| {
                *customer == terms.customer.0 && currency == terms.currency.code()
            })
            .map_or(0, |(_, _, sum)| *sum);
        match decide(terms, methods, balance_minor, by) {
            Ok(decided) => new.push(decided),
            Err(why) => refused.push((id, why)),
        }
    }
    if new.is_empty() {
        return Ok((Journal::default(), refused));
    }
    Ok((Batch::new(provider).write_new(conn, new).await?, refused))
}

fn decide(
    terms: Terms,
    method_rows: Vec<MethodRow>,
    balance_minor: i64,
    by: &'static str,
) -> Result<(NewSubscription, Decided), Refused> {
    let draft = Subscription {
        id: terms.id,
        customer: terms.customer,
        plan: terms.item.plan,
        // Both are decided by `start`.
        state: State::Active,
        period: Period { index: 0, start: terms.now, end: terms.now },
        cycle: terms.anchor.every(terms.interval),
        currency: terms.currency,
        items: vec![terms.item.clone()],
        started_at: terms.started_at,
        cancel_requested_at: None,
        notices: NoticesSent::default(),
        parked: None,
        invoices: vec![],
        methods: methods_of(&method_rows),
        pending: vec![],
        balance_minor,
    };
    let start = terms.trial_end.map_or(Start::Service, |ends_at| Start::Trial { ends_at });
    let context = core::Context { policy: &terms.policy, now: terms.now, downgrade: None };
    let decision = core::start(draft.clone(), start, context)?;
    let loaded = Loaded {
        subscription: draft,
        now: terms.now,
        policy: Arc::clone(&terms.policy),
        policy_id: terms.policy_id,
        version: 0,
        clock_id: terms.clock_id,
        plan_name: terms.plan_name.clone(),
        numbers: HashMap::new(),
        methods: method_rows.into_iter().map(|row| (row.id.into(), row)).collect(),
        downgrade: None,
        downgrade_plan: None,
    };
    let decided =
        Decided { loaded, after: decision.after, effects: decision.effects, by, cause: None };
    Ok((row(&terms), decided))
}

fn row(terms: &Terms) -> NewSubscription {
    NewSubscription {
        id: terms.id.0,
        customer_id: terms.customer.0,
        clock_id: terms.clock_id,
        currency: terms.currency.code().to_owned(),
        anchor_local: terms.anchor.local,
        anchor_zone: terms.anchor.zone.name().to_owned(),
        interval_unit: terms.interval.unit().as_str().to_owned(),
        interval_count: i32::try_from(terms.interval.count()).unwrap_or(i32::MAX),
        started_at: terms.started_at,
        trial_end: terms.trial_end,
        policy_id: terms.policy_id,
    }
}
