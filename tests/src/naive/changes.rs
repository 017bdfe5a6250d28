//! What each decision changed about revenue, and what that was for the customer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::rows::{Rows, Sold};
use super::stocks::Part;
use super::{Figures, Naive, PER_MONTH, count, fraction, put};

/// What changed for a customer in one currency by what was decided together.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub(super) at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    pub(super) customer: Uuid,
    pub(super) currency: String,
    pub(super) kind: &'static str,
    pub(super) amount: i128,
    /// Of which subscriptions that is (as they are counted), with the plan they have then.
    pub(super) parts: Vec<(usize, String, i128)>,
}

/// Where a subscription stands.
#[derive(Debug, Clone)]
pub(super) struct Stands {
    pub(super) status: String,
    pub(super) plan: String,
    /// What it contributes.
    pub(super) monthly: i128,
}

impl Sold {
    /// Where it stood after so many of its edges; `None`: it had not begun.
    fn after(&self, edges: usize) -> Option<Stands> {
        let passed = &self.steps[..edges];
        let status = passed.last()?.to_status.clone();
        let downgraded = passed.iter().any(|step| step.edge == "downgraded");
        let (plan, monthly) = if downgraded { &self.after } else { &self.before };
        let recurs = matches!(status.as_str(), "active" | "past_due" | "grace");
        Some(Stands { status, plan: plan.clone(), monthly: if recurs { *monthly } else { 0 } })
    }

    /// Where it stood just before an instant.
    pub(super) fn stands(&self, until: DateTime<Utc>) -> Option<Stands> {
        self.after(self.steps.iter().filter(|step| step.at < until).count())
    }

    /// Its decisions: the edges before, and those up to its end.
    fn decisions(&self) -> Vec<(usize, usize)> {
        let mut decisions = Vec::new();
        let mut from = 0;
        while from < self.steps.len() {
            let version = self.steps[from].version;
            let to =
                from + self.steps[from..].iter().take_while(|it| it.version == version).count();
            decisions.push((from, to));
            from = to;
        }
        decisions
    }
}

/// A change of one subscription.
struct Change {
    at: DateTime<Utc>,
    before: i128,
    after: i128,
    of: usize,
    plan: String,
    unpaid: bool,
}

/// Customer and currency, by what was decided together.
type Together = BTreeMap<(DateTime<Utc>, DateTime<Utc>, Uuid, String), Vec<Change>>;

/// All movements, in their order.
pub(super) fn moved(rows: &Rows) -> Vec<Moved> {
    let mut together = Together::new();
    for (of, sold) in rows.sold.iter().enumerate() {
        for (from, to) in sold.decisions() {
            let (last, edges) = (&sold.steps[to - 1], &sold.steps[from..to]);
            let before = sold.after(from).map_or(0, |stands| stands.monthly);
            let after = sold.after(to).expect("it has begun");
            if before == after.monthly {
                continue;
            }
            let unpaid = ["grace_expired", "suspended", "downgraded"];
            let change = Change {
                at: last.at,
                before,
                after: after.monthly,
                of,
                plan: after.plan,
                unpaid: edges.iter().any(|edge| unpaid.contains(&edge.edge.as_str())),
            };
            let whose = (last.at, last.recorded_at, sold.customer, sold.currency.clone());
            together.entry(whose).or_default().push(change);
        }
    }
    let mut totals = BTreeMap::<(Uuid, String), i128>::new();
    let mut movements = Vec::new();
    for ((at, recorded_at, customer, currency), changes) in together {
        let whose = (customer, currency.clone());
        let known = totals.contains_key(&whose);
        let total = totals.entry(whose).or_default();
        let amount: i128 = changes.iter().map(|change| change.after - change.before).sum();
        let kind = kind(*total, amount, known, &changes);
        *total += amount;
        let parts =
            changes.iter().map(|it| (it.of, it.plan.clone(), it.after - it.before)).collect();
        assert!(changes.iter().all(|change| change.at == at));
        if let Some(kind) = kind {
            movements.push(Moved { at, recorded_at, customer, currency, kind, amount, parts });
        }
    }
    movements.sort_by_key(|moved| (moved.at, moved.recorded_at));
    movements
}

fn kind(total: i128, amount: i128, known: bool, changes: &[Change]) -> Option<&'static str> {
    let lost = changes.iter().filter(|change| change.after < change.before);
    let unpaid = lost.clone().count() > 0 && lost.clone().all(|change| change.unpaid);
    Some(match (total, total + amount) {
        (before, after) if before == after => return None,
        (0, _) if !known => "new",
        (0, _) => "reactivation",
        (_, 0) if unpaid => "churn_involuntary",
        (_, 0) => "churn_voluntary",
        _ if amount > 0 => "expansion",
        _ => "contraction",
    })
}

impl Naive {
    pub(super) fn movements_within(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = &Moved> {
        self.moved.iter().filter(move |moved| moved.at >= since && moved.at < until)
    }

    /// The movements of a span, by kind.
    pub(super) fn movements(&self, since: DateTime<Utc>, until: DateTime<Utc>, out: &mut Figures) {
        let mut sums = BTreeMap::<(&str, &str, Part), i128>::new();
        let mut times = BTreeMap::<(&str, &str, Part), BTreeSet<(Uuid, DateTime<Utc>)>>::new();
        for moved in self.movements_within(since, until) {
            for (of, plan, amount) in &moved.parts {
                let mut parts = self.parts_paying(&self.rows.sold[*of]);
                // Whoever is downgraded leaves a plan and takes another: which of them moved is a
                // matter of taste.
                if !matches!(moved.kind, "contraction" | "churn_involuntary") {
                    parts.push(("plan", plan.clone()));
                }
                for part in parts {
                    let whose = (moved.kind, moved.currency.as_str(), part);
                    times.entry(whose.clone()).or_default().insert((moved.customer, moved.at));
                    *sums.entry(whose).or_default() += amount;
                }
            }
        }
        for ((kind, currency, (breakdown, key)), sum) in sums {
            let name = format!("movement_{kind}");
            put(out, (&name, currency, breakdown, &key), fraction(sum, PER_MONTH));
        }
        for ((kind, currency, (breakdown, key)), customers) in times {
            let name = format!("movement_{kind}_count");
            put(out, (&name, currency, breakdown, &key), (count(&customers), 1));
        }
    }
}
