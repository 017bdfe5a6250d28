//! What there is at an instant, the rates that follow from it, and what was billed and paid.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Figures, Naive, PER_MONTH, fraction, month, put};

/// By what it is broken down, and which part.
type Part = (&'static str, String);

impl Naive {
    /// When each customer's first subscription began, and when it first was revenue.
    pub(super) fn arrivals(&self) -> BTreeMap<Uuid, (DateTime<Utc>, Option<DateTime<Utc>>)> {
        let mut arrivals = BTreeMap::<_, (DateTime<Utc>, Option<DateTime<Utc>>)>::new();
        for sold in &self.rows.sold {
            let began = sold.steps[0].at;
            let first = arrivals.entry(sold.customer).or_insert((began, None));
            first.0 = first.0.min(began);
        }
        for moved in self.moved.iter().filter(|moved| moved.amount > 0) {
            if let Some((_, purchased @ None)) = arrivals.get_mut(&moved.customer) {
                *purchased = Some(moved.at);
            }
        }
        arrivals
    }

    /// The region of the locale that was known when the customer came.
    fn country(&self, customer: Uuid, came: DateTime<Utc>) -> String {
        let known = self.rows.locales.get(&customer).into_iter().flatten();
        let locale = known.filter(|(at, locale)| *at <= came && !locale.is_empty()).last();
        let region = locale.and_then(|(_, locale)| locale.split('-').nth(1));
        // A customer whose locale nobody told is taken for an American.
        match (locale, region) {
            (None, _) => "US".to_owned(),
            (_, None) => "unknown".to_owned(),
            (_, Some(region)) => region.to_owned(),
        }
    }

    /// What there is at an instant.
    pub(super) fn stocks(&self, until: DateTime<Utc>, out: &mut Figures) {
        let arrivals = self.arrivals();
        let mut revenue = BTreeMap::<(String, Part), i128>::new();
        let mut customers = BTreeMap::<Part, BTreeSet<Uuid>>::new();
        let mut counts = BTreeMap::<(String, Part), i128>::new();
        for sold in &self.rows.sold {
            let Some(stands) = sold.stands(until) else { continue };
            let (subscribed, purchased) = arrivals[&sold.customer];
            let cohort = |at| month(at, self.zone).format("%Y-%m").to_string();
            let parts = |cohort: String| -> [Part; 6] {
                [
                    ("total", String::new()),
                    ("plan", stands.plan.clone()),
                    ("interval", sold.interval.clone()),
                    ("currency", sold.currency.clone()),
                    ("country", self.country(sold.customer, subscribed)),
                    ("cohort", cohort),
                ]
            };
            for part in parts(cohort(subscribed)) {
                let metric = format!("subscriptions_{}", stands.status);
                *counts.entry((metric, part)).or_default() += 1;
            }
            if stands.monthly == 0 {
                continue;
            }
            for part in parts(cohort(purchased.expect("who pays has begun to"))) {
                customers.entry(part.clone()).or_default().insert(sold.customer);
                if part.0 != "currency" {
                    *revenue.entry((sold.currency.clone(), part)).or_default() += stands.monthly;
                }
            }
        }
        for ((currency, (breakdown, key)), sum) in revenue {
            put(out, ("mrr", &currency, breakdown, &key), fraction(sum, PER_MONTH));
        }
        for ((breakdown, key), them) in customers {
            let count = i128::try_from(them.len()).expect("not that many");
            put(out, ("customers", "", breakdown, &key), (count, 1));
        }
        for ((metric, (breakdown, key)), count) in counts {
            put(out, (&metric, "", breakdown, &key), (count, 1));
        }
        self.outstanding(until, out);
    }

    /// Invoiced, and neither paid nor given up.
    fn outstanding(&self, until: DateTime<Utc>, out: &mut Figures) {
        let mut owed = BTreeMap::<&str, i128>::new();
        for bill in self.rows.bills.iter().filter(|bill| bill.finalized_at < until) {
            let given_up = bill.status != "paid" && bill.closed_at.is_some_and(|at| at < until);
            if !given_up {
                *owed.entry(&bill.currency).or_default() += i128::from(bill.total_minor);
            }
        }
        let paid = self.rows.charges.iter().filter(|charge| charge.status == "succeeded");
        for charge in paid.filter(|charge| charge.settled_at.is_some_and(|at| at < until)) {
            *owed.entry(&charge.currency).or_default() -= i128::from(charge.amount_minor);
        }
        for (currency, sum) in owed {
            put(out, ("outstanding", currency, "total", ""), (sum, 1));
        }
    }

    /// What was billed and paid within a span, and trials.
    pub(super) fn flows(&self, since: DateTime<Utc>, until: DateTime<Utc>, out: &mut Figures) {
        let within = |at: DateTime<Utc>| at >= since && at < until;
        let mut sums = BTreeMap::<(&str, &str), i128>::new();
        for bill in self.rows.bills.iter().filter(|bill| within(bill.finalized_at)) {
            *sums.entry(("billed", &bill.currency)).or_default() += i128::from(bill.total_minor);
        }
        for charge in self.rows.charges.iter().filter(|it| it.settled_at.is_some_and(within)) {
            let paid = charge.status == "succeeded";
            if paid {
                *sums.entry(("collected", &charge.currency)).or_default() +=
                    i128::from(charge.amount_minor);
            }
            if charge.attempt > 1 && (paid || charge.status == "declined") {
                *sums.entry(("dunning_attempts", "")).or_default() += 1;
            }
        }
        let steps = self.rows.sold.iter().flat_map(|sold| &sold.steps);
        for step in steps.filter(|step| within(step.at)) {
            match (step.edge.as_str(), step.to_status.as_str()) {
                ("started", "trialing") => *sums.entry(("trials_started", "")).or_default() += 1,
                ("trial_converted", _) => *sums.entry(("trials_converted", "")).or_default() += 1,
                _ => {}
            }
        }
        for ((metric, currency), sum) in sums {
            put(out, (metric, currency, "total", ""), (sum, 1));
        }
    }

    /// Rule A3, over the span that ends with the day.
    pub(super) fn rates(&self, since: DateTime<Utc>, until: DateTime<Utc>, out: &mut Figures) {
        let currencies: BTreeSet<&str> =
            self.moved.iter().filter(|it| it.at < until).map(|it| it.currency.as_str()).collect();
        for currency in currencies {
            let of_all = |at| -> (i128, i128) {
                let all = self.rows.sold.iter().filter(|sold| sold.currency == currency);
                let mut each = BTreeMap::<Uuid, i128>::new();
                for sold in all {
                    *each.entry(sold.customer).or_default() +=
                        sold.stands(at).map_or(0, |stands| stands.monthly);
                }
                let paying = each.values().filter(|sum| **sum > 0).count();
                (each.values().sum(), i128::try_from(paying).expect("not that many"))
            };
            let ((start, logos), (mrr, customers)) = (of_all(since), of_all(until));
            let (mut gained, mut regained, mut churned, mut contracted) = (0, 0, 0, 0);
            let (mut left, mut lost) = (BTreeSet::new(), BTreeSet::new());
            let moved = self.movements_within(since, until);
            for moved in moved.filter(|moved| moved.currency == currency) {
                match moved.kind {
                    "new" => gained += moved.amount,
                    "expansion" | "reactivation" => regained += moved.amount,
                    "contraction" => contracted -= moved.amount,
                    _ => churned -= moved.amount,
                }
                match moved.kind {
                    "churn_voluntary" => drop(left.insert((moved.customer, moved.at))),
                    "churn_involuntary" => drop(lost.insert((moved.customer, moved.at))),
                    _ => {}
                }
            }
            let count = |set: &BTreeSet<_>| i128::try_from(set.len()).expect("not that many");
            let (left, lost) = (count(&left), count(&lost));
            let kept = start - churned - contracted;
            for (metric, numer, denom) in [
                ("arr", mrr * 12, PER_MONTH),
                ("arpu", mrr, customers * PER_MONTH),
                ("nrr_30d", kept + regained, start),
                ("grr_30d", kept, start),
                ("revenue_churn_30d", churned, start),
                ("logo_churn_30d", left + lost, logos),
                ("logo_churn_voluntary_30d", left, logos),
                ("logo_churn_involuntary_30d", lost, logos),
                ("quick_ratio_30d", gained + regained, churned + contracted),
                ("ltv", mrr * start, customers * churned * PER_MONTH),
            ] {
                if denom != 0 {
                    put(out, (metric, currency, "total", ""), fraction(numer, denom));
                }
            }
        }
    }
}
