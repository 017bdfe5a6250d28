//! From rows to what a decision sees, for many subscriptions at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use perennial_core::calendar::{Anchor, Interval, Period, Unit};
use perennial_core::currency::Currency;
use perennial_core::dunning::{DunningPolicy, EndAction};
use perennial_core::ids::{InvoiceId, PaymentMethodId, SubscriptionId};
use perennial_core::lifecycle::{
    Action, Case, Ended, Event, Invoice, Item, Method, NoticesSent, Parked, PauseReason,
    PendingItem, State, Status, Subscription,
};
use perennial_core::network::Network;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Cause, Request};
use crate::context::Policies;
use crate::store::cases::{self, CaseRow};
use crate::store::invoices::{self, InvoiceRow};
use crate::store::items::{self, ItemRow};
use crate::store::methods::{self, MethodRow};
use crate::store::pending_items::{self, PendingItemRow};
use crate::store::subscriptions::{self, SubscriptionRow};
use crate::store::{CorruptRow, catalog, customers, ledger, meters, word};
use crate::usage::{self, Whose};

/// The networks' longest window for re-attempts.
const REATTEMPTS_WINDOW: TimeDelta = TimeDelta::days(35);

/// A locked subscription with all that deciding and saving needs.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) subscription: Subscription,
    pub(crate) now: DateTime<Utc>,
    pub(crate) policy: Arc<DunningPolicy>,
    /// The policy version of the open case, else the subscription's own.
    pub(super) policy_id: Uuid,
    pub(super) version: i64,
    pub(super) clock_id: Uuid,
    pub(super) plan_name: String,
    /// Numbers of the invoices among `subscription.invoices`.
    pub(super) numbers: HashMap<InvoiceId, i64>,
    pub(super) methods: HashMap<PaymentMethodId, MethodRow>,
    pub(super) downgrade: Option<Vec<Item>>,
    /// The name of the plan that `downgrade` is of.
    pub(super) downgrade_plan: Option<String>,
}

/// Subscriptions that were asked for and exist.
#[derive(Debug)]
pub(super) struct LoadedSet {
    pub(super) loaded: Vec<Loaded>,
    /// A caller's transaction holds a meter or the balance of their customers.
    pub(super) held: HashSet<SubscriptionId>,
}

/// Locks and loads subscriptions, with their unfinished invoices and the closed ones that are named.
pub(super) async fn load(
    conn: &mut PgConnection,
    policies: &Policies,
    ids: &[Uuid],
    closed_invoices: &[Uuid],
) -> sqlx::Result<LoadedSet> {
    let mut rows = subscriptions::lock(&mut *conn, ids).await?;
    let held_by_callers = close_periods(&mut *conn, &rows).await?;
    let mut held = HashSet::new();
    leave_out(&mut rows, &held_by_callers, &mut held);
    let customers: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let Balances { known: balances, held: held_by_callers } =
        balances(&mut *conn, &customers).await?;
    leave_out(&mut rows, &held_by_callers, &mut held);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let ids = ids.as_slice();
    let customers: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let cases: Vec<Uuid> = rows.iter().filter_map(|row| row.dunning_case_id).collect();
    let items = group(items::load(&mut *conn, ids).await?, |row| row.subscription_id);
    let invoices = group(invoices::unfinished(&mut *conn, ids, closed_invoices).await?, |row| {
        row.subscription_id
    });
    let methods = group(methods::load(&mut *conn, &customers).await?, |row| row.customer_id);
    let cases = group(cases::open(&mut *conn, &cases).await?, |row| row.subscription_id);
    let pending = group(pending_items::load(&mut *conn, ids).await?, |row| row.subscription_id);
    let balances = group(balances, |row| row.0);
    let reattempts = reattempts(&mut *conn, &rows, &methods).await?;
    let mut loaded = Vec::with_capacity(rows.len());
    for row in rows {
        let case = cases.get(&row.id).and_then(|cases| cases.first());
        let policy_id = case.map_or(row.policy_id, |case| case.policy_id);
        let policy = policies.get(&mut *conn, policy_id).await?;
        let parts = Parts {
            items: items.get(&row.id).map_or(&[], Vec::as_slice),
            invoices: invoices.get(&row.id).map_or(&[], Vec::as_slice),
            methods: methods.get(&row.customer_id).map_or(&[], Vec::as_slice),
            reattempts: &reattempts,
            case,
            pending: pending.get(&row.id).map_or(&[], Vec::as_slice),
            balance_minor: balances
                .get(&row.customer_id)
                .and_then(|balances| {
                    balances.iter().find(|(_, currency, _)| *currency == row.currency)
                })
                .map_or(0, |(_, _, sum)| *sum),
        };
        loaded.push(assemble(row, parts, policy, policy_id)?);
    }
    Ok(LoadedSet { loaded, held })
}

/// Leaves out the subscriptions of customers whom nobody waits for.
fn leave_out(
    rows: &mut Vec<SubscriptionRow>,
    customers: &[Uuid],
    held: &mut HashSet<SubscriptionId>,
) {
    rows.retain(|row| {
        let free = !customers.contains(&row.customer_id);
        if !free {
            held.insert(row.id.into());
        }
        free
    });
}

/// Locks and loads one subscription.
pub(crate) async fn load_one(
    conn: &mut PgConnection,
    policies: &Policies,
    id: Uuid,
) -> sqlx::Result<Option<Loaded>> {
    Ok(load(conn, policies, &[id], &[]).await?.loaded.pop())
}

/// Usage whose period has ended by now is priced before anything is billed: a renewal at the same
/// instant has it on its invoice, and one final invoice has that of all meters. Answers with the
/// customers whose meters a caller holds.
async fn close_periods(
    conn: &mut PgConnection,
    rows: &[SubscriptionRow],
) -> sqlx::Result<Vec<Uuid>> {
    let mut of: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let over = |row: &&SubscriptionRow| row.period_end <= row.now || row.ended_at.is_some();
    for row in rows.iter().filter(over) {
        of.entry(row.clock_id).or_default().push(row.customer_id);
    }
    let mut held = Vec::new();
    for (clock, customers) in &mut of {
        let theirs = meters::take_due(&mut *conn, *clock, customers).await?;
        customers.retain(|customer| !theirs.contains(customer));
        while usage::close_step(&mut *conn, *clock, Whose::Of(customers), i32::MAX).await? > 0 {}
        held.extend(theirs);
    }
    Ok(held)
}

/// What customers have as credit, or owe beside their invoices.
#[derive(Debug)]
pub(super) struct Balances {
    pub(super) known: Vec<(Uuid, String, i64)>,
    /// Customers whose balance cannot be spent, since a caller holds it.
    pub(super) held: Vec<Uuid>,
}

/// Balances, which another subscription of the same customer may be spending: those that are not
/// zero are read again under lock.
pub(super) async fn balances(conn: &mut PgConnection, of: &[Uuid]) -> sqlx::Result<Balances> {
    let known = ledger::balances(&mut *conn, of).await?;
    let mut holders: Vec<Uuid> = known.iter().map(|(customer, ..)| *customer).collect();
    holders.dedup();
    if holders.is_empty() {
        return Ok(Balances { known, held: vec![] });
    }
    let locked = customers::lock_holders(&mut *conn, &holders).await?;
    let held = holders.into_iter().filter(|customer| !locked.contains(customer)).collect();
    Ok(Balances { known: ledger::balances(conn, of).await?, held })
}

fn group<Row>(rows: Vec<Row>, key: impl Fn(&Row) -> Uuid) -> HashMap<Uuid, Vec<Row>> {
    let mut groups: HashMap<Uuid, Vec<Row>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}

type Reattempts = HashMap<Uuid, Vec<DateTime<Utc>>>;

/// The networks' budgets concern re-attempts only: most batches are renewals and need none of this.
async fn reattempts(
    conn: &mut PgConnection,
    rows: &[SubscriptionRow],
    methods: &HashMap<Uuid, Vec<MethodRow>>,
) -> sqlx::Result<Reattempts> {
    let in_dunning =
        rows.iter().filter(|row| !matches!(row.status.as_str(), "active" | "trialing"));
    let several = rows
        .iter()
        .filter(|row| methods.get(&row.customer_id).is_some_and(|methods| methods.len() > 1));
    let of: Vec<Uuid> = in_dunning
        .chain(several)
        .filter_map(|row| methods.get(&row.customer_id))
        .flatten()
        .map(|method| method.id)
        .collect();
    let mut found = Reattempts::new();
    if let Some(earliest) = rows.iter().map(|row| row.now).min().filter(|_| !of.is_empty()) {
        for (method, at) in methods::reattempts(conn, &of, earliest - REATTEMPTS_WINDOW).await? {
            found.entry(method).or_default().push(at);
        }
    }
    Ok(found)
}

struct Parts<'a> {
    items: &'a [ItemRow],
    invoices: &'a [InvoiceRow],
    methods: &'a [MethodRow],
    reattempts: &'a Reattempts,
    case: Option<&'a CaseRow>,
    pending: &'a [PendingItemRow],
    balance_minor: i64,
}

fn assemble(
    row: SubscriptionRow,
    parts: Parts<'_>,
    policy: Arc<DunningPolicy>,
    policy_id: Uuid,
) -> sqlx::Result<Loaded> {
    let corrupt = |column, problem: String| CorruptRow {
        table: "subscriptions",
        column,
        id: row.id.to_string(),
        problem,
    };
    let zone = row
        .anchor_zone
        .parse()
        .map_err(|_| corrupt("anchor_zone", format!("no zone: {}", row.anchor_zone)))?;
    let interval = interval(&row.interval_unit, row.interval_count)
        .map_err(|problem| corrupt("interval_unit", problem))?;
    let currency =
        Currency::parse(&row.currency).map_err(|error| corrupt("currency", error.to_string()))?;
    let subscription = Subscription {
        id: SubscriptionId(row.id),
        customer: row.customer_id.into(),
        plan: row.plan_id.into(),
        state: state(&row, parts.case)?,
        cycle: Anchor::new(row.anchor_local, zone).every(interval),
        currency,
        items: parts.items.iter().map(item).collect(),
        started_at: row.started_at,
        period: Period { index: row.period_index, start: row.period_start, end: row.period_end },
        cancel_requested_at: row.cancel_requested_at,
        notices: NoticesSent {
            renewal: row.renewal_notice_index,
            card: row.card_notice_index,
            trial: row.trial_notice_at.is_some(),
            grace: row.grace_notice_at.is_some(),
        },
        parked: parked(&row)?,
        invoices: parts.invoices.iter().map(invoice).collect::<sqlx::Result<_>>()?,
        methods: parts
            .methods
            .iter()
            .map(|method| self::method(method, parts.methods, parts.reattempts))
            .collect(),
        pending: parts.pending.iter().map(pending_item).collect::<sqlx::Result<_>>()?,
        balance_minor: parts.balance_minor,
    };
    Ok(Loaded {
        subscription,
        now: row.now,
        policy,
        policy_id,
        version: row.version,
        clock_id: row.clock_id,
        plan_name: row.plan_name,
        numbers: parts.invoices.iter().map(|invoice| (invoice.id.into(), invoice.number)).collect(),
        methods: parts.methods.iter().map(|method| (method.id.into(), method.clone())).collect(),
        downgrade: None,
        downgrade_plan: None,
    })
}

/// Reads an interval as stored.
pub(crate) fn interval(unit: &str, count: i32) -> Result<Interval, String> {
    let unit = match unit {
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "year" => Unit::Year,
        other => return Err(format!("`{other}` is no interval: day, week, month or year")),
    };
    let count = u32::try_from(count).map_err(|error| error.to_string())?;
    Interval::new(unit, count).map_err(|error| error.to_string())
}

fn state(row: &SubscriptionRow, case: Option<&CaseRow>) -> sqlx::Result<State> {
    let missing = |column| CorruptRow {
        table: "subscriptions",
        column,
        id: row.id.to_string(),
        problem: format!("is null although the status is {}", row.status),
    };
    let case = || case.map(self::case).ok_or_else(|| missing("dunning_case_id"));
    let until = || row.status_until.ok_or_else(|| missing("status_until"));
    let ended = || row.ended_at.map(|at| Ended { at }).ok_or_else(|| missing("ended_at"));
    Ok(match word("subscriptions", "status", row.id, &row.status)? {
        Status::Scheduled => State::Scheduled { trial_end: row.trial_end },
        Status::Incomplete => State::Incomplete { until: until()? },
        Status::Trialing => {
            State::Trialing { ends_at: row.trial_end.ok_or_else(|| missing("trial_end"))? }
        }
        Status::Active => State::Active,
        Status::PastDue => State::PastDue { case: case()? },
        Status::Grace => State::Grace { case: case()?, until: until()? },
        Status::Paused => State::Paused(PauseReason::NoPaymentMethod),
        Status::Unpaid => State::Unpaid { case: case()? },
        Status::Canceled => State::Canceled(ended()?),
        Status::Expired => State::Expired(ended()?),
    })
}

fn parked(row: &SubscriptionRow) -> sqlx::Result<Option<Parked>> {
    let Some((kind, reason)) = row.parked_kind.as_ref().zip(row.parked_reason.clone()) else {
        return Ok(None);
    };
    let kind = word("subscriptions", "parked_kind", row.id, kind)?;
    Ok(Some(Parked { kind, reason, since: row.parked_at.unwrap_or(row.now) }))
}

fn case(row: &CaseRow) -> Case {
    Case {
        id: row.id.into(),
        failed_at: row.failed_at,
        next_rung: usize::try_from(row.next_rung).unwrap_or(usize::MAX),
        postponed_to: row.not_before,
        attempts: row.attempts_made,
        last_code: row.last_decline_code.clone(),
    }
}

fn item(row: &ItemRow) -> Item {
    Item {
        price: row.price_id.into(),
        plan: row.plan_id.into(),
        description: if row.quantity == 1 {
            row.plan_name.clone()
        } else {
            format!("{}, {} seats", row.plan_name, row.quantity)
        },
        quantity: row.quantity,
        unit_amount_minor: row.unit_amount_minor,
        setup_fee_minor: row.setup_fee_minor,
    }
}

fn pending_item(row: &PendingItemRow) -> sqlx::Result<PendingItem> {
    Ok(PendingItem {
        id: row.id.into(),
        kind: word("pending_invoice_items", "kind", row.id, &row.kind)?,
        description: row.description.clone(),
        quantity: row.quantity,
        amount_minor: row.amount_minor,
        used_in: row.period_start..row.period_end,
    })
}

fn invoice(row: &InvoiceRow) -> sqlx::Result<Invoice> {
    Ok(Invoice {
        id: row.id.into(),
        kind: word("invoices", "kind", row.id, &row.kind)?,
        period: Period { index: row.period_index, start: row.starts_at, end: row.ends_at },
        total_minor: row.total_minor,
        carried_minor: row.carried_minor,
        settled_minor: row.settled_minor,
        credited_minor: row.credited_minor,
        written_off_minor: match row.status.as_str() {
            "uncollectible" => row.total_minor - row.settled_minor - row.credited_minor,
            _ => 0,
        },
        open: row.status == "open",
        attempts: row.attempts,
        in_flight: row.in_flight.map(Into::into),
        occasion: word("payments", "occasion", row.id, &row.occasion)?,
    })
}

fn method(row: &MethodRow, all: &[MethodRow], reattempts: &Reattempts) -> Method {
    let network = row.network.as_deref().unwrap_or(&row.kind);
    Method {
        id: row.id.into(),
        card: card(row, all).into(),
        network: Network::parse(network),
        expires_at: row.expires_at,
        blocked: row.blocked_reason.clone(),
        not_before: row.not_before,
        recent_attempts: reattempts.get(&row.id).cloned().unwrap_or_default(),
    }
}

/// The first of the customer's methods that is the same card.
fn card(row: &MethodRow, all: &[MethodRow]) -> Uuid {
    let same =
        |other: &&MethodRow| row.fingerprint.is_some() && other.fingerprint == row.fingerprint;
    all.iter().find(same).unwrap_or(row).id
}

/// Methods of a customer that has no subscription yet.
pub(crate) fn methods_of(rows: &[MethodRow]) -> Vec<Method> {
    rows.iter().map(|row| method(row, rows, &Reattempts::new())).collect()
}

/// Methods of a customer with the re-attempts that the networks' budgets count.
pub(crate) async fn counted(
    conn: &mut PgConnection,
    rows: &[MethodRow],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Method>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut found = Reattempts::new();
    for (method, at) in methods::reattempts(conn, &ids, now - REATTEMPTS_WINDOW).await? {
        found.entry(method).or_default().push(at);
    }
    Ok(rows.iter().map(|row| method(row, rows, &found)).collect())
}

/// Looks up what the policy's downgrade leads to, where grace may end with this request.
pub(super) async fn downgrade_if_due(
    conn: &mut PgConnection,
    loaded: &mut Loaded,
    request: &Request,
) -> sqlx::Result<()> {
    let Cause::Event(Event::Due { action: Action::ExpireGrace, .. }) = request.cause else {
        return Ok(());
    };
    let EndAction::Downgrade(plan) = &loaded.policy.end else { return Ok(()) };
    let interval = loaded.subscription.cycle.interval;
    let wanted = catalog::Wanted {
        plan,
        customer: loaded.subscription.customer.0,
        currency: loaded.subscription.currency.code(),
        interval_unit: interval.unit().as_str(),
        interval_count: i32::try_from(interval.count()).unwrap_or(i32::MAX),
    };
    if let Some(price) = catalog::price_or_former(conn, &wanted).await? {
        loaded.downgrade = Some(vec![Item {
            price: price.price_id.into(),
            plan: price.plan_id.into(),
            description: price.plan_name.clone(),
            quantity: 1,
            unit_amount_minor: price.unit_amount_minor,
            setup_fee_minor: 0,
        }]);
        loaded.downgrade_plan = Some(price.plan_name);
    }
    Ok(())
}
