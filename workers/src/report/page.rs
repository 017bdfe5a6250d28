//! The page: one file that needs nothing else, to be read without a script, on paper too.

use chrono::NaiveDate;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use perennial_core::currency::Currency;
use perennial_core::money::{Fraction, MoneyError};

use super::amounts::{Unit, written};
use super::figures::{Book, Report};
use super::{churn, cohorts, funnel, plans, revenue};

const STYLE: &str = include_str!("page.css");

/// Writes the page.
///
/// # Errors
/// When a sum of figures does not fit.
pub fn page(report: &Report) -> Result<String, MoneyError> {
    let title = format!("Subscriptions on {}", long_date(report.date));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { (circumstances(report)) }
                }
                main {
                    (people(report))
                    @for book in &report.books { (section(report, book)?) }
                    (cohorts::customers(&report.customers_kept))
                    @if let Some(recovery) = &report.recovery { (funnel::chart(recovery)) }
                    (all_figures(report))
                }
                footer { p { "Made by Perennial. Figures are exact until they are written; rates are of the last 30 days." } }
            }
        }
    };
    Ok(markup.into_string())
}

fn circumstances(report: &Report) -> String {
    let fresh = report.fresh_to.map_or(String::new(), |at| {
        format!(", from all data up to {}", at.format("%-d %B %Y %H:%M UTC"))
    });
    format!("As it stood when the day ended in {}{fresh}.", report.zone)
}

fn section(report: &Report, book: &Book) -> Result<Markup, MoneyError> {
    let code = book.currency.code();
    let id = format!("in-{code}");
    Ok(html! {
        section aria-labelledby=(id) {
            h2 id=(id) { "Revenue in " (code) }
            (money_tiles(report, book))
            div .grid {
                (revenue::chart(book, report.date)?)
                (churn::chart(book, report))
                (plans::chart(book))
                (cohorts::revenue(book))
            }
        }
    })
}

/// What is counted whatever the currency.
fn people(report: &Report) -> Markup {
    let tiles = [
        ("customers", "customers"),
        ("subscriptions_active", "active"),
        ("subscriptions_trialing", "trialing"),
        ("subscriptions_past_due", "past due"),
        ("subscriptions_grace", "in grace"),
        ("subscriptions_paused", "paused"),
    ];
    html! {
        section aria-label="Customers and subscriptions" {
            dl .tiles {
                @for (metric, words) in tiles { (tile(words, report.total(metric, ""), Unit::Count)) }
            }
        }
    }
}

fn money_tiles(report: &Report, book: &Book) -> Markup {
    let (currency, money) = (book.currency.code(), Unit::Money(book.currency));
    let tiles = [
        ("mrr", "MRR", money),
        ("arr", "ARR", money),
        ("arpu", "MRR per customer", money),
        ("ltv", "lifetime value", money),
        ("nrr_30d", "net retention", Unit::Rate),
        ("grr_30d", "gross retention", Unit::Rate),
        ("revenue_churn_30d", "revenue churn", Unit::Rate),
        ("quick_ratio_30d", "quick ratio", Unit::Ratio),
        ("collected", "collected that day", money),
        ("refunded", "refunded that day", money),
        ("disputed", "disputed that day", money),
        ("outstanding", "outstanding", money),
        ("money_at_risk", "at risk in dunning", money),
    ];
    html! {
        dl .tiles {
            @for (metric, words, unit) in tiles { (tile(words, report.total(metric, currency), unit)) }
        }
    }
}

fn tile(words: &str, value: Option<Fraction>, unit: Unit) -> Markup {
    html! {
        @if let Some(value) = value {
            div { dt { (words) } dd { (written(value, unit)) } }
        }
    }
}

/// A chart with its title, and its figures as a table behind a click, if it has any.
pub(super) fn card(
    id: &str,
    title: &str,
    wide: Wide,
    chart: Markup,
    figures: Option<Markup>,
) -> Markup {
    html! {
        figure .card .wide[wide == Wide::Yes] aria-labelledby=(id) {
            figcaption { h3 id=(id) { (title) } }
            (chart)
            @if let Some(figures) = figures {
                details { summary { "The figures" } (scrolling(title, figures)) }
            }
        }
    }
}

/// Whether a card takes the whole row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wide {
    Yes,
    No,
}

/// A table that scrolls by itself where it is wider than the screen.
pub(super) fn scrolling(title: &str, table: Markup) -> Markup {
    html! { div .scroll tabindex="0" role="region" aria-label=(format!("{title}: table")) { (table) } }
}

/// The words for colours. `shape` is `box` or `line`.
pub(super) fn legend(shape: &str, entries: &[(&str, &str)]) -> Markup {
    html! {
        ul .legend {
            @for (class, words) in entries {
                li { span class=(format!("{shape} {class}")) aria-hidden="true" {} (words) }
            }
        }
    }
}

fn all_figures(report: &Report) -> Markup {
    html! {
        section aria-labelledby="all" {
            h2 id="all" { "All figures of the day" }
            details {
                summary { (report.day.len()) " figures, exact" }
                (scrolling("All figures", html! {
                    table {
                        thead { tr {
                            @for head in ["metric", "currency", "by", "of"] { th scope="col" { (head) } }
                            th .number scope="col" { "figure" }
                            th .number scope="col" { "exact" }
                        } }
                        tbody { @for figure in &report.day {
                            tr {
                                th scope="row" { (figure.metric) }
                                td { (figure.currency) }
                                td { (figure.breakdown) }
                                td { (figure.key) }
                                td .number { (written(figure.value, Unit::of(&figure.metric, &figure.currency))) }
                                td .number { (figure.value.to_string()) }
                            }
                        } }
                    }
                }))
            }
        }
    }
}

/// What stands where there is nothing to draw.
pub(super) fn nothing(why: &str) -> Markup {
    html! { p .nothing { (why) } }
}

pub(super) fn money(value: Fraction, currency: Currency) -> String {
    written(value, Unit::Money(currency))
}

fn long_date(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests;
