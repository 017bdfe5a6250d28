//! A small business to draw in tests.

use chrono::{Months, NaiveDate};
use perennial_core::currency::Currency;
use perennial_core::money::Fraction;

use super::figures::{Book, Cohort, Figure, Month, Movement, Point, Recovery, Report};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn whole(value: i128) -> Fraction {
    Fraction::from_integer(value)
}

/// Three months of a book in dollars.
pub(super) fn book() -> Book {
    let moved = |first: &str, mrr: i128, moved: [i128; 6]| {
        let mut month = Month::unknown(day(first), 28);
        for (movement, amount) in Movement::ALL.into_iter().zip(moved) {
            month.add(movement, whole(amount)).unwrap();
        }
        Month { mrr: Some(whole(mrr)), days_known: 28, ..month }
    };
    let mrr = [
        ("2026-01-31", 10_000),
        ("2026-02-14", 12_500),
        ("2026-02-28", 14_000),
        ("2026-03-15", 12_000),
    ];
    let churn = [("2026-02-28", 200), ("2026-03-15", 550)];
    let rates = || {
        churn
            .map(|(date, rate)| Point { date: day(date), value: Fraction::new(rate, 10_000) })
            .to_vec()
    };
    Book {
        currency: Currency::parse("USD").unwrap(),
        mrr: mrr.map(|(date, value)| Point { date: day(date), value: whole(value) }).to_vec(),
        months: vec![
            moved("2026-01-01", 10_000, [10_000, 0, 0, 0, 0, 0]),
            moved("2026-02-01", 14_000, [3_000, 2_000, 0, 500, 500, 0]),
            moved("2026-03-01", 12_000, [0, 0, 1_000, 0, 1_000, 2_000]),
        ],
        plans: vec![
            ("professional".to_owned(), whole(4_000)),
            ("<b>enterprise</b>".to_owned(), whole(8_000)),
            ("free".to_owned(), whole(0)),
        ],
        revenue_churn: rates(),
        logo_churn: rates(),
        revenue_kept: cohorts(100),
    }
}

fn cohorts(times: i128) -> Vec<Cohort> {
    let start = day("2026-01-01");
    let rows: [&[Option<i128>]; 3] = [&[Some(10), Some(9), Some(7)], &[Some(4), None], &[Some(0)]];
    (0..)
        .zip(rows)
        .map(|(months, kept)| Cohort {
            first: start.checked_add_months(Months::new(months)).unwrap(),
            kept: kept.iter().map(|kept| kept.map(|kept| whole(kept * times))).collect(),
        })
        .collect()
}

/// Its report.
pub(super) fn report() -> Report {
    let figure = |metric: &str, currency: &str, value: Fraction| Figure {
        metric: metric.to_owned(),
        currency: currency.to_owned(),
        breakdown: "total".to_owned(),
        key: String::new(),
        value,
    };
    Report {
        date: day("2026-03-15"),
        zone: "Europe/London".to_owned(),
        fresh_to: Some("2026-03-16T00:00:00Z".parse().unwrap()),
        day: vec![
            figure("arr", "USD", whole(144_000)),
            figure("customers", "", whole(13)),
            figure("logo_churn_involuntary_30d", "USD", Fraction::new(1, 40)),
            figure("logo_churn_voluntary_30d", "USD", Fraction::new(3, 100)),
            figure("mrr", "USD", whole(12_000)),
            figure("nrr_30d", "USD", Fraction::new(6, 7)),
            figure("subscriptions_active", "", whole(14)),
        ],
        counts: vec![(
            "customers".to_owned(),
            vec![
                Point { date: day("2026-02-28"), value: whole(14) },
                Point { date: day("2026-03-15"), value: whole(13) },
            ],
        )],
        books: vec![book()],
        customers_kept: cohorts(1),
        recovery: Some(Recovery {
            since: day("2025-12-16"),
            failed: 20,
            recovered: vec![(1, 8), (2, 3)],
            lost: 4,
        }),
    }
}
