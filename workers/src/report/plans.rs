//! What each plan brings.

use maud::{Markup, html};
use perennial_core::money::Fraction;

use super::amounts::{basis_points, percent, whole};
use super::figures::Book;
use super::page::{Wide, card, money, nothing};
use super::plot::{WIDTH, across, share};

/// The card.
pub(super) fn chart(book: &Book) -> Markup {
    let code = book.currency.code();
    let title = format!("MRR by plan, {code}");
    let mut plans: Vec<_> =
        book.plans.iter().filter(|(_, mrr)| *mrr > Fraction::from_integer(0)).collect();
    plans.sort_by(|(left, less), (right, more)| more.cmp(less).then_with(|| left.cmp(right)));
    let sum: i128 = plans.iter().map(|(_, mrr)| whole(*mrr)).sum();
    let most = plans.first().map_or(0, |(_, mrr)| whole(*mrr));
    let id = format!("plans-{code}");
    if plans.is_empty() {
        return card(&id, &title, Wide::No, nothing("No plan brings revenue yet."), None);
    }
    let drawing = html! {
        ol .bars { @for (plan, mrr) in plans.iter().take(DRAWN_MAX) {
            li {
                span { (plan) } span .number { (money(*mrr, book.currency)) " · " (of(*mrr, sum)) }
                svg width="100%" height="18" aria-hidden="true" {
                    rect .plan width=(across(share(whole(*mrr), most, WIDTH))) height="18" {}
                }
            }
        } }
        @if plans.len() > DRAWN_MAX { p .note { (plans.len() - DRAWN_MAX) " smaller ones are among the figures." } }
    };
    let figures = html! {
        table {
            thead { tr {
                th scope="col" { "plan" }
                th .number scope="col" { "MRR" }
                th .number scope="col" { "share" }
            } }
            tbody { @for (plan, mrr) in &plans {
                tr {
                    th scope="row" { (plan) }
                    td .number { (money(*mrr, book.currency)) }
                    td .number { (of(*mrr, sum)) }
                }
            } }
        }
    };
    card(&id, &title, Wide::No, drawing, Some(figures))
}

/// Beyond this many, bars say little.
const DRAWN_MAX: usize = 8;

fn of(part: Fraction, sum: i128) -> String {
    basis_points(part, Fraction::from_integer(sum)).map_or("–".to_owned(), percent)
}
