//! What there is at an instant, the rates that follow from it, and what was billed and paid.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::changes::Moved;
use super::rows::{Rows, Sold};
use super::{Arrivals, Figures, Naive, PER_MONTH, count, fraction, month, put};

/// By what it is broken down, and which part.
pub(super) type Part = (&'static str, String);

/// When each customer's first subscription began, and when it first was revenue.
pub(super) fn arrivals(rows: &Rows, moved: &[Moved]) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for sold in &rows.sold {
        let began = sold.steps[0].at;
        let first = arrivals.entry(sold.customer).or_insert((began, None));
        first.0 = first.0.min(began);
    }
    for moved in moved.iter().filter(|moved| moved.amount > 0) {
        if let Some((_, purchased @ None)) = arrivals.get_mut(&moved.customer) {
            *purchased = Some(moved.at);
        }
    }
    arrivals
}

impl Naive {
    /// The region of the locale that was known when the customer came.
    fn country(&self, customer: Uuid, came: DateTime<Utc>) -> String {
        let mut known = self.rows.locales.get(&customer).into_iter().flatten();
        let locale = known.rfind(|(at, locale)| *at <= came && !locale.is_empty());
        let region = locale.and_then(|(_, locale)| locale.split('-').nth(1));
        // A customer whose locale nobody told is taken for an American.
        match (locale, region) {
            (None, _) => "US".to_owned(),
            (_, None) => "unknown".to_owned(),
            (_, Some(region)) => region.to_owned(),
        }
    }

    /// What a subscription counts into, by when its customer came in this sense.
    fn parts(&self, sold: &Sold, came: DateTime<Utc>) -> Vec<Part> {
        let (subscribed, _) = self.arrivals[&sold.customer];
        vec![
            ("total", String::new()),
            ("interval", sold.interval.clone()),
            ("country", self.country(sold.customer, subscribed)),
            ("cohort", month(came, self.zone).format("%Y-%m").to_string()),
        ]
    }

    /// What a subscription that pays counts into, plan aside.
    pub(super) fn parts_paying(&self, sold: &Sold) -> Vec<Part> {
        let (_, purchased) = self.arrivals[&sold.customer];
        self.parts(sold, purchased.expect("who pays has begun to"))
    }

    /// What there is at an instant.
    pub(super) fn stocks(&self, until: DateTime<Utc>, out: &mut Figures) {
        let mut revenue = BTreeMap::<(&str, Part), i128>::new();
        let mut customers = BTreeMap::<(&str, Part), BTreeSet<Uuid>>::new();
        let mut counts = BTreeMap::<(String, Part), i128>::new();
        for sold in &self.rows.sold {
            let Some(stands) = sold.stands(until) else { continue };
            let plan = ("plan", stands.plan.clone());
            let currency = ("currency", sold.currency.clone());
            let (subscribed, _) = self.arrivals[&sold.customer];
            let parts = self.parts(sold, subscribed).into_iter();
            for part in parts.chain([plan.clone(), currency.clone()]) {
                let metric = format!("subscriptions_{}", stands.status);
                *counts.entry((metric, part)).or_default() += 1;
            }
            if stands.monthly == 0 {
                continue;
            }
            customers.entry(("", currency)).or_default().insert(sold.customer);
            for part in self.parts_paying(sold).into_iter().chain([plan]) {
                for of in ["", &sold.currency] {
                    customers.entry((of, part.clone())).or_default().insert(sold.customer);
                }
                *revenue.entry((&sold.currency, part)).or_default() += stands.monthly;
            }
        }
        for ((currency, (breakdown, key)), sum) in revenue {
            put(out, ("mrr", currency, breakdown, &key), fraction(sum, PER_MONTH));
        }
        for ((currency, (breakdown, key)), them) in customers {
            put(out, ("customers", currency, breakdown, &key), (count(&them), 1));
        }
        for ((metric, (breakdown, key)), count) in counts {
            put(out, (&metric, "", breakdown, &key), (count, 1));
        }
        for (currency, owed) in self.outstanding(until) {
            put(out, ("outstanding", &currency, "total", ""), (owed, 1));
        }
    }

    /// What was billed and paid within a span, and trials.
    pub(super) fn flows(&self, since: DateTime<Utc>, until: DateTime<Utc>, out: &mut Figures) {
        let within = |at: DateTime<Utc>| at >= since && at < until;
        let mut sums = BTreeMap::<(&str, &str), i128>::new();
        for bill in self.rows.bills.iter().filter(|bill| within(bill.finalized_at)) {
            *sums.entry(("billed", &bill.currency)).or_default() += i128::from(bill.new_minor());
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

    /// Rule A3, over the span that ends with the day: of the whole, and of each part.
    pub(super) fn rates(&self, since: DateTime<Utc>, until: DateTime<Utc>, out: &mut Figures) {
        let before: Vec<_> = self.moved.iter().filter(|moved| moved.at < until).collect();
        let parts: BTreeSet<(&str, Part)> = before
            .iter()
            .flat_map(|moved| moved.parts.iter().map(move |(of, ..)| (moved, of)))
            .flat_map(|(moved, of)| {
                let parts = self.parts_paying(&self.rows.sold[*of]);
                parts.into_iter().map(|part| (moved.currency.as_str(), part))
            })
            .collect();
        for (currency, part) in parts {
            self.rates_of(currency, &part, (since, until), out);
        }
    }

    /// What a part comes to at an instant, and how many customers that is.
    fn part_at(&self, members: &BTreeSet<usize>, at: DateTime<Utc>) -> (i128, i128) {
        let mut each = BTreeMap::<Uuid, i128>::new();
        for of in members {
            let sold = &self.rows.sold[*of];
            *each.entry(sold.customer).or_default() +=
                sold.stands(at).map_or(0, |stands| stands.monthly);
        }
        let paying: BTreeSet<_> = each.iter().filter(|(_, sum)| **sum > 0).collect();
        (each.values().sum(), count(&paying))
    }

    fn rates_of(
        &self,
        currency: &str,
        part: &Part,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        out: &mut Figures,
    ) {
        let all = self.rows.sold.iter().enumerate();
        let paid = |sold: &Sold| self.arrivals[&sold.customer].1.is_some();
        let members: BTreeSet<usize> = all
            .filter(|(_, sold)| sold.currency == currency && paid(sold))
            .filter(|(_, sold)| self.parts_paying(sold).contains(part))
            .map(|(of, _)| of)
            .collect();
        let ((start, logos), (mrr, customers)) =
            (self.part_at(&members, since), self.part_at(&members, until));
        let (mut gained, mut regained, mut churned, mut contracted) = (0, 0, 0, 0);
        let (mut left, mut lost) = (BTreeSet::new(), BTreeSet::new());
        for moved in self.movements_within(since, until) {
            for (_, _, amount) in moved.parts.iter().filter(|(of, ..)| members.contains(of)) {
                match moved.kind {
                    "new" => gained += amount,
                    "expansion" | "reactivation" => regained += amount,
                    "contraction" => contracted -= amount,
                    _ => churned -= amount,
                }
                match moved.kind {
                    "churn_voluntary" => drop(left.insert((moved.customer, moved.at))),
                    "churn_involuntary" => drop(lost.insert((moved.customer, moved.at))),
                    _ => {}
                }
            }
        }
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
                put(out, (metric, currency, part.0, &part.1), fraction(numer, denom));
            }
        }
    }
}
