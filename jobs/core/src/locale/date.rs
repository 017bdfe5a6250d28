//! Long dates.

use chrono::{Datelike, NaiveDate};

/// How a locale writes a long date.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dates {
    pub(super) months: &'static [&'static str; 12],
    pub(super) order: Order,
}

/// The order of a date's parts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// March 2, 2026
    MonthDayYear,
    /// 2 March 2026
    DayMonthYear,
    /// 2. März 2026
    DayDotMonthYear,
    /// 2 de marzo de 2026
    DayDeMonthDeYear,
    /// 2026年3月2日
    YearMonthDay,
    /// 2026년 3월 2일
    YearMonthDaySpaced,
}

impl Dates {
    pub(super) fn write(&self, date: NaiveDate) -> String {
        let (year, day) = (date.year(), date.day());
        let month = usize::try_from(date.month0())
            .ok()
            .and_then(|month| self.months.get(month))
            .expect("a date's month is one of twelve");
        match self.order {
            Order::MonthDayYear => format!("{month} {day}, {year}"),
            Order::DayMonthYear => format!("{day} {month} {year}"),
            Order::DayDotMonthYear => format!("{day}. {month} {year}"),
            Order::DayDeMonthDeYear => format!("{day} de {month} de {year}"),
            Order::YearMonthDay => format!("{year}年{month}{day}日"),
            Order::YearMonthDaySpaced => format!("{year}년 {month} {day}일"),
        }
    }
}
