//! `proration`: what a change in mid-period credits and charges.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::money::Money;
use perennial_core::proration::{Basis, Change, Part, ProrationError, Span, prorate};
use serde::Serialize;

use super::fields::{BadField, Fields, quoted};

#[derive(Serialize)]
pub(super) struct Answer {
    credit_minor: i64,
    charge_minor: i64,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let zone = fields.optional_zone("timezone")?.unwrap_or(Tz::UTC);
    let basis = basis(&fields.text("unit")?, zone)?;
    let currency = fields.currency("currency")?;
    let mut price = |field| Ok(Money::new(fields.integer(field)?, currency));
    let (old_price, new_price) = (price("old_price_minor")?, price("new_price_minor")?);
    let period = Span {
        start: instant(fields, "period_start", zone)?,
        end: instant(fields, "period_end", zone)?,
    };
    let at = instant(fields, "change_at", zone)?;
    let change = Change {
        new_period: new_period(fields, zone)?,
        segment_end: optional_instant(fields, "segment_end", zone)?,
        ..Change::new(period, at, old_price, new_price, basis)
    };
    let lines = prorate(&change).map_err(|error| BadField::new(field_of(&error), &error))?;
    Ok(Answer { credit_minor: lines.credit.minor, charge_minor: lines.charge.minor })
}

fn basis(unit: &str, zone: Tz) -> Result<Basis, BadField> {
    match unit {
        "second" => Ok(Basis::Second),
        "day" => Ok(Basis::Day(zone)),
        other => Err(BadField::new("unit", format!("{} is not second or day", quoted(other)))),
    }
}

/// Both ends, or the old price's period.
fn new_period(fields: &mut Fields, zone: Tz) -> Result<Option<Span>, BadField> {
    if !fields.has("new_period_start") && !fields.has("new_period_end") {
        return Ok(None);
    }
    let start = instant(fields, "new_period_start", zone)?;
    Ok(Some(Span { start, end: instant(fields, "new_period_end", zone)? }))
}

fn instant(fields: &mut Fields, field: &str, zone: Tz) -> Result<DateTime<Utc>, BadField> {
    fields.moment(field)?.instant(field, zone)
}

fn optional_instant(
    fields: &mut Fields,
    field: &str,
    zone: Tz,
) -> Result<Option<DateTime<Utc>>, BadField> {
    fields.optional_moment(field)?.map(|moment| moment.instant(field, zone)).transpose()
}

fn field_of(error: &ProrationError) -> &'static str {
    match error.part() {
        Part::Period => "period_end",
        Part::NewPeriod => "new_period_end",
        Part::Instant => "change_at",
        Part::SegmentEnd => "segment_end",
        Part::OldPrice | Part::Credit => "old_price_minor",
        Part::NewPrice => "new_price_minor",
    }
}
