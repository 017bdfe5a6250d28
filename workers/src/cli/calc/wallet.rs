//! `wallet`: what prepaid grants have left after some usage.
//!
//! Of grants that are otherwise equal, the one listed first is burned first.
//! Dates without a time are midnight in UTC.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::wallet::{Category, Grant, Settlement, Usage, WalletError, settle};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{BadField, Fields, moment};

/// One request settles at most this many grants, and as many usages.
const ENTRIES_MAX: usize = 10_000;

#[derive(Serialize)]
pub(super) struct Answer {
    balances: Map<String, Value>,
    overage: i64,
    order: Vec<String>,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let grants = entries(fields, "grants", grant)?;
    let usage = entries(fields, "usage", usage)?;
    let until = fields.moment("until")?.instant("until", Tz::UTC)?;
    settle(&grants, &usage, until)
        .map(answered)
        .map_err(|error| BadField::new(&field_of(error), error))
}

fn answered(settlement: Settlement<String>) -> Answer {
    let Settlement { grants, overage } = settlement;
    let order = grants.iter().map(|standing| standing.id.clone()).collect();
    let balances = grants.into_iter().map(|one| (one.id, one.balance.into())).collect();
    Answer { balances, overage, order }
}

/// A list, each entry of which is read by its own name: `grants[0]`.
fn entries<T>(
    fields: &mut Fields,
    field: &str,
    read: impl Fn(Value, &str, i64) -> Result<T, BadField>,
) -> Result<Vec<T>, BadField> {
    let list = match fields.optional_value(field) {
        Some(Value::Array(list)) if list.len() <= ENTRIES_MAX => list,
        Some(Value::Array(_)) => {
            return Err(BadField::new(field, format!("has more than {ENTRIES_MAX} entries")));
        }
        Some(_) => return Err(BadField::new(field, "must be a list")),
        None => return Err(BadField::new(field, "is missing")),
    };
    (0..)
        .zip(list)
        .map(|(position, value)| read(value, &format!("{field}[{position}]"), position))
        .collect()
}

fn grant(value: Value, at: &str, position: i64) -> Result<Grant<String>, BadField> {
    let Value::Object(entries) = value else {
        return Err(BadField::new(at, "must be an object"));
    };
    let mut fields = Fields::of(entries);
    let grant = grant_of(&mut fields, position).map_err(|wrong| wrong.within(at))?;
    fields.all_taken().map_err(|wrong| wrong.within(at))?;
    Ok(grant)
}

fn grant_of(fields: &mut Fields, position: i64) -> Result<Grant<String>, BadField> {
    let mut instant = |field| -> Result<Option<DateTime<Utc>>, BadField> {
        let moment = fields.optional_moment(field)?;
        moment.map(|moment| moment.instant(field, Tz::UTC)).transpose()
    };
    let (effective_at, expires_at) = (instant("effective_at")?, instant("expires_at")?);
    Ok(Grant {
        id: fields.text("id")?,
        amount: fields.integer("amount")?,
        priority: fields.optional_integer("priority")?.unwrap_or(0),
        effective_at,
        expires_at,
        category: fields.parsed::<Category>("category")?,
        position,
    })
}

/// `["2026-01-31T00:00:00Z", 3]`.
fn usage(value: Value, at: &str, _position: i64) -> Result<Usage, BadField> {
    let pair = match value {
        Value::Array(pair) => <[Value; 2]>::try_from(pair).ok(),
        _ => None,
    };
    let Some([Value::String(instant), amount]) = pair else {
        return Err(BadField::new(at, "must be an instant and an amount: [\"…Z\", 1]"));
    };
    let amount = amount.as_i64().ok_or_else(|| BadField::new(at, "the amount is no integer"))?;
    Ok(Usage { at: moment(at, &instant)?.instant(at, Tz::UTC)?, amount })
}

fn field_of(error: WalletError) -> String {
    match error {
        WalletError::SameId { position } => format!("grants[{position}].id"),
        WalletError::NegativeGrant { position } => format!("grants[{position}].amount"),
        WalletError::NeverUsable { position } => format!("grants[{position}].expires_at"),
        WalletError::NegativeUsage { position } => format!("usage[{position}]"),
        WalletError::Overflow => "usage".to_owned(),
    }
}

#[cfg(test)]
mod tests;
