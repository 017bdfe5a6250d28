//! How much is lost: of revenue, and of customers.

use maud::{Markup, html};
use perennial_core::money::Fraction;

use super::amounts::{Unit, basis_points, percent, whole_percent, written};
use super::figures::{Book, Point, Report};
use super::page::{Wide, card, legend, nothing};
use super::plot::{Axis, Days, WIDTH, line, places};
use super::revenue::{grid, month_names};

const HEIGHT: i128 = 190;
const TOP: i128 = 16;

/// The card.
pub(super) fn chart(book: &Book, report: &Report) -> Markup {
    let code = book.currency.code();
    let title = format!("Churn within 30 days, {code}");
    let (Some(first), Some(last)) = (book.months.first(), book.months.last()) else {
        return nothing("No month is over yet.");
    };
    let days = Days { start: first.first, end: last.end() };
    let series = [("revenue", &book.revenue_churn), ("logo", &book.logo_churn)];
    let rates = series.iter().flat_map(|(_, points)| points.iter().map(rate));
    let axis = Axis::holding(rates, 10, HEIGHT);
    let id = format!("churn-{code}");
    if book.revenue_churn.is_empty() && book.logo_churn.is_empty() {
        let why = nothing("A rate of 30 days needs somebody who paid 30 days ago.");
        return card(&id, &title, Wide::No, why, None);
    }
    let drawing = html! {
            div .axis {
                svg .plot width="100%" height=((HEIGHT + TOP + 26)) role="img" aria-label=(told(book)) {
                    svg y=(TOP) width="100%" height=((HEIGHT + 26)) overflow="visible" {
                        (grid(axis, tick))
                        svg width="100%" height=(HEIGHT) viewBox=(format!("0 0 {WIDTH} {HEIGHT}"))
                            preserveAspectRatio="none" {
                            @for (class, points) in &series {
                                polyline class=(class) points=(line(&places(points, days, axis, rate))) {}
                            }
                        }
                        (month_names(&book.months, days, HEIGHT + 20))
                    }
                }
            }
            (legend("line", &[("revenue", "of revenue"), ("logo", "of customers")]))
        (split(book, report))
    };
    card(&id, &title, Wide::No, drawing, Some(figures(book)))
}

/// A tick of an axis in hundredths of a percent.
fn tick(rate: i128) -> String {
    if rate % 100 == 0 { whole_percent(rate) } else { percent(rate) }
}

fn rate(point: &Point) -> i128 {
    basis_points(point.value, Fraction::from_integer(1)).unwrap_or_default()
}

fn told(book: &Book) -> String {
    let last = |points: &[Point]| {
        points.last().map_or("unknown".to_owned(), |point| written(point.value, Unit::Rate))
    };
    format!(
        "Churn is {} of revenue and {} of customers.",
        last(&book.revenue_churn),
        last(&book.logo_churn)
    )
}

/// Who left because they wished to, and who for want of payment.
fn split(book: &Book, report: &Report) -> Markup {
    let total = |metric: &str| {
        report.total(metric, book.currency.code()).or_else(|| report.total(metric, ""))
    };
    let voluntary = total("logo_churn_voluntary_30d");
    let involuntary = total("logo_churn_involuntary_30d");
    html! {
        @if let (Some(voluntary), Some(involuntary)) = (voluntary, involuntary) {
            p .note {
                "Of customers, " (written(voluntary, Unit::Rate)) " left as they wished and "
                (written(involuntary, Unit::Rate)) " for want of payment."
            }
        }
    }
}

fn figures(book: &Book) -> Markup {
    let at_end = |points: &[Point], month: &super::figures::Month| {
        let within = |point: &&Point| point.date >= month.first && point.date < month.end();
        let last = points.iter().rev().find(within);
        last.map_or("–".to_owned(), |point| written(point.value, Unit::Rate))
    };
    html! {
        table {
            thead { tr {
                th scope="col" { "at the end of" }
                th .number scope="col" { "of revenue" }
                th .number scope="col" { "of customers" }
            } }
            tbody { @for month in book.months.iter().rev() {
                tr {
                    th scope="row" { (month.first.format("%b %Y").to_string()) }
                    td .number { (at_end(&book.revenue_churn, month)) }
                    td .number { (at_end(&book.logo_churn, month)) }
                }
            } }
        }
    }
}
