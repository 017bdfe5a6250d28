//! Where things lie in a chart, in whole numbers.
//!
//! Horizontally a chart is as wide as there is room, so places are shares of it, in hundredths of a
//! percent; vertically it is a number of pixels. That way its words keep their size on any screen.

use std::fmt::Write;

use chrono::NaiveDate;

use super::figures::Point;

/// The whole width.
pub(super) const WIDTH: i128 = 10_000;

/// `7.69%`
pub(super) fn across(place: i128) -> String {
    format!("{}.{:02}%", place / 100, place % 100)
}

/// `value` of `whole`, in `steps`, rounded half up; nothing of nothing.
pub(super) fn share(value: i128, whole: i128, steps: i128) -> i128 {
    if whole <= 0 {
        return 0;
    }
    (value.saturating_mul(steps).saturating_add(whole / 2) / whole).clamp(0, steps)
}

/// The vertical axis: from `least` (zero or below) up to `greatest`, in `height` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) least: i128,
    pub(super) greatest: i128,
    pub(super) height: i128,
    step: i128,
}

impl Axis {
    /// An axis that holds these values and zero, and ends on round ones, none closer than `finest`.
    pub(super) fn holding(values: impl Iterator<Item = i128>, finest: i128, height: i128) -> Self {
        let (least, greatest) = values.fold((0, 0), |(least, greatest): (i128, i128), value| {
            (least.min(value), greatest.max(value))
        });
        let step = round_step((greatest.saturating_sub(least) / 4 + 1).max(finest));
        let up = |value: i128| (value + step - 1) / step * step;
        let greatest = if greatest == 0 && least == 0 { step } else { up(greatest) };
        Self { least: -up(-least), greatest, height, step }
    }

    /// How far from the top a value lies.
    pub(super) fn down(&self, value: i128) -> i128 {
        let above = self.greatest.saturating_sub(value);
        share(above, self.greatest.saturating_sub(self.least), self.height)
    }

    /// The round values on it, from below.
    pub(super) fn ticks(&self) -> impl Iterator<Item = i128> + use<> {
        let Self { least, greatest, step, .. } = *self;
        (0..=10).map(move |index| least + index * step).take_while(move |tick| *tick <= greatest)
    }
}

/// The least of 1, 2, 5, 10, 20, 50, … that is not below `least`.
fn round_step(least: i128) -> i128 {
    let mut power = 1_i128;
    loop {
        for digit in [1, 2, 5] {
            let step = power.saturating_mul(digit);
            if step >= least {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// The horizontal axis: days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
}

impl Days {
    /// Where a day begins.
    pub(super) fn place(&self, date: NaiveDate) -> i128 {
        let days = |to: NaiveDate| i128::from((to - self.start).num_days());
        share(days(date), days(self.end), WIDTH)
    }
}

/// A line through points, as `points` of a polyline. What is not known is bridged.
pub(super) fn line(points: &[(i128, i128)]) -> String {
    points.iter().fold(String::new(), |mut text, (x, y)| {
        let gap = if text.is_empty() { "" } else { " " };
        write!(text, "{gap}{x},{y}").expect("a string takes what is written to it");
        text
    })
}

/// Points of a series as places: at the middle of their day.
pub(super) fn places(
    series: &[Point],
    days: Days,
    axis: Axis,
    units: impl Fn(&Point) -> i128,
) -> Vec<(i128, i128)> {
    let middle = |date: NaiveDate| {
        let next = date.succ_opt().unwrap_or(date);
        (days.place(date) + days.place(next)) / 2
    };
    series
        .iter()
        .filter(|point| point.date >= days.start && point.date < days.end)
        .map(|point| (middle(point.date), axis.down(units(point))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_on_round_values_and_holds_zero() {
        let axis = Axis::holding([3, 87, 40].into_iter(), 1, 200);
        assert_eq!((axis.least, axis.greatest), (0, 100));
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [0, 50, 100]);
        assert_eq!((axis.down(100), axis.down(50), axis.down(0)), (0, 100, 200));
    }

    #[test]
    fn an_axis_goes_below_zero_where_values_do() {
        let axis = Axis::holding([-30, 90].into_iter(), 1, 150);
        assert_eq!((axis.least, axis.greatest), (-50, 100));
        assert_eq!(axis.down(0), 100);
        let flat = Axis::holding([0].into_iter(), 1, 150);
        assert_eq!((flat.least, flat.greatest), (0, 1));
        let lost = Axis::holding([-7].into_iter(), 1, 100);
        assert_eq!((lost.least, lost.greatest), (-8, 0));
    }

    #[test]
    fn an_axis_bears_any_value() {
        let axis = Axis::holding([i128::from(i64::MAX) * 1_000].into_iter(), 1, 200);
        assert_eq!(axis.down(0), 200);
        assert!(axis.ticks().count() <= 11);
    }

    #[test]
    fn days_share_the_width() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = Days { start: day("2026-01-01"), end: day("2026-03-02") };
        assert_eq!(days.place(day("2026-01-01")), 0);
        assert_eq!(days.place(day("2026-01-31")), 5_000);
        assert_eq!(days.place(day("2026-03-02")), 10_000);
        assert_eq!(across(days.place(day("2026-01-31"))), "50.00%");
    }
}
