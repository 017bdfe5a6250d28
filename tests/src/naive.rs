//! The business's numbers from its recorded history, told again in the plainest way there is: edge
//! by edge, with loops and whole numbers. Nothing of what it is compared with has a part in it.

mod changes;
mod money;
mod rows;
mod stocks;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;
use uuid::Uuid;

use changes::Moved;
pub use money::Sums;
use rows::Rows;

/// Revenue is counted in this part of a minor unit per month: every interval up to twelve of a kind
/// divides it.
const PER_MONTH: i128 = 12 * 27_720;

/// Metric, currency, breakdown and key.
pub type Name = (String, String, String, String);

/// A reduced fraction, its denominator above zero.
pub type Value = (i128, i128);

/// What can be told.
pub type Figures = BTreeMap<Name, Value>;

/// A cohort by a month and a currency: customers who pay at the month's end, and what.
pub type Retention = BTreeMap<(NaiveDate, NaiveDate, String), (i64, Value)>;

/// When customers' first subscriptions began, and when they first were revenue.
type Arrivals = BTreeMap<Uuid, (DateTime<Utc>, Option<DateTime<Utc>>)>;

/// A whole business.
#[derive(Debug, Clone)]
pub struct Naive {
    rows: Rows,
    moved: Vec<Moved>,
    arrivals: Arrivals,
    zone: Tz,
}

/// By what customers belong to a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Their first recurring revenue.
    Purchase,
    /// Their first subscription.
    Subscription,
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

fn fraction(numer: i128, denom: i128) -> Value {
    let divisor = gcd(numer, denom) * denom.signum();
    (numer / divisor, denom / divisor)
}

/// The first day of a month.
fn month(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive().with_day(1).expect("each month has a first day")
}

/// The first instant of a day in a zone.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    if let Some(first) = zone.from_local_datetime(&midnight).earliest() {
        return first.to_utc();
    }
    // No such midnight: the clock is put forward when it is reached.
    let before = zone.offset_from_utc_datetime(&(midnight - Days::new(1))).fix();
    (midnight - before).and_utc()
}

impl Naive {
    /// Reads all that was recorded.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(pool: &PgPool, zone: Tz) -> sqlx::Result<Self> {
        let rows = Rows::read(pool).await?;
        let moved = changes::moved(&rows);
        let arrivals = stocks::arrivals(&rows, &moved);
        Ok(Self { rows, moved, arrivals, zone })
    }

    /// The first and last day on which anything moved.
    pub fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        let day = |moved: &Moved| moved.at.with_timezone(&self.zone).date_naive();
        Some((day(self.moved.first()?), day(self.moved.last()?)))
    }

    /// What each customer contributes at an instant, per currency, recomputed from subscriptions.
    pub fn revenue(&self, until: DateTime<Utc>) -> BTreeMap<(Uuid, String), Value> {
        let mut sums = BTreeMap::new();
        for sold in &self.rows.sold {
            *sums.entry((sold.customer, sold.currency.clone())).or_insert(0) +=
                sold.stands(until).map_or(0, |stands| stands.monthly);
        }
        sums.into_iter()
            .filter(|(_, sum)| *sum != 0)
            .map(|(whose, sum)| (whose, fraction(sum, PER_MONTH)))
            .collect()
    }

    /// All figures of a day.
    pub fn figures(&self, day: NaiveDate) -> Figures {
        let (since, until) = (day_start(day, self.zone), day_start(day + Days::new(1), self.zone));
        let window = day_start(day - Days::new(29), self.zone);
        let mut figures = Figures::new();
        self.stocks(until, &mut figures);
        self.rates(window, until, &mut figures);
        self.movements(since, until, &mut figures);
        self.flows(since, until, &mut figures);
        figures
    }

    /// Retention month by month, up to the month that `now` lies in.
    pub fn retention(
        &self,
        came: Came,
        now: DateTime<Utc>,
    ) -> (BTreeMap<NaiveDate, i64>, Retention) {
        let mut sizes = BTreeMap::new();
        let mut cells = Retention::new();
        for (&customer, &(subscribed, purchased)) in &self.arrivals {
            let Some(at) = (match came {
                Came::Purchase => purchased,
                Came::Subscription => Some(subscribed),
            }) else {
                continue;
            };
            let cohort = month(at, self.zone);
            *sizes.entry(cohort).or_insert(0) += 1;
            let mut of = cohort;
            while of <= month(now, self.zone) {
                let next = of + chrono::Months::new(1);
                let end = day_start(next, self.zone).min(now);
                for ((who, currency), value) in self.revenue(end) {
                    if who == customer {
                        let cell =
                            cells.entry((cohort, of, currency)).or_insert((0, fraction(0, 1)));
                        cell.0 += 1;
                        let (numer, denom) = cell.1;
                        cell.1 = fraction(numer * value.1 + value.0 * denom, denom * value.1);
                    }
                }
                of = next;
            }
        }
        (sizes, cells)
    }
}

fn count<T>(set: &BTreeSet<T>) -> i128 {
    i128::try_from(set.len()).expect("not that many")
}

fn put(figures: &mut Figures, name: (&str, &str, &str, &str), value: Value) {
    let (metric, currency, breakdown, key) = name;
    let name = (metric.to_owned(), currency.to_owned(), breakdown.to_owned(), key.to_owned());
    figures.insert(name, value);
}
