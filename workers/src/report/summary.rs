//! The day in a terminal.

use std::fmt::Write;

use chrono::{Days, NaiveDate};
use perennial_core::money::Fraction;

use super::amounts::{Unit, basis_points, percent, whole, written};
use super::figures::{Book, Point, Report};
use super::sparkline::sparkline;

/// Whether words are emphasised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// For a terminal.
    Ansi,
    /// For a file, a pipe, or where `NO_COLOR` is set.
    Plain,
}

/// What is counted, and what it is called.
const COUNTS: &[(&str, &str)] = &[
    ("customers", "customers"),
    ("subscriptions_active", "active"),
    ("subscriptions_trialing", "trialing"),
    ("subscriptions_past_due", "past due"),
    ("subscriptions_grace", "in grace"),
    ("subscriptions_paused", "paused"),
    ("mails_sent", "mails sent"),
    ("mails_bounced", "mails bounced"),
];

/// Figures of a currency, and what they are called.
const AMOUNTS: &[(&str, &str)] = &[
    ("arr", "ARR"),
    ("arpu", "MRR per customer"),
    ("ltv", "lifetime value"),
    ("nrr_30d", "net retention"),
    ("grr_30d", "gross retention"),
    ("revenue_churn_30d", "revenue churn"),
    ("logo_churn_30d", "customer churn"),
    ("quick_ratio_30d", "quick ratio"),
    ("movement_new", "new"),
    ("movement_expansion", "expansion"),
    ("movement_reactivation", "reactivation"),
    ("movement_contraction", "contraction"),
    ("movement_churn_voluntary", "churn, voluntary"),
    ("movement_churn_involuntary", "churn, involuntary"),
    ("billed", "billed"),
    ("collected", "collected"),
    ("refunded", "refunded"),
    ("disputed", "disputed"),
    ("outstanding", "outstanding"),
    ("money_at_risk", "at risk in dunning"),
];

/// A column of words.
const WORDS: usize = 20;
/// A column of figures.
const FIGURES: usize = 16;
/// What is "lately".
const LATELY_DAYS: u64 = 90;

/// The day's figures, with how they came to be what they are.
#[must_use]
pub fn summary(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    let title = format!("{} ({})", report.date.format("%-d %B %Y"), report.zone);
    add(&mut text, format_args!("{}", bold(&title, paint)));
    for (metric, words) in COUNTS {
        let Some(value) = report.total(metric, "") else { continue };
        let course = report.counts.iter().find(|(name, _)| name == metric);
        let course = course.map_or(String::new(), |(_, points)| lately(points, report.date));
        row(&mut text, words, &written(value, Unit::Count), &course);
    }
    for book in &report.books {
        add(&mut text, format_args!("\n{}", bold(book.currency.code(), paint)));
        revenue(&mut text, report, book);
    }
    if let Some(recovery) = report.recovery.as_ref().filter(|recovery| recovery.failed > 0) {
        add(&mut text, format_args!("\n{}", bold("Recovery", paint)));
        let count = |count: i128| written(Fraction::from_integer(count), Unit::Count);
        row(
            &mut text,
            "payments failed",
            &count(recovery.failed),
            &format!("since {}", recovery.since),
        );
        let recovered = recovery.recovered.iter().map(|(_, count)| count).sum();
        row(&mut text, "recovered", &count(recovered), &by_attempt(&recovery.recovered));
        row(&mut text, "lost", &count(recovery.lost), "");
        row(&mut text, "still open", &count(recovery.open()), "");
    }
    text
}

fn revenue(text: &mut String, report: &Report, book: &Book) {
    let money = Unit::Money(book.currency);
    if let Some(mrr) = report.total("mrr", book.currency.code()) {
        let months: Vec<_> = book.months.iter().map(|month| month.mrr.map(whole)).collect();
        let course = format!("{}  {}", sparkline(&months), span(months.len()));
        row(text, "MRR", &written(mrr, money), &course);
        row(text, "", "", &lately(&book.mrr, report.date));
    }
    for (metric, words) in AMOUNTS {
        let code = book.currency.code();
        let Some(value) = report.total(metric, code) else { continue };
        row(text, words, &written(value, Unit::of(metric, code)), "");
    }
}

/// `13 months`
fn span(months: usize) -> String {
    format!("{months} month{}", if months == 1 { "" } else { "s" })
}

/// The last 90 days, and what changed within them.
fn lately(points: &[Point], until: NaiveDate) -> String {
    let from = until.checked_sub_days(Days::new(LATELY_DAYS)).unwrap_or(NaiveDate::MIN);
    let recent: Vec<_> = points.iter().filter(|point| point.date > from).collect();
    let values: Vec<_> = recent.iter().map(|point| Some(whole(point.value))).collect();
    let (Some(first), Some(last)) = (recent.first(), recent.last()) else { return String::new() };
    let drawn = sparkline(&thinned(&values));
    let days = (last.date - first.date).num_days() + 1;
    match basis_points(last.value - first.value, first.value) {
        Some(0) if days > 1 => format!("{drawn}  unchanged in {days} days"),
        Some(change) if days > 1 => {
            let sign = if change > 0 { "+" } else { "" };
            format!("{drawn}  {sign}{} in {days} days", percent(change))
        }
        _ => drawn,
    }
}

/// At most 30 of the values, evenly, the last one among them.
fn thinned(values: &[Option<i128>]) -> Vec<Option<i128>> {
    let every = values.len().div_ceil(30).max(1);
    let skip = values.len().saturating_sub(1) % every;
    values.iter().skip(skip).step_by(every).copied().collect()
}

fn by_attempt(recovered: &[(u32, i128)]) -> String {
    let told = recovered.iter().map(|(attempt, count)| match attempt {
        0 => format!("{count} without a retry"),
        attempt => format!("{count} at retry {attempt}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

fn row(text: &mut String, words: &str, figure: &str, course: &str) {
    let line = format!("  {words:<WORDS$}{figure:>FIGURES$}   {course}");
    add(text, format_args!("{}", line.trim_end()));
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes what is written to it");
}

fn bold(words: &str, paint: Paint) -> String {
    match paint {
        Paint::Ansi => format!("\u{1b}[1m{words}\u{1b}[0m"),
        Paint::Plain => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_small_business_in_a_terminal() {
        insta::assert_snapshot!(summary(&samples::report(), Paint::Plain));
    }

    #[test]
    fn words_are_emphasised_only_for_a_terminal() {
        assert!(summary(&samples::report(), Paint::Ansi).contains('\u{1b}'));
        assert!(!summary(&samples::report(), Paint::Plain).contains('\u{1b}'));
    }

    #[test]
    fn a_long_series_is_thinned_and_keeps_its_end() {
        let values: Vec<_> = (0..90).map(Some).collect();
        let thinned = thinned(&values);
        assert_eq!((thinned.len(), thinned.last()), (30, Some(&Some(89))));
    }
}
