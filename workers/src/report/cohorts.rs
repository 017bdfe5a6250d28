//! Who came in the same month, and what is kept of them: a heat map that is a table.

use maud::{Markup, html};
use perennial_core::money::Fraction;

use super::amounts::{Unit, whole_percent, written};
use super::figures::{Book, Cohort};
use super::page::{Wide, card, nothing, scrolling};

/// Customers who still pay.
pub(super) fn customers(cohorts: &[Cohort]) -> Markup {
    let title = "Customers kept, by the month of their first purchase";
    html! {
        section aria-labelledby="kept" {
            h2 id="kept" { "Customers" }
            (map("cohort-customers", title, cohorts, Unit::Count))
        }
    }
}

/// What they still pay.
pub(super) fn revenue(book: &Book) -> Markup {
    let code = book.currency.code();
    let title = format!("Revenue kept, by the month of the first purchase, {code}");
    map(&format!("cohort-{code}"), &title, &book.revenue_kept, Unit::Money(book.currency))
}

fn map(id: &str, title: &str, cohorts: &[Cohort], unit: Unit) -> Markup {
    let months = cohorts.iter().map(|cohort| cohort.kept.len()).max().unwrap_or(0);
    if months == 0 {
        return card(id, title, Wide::Yes, nothing("Nobody has purchased in these months."), None);
    }
    let drawing = scrolling(title, heat(cohorts, months, unit));
    card(id, title, Wide::Yes, drawing, Some(figures(cohorts, months, unit)))
}

fn heat(cohorts: &[Cohort], months: usize, unit: Unit) -> Markup {
    html! {
        table .heat {
            thead { (heads(months)) }
            tbody { @for cohort in cohorts {
                tr {
                    (cohort_head(cohort))
                    td .number { (start(cohort, unit)) }
                    @for rate in cohort.rates() {
                        @match rate {
                            Some(rate) => { td .cell style=(format!("--heat:{}%", warmth(rate))) { (whole_percent(rate)) } }
                            None => { td {} }
                        }
                    }
                    @for _ in cohort.kept.len()..months { td {} }
                }
            } }
        }
    }
}

fn heads(months: usize) -> Markup {
    html! {
        tr {
            th scope="col" { "cohort" }
            th .number scope="col" { "at first" }
            @for month in 0..months { th .month scope="col" { (month) } }
        }
    }
}

fn cohort_head(cohort: &Cohort) -> Markup {
    html! { th scope="row" { (cohort.first.format("%b %Y").to_string()) } }
}

fn start(cohort: &Cohort, unit: Unit) -> String {
    let start = cohort.kept.first().copied().flatten();
    start.map_or("–".to_owned(), |start| written(start, unit))
}

/// How deep a cell's colour is, of a hundred. Squared: what matters lies between half and all.
pub(super) fn warmth(basis_points: i128) -> i128 {
    let percent = (basis_points / 100).clamp(0, 100);
    percent * percent / 100
}

fn figures(cohorts: &[Cohort], months: usize, unit: Unit) -> Markup {
    let told = |kept: Option<Fraction>| kept.map_or("–".to_owned(), |kept| written(kept, unit));
    html! {
        table {
            thead { tr {
                th scope="col" { "cohort" }
                @for month in 0..months { th .number scope="col" { "month " (month) } }
            } }
            tbody { @for cohort in cohorts {
                tr {
                    (cohort_head(cohort))
                    @for kept in &cohort.kept { td .number { (told(*kept)) } }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(kept: &[Option<i128>]) -> Cohort {
        Cohort {
            first: "2026-01-01".parse().unwrap(),
            kept: kept.iter().map(|kept| kept.map(Fraction::from_integer)).collect(),
        }
    }

    #[test]
    fn a_rate_is_of_what_there_was_at_first() {
        let kept = cohort(&[Some(8), Some(6), None, Some(9)]);
        assert_eq!(kept.rates(), [Some(10_000), Some(7_500), None, Some(11_250)]);
    }

    #[test]
    fn a_cohort_whose_beginning_is_not_known_has_no_rates() {
        assert_eq!(cohort(&[None, Some(3)]).rates(), [None, None]);
        assert_eq!(cohort(&[Some(0), Some(3)]).rates(), [None, None]);
    }

    #[test]
    fn a_cell_is_as_deep_as_what_is_kept() {
        assert_eq!([0, 5_000, 10_000, 15_000].map(warmth), [0, 25, 100, 100]);
    }
}
