//! What a digest says: how things stand at the week's end, and what happened in the week.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use perennial_core::currency::Currency;
use perennial_core::locale::Locale;
use perennial_core::money::{
    Fraction, Money, MoneyError, checked_product, checked_sum, round_half_up,
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::job::Failure;
use crate::store::snapshots::{self, Figure};

/// A week in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Its last day.
    pub(crate) until: NaiveDate,
    /// What its subject says.
    pub(crate) headline: String,
    /// Customers, then each currency.
    pub(crate) groups: Vec<Group>,
}

/// Figures under one title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    title: String,
    rows: Vec<Row>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    words: &'static str,
    figure: String,
    change: String,
    /// All of it in a text.
    line: String,
}

/// How a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// At the week's end, and what the week changed.
    Stock,
    /// What the week came to.
    Flow,
    /// At the week's end.
    Rate,
}

const COUNTS: &[(&str, &str, Kind)] = &[
    ("customers", "customers", Kind::Stock),
    ("subscriptions_active", "active", Kind::Stock),
    ("subscriptions_trialing", "trialing", Kind::Stock),
    ("subscriptions_past_due", "past due", Kind::Stock),
    ("subscriptions_grace", "in grace", Kind::Stock),
    ("trials_started", "trials started", Kind::Flow),
    ("trials_converted", "trials converted", Kind::Flow),
    ("dunning_recovered", "payments recovered", Kind::Flow),
];

const AMOUNTS: &[(&str, &str, Kind)] = &[
    ("mrr", "MRR", Kind::Stock),
    ("arr", "ARR", Kind::Stock),
    ("movement_new", "new", Kind::Flow),
    ("movement_expansion", "expansion", Kind::Flow),
    ("movement_reactivation", "reactivation", Kind::Flow),
    ("movement_contraction", "contraction", Kind::Flow),
    ("movement_churn_voluntary", "churn, voluntary", Kind::Flow),
    ("movement_churn_involuntary", "churn, involuntary", Kind::Flow),
    ("nrr_30d", "net retention", Kind::Rate),
    ("revenue_churn_30d", "revenue churn", Kind::Rate),
    ("collected", "collected", Kind::Flow),
    ("outstanding", "outstanding", Kind::Stock),
    ("money_at_risk", "at risk in dunning", Kind::Stock),
];

/// The figures of eight days, oldest first: the one before the week, and the week.
pub(super) struct Week(pub(super) Vec<Vec<Figure>>);

impl Digest {
    /// The week that ends with this day; none while its last day has no snapshot.
    pub(crate) async fn of_week(
        conn: &mut PgConnection,
        until: NaiveDate,
    ) -> Result<Option<Self>, Failure> {
        let mut days = Vec::new();
        for back in (0..=7).rev() {
            let Some(day) = until.checked_sub_days(Days::new(back)) else { continue };
            days.push(snapshots::of_date(conn, day).await?);
        }
        if days.last().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        Self::told(until, &Week(days)).map(Some).map_err(Failure::give_up)
    }

    /// The same from its days.
    pub(super) fn told(until: NaiveDate, week: &Week) -> Result<Self, MoneyError> {
        let mut groups = vec![group("Customers", COUNTS, week, None)?];
        let mut headline = String::new();
        for currency in week.currencies() {
            let told = group(currency.code(), AMOUNTS, week, Some(currency))?;
            if let Some(mrr) = told.rows.iter().find(|row| row.words == "MRR") {
                let gap = if headline.is_empty() { "MRR " } else { ", " };
                headline += &format!("{gap}{}", mrr.figure);
            }
            groups.push(told);
        }
        groups.retain(|group| !group.rows.is_empty());
        Ok(Self { until, headline, groups })
    }
}

fn group(
    title: &str,
    metrics: &[(&str, &'static str, Kind)],
    week: &Week,
    currency: Option<Currency>,
) -> Result<Group, MoneyError> {
    let mut rows = Vec::new();
    for (metric, words, kind) in metrics {
        rows.extend(row(metric, words, *kind, week, currency)?);
    }
    Ok(Group { title: title.to_owned(), rows })
}

fn row(
    metric: &str,
    words: &'static str,
    kind: Kind,
    week: &Week,
    currency: Option<Currency>,
) -> Result<Option<Row>, MoneyError> {
    let code = currency.as_ref().map_or("", Currency::code);
    let at = |day: Option<&Vec<Figure>>| day.and_then(|day| find(day, metric, code));
    let (before, now) = (at(week.0.first()), at(week.0.last()));
    let (figure, change) = match kind {
        Kind::Flow => {
            let mut days = week.0.iter().skip(1).filter_map(|day| find(day, metric, code));
            let sum = days.try_fold(Fraction::from_integer(0), checked_sum)?;
            if sum == Fraction::from_integer(0) {
                return Ok(None);
            }
            (written(sum, currency)?, String::new())
        }
        Kind::Stock => {
            let Some(now) = now else { return Ok(None) };
            let change = before.map(|before| change(before, now, currency)).transpose()?;
            (written(now, currency)?, change.unwrap_or_default())
        }
        Kind::Rate => {
            let Some(now) = now else { return Ok(None) };
            (percent(now)?, String::new())
        }
    };
    let line = format!("  {words:<22}{figure:>16}   {change}").trim_end().to_owned();
    Ok(Some(Row { words, figure, change, line }))
}

fn find(day: &[Figure], metric: &str, currency: &str) -> Option<Fraction> {
    let found = day.iter().find(|figure| {
        figure.metric == metric && figure.currency == currency && figure.breakdown == "total"
    })?;
    let (numer, denom) = (found.numer.parse().ok()?, found.denom.parse().ok()?);
    (denom > 0).then(|| Fraction::new(numer, denom))
}

fn change(
    before: Fraction,
    now: Fraction,
    currency: Option<Currency>,
) -> Result<String, MoneyError> {
    let difference = checked_sum(now, -before)?;
    let sign = if difference > Fraction::from_integer(0) { "+" } else { "" };
    Ok(format!("{sign}{}", written(difference, currency)?))
}

fn written(value: Fraction, currency: Option<Currency>) -> Result<String, MoneyError> {
    let (locale, whole) = (Locale::find("en-US"), round_half_up(value)?);
    Ok(match currency {
        Some(currency) => locale.money(Money::new(whole, currency)),
        None => locale.number(whole),
    })
}

/// `93.1%`
fn percent(rate: Fraction) -> Result<String, MoneyError> {
    let tenths = round_half_up(checked_product(rate, Fraction::from_integer(1_000))?)?;
    let sign = if tenths < 0 { "-" } else { "" };
    Ok(format!("{sign}{}.{}%", tenths.abs() / 10, tenths.abs() % 10))
}

impl Week {
    /// The currencies that had revenue, as of the week's end.
    fn currencies(&self) -> BTreeSet<Currency> {
        let last = self.0.last().map(Vec::as_slice).unwrap_or_default();
        last.iter()
            .filter(|figure| figure.metric == "mrr" && figure.breakdown == "total")
            .filter_map(|figure| Currency::parse(&figure.currency).ok())
            .collect()
    }
}
