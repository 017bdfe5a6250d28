//! Between wall time and instants.

mod far;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono::{MappedLocalTime, Offset};
use chrono_tz::{GapInfo, Tz};

/// The instant at which the clocks of `zone` show `local`.
///
/// A time that the clocks skip is moved forward by what they skip; of a time
/// they show twice, the first counts. `None` outside the years 1 to 9999, so
/// that every instant has an RFC 3339 form.
pub fn instant_of(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    // A zone is less than a day from UTC: a year of margin is enough, and the
    // instant's own year is checked below.
    if !(0..=10_000).contains(&local.year()) {
        return None;
    }
    let later = far::later_than_known(local.date());
    let known = local.checked_sub_signed(later)?;
    let instant = match zone.from_local_datetime(&known) {
        MappedLocalTime::Single(only) => only.to_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.to_utc().min(other.to_utc()),
        MappedLocalTime::None => after_the_gap(known, zone)?,
    };
    instant.checked_add_signed(later).filter(|instant| (1..=9999).contains(&instant.year()))
}

/// The first instant of `date` in `zone`.
pub fn midnight_of(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    instant_of(date.and_time(NaiveTime::MIN), zone)
}

/// What the clocks of `zone` show at `instant`.
pub fn wall_time(instant: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    let utc = instant.naive_utc();
    let known = utc.checked_sub_signed(far::later_than_known(utc.date())).unwrap_or(utc);
    let offset = zone.offset_from_utc_datetime(&known).fix();
    // Only at the very ends of chrono's calendar is there no local time.
    utc.checked_add_offset(offset).unwrap_or(utc)
}

/// Reads the skipped time with the offset that held before the gap, which moves
/// it forward by the length of the gap.
fn after_the_gap(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let (_, before) = GapInfo::new(&local, &zone)?.begin?;
    Some(local.checked_sub_offset(before.fix())?.and_utc())
}
