//! What a report shows.

use chrono::{DateTime, Months, NaiveDate, Utc};
use perennial_core::currency::Currency;
use perennial_core::money::{Fraction, MoneyError, checked_sum};

/// A day's report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The day.
    pub date: NaiveDate,
    /// The business's zone: its midnights bound the day.
    pub zone: String,
    /// Up to when data was in when the day's figures were taken.
    pub fresh_to: Option<DateTime<Utc>>,
    /// All figures of the day.
    pub day: Vec<Figure>,
    /// What is counted whatever the currency, day by day: metric and its points.
    pub counts: Vec<(String, Vec<Point>)>,
    /// One book per currency.
    pub books: Vec<Book>,
    /// How many customers of each cohort still pay.
    pub customers_kept: Vec<Cohort>,
    /// What became of failed payments.
    pub recovery: Option<Recovery>,
}

/// One figure of the day, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub metric: String,
    /// Its currency; empty where it has none.
    pub currency: String,
    /// By what it is broken down: `total` where it is not.
    pub breakdown: String,
    /// Of which plan, interval, cohort; empty for the total.
    pub key: String,
    /// Minor units, a count or a rate.
    pub value: Fraction,
}

/// A figure on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The day.
    pub date: NaiveDate,
    /// Minor units, a count or a rate.
    pub value: Fraction,
}

/// What there is in one currency.
#[derive(Debug, Clone)]
pub struct Book {
    /// The currency.
    pub currency: Currency,
    /// Monthly recurring revenue, day by day, in minor units.
    pub mrr: Vec<Point>,
    /// Month by month, oldest first.
    pub months: Vec<Month>,
    /// Recurring revenue of each plan, in minor units.
    pub plans: Vec<(String, Fraction)>,
    /// Share of recurring revenue lost in 30 days, day by day.
    pub revenue_churn: Vec<Point>,
    /// Share of customers lost in 30 days, day by day.
    pub logo_churn: Vec<Point>,
    /// What each cohort still pays, in minor units.
    pub revenue_kept: Vec<Cohort>,
}

impl Book {
    /// The same with what its cohorts keep.
    #[must_use]
    pub fn keeping(self, revenue_kept: Vec<Cohort>) -> Self {
        Self { revenue_kept, ..self }
    }
}

/// How recurring revenue moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// The first there ever was of a customer.
    New,
    /// More.
    Expansion,
    /// Some after none.
    Reactivation,
    /// Less.
    Contraction,
    /// None any more, as the customer wished.
    ChurnVoluntary,
    /// None any more, for want of payment.
    ChurnInvoluntary,
}

impl Movement {
    /// All: what adds first, then what takes away, each from the middle outwards.
    pub const ALL: [Self; 6] = [
        Self::New,
        Self::Expansion,
        Self::Reactivation,
        Self::Contraction,
        Self::ChurnVoluntary,
        Self::ChurnInvoluntary,
    ];

    /// The metric that tells it.
    #[must_use]
    pub fn metric(self) -> &'static str {
        match self {
            Self::New => "movement_new",
            Self::Expansion => "movement_expansion",
            Self::Reactivation => "movement_reactivation",
            Self::Contraction => "movement_contraction",
            Self::ChurnVoluntary => "movement_churn_voluntary",
            Self::ChurnInvoluntary => "movement_churn_involuntary",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Expansion => "expansion",
            Self::Reactivation => "reactivation",
            Self::Contraction => "contraction",
            Self::ChurnVoluntary => "churn, voluntary",
            Self::ChurnInvoluntary => "churn, involuntary",
        }
    }

    /// Its class in the page's style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Expansion => "expansion",
            Self::Reactivation => "reactivation",
            Self::Contraction => "contraction",
            Self::ChurnVoluntary => "voluntary",
            Self::ChurnInvoluntary => "involuntary",
        }
    }

    /// Whether it takes away.
    pub(super) fn takes(self) -> bool {
        matches!(self, Self::Contraction | Self::ChurnVoluntary | Self::ChurnInvoluntary)
    }
}

/// One month of a book.
#[derive(Debug, Clone)]
pub struct Month {
    /// Its first day.
    pub first: NaiveDate,
    /// Recurring revenue at the last day that has a figure.
    pub mrr: Option<Fraction>,
    /// What moved, in the order of [`Movement::ALL`], as magnitudes.
    pub moved: [Fraction; 6],
    /// Days that have a figure.
    pub days_known: u32,
    /// Days that are over.
    pub days_over: u32,
}

impl Month {
    /// A month in which nothing is known yet.
    #[must_use]
    pub fn unknown(first: NaiveDate, days_over: u32) -> Self {
        let moved = [Fraction::from_integer(0); 6];
        Self { first, mrr: None, moved, days_known: 0, days_over }
    }

    /// Adds what moved on a day.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn add(&mut self, movement: Movement, amount: Fraction) -> Result<(), MoneyError> {
        let magnitude = if amount < Fraction::from_integer(0) { -amount } else { amount };
        for (sum, kind) in self.moved.iter_mut().zip(Movement::ALL) {
            if kind == movement {
                *sum = checked_sum(*sum, magnitude)?;
            }
        }
        Ok(())
    }

    /// What moved, all in all.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn net(&self) -> Result<Fraction, MoneyError> {
        let signed = self.moved.iter().zip(Movement::ALL);
        signed
            .map(|(sum, kind)| if kind.takes() { -*sum } else { *sum })
            .try_fold(Fraction::from_integer(0), checked_sum)
    }

    /// The first day of the next month.
    #[must_use]
    pub fn end(&self) -> NaiveDate {
        self.first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX)
    }
}

/// Those who came in one month.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// The first day of the month they came in.
    pub first: NaiveDate,
    /// How many, or how much, at the end of that month and of each after it; none: not known.
    pub kept: Vec<Option<Fraction>>,
}

impl Cohort {
    /// What is kept of the first month's, in hundredths of a percent.
    pub(super) fn rates(&self) -> Vec<Option<i128>> {
        let start = self.kept.first().copied().flatten();
        let start = start.filter(|start| *start > Fraction::from_integer(0));
        self.kept.iter().map(|kept| super::amounts::basis_points((*kept)?, start?)).collect()
    }
}

/// What became of failed payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// From when on.
    pub since: NaiveDate,
    /// Cases that began.
    pub failed: i128,
    /// Cases that each attempt ended well: which attempt, how many.
    pub recovered: Vec<(u32, i128)>,
    /// Cases that were given up.
    pub lost: i128,
}

impl Recovery {
    /// Cases that are still being collected.
    #[must_use]
    pub fn open(&self) -> i128 {
        let recovered: i128 = self.recovered.iter().map(|(_, count)| count).sum();
        (self.failed - recovered - self.lost).max(0)
    }
}

impl Report {
    /// The day's total of a metric.
    #[must_use]
    pub fn total(&self, metric: &str, currency: &str) -> Option<Fraction> {
        let of_it = |figure: &&Figure| {
            figure.metric == metric && figure.currency == currency && figure.breakdown == "total"
        };
        self.day.iter().find(of_it).map(|figure| figure.value)
    }
}
