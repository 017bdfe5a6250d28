//! `quota_reset`: when a meter starts again at zero.

use chrono_tz::Tz;
use perennial_core::calendar::Anchor;
use perennial_core::quota::{Reset, next_reset};
use serde::Serialize;

use super::fields::{BadField, Fields, rfc3339};

#[derive(Serialize)]
pub(super) struct Answer {
    /// RFC 3339 in UTC, or null: there is none before the subscription's end.
    next_reset: Option<String>,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let zone: Tz = fields.zone("timezone")?;
    let anchor: Anchor = fields.moment("anchor")?.anchor(zone);
    let now = fields.moment("now")?.instant("now", zone)?;
    let reset: Reset = fields.parsed("reset")?;
    let end = fields.optional_moment("subscription_end")?;
    let end = end.map(|end| end.instant("subscription_end", zone)).transpose()?;
    let next = next_reset(anchor, reset, now, end).map_err(|error| BadField::new("now", error))?;
    Ok(Answer { next_reset: next.map(rfc3339) })
}

#[cfg(test)]
mod tests;
