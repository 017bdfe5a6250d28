//! `periods`: boundaries of a cycle, from an anchor or by a billing day.
//!
//! `from_index` counts from the anchor, which is boundary 0; negative numbers
//! are the boundaries before it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::calendar::{CalendarError, Cycle, Interval, Stub};
use serde::Serialize;

use super::fields::{BadField, Fields, rfc3339};

/// One request prints at most this many boundaries.
const COUNT_MAX: u32 = 10_000;

#[derive(Serialize)]
pub(super) struct Answer {
    boundaries: Vec<String>,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let zone = fields.zone("timezone")?;
    let unit = fields.parsed("interval")?;
    let interval = Interval::new(unit, fields.integer_within("interval_count", 1, u32::MAX)?)
        .map_err(|error| BadField::new("interval_count", error))?;
    let count = fields.integer_within("count", 0, COUNT_MAX)?;
    let (cycle, from_index) = if fields.has("start") || fields.has("billing_day") {
        (from_billing_day(fields, zone, interval)?, 0)
    } else {
        (fields.moment("anchor")?.anchor(zone).every(interval), fields.integer("from_index")?)
    };
    let boundaries = (0..count)
        .map(|step| boundary(&cycle, from_index, step.into()).map(rfc3339))
        .collect::<Result<_, _>>()?;
    Ok(Answer { boundaries })
}

/// The cycle whose boundary 0 is the first one strictly after the start.
fn from_billing_day(fields: &mut Fields, zone: Tz, interval: Interval) -> Result<Cycle, BadField> {
    if fields.has("anchor") {
        return Err(BadField::new("anchor", "given together with start and billing_day"));
    }
    // Asked for by its number, the first boundary after the start would be 1.
    if fields.optional_integer("from_index")?.is_some_and(|index| !(0..=1).contains(&index)) {
        return Err(BadField::new("from_index", "a stub's boundaries are the first ones: omit it"));
    }
    let start = fields.moment("start")?.instant("start", zone)?;
    let day = fields.integer_within("billing_day", 1, 31)?;
    let stub = Stub::new(start, zone, interval, day).map_err(|error| {
        let field = match error {
            CalendarError::BillingDayWithoutMonths => "interval",
            CalendarError::NotADay { .. } => "billing_day",
            _ => "start",
        };
        BadField::new(field, error)
    })?;
    Ok(stub.cycle)
}

fn boundary(cycle: &Cycle, from_index: i64, step: i64) -> Result<DateTime<Utc>, BadField> {
    let field = if step == 0 { "from_index" } else { "count" };
    from_index
        .checked_add(step)
        .ok_or(CalendarError::OutOfRange { index: from_index })
        .and_then(|index| cycle.boundary(index))
        .map_err(|error| BadField::new(field, error))
}
