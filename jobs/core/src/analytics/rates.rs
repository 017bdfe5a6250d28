//! The rates of a span of time (rule A3), exact; `None` where there is nothing to divide by.

use super::movement::{Kind, Movement};
use super::mrr::Mrr;
use crate::money::{Fraction, MoneyError, checked_product};

/// All that moved within a span of time, in one currency. Losses are below zero, as in
/// [`Movement::amount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// What there was when the span began.
    pub start: Mrr,
    /// Of new customers.
    pub new: Mrr,
    /// More of customers who were there.
    pub expansion: Mrr,
    /// Less of customers who stay.
    pub contraction: Mrr,
    /// Of customers who left.
    pub churn_voluntary: Mrr,
    /// Of customers who were lost for want of payment.
    pub churn_involuntary: Mrr,
    /// Of customers who came back.
    pub reactivation: Mrr,
}

impl Flow {
    /// A span in which nothing has moved yet.
    pub fn from(start: Mrr) -> Flow {
        let nothing = Mrr::ZERO;
        Flow {
            start,
            new: nothing,
            expansion: nothing,
            contraction: nothing,
            churn_voluntary: nothing,
            churn_involuntary: nothing,
            reactivation: nothing,
        }
    }

    /// Adds a movement.
    pub fn add(&mut self, movement: Movement) -> Result<(), MoneyError> {
        let sum = match movement.kind {
            Kind::New => &mut self.new,
            Kind::Expansion => &mut self.expansion,
            Kind::Contraction => &mut self.contraction,
            Kind::ChurnVoluntary => &mut self.churn_voluntary,
            Kind::ChurnInvoluntary => &mut self.churn_involuntary,
            Kind::Reactivation => &mut self.reactivation,
        };
        *sum = sum.plus(movement.amount)?;
        Ok(())
    }

    /// What there is when the span ends.
    pub fn end(&self) -> Result<Mrr, MoneyError> {
        self.start.plus(self.gained()?)?.plus(self.lost()?)
    }

    /// Voluntary and involuntary.
    pub fn churn(&self) -> Result<Mrr, MoneyError> {
        self.churn_voluntary.plus(self.churn_involuntary)
    }

    /// Churned revenue by what there was: 0 to 1.
    pub fn churn_rate(&self) -> Result<Option<Fraction>, MoneyError> {
        by(Mrr::ZERO.minus(self.churn()?)?, self.start)
    }

    /// Net revenue retention: what those who were there, or are again, are worth now.
    pub fn net_retention(&self) -> Result<Option<Fraction>, MoneyError> {
        let kept = self.start.plus(self.lost()?)?;
        by(kept.plus(self.expansion)?.plus(self.reactivation)?, self.start)
    }

    /// Gross revenue retention: the same without what was gained.
    pub fn gross_retention(&self) -> Result<Option<Fraction>, MoneyError> {
        by(self.start.plus(self.lost()?)?, self.start)
    }

    /// Quick ratio: gained by lost.
    pub fn quick_ratio(&self) -> Result<Option<Fraction>, MoneyError> {
        by(self.gained()?, Mrr::ZERO.minus(self.lost()?)?)
    }

    fn gained(&self) -> Result<Mrr, MoneyError> {
        self.new.plus(self.expansion)?.plus(self.reactivation)
    }

    /// Below zero.
    fn lost(&self) -> Result<Mrr, MoneyError> {
        self.contraction.plus(self.churn()?)
    }
}

/// `part` by `whole`; `None` by nothing.
pub fn ratio(part: Fraction, whole: Fraction) -> Result<Option<Fraction>, MoneyError> {
    if *whole.numer() == 0 {
        return Ok(None);
    }
    checked_product(part, whole.recip()).map(Some)
}

/// Average revenue per customer and month, in minor units.
pub fn arpu(total: Mrr, customers: u64) -> Result<Option<Fraction>, MoneyError> {
    ratio(total.exact(), Fraction::from_integer(customers.into()))
}

/// What a customer brings until they leave, in minor units: ARPU by the monthly churn rate.
pub fn customer_lifetime_value(
    arpu: Fraction,
    churn_rate: Fraction,
) -> Result<Option<Fraction>, MoneyError> {
    ratio(arpu, churn_rate)
}

fn by(part: Mrr, whole: Mrr) -> Result<Option<Fraction>, MoneyError> {
    ratio(part.exact(), whole.exact())
}
