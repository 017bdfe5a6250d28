//! Recurring revenue over time, and below it what moved it, month by month.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};
use perennial_core::money::{Fraction, MoneyError};

use super::amounts::{major, short_money, whole};
use super::figures::{Book, Month, Movement};
use super::page::{Wide, card, legend, money, nothing};
use super::plot::{Axis, Days, WIDTH, across, line, places};

const ABOVE: i128 = 150;
const BELOW: i128 = 170;
/// Where the second panel begins.
const SECOND: i128 = ABOVE + 34;
/// Beneath the line at the top, for the topmost words.
const TOP: i128 = 16;

/// One movement of one month as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) movement: Movement,
    pub(super) top: i128,
    pub(super) height: i128,
}

/// Pixels that a block is drawn high at least: what moved is seen, however little it was.
const SEEN: i128 = 2;

impl Block {
    /// Its top and height on the page.
    fn drawn(&self) -> (i128, i128) {
        let more = (SEEN - self.height).max(0);
        (if self.movement.takes() { self.top } else { self.top - more }, self.height + more)
    }
}

/// The blocks of a month: what adds grows upwards from zero, what takes away downwards. Each ends
/// where the sum up to it lies, so that heights add up whatever rounding does.
pub(super) fn blocks(month: &Month, axis: Axis) -> Vec<Block> {
    let (mut above, mut below) = (0, 0);
    let amounts = month.moved.iter().map(|amount| whole(*amount)).zip(Movement::ALL);
    let mut blocks = Vec::new();
    for (amount, movement) in amounts.filter(|(amount, _)| *amount > 0) {
        let (top, bottom) = if movement.takes() {
            let from = below;
            below -= amount;
            (axis.down(from), axis.down(below))
        } else {
            let from = above;
            above += amount;
            (axis.down(above), axis.down(from))
        };
        blocks.push(Block { movement, top, height: bottom - top });
    }
    blocks
}

/// The card.
pub(super) fn chart(book: &Book, until: NaiveDate) -> Result<Markup, MoneyError> {
    let code = book.currency.code();
    let title = format!("Monthly recurring revenue and what moved it, {code}");
    let (Some(first), Some(last)) = (book.months.first(), book.months.last()) else {
        return Ok(nothing("No month is over yet."));
    };
    let days = Days { start: first.first, end: last.end() };
    let height = SECOND + TOP + if moves(book) { BELOW + 26 } else { 40 };
    let drawing = html! {
        div .axis {
            svg .plot width="100%" height=(height) role="img"
                aria-label=(told(book, until)?) {
                (level(book, days))
                (movements(book, days))
            }
        }
        @if moves(book) { (legend("box", &Movement::ALL.map(|movement| (movement.class(), movement.words())))) }
    };
    Ok(card(&format!("revenue-{code}"), &title, Wide::Yes, drawing, Some(figures(book)?)))
}

/// The chart in a sentence.
fn told(book: &Book, until: NaiveDate) -> Result<String, MoneyError> {
    let (Some(first), Some(last)) = (book.mrr.first(), book.mrr.last()) else {
        return Ok(format!("No recurring revenue is known up to {until}."));
    };
    Ok(format!(
        "Recurring revenue was {} on {} and {} on {}.",
        money(first.value, book.currency),
        first.date,
        money(last.value, book.currency),
        last.date
    ))
}

fn level(book: &Book, days: Days) -> Markup {
    let shown = book.mrr.iter().filter(|point| point.date >= days.start);
    let axis = Axis::holding(shown.map(|point| whole(point.value)), major(book.currency), ABOVE);
    let places = places(&book.mrr, days, axis, |point| whole(point.value));
    let area = match (places.first(), places.last()) {
        (Some((left, _)), Some((right, _))) => {
            format!("{left},{ABOVE} {} {right},{ABOVE}", line(&places))
        }
        _ => String::new(),
    };
    html! {
        svg y=(TOP) width="100%" height=(ABOVE) overflow="visible" {
            (grid(axis, |tick| short_money(tick, book.currency)))
            svg width="100%" height=(ABOVE) viewBox=(format!("0 0 {WIDTH} {ABOVE}")) preserveAspectRatio="none" {
                polygon .area points=(area) {}
                polyline .level points=(line(&places)) {}
            }
        }
    }
}

fn moves(book: &Book) -> bool {
    book.months.iter().any(|month| month.moved.iter().any(|amount| whole(*amount) > 0))
}

fn movements(book: &Book, days: Days) -> Markup {
    if !moves(book) {
        return html! {
            text x="0" y=((SECOND + TOP)) { "Nothing moved in these months." }
            svg y=((SECOND + TOP)) width="100%" height="40" overflow="visible" {
                (month_names(&book.months, days, 30))
            }
        };
    }
    let heights = book.months.iter().flat_map(|month| {
        let side = |takes: bool| -> i128 {
            let amounts = month.moved.iter().zip(Movement::ALL);
            amounts
                .filter(|(_, kind)| kind.takes() == takes)
                .map(|(amount, _)| whole(*amount))
                .sum()
        };
        [side(false), -side(true)]
    });
    let axis = Axis::holding(heights, major(book.currency), BELOW);
    html! {
        svg y=((SECOND + TOP)) width="100%" height=((BELOW + 26)) overflow="visible" {
            (grid(axis, |tick| short_money(tick, book.currency)))
            @for month in &book.months {
                @let (left, right) = (days.place(month.first), days.place(month.end()));
                @let gap = (right - left) / 8;
                @for block in blocks(month, axis) {
                    @let (top, height) = block.drawn();
                    rect class=(block.movement.class()) x=(across(left + gap)) width=(across(right - left - 2 * gap))
                        y=(top) height=(height) {
                        title { (tip(month, block.movement, book)) }
                    }
                }
            }
            line .zero x1="0" x2="100%" y1=(axis.down(0)) y2=(axis.down(0)) {}
            (month_names(&book.months, days, BELOW + 20))
        }
    }
}

/// The months' names beneath a chart; every other one may be left out where it is narrow, but never a
/// January, which says its year.
pub(super) fn month_names(months: &[Month], days: Days, y: i128) -> Markup {
    html! {
        @for month in months {
            @let middle = (days.place(month.first) + days.place(month.end())) / 2;
            text .month .other[month.first.month() % 2 == 0] x=(across(middle)) y=(y) { (name(month.first)) }
        }
    }
}

fn tip(month: &Month, movement: Movement, book: &Book) -> String {
    let amounts = month.moved.iter().zip(Movement::ALL);
    let amount = amounts.filter(|(_, kind)| *kind == movement).map(|(amount, _)| *amount).next();
    let amount = amount.unwrap_or_else(|| Fraction::from_integer(0));
    let sign = if movement.takes() { "−" } else { "+" };
    format!(
        "{}: {} {sign}{}",
        month.first.format("%B %Y"),
        movement.words(),
        money(amount, book.currency)
    )
}

/// `Feb`; a January says its year.
fn name(first: NaiveDate) -> String {
    first.format(if first.month() == 1 { "’%y" } else { "%b" }).to_string()
}

/// Lines across, with their values before them; zero is drawn stronger.
pub(super) fn grid(axis: Axis, words: impl Fn(i128) -> String) -> Markup {
    html! {
        @for tick in axis.ticks() {
            @let y = axis.down(tick);
            line .zero[tick == 0] x1="0" x2="100%" y1=(y) y2=(y) {}
            text .tick x="-8" y=((y + 4)) { (words(tick)) }
        }
    }
}

fn figures(book: &Book) -> Result<Markup, MoneyError> {
    let rows: Result<Vec<_>, _> =
        book.months.iter().map(|month| Ok((month, month.net()?))).collect();
    Ok(html! {
        table {
            thead { tr {
                th scope="col" { "month" }
                th .number scope="col" { "MRR" }
                @for movement in Movement::ALL { th .number scope="col" { (movement.words()) } }
                th .number scope="col" { "net" }
                th scope="col" { "days" }
            } }
            tbody { @for (month, net) in rows?.into_iter().rev() {
                tr {
                    th scope="row" { (month.first.format("%b %Y").to_string()) }
                    td .number { (month.mrr.map_or("–".to_owned(), |mrr| money(mrr, book.currency))) }
                    @for (amount, movement) in month.moved.iter().zip(Movement::ALL) {
                        td .number { (money(if movement.takes() { -*amount } else { *amount }, book.currency)) }
                    }
                    td .number { (money(net, book.currency)) }
                    td { (month.days_known) " of " (month.days_over) }
                }
            } }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn blocks_end_where_their_sums_lie() {
        let mut month = Month::unknown("2026-01-01".parse().unwrap(), 31);
        for (movement, minor) in [
            (Movement::New, 33),
            (Movement::Expansion, 33),
            (Movement::Reactivation, 33),
            (Movement::Contraction, 50),
        ] {
            month.add(movement, Fraction::from_integer(minor)).unwrap();
        }
        let axis = Axis::holding([99, -50].into_iter(), 1, 150);
        let (zero, drawn) = (axis.down(0), blocks(&month, axis));
        assert_eq!(
            drawn.iter().map(|block| block.movement).collect::<Vec<_>>(),
            Movement::ALL[..4]
        );
        let up: i128 = drawn[..3].iter().map(|block| block.height).sum();
        assert_eq!(zero - up, axis.down(99));
        assert_eq!(drawn[3].top, zero);
        assert_eq!(zero + drawn[3].height, axis.down(-50));
        assert_eq!(drawn[0].top, drawn[1].top + drawn[1].height);
    }

    #[test]
    fn what_moved_is_seen_however_little_it_was() {
        let block = |movement, height| Block { movement, top: 50, height }.drawn();
        assert_eq!(block(Movement::New, 0), (48, 2));
        assert_eq!(block(Movement::ChurnVoluntary, 1), (50, 2));
        assert_eq!(block(Movement::New, 30), (50, 30));
    }

    #[test]
    fn what_takes_away_is_told_as_a_magnitude_whatever_its_sign() {
        let mut month = Month::unknown("2026-01-01".parse().unwrap(), 31);
        month.add(Movement::ChurnVoluntary, Fraction::from_integer(-7)).unwrap();
        month.add(Movement::ChurnVoluntary, Fraction::from_integer(3)).unwrap();
        month.add(Movement::New, Fraction::new(1, 3)).unwrap();
        assert_eq!(month.moved[4], Fraction::from_integer(10));
        assert_eq!(month.net().unwrap(), Fraction::new(-29, 3));
    }

    #[test]
    fn a_book_without_months_draws_nothing() {
        let book = Book { months: vec![], ..samples::book() };
        assert!(
            chart(&book, "2026-01-31".parse().unwrap()).unwrap().into_string().contains("No month")
        );
    }
}
