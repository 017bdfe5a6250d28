//! One customer at a glance: what they brought and are likely to bring, how their revenue moved,
//! and what says that they may leave, with the reason of every point.

use chrono::{DateTime, Utc};
use perennial_core::analytics::churn_risk::{self, CardExpiry, LOOK_BACK_DAYS, Risk, Signals, Use};
use perennial_core::analytics::{ChurnCount, Lifetime, Mrr};
use perennial_core::ids::CustomerId;
use serde::{Serialize, Serializer};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::CorruptRow;
use crate::store::insight::{self as store, Evidence, IndicatorRow, IndicatorRows};
use crate::store::mrr::fraction;

pub use crate::store::insight::Who;

/// How many months back the churn is counted that a prediction follows from.
const MONTHS_BACK: u32 = 3;

/// A customer's worth in one currency.
#[derive(Debug, Clone, Serialize)]
pub struct Worth {
    /// The currency.
    pub currency: String,
    /// What came in and stayed, in minor units.
    pub paid_minor: i64,
    /// Revenue per month in minor units, as a reduced fraction.
    #[serde(serialize_with = "fraction_text")]
    pub mrr: Mrr,
    /// The months they are expected to stay from now on, as a reduced fraction.
    pub months_expected: Option<String>,
    /// Who paid in this currency three months ago: what the expectation follows from,
    pub customers_paying: u64,
    /// … and those of them who left since.
    pub customers_churned: u64,
    /// What is still to come: revenue per month times the months expected.
    pub predicted_minor: Option<i64>,
    /// Paid and predicted.
    pub lifetime_minor: Option<i64>,
}

/// A movement of a customer's revenue.
#[derive(Debug, Clone, Serialize)]
pub struct Movement {
    /// When (business time).
    pub at: DateTime<Utc>,
    /// What it was for the customer.
    pub kind: String,
    /// The currency.
    pub currency: String,
    /// By how much, in minor units per month, as a reduced fraction.
    #[serde(serialize_with = "fraction_text")]
    pub amount: Mrr,
    /// The plan before.
    pub plan_before: Option<String>,
    /// And after.
    pub plan_after: String,
}

/// All that is known of a customer.
#[derive(Debug, Clone, Serialize)]
pub struct Insight {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// What they are worth, per currency.
    pub worth: Vec<Worth>,
    /// How their revenue moved.
    pub movements: Vec<Movement>,
    /// What says that they may leave.
    pub churn: Risk,
}

/// All that is known of a customer; `None` where there is none.
///
/// # Errors
/// When the database does not answer, or holds what cannot be.
pub async fn of(conn: &mut PgConnection, customer: CustomerId) -> sqlx::Result<Option<Insight>> {
    let Some(who) = store::who(conn, customer.0).await? else { return Ok(None) };
    let evidence = store::evidence(conn, &[customer.0], LOOK_BACK_DAYS).await?;
    let signals = evidence.into_iter().next().map(signals).transpose()?;
    Ok(Some(Insight {
        who,
        worth: worth(conn, customer.0).await?,
        movements: movements(conn, customer.0).await?,
        churn: churn_risk::assess(&signals.unwrap_or_default()),
    }))
}

/// Scores these customers and writes down the reasons. Answers with how many there are.
pub(crate) async fn score(conn: &mut PgConnection, customers: &[Uuid]) -> sqlx::Result<usize> {
    let evidence = store::evidence(conn, customers, LOOK_BACK_DAYS).await?;
    let (mut scored, mut dates) = (Vec::new(), Vec::new());
    let (mut rows, mut found) = (IndicatorRows::default(), 0);
    for evidence in evidence {
        let (customer_id, date, scored_at) = (evidence.customer_id, evidence.date, evidence.now);
        scored.push(customer_id);
        dates.push(date);
        for reason in churn_risk::assess(&signals(evidence)?).reasons {
            let points = i32::try_from(reason.points).map_err(decode)?;
            let facts = serde_json::to_value(reason.facts).map_err(decode)?;
            let indicator = reason.indicator.to_string();
            rows.push(IndicatorRow { customer_id, date, indicator, points, facts, scored_at });
            found += 1;
        }
    }
    store::replace(conn, &scored, &dates, &rows).await?;
    Ok(found)
}

fn signals(evidence: Evidence) -> sqlx::Result<Signals> {
    let usage: Vec<Use> = serde_json::from_value(evidence.usage).map_err(|error| CorruptRow {
        table: "usage_closings",
        column: "used",
        id: evidence.customer_id.to_string(),
        problem: error.to_string(),
    })?;
    let card = evidence.card_expires_at.zip(evidence.renews_at);
    Ok(Signals {
        failed_payments: count(evidence.failed_payments),
        last_failed_at: evidence.last_failed_at,
        in_dunning_since: evidence.in_dunning_since,
        usage,
        downgrades: count(evidence.downgrades),
        last_downgrade_at: evidence.last_downgrade_at,
        ends_at: evidence.ends_at,
        card: card.map(|(expires_at, renews_at)| CardExpiry { expires_at, renews_at }),
    })
}

/// A count of rows: more than the points of an indicator can tell is all the same.
fn count(rows: i64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

async fn worth(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Vec<Worth>> {
    let months_back = i32::try_from(MONTHS_BACK).map_err(decode)?;
    let rows = store::worth(conn, customer, months_back).await?;
    let one = |row: store::Worth| {
        let mrr = mrr(customer, &row.mrr_numer, &row.mrr_denom)?;
        let churn = ChurnCount {
            paying: u64::try_from(row.paying).map_err(decode)?,
            churned: u64::try_from(row.churned).map_err(decode)?,
            months: MONTHS_BACK,
        };
        let lifetime = Lifetime::of(row.paid_minor, mrr, churn).map_err(decode)?;
        Ok(Worth {
            currency: row.currency,
            paid_minor: lifetime.paid_minor,
            mrr,
            months_expected: churn.remaining_months().map(|months| months.to_string()),
            customers_paying: churn.paying,
            customers_churned: churn.churned,
            predicted_minor: lifetime.predicted_minor,
            lifetime_minor: lifetime.total_minor(),
        })
    };
    rows.into_iter().map(one).collect()
}

async fn movements(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Vec<Movement>> {
    let rows = store::movements(conn, customer).await?;
    let one = |row: store::MovementLine| {
        Ok(Movement {
            at: row.at,
            kind: row.kind,
            currency: row.currency,
            amount: mrr(customer, &row.amount_numer, &row.amount_denom)?,
            plan_before: row.plan_before,
            plan_after: row.plan_after,
        })
    };
    rows.into_iter().map(one).collect()
}

/// A fraction as stored.
fn mrr(customer: Uuid, numer: &str, denom: &str) -> sqlx::Result<Mrr> {
    let corrupt = |problem| CorruptRow {
        table: "mrr_movements",
        column: "amount_numer",
        id: customer.to_string(),
        problem,
    };
    Ok(fraction(numer, denom).map_err(corrupt)?)
}

fn fraction_text<S: Serializer>(amount: &Mrr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&amount.exact())
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
