//! What is kept of each cohort: read off the last snapshot of each month.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use perennial_core::money::Fraction;
use sqlx::PgConnection;

use super::{ReportError, Span, figures};
use crate::report::{Cohort, Figure};

/// The cohorts' figures at the end of each month that has a snapshot.
type Ends = Vec<(NaiveDate, Option<Vec<Figure>>)>;

/// Customers kept, and revenue kept by currency. Only cohorts that came within the span: of older
/// ones nobody knows here what they began with.
pub(super) async fn kept(
    conn: &mut PgConnection,
    span: &Span,
    currencies: &BTreeSet<String>,
) -> Result<(Vec<Cohort>, BTreeMap<String, Vec<Cohort>>), ReportError> {
    let mut ends: Ends = Vec::new();
    for month in &span.months {
        let told = match span.end_of(*month) {
            Some(day) => {
                let mut told = figures(conn, day).await?;
                told.retain(|figure| figure.breakdown == "cohort");
                Some(told)
            }
            None => None,
        };
        ends.push((*month, told));
    }
    let revenue = currencies.iter().map(|code| (code.clone(), cohorts(&ends, "mrr", code)));
    Ok((cohorts(&ends, "customers", ""), revenue.collect()))
}

fn cohorts(ends: &Ends, metric: &str, currency: &str) -> Vec<Cohort> {
    let of_it = |figure: &&Figure| figure.metric == metric && figure.currency == currency;
    let mut cohorts = Vec::new();
    for (index, (first, _)) in ends.iter().enumerate() {
        let key = first.format("%Y-%m").to_string();
        let at = |told: &Vec<Figure>| {
            let found = told.iter().filter(of_it).find(|figure| figure.key == key);
            // A cohort of which nothing is left has no row.
            found.map_or(Fraction::from_integer(0), |figure| figure.value)
        };
        let kept: Vec<_> = ends[index..].iter().map(|(_, told)| told.as_ref().map(at)).collect();
        if kept.iter().flatten().any(|kept| *kept > Fraction::from_integer(0)) {
            cohorts.push(Cohort { first: *first, kept });
        }
    }
    cohorts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cohort_without_a_row_is_gone_and_a_month_without_a_snapshot_unknown() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let figure = |key: &str, count: i128| Figure {
            metric: "customers".to_owned(),
            currency: String::new(),
            breakdown: "cohort".to_owned(),
            key: key.to_owned(),
            value: Fraction::from_integer(count),
        };
        let ends = vec![
            (day("2026-01-01"), Some(vec![figure("2026-01", 3)])),
            (day("2026-02-01"), None),
            (day("2026-03-01"), Some(vec![figure("2026-02", 2)])),
        ];
        let kept: Vec<_> = cohorts(&ends, "customers", "").into_iter().map(|it| it.kept).collect();
        let whole = |count| Some(Fraction::from_integer(count));
        assert_eq!(kept, [vec![whole(3), None, whole(0)], vec![None, whole(2)]]);
    }
}
