//! A report for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::report::{Figure, Point, Report, decimal};

/// One object. Numerators and denominators are texts: they may be wider than a number of JSON.
pub(super) fn json(report: &Report) -> Value {
    let day: Vec<_> = report.day.iter().map(figure).collect();
    let mut courses: Vec<_> =
        report.counts.iter().map(|(metric, points)| course(metric, "", points)).collect();
    for book in &report.books {
        let code = book.currency.code();
        courses.push(course("mrr", code, &book.mrr));
        courses.push(course("revenue_churn_30d", code, &book.revenue_churn));
        courses.push(course("logo_churn_30d", code, &book.logo_churn));
    }
    json!({
        "date": report.date,
        "zone": report.zone,
        "fresh_to": report.fresh_to,
        "figures": day,
        "series": courses,
    })
}

fn figure(figure: &Figure) -> Value {
    json!({
        "metric": figure.metric,
        "currency": figure.currency,
        "breakdown": figure.breakdown,
        "key": figure.key,
        "numer": figure.value.numer().to_string(),
        "denom": figure.value.denom().to_string(),
        "value": decimal(figure),
    })
}

fn course(metric: &str, currency: &str, points: &[Point]) -> Value {
    let points: Vec<_> = points
        .iter()
        .map(|point| {
            let (numer, denom) = (point.value.numer().to_string(), point.value.denom().to_string());
            json!({ "date": point.date, "numer": numer, "denom": denom })
        })
        .collect();
    json!({ "metric": metric, "currency": currency, "points": points })
}

/// One line per figure: what it is broken down by, its key, its currency and its value.
pub(super) fn lines(report: &Report) -> String {
    let mut text = String::new();
    for figure in &report.day {
        let Figure { currency, breakdown, key, .. } = figure;
        let told = decimal(figure);
        let line = format!("{breakdown:<9} {key:<24} {told:>16} {currency}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// One line per figure, under a line of names (RFC 4180).
pub(super) fn csv(report: &Report) -> String {
    let mut text = String::from("date,metric,currency,breakdown,key,value,numer,denom\r\n");
    for figure in &report.day {
        let Figure { metric, currency, breakdown, key, value } = figure;
        let told = decimal(figure);
        write!(
            text,
            "{},{},{},{},{},{told},{},{}\r\n",
            report.date,
            quoted(metric),
            quoted(currency),
            quoted(breakdown),
            quoted(key),
            value.numer(),
            value.denom()
        )
        .expect("a string takes what is written to it");
    }
    text
}

/// In quotes where a comma, a quote or an end of line would be misread.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_would_be_misread_is_quoted() {
        assert_eq!(quoted("basic"), "basic");
        assert_eq!(quoted("a,b \"c\""), "\"a,b \"\"c\"\"\"");
    }
}
