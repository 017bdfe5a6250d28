//! When an email is tried again, and when the whole stream pauses. In machine time: a mail server's
//! trouble is no business of anybody's billing.

use chrono::TimeDelta;

/// The wait after the first attempt that a server put off.
pub const RETRY_FIRST: TimeDelta = TimeDelta::minutes(1);
/// The longest wait between two attempts.
const RETRY_LONGEST: TimeDelta = TimeDelta::hours(6);
/// An email that no server took for so long has failed. Mailboxes are emptied and blocklists left
/// within days.
pub const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(5);

/// After so many refusals of us in a row, with nothing accepted in between, all mail waits but for
/// one probe at a time. Fewer can be the whim of one recipient's server.
pub const BRAKE_AFTER: i32 = 3;
/// The longest wait between two probes.
const PROBE_LONGEST: TimeDelta = TimeDelta::hours(1);

/// How long to wait after attempt number `attempts` (from 1): `first`, twice as long each time, at
/// most six hours.
#[must_use]
pub fn retry_after(attempts: i32, first: TimeDelta) -> TimeDelta {
    doubled(first, attempts - 1).min(RETRY_LONGEST)
}

/// How long the stream waits before its next probe, after so many refusals in a row.
#[must_use]
pub fn probe_after(refusals: i32, first: TimeDelta) -> TimeDelta {
    doubled(first, refusals - BRAKE_AFTER).min(PROBE_LONGEST)
}

fn doubled(first: TimeDelta, times: i32) -> TimeDelta {
    let times = u32::try_from(times).unwrap_or(0).min(20);
    first.checked_mul(1 << times).unwrap_or(RETRY_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_six_hours_and_an_email_is_tried_for_five_days() {
        let minutes = |attempts| retry_after(attempts, RETRY_FIRST).num_minutes();
        assert_eq!([1, 2, 3, 9, 10].map(minutes), [1, 2, 4, 256, 360]);
        assert_eq!(minutes(i32::MAX), 360);
        let mut tried_for = TimeDelta::zero();
        let mut attempts = 1;
        while tried_for < GIVE_UP_AFTER {
            tried_for += retry_after(attempts, RETRY_FIRST);
            attempts += 1;
        }
        assert_eq!(attempts, 29);
    }

    #[test]
    fn probes_come_more_and_more_rarely_and_at_least_hourly() {
        let minutes = |refusals| probe_after(refusals, RETRY_FIRST).num_minutes();
        assert_eq!([3, 4, 5, 8, 9, i32::MAX].map(minutes), [1, 2, 4, 32, 60, 60]);
    }
}
