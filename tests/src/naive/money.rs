//! What became of the money: invoice by invoice, payment by payment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Naive;
use super::rows::Bill;

/// Minor units by currency.
pub type Sums = BTreeMap<String, i128>;

impl Bill {
    /// What of it no earlier invoice had billed.
    pub(super) fn new_minor(&self) -> i64 {
        self.total_minor - self.carried_minor
    }
}

impl Naive {
    /// Owed on invoices that are neither paid nor given up.
    pub fn outstanding(&self, until: DateTime<Utc>) -> Sums {
        let mut owed = Sums::new();
        for bill in self.rows.bills.iter().filter(|bill| bill.finalized_at < until) {
            let given_up = bill.status != "paid" && bill.closed_at.is_some_and(|at| at < until);
            let due = if given_up { 0 } else { self.due(bill, until) };
            *owed.entry(bill.currency.clone()).or_default() += due;
        }
        owed
    }

    /// An invoice's total, less what was paid of it and what a balance took over.
    fn due(&self, bill: &Bill, until: DateTime<Utc>) -> i128 {
        let paid: i64 = self
            .paid(until)
            .filter(|(invoice, ..)| *invoice == bill.id)
            .map(|(.., amount)| amount)
            .sum();
        let of_this = self.rows.credits.iter().filter(|it| it.invoice_id == Some(bill.id));
        let moved = of_this.filter(|it| it.at < until && it.kind != "collected");
        let credited: i64 = moved.map(|it| -it.amount_minor).sum();
        i128::from(bill.total_minor) - i128::from(paid) - i128::from(credited)
    }

    fn paid(&self, until: DateTime<Utc>) -> impl Iterator<Item = (Uuid, &str, i64)> {
        let paid = self.rows.charges.iter().filter(|charge| charge.status == "succeeded");
        paid.filter(move |charge| charge.settled_at.is_some_and(|at| at < until))
            .map(|charge| (charge.invoice_id, charge.currency.as_str(), charge.amount_minor))
    }

    /// All that was paid.
    pub fn collected(&self, until: DateTime<Utc>) -> Sums {
        let mut sums = Sums::new();
        for (_, currency, amount) in self.paid(until) {
            *sums.entry(currency.to_owned()).or_default() += i128::from(amount);
        }
        sums
    }

    /// All that was invoiced, without what earlier invoices had.
    pub fn billed(&self, until: DateTime<Utc>) -> Sums {
        let mut sums = Sums::new();
        for bill in self.rows.bills.iter().filter(|bill| bill.finalized_at < until) {
            *sums.entry(bill.currency.clone()).or_default() += i128::from(bill.new_minor());
        }
        sums
    }

    /// What customers have as credit, less what they owe beside their open invoices.
    pub fn balances(&self, until: DateTime<Utc>) -> Sums {
        let mut sums = Sums::new();
        for moved in self.rows.credits.iter().filter(|moved| moved.at < until) {
            *sums.entry(moved.currency.clone()).or_default() += i128::from(moved.amount_minor);
        }
        sums
    }
}
