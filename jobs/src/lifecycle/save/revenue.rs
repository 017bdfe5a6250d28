//! What decisions were for recurring revenue. Those that change none of it (renewals, above all)
//! leave nothing to write.

use std::collections::BTreeMap;

use perennial_core::analytics::{Cause, Change, History, Kind, Movement, Mrr, Standing};
use perennial_core::lifecycle::{Edge, Effect, Subscription};
use perennial_core::money::MoneyError;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Decided;
use crate::store::mrr::{
    self, CohortRow, CohortRows, MovementRow, MovementRows, TotalRow, TotalRows,
};

/// Changes of one transaction, by customer and currency.
#[derive(Default)]
pub(super) struct Revenue {
    changed: BTreeMap<(Uuid, String), Vec<Changed>>,
    cohorts: BTreeMap<Uuid, CohortRow>,
}

/// A change of what one subscription contributes.
struct Changed {
    change: Change,
    subscription: Uuid,
    decision: i64,
    at: chrono::DateTime<chrono::Utc>,
    plan_before: Option<Uuid>,
    plan_after: Uuid,
}

impl Revenue {
    /// Takes up what a decision changed.
    pub(super) fn take(&mut self, decided: &Decided) -> sqlx::Result<()> {
        let customer = decided.after.customer.0;
        if starts(decided) {
            let at = decided.loaded.now;
            let row = CohortRow { customer_id: customer, subscription_at: at, purchase_at: None };
            self.cohorts.entry(customer).or_insert(row);
        }
        if let Some(changed) = changed(decided).map_err(does_not_fit)? {
            let currency = decided.after.currency.code().to_owned();
            self.changed.entry((customer, currency)).or_default().push(changed);
        }
        Ok(())
    }

    /// Writes movements, with the customers' totals locked in their order.
    pub(super) async fn write(mut self, conn: &mut PgConnection) -> sqlx::Result<()> {
        if !self.changed.is_empty() {
            let (customers, currencies): (Vec<_>, Vec<_>) = self.changed.keys().cloned().unzip();
            let mut totals = mrr::lock(&mut *conn, &customers, &currencies).await?;
            let mut movements = MovementRows::default();
            for (whose, changes) in std::mem::take(&mut self.changed) {
                let total = totals.get_mut(&whose).ok_or(sqlx::Error::RowNotFound)?;
                let movement = moved(total, &changes).map_err(does_not_fit)?;
                self.purchased(&whose, movement, &changes);
                for changed in &changes {
                    let row = row(&whose, changed, movement, total).map_err(does_not_fit)?;
                    movements.push(row);
                }
            }
            mrr::insert(&mut *conn, &movements).await?;
            mrr::save(&mut *conn, &total_rows(totals)).await?;
        }
        let mut cohorts = CohortRows::default();
        self.cohorts.into_values().for_each(|row| cohorts.push(row));
        mrr::note_cohorts(conn, &cohorts).await
    }

    /// A customer's first revenue is their first purchase.
    fn purchased(
        &mut self,
        (customer, _): &(Uuid, String),
        movement: Option<Movement>,
        changes: &[Changed],
    ) {
        let new = movement.is_some_and(|movement| movement.kind == Kind::New);
        if let Some(first) = changes.first().filter(|_| new) {
            let at = first.at;
            let row = CohortRow { customer_id: *customer, subscription_at: at, purchase_at: None };
            self.cohorts.entry(*customer).or_insert(row).purchase_at = Some(at);
        }
    }
}

impl Decided {
    /// Whether the decision is that the subscription begins.
    fn begins(&self) -> bool {
        self.loaded.version == 0
    }
}

/// Whether the subscription begins with this decision, be it as it was scheduled.
fn starts(decided: &Decided) -> bool {
    let started = |effect: &Effect| matches!(effect, Effect::Moved { edge: Edge::Started, .. });
    decided.effects.iter().any(started)
}

fn changed(decided: &Decided) -> Result<Option<Changed>, MoneyError> {
    let (before, after) = (&decided.loaded.subscription, &decided.after);
    if !decided.begins() && contributes_alike(before, after) {
        return Ok(None);
    }
    let was = if decided.begins() { Mrr::ZERO } else { Mrr::of(before)? };
    let change = Change {
        before: was,
        after: Mrr::of(after)?,
        cause: Cause::of(before.state.status(), after.state.status()),
    };
    // A plan that takes over what another contributed is told of too; where nothing is contributed
    // there is nothing to tell.
    let another_plan = before.plan != after.plan && !was.is_zero();
    Ok((change.before != change.after || another_plan).then(|| Changed {
        change,
        subscription: after.id.0,
        decision: decided.version(),
        at: decided.loaded.now,
        plan_before: (!was.is_zero()).then_some(before.plan.0),
        plan_after: after.plan.0,
    }))
}

/// Spares a renewal the arithmetic.
fn contributes_alike(before: &Subscription, after: &Subscription) -> bool {
    before.state.status().recurs() == after.state.status().recurs()
        && before.items == after.items
        && before.plan == after.plan
}

/// What the changes were for the customer, whose total they move.
fn moved(total: &mut Standing, changes: &[Changed]) -> Result<Option<Movement>, MoneyError> {
    let changes: Vec<Change> = changes.iter().map(|changed| changed.change).collect();
    total.take(&changes)
}

fn row(
    (customer, currency): &(Uuid, String),
    changed: &Changed,
    movement: Option<Movement>,
    total: &Standing,
) -> Result<MovementRow, MoneyError> {
    let Change { before, after, .. } = changed.change;
    let amount = after.minus(before)?;
    Ok(MovementRow {
        customer_id: *customer,
        currency: currency.clone(),
        subscription_id: changed.subscription,
        decision: changed.decision,
        at: changed.at,
        kind: movement.map_or("internal", |movement| movement.kind.as_str()).to_owned(),
        amount_numer: amount.numer().to_string(),
        amount_denom: amount.denom().to_string(),
        before_numer: before.numer().to_string(),
        before_denom: before.denom().to_string(),
        plan_before: changed.plan_before,
        after_numer: after.numer().to_string(),
        after_denom: after.denom().to_string(),
        plan_after: changed.plan_after,
        total_numer: total.total.numer().to_string(),
        total_denom: total.total.denom().to_string(),
    })
}

fn total_rows(totals: mrr::Totals) -> TotalRows {
    let mut rows = TotalRows::default();
    for ((customer_id, currency), Standing { total, history }) in totals {
        rows.push(TotalRow {
            customer_id,
            currency,
            numer: total.numer().to_string(),
            denom: total.denom().to_string(),
            ever_paid: history == History::HasPaid,
        });
    }
    rows
}

fn does_not_fit(error: MoneyError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}
