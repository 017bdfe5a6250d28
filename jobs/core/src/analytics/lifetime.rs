//! What one customer has brought, and is likely to bring.
//!
//! The months that remain are expected to be 1 / (monthly churn rate), and that rate is what was
//! lost of the customers of this currency within some months, by those months: of `paying`
//! customers then, `churned` have left since. Without anybody who left there is no expectation.

use super::mrr::Mrr;
use super::rates::customer_lifetime_value;
use crate::money::{Fraction, MoneyError, round_half_up};

/// Customers who paid some months ago, and how many of them left since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChurnCount {
    /// Who paid then.
    pub paying: u64,
    /// Those of them who left.
    pub churned: u64,
    /// How long ago that was.
    pub months: u32,
}

impl ChurnCount {
    /// The part that leaves within a month: `None` where nobody was there.
    pub fn monthly_rate(self) -> Option<Fraction> {
        let exposure = i128::from(self.paying).checked_mul(i128::from(self.months))?;
        (exposure > 0).then(|| Fraction::new(self.churned.into(), exposure))
    }

    /// How long a customer is expected to stay from now on: `None` where nobody left.
    pub fn remaining_months(self) -> Option<Fraction> {
        let rate = self.monthly_rate()?;
        (*rate.numer() > 0).then(|| rate.recip())
    }
}

/// A customer's lifetime value in one currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// What came in and stayed.
    pub paid_minor: i64,
    /// What is still to come: revenue per month times the months expected, half up to the unit.
    pub predicted_minor: Option<i64>,
}

impl Lifetime {
    /// What was paid, and what is expected of a customer with this revenue.
    pub fn of(paid_minor: i64, mrr: Mrr, churn: ChurnCount) -> Result<Lifetime, MoneyError> {
        let rate = churn.monthly_rate().unwrap_or_else(|| Fraction::from_integer(0));
        let to_come = customer_lifetime_value(mrr.exact(), rate)?;
        Ok(Lifetime { paid_minor, predicted_minor: to_come.map(round_half_up).transpose()? })
    }

    /// Both together, where there is a prediction.
    pub fn total_minor(self) -> Option<i64> {
        self.paid_minor.checked_add(self.predicted_minor?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(mrr: Mrr, paying: u64, churned: u64) -> Lifetime {
        Lifetime::of(10_000, mrr, ChurnCount { paying, churned, months: 3 }).unwrap()
    }

    #[test]
    fn what_is_to_come_is_revenue_by_the_monthly_churn_rate() {
        // 4 of 40 in three months: one in thirty each month.
        let churn = ChurnCount { paying: 40, churned: 4, months: 3 };
        assert_eq!(churn.remaining_months(), Some(Fraction::from_integer(30)));
        let ada = lifetime(Mrr::minor(4900), 40, 4);
        assert_eq!((ada.predicted_minor, ada.total_minor()), (Some(147_000), Some(157_000)));
        // Exact until the end: 13,000/3 by 13/21.
        let weekly = lifetime(Mrr::new(13_000, 3).unwrap(), 7, 13);
        assert_eq!(weekly.predicted_minor, Some(7_000));
        let half = lifetime(Mrr::new(1, 6).unwrap(), 1, 1);
        assert_eq!(half.predicted_minor, Some(1));
    }

    #[test]
    fn nobody_who_left_means_no_prediction() {
        for (paying, churned) in [(0, 0), (40, 0)] {
            let ada = lifetime(Mrr::minor(4900), paying, churned);
            assert_eq!((ada.predicted_minor, ada.total_minor()), (None, None));
        }
    }

    #[test]
    fn who_pays_nothing_any_more_brings_nothing_more() {
        assert_eq!(lifetime(Mrr::ZERO, 40, 4).predicted_minor, Some(0));
    }
}
