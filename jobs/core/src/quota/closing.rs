//! What is left of a period when it closes.

/// The final figures of a meter's period, all of them at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// Units the plan allows per period; `None`: unlimited.
    pub limit: Option<i64>,
    /// Units that came over from the period before.
    pub rolled_in: i64,
    /// Units used.
    pub used: i64,
}

impl Closing {
    /// Units allowed and not used; `None`: unlimited.
    pub fn unused(&self) -> Option<i64> {
        Some(self.allowance()?.saturating_sub(self.used).max(0))
    }

    /// Units used beyond what was allowed.
    pub fn over(&self) -> i64 {
        self.allowance().map_or(0, |allowance| self.used.saturating_sub(allowance).max(0))
    }

    /// Units that go over into the next period: what is left, but no more than
    /// `rollover_max`. Nothing is added to a limit that is none.
    pub fn rolls_over(&self, rollover_max: i64) -> i64 {
        self.unused().unwrap_or(0).min(rollover_max.max(0))
    }

    fn allowance(&self) -> Option<i64> {
        Some(self.limit?.saturating_add(self.rolled_in))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_over_up_to_the_maximum() {
        let closing = Closing { limit: Some(100), rolled_in: 20, used: 70 };
        assert_eq!((closing.unused(), closing.over()), (Some(50), 0));
        assert_eq!(closing.rolls_over(30), 30);
        assert_eq!(closing.rolls_over(50), 50);
        assert_eq!(closing.rolls_over(1_000), 50);
        assert_eq!(closing.rolls_over(0), 0);
    }

    #[test]
    fn what_was_rolled_in_is_used_before_anything_is_over() {
        let closing = Closing { limit: Some(100), rolled_in: 20, used: 125 };
        assert_eq!((closing.unused(), closing.over(), closing.rolls_over(30)), (Some(0), 5, 0));
    }

    #[test]
    fn nothing_goes_over_from_an_unlimited_period() {
        let closing = Closing { limit: None, rolled_in: 20, used: 7 };
        assert_eq!((closing.unused(), closing.over(), closing.rolls_over(30)), (None, 0, 0));
    }
}
