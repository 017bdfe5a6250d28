//! What became of failed payments: recovered by which attempt, given up, or still open.

use maud::{Markup, html};
use perennial_core::money::Fraction;

use super::amounts::{Unit, basis_points, percent, written};
use super::figures::Recovery;
use super::page::{Wide, card, legend, nothing};
use super::plot::{WIDTH, across, share};

/// One line of the funnel: what is not decided yet, and what this step decided of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) words: String,
    pub(super) class: &'static str,
    /// Cases that this step decided.
    pub(super) decided: i128,
    /// Cases that are left after it.
    pub(super) left: i128,
}

/// The steps: all cases, each attempt, what was given up; what is left is still open.
pub(super) fn steps(recovery: &Recovery) -> Vec<Step> {
    let failed = "payments failed".to_owned();
    let mut steps = vec![Step { words: failed, class: "open", decided: 0, left: recovery.failed }];
    let mut left = recovery.failed;
    for (attempt, count) in &recovery.recovered {
        left = (left - count).max(0);
        let words = match attempt {
            0 => "recovered without a retry".to_owned(),
            attempt => format!("recovered at retry {attempt}"),
        };
        steps.push(Step { words, class: "recovered", decided: *count, left });
    }
    left = (left - recovery.lost).max(0);
    let lost = "lost".to_owned();
    steps.push(Step { words: lost, class: "lost", decided: recovery.lost, left });
    steps
}

/// The card, in a section of its own.
pub(super) fn chart(recovery: &Recovery) -> Markup {
    let title = format!("Payments that failed since {}", recovery.since.format("%-d %B %Y"));
    let bars = html! {
            ol .bars { @for step in steps(recovery) { (bar(&step, recovery.failed)) } }
            (legend("box", &[("recovered", "recovered"), ("lost", "lost"), ("open", "not decided")]))
    };
    let card = match recovery.failed {
        0 => card("funnel", &title, Wide::Yes, nothing("No payment failed."), None),
        _ => card("funnel", &title, Wide::Yes, bars, Some(figures(recovery))),
    };
    html! {
        section aria-labelledby="recovery" {
            h2 id="recovery" { "Recovery" }
            (card)
        }
    }
}

fn bar(step: &Step, failed: i128) -> Markup {
    let (left, decided) =
        (share(step.left, failed, WIDTH), share(step.left + step.decided, failed, WIDTH));
    let shown = if step.decided == 0 && step.class == "open" { step.left } else { step.decided };
    html! {
        li {
            span { (step.words) } span .number { (count(shown)) " · " (of(shown, failed)) }
            svg width="100%" height="18" aria-hidden="true" {
                rect .open width=(across(left)) height="18" {}
                rect class=(step.class) x=(across(left)) width=(across(decided - left)) height="18" {}
            }
        }
    }
}

fn count(count: i128) -> String {
    written(Fraction::from_integer(count), Unit::Count)
}

fn of(part: i128, whole: i128) -> String {
    let rate = basis_points(Fraction::from_integer(part), Fraction::from_integer(whole));
    rate.map_or("–".to_owned(), percent)
}

fn figures(recovery: &Recovery) -> Markup {
    let steps = steps(recovery);
    html! {
        table {
            thead { tr {
                th scope="col" { "step" }
                th .number scope="col" { "cases" }
                th .number scope="col" { "of all" }
                th .number scope="col" { "left" }
            } }
            tbody {
                @for step in &steps {
                    @let cases = if step.class == "open" { step.left } else { step.decided };
                    tr {
                        th scope="row" { (step.words) }
                        td .number { (count(cases)) }
                        td .number { (of(cases, recovery.failed)) }
                        td .number { (count(step.left)) }
                    }
                }
                tr {
                    th scope="row" { "still open" }
                    td .number { (count(recovery.open())) }
                    td .number { (of(recovery.open(), recovery.failed)) }
                    td {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_take_from_what_is_left_until_what_is_open() {
        let recovery = Recovery {
            since: "2026-01-01".parse().unwrap(),
            failed: 20,
            recovered: vec![(1, 8), (2, 3)],
            lost: 4,
        };
        let left: Vec<_> = steps(&recovery).iter().map(|step| step.left).collect();
        assert_eq!(left, [20, 12, 9, 5]);
        assert_eq!(left.last(), Some(&recovery.open()));
    }
}
