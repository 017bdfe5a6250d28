//! `ladder`: what a dunning policy does about a renewal that fails.
//!
//! The answer is the state machine's own, run on a subscription made up for it. Rungs count from
//! 1; attempt number 1 is the original failure, so that the first rung's attempt is number 2.

use chrono_tz::Tz;
use perennial_core::decline::Decline;
use perennial_core::dunning::DunningPolicy;
use perennial_core::lifecycle::preview::{Meeting, Preview, preview};
use perennial_core::network::Network;
use serde_json::{Map, Value};

use super::fields::{BadField, Fields, quoted};

/// One request lists at most this many declines.
const DECLINES_MAX: usize = 1_000;

pub(super) fn answer(fields: &mut Fields) -> Result<Preview, BadField> {
    let policy = policy(fields.optional_value("policy"))?;
    let zone = fields.optional_zone("timezone")?.unwrap_or(Tz::UTC);
    let failed_at = fields.moment("failed_at")?.instant("failed_at", zone)?;
    let network = fields.optional_text("network")?;
    let network = network.map_or(Network::Other, |name| Network::parse(&name));
    let meetings = meetings(fields.optional_value("declines"), network)?;
    preview(&policy, failed_at, zone, &meetings, network)
        .map_err(|error| BadField::new("failed_at", error))
}

/// A policy as an object, or the standard one by its name or by no name at all.
fn policy(given: Option<Value>) -> Result<DunningPolicy, BadField> {
    let mut given = match given {
        None => return Ok(DunningPolicy::default()),
        Some(Value::String(name)) if name == "standard" => return Ok(DunningPolicy::default()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(BadField::new("policy", "must be an object or \"standard\"")),
    };
    // What it is called does not matter here.
    given.entry("name").or_insert_with(|| "calc".into());
    DunningPolicy::from_json(Value::Object(given)).map_err(|invalid| {
        let field = match invalid.field.as_str() {
            "policy" => "policy".to_owned(),
            field => format!("policy.{field}"),
        };
        BadField::new(&field, invalid.problem)
    })
}

/// The original failure, and what each attempt after it meets with.
fn meetings(given: Option<Value>, network: Network) -> Result<Vec<Meeting>, BadField> {
    let list = match given {
        Some(Value::Array(list)) if list.len() <= DECLINES_MAX => list,
        Some(Value::Array(_)) => {
            return Err(BadField::new("declines", format!("has more than {DECLINES_MAX}")));
        }
        None => return Err(BadField::new("declines", "is missing")),
        Some(_) => return Err(BadField::new("declines", "must be a list")),
    };
    let meetings: Vec<_> = list
        .into_iter()
        .enumerate()
        .map(|(index, value)| meeting(value, network, &format!("declines[{index}]")))
        .collect::<Result<_, _>>()?;
    match meetings.first() {
        Some(Meeting::Decline(_)) => Ok(meetings),
        Some(Meeting::Success) => {
            Err(BadField::new("declines[0]", "must be the original failure, not a success"))
        }
        None => Err(BadField::new("declines", "needs the original failure at least")),
    }
}

fn meeting(value: Value, network: Network, field: &str) -> Result<Meeting, BadField> {
    match value {
        Value::Null => Ok(Meeting::Success),
        Value::String(word) if word == "succeeded" => Ok(Meeting::Success),
        Value::String(code) => Ok(Meeting::Decline(Decline::new(code, network))),
        Value::Object(entries) => decline(entries, network, field).map(Meeting::Decline),
        _ => Err(BadField::new(field, "must be a decline code, an object with `code`, or null")),
    }
}

fn decline(
    mut entries: Map<String, Value>,
    network: Network,
    field: &str,
) -> Result<Decline, BadField> {
    let mut text = |key: &str| match entries.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadField::new(&format!("{field}.{key}"), "must be a string")),
    };
    let decline = Decline {
        code: text("code")?.ok_or_else(|| BadField::new(&format!("{field}.code"), "is missing"))?,
        network,
        network_advice_code: text("network_advice_code")?,
        advice_code: text("advice_code")?,
    };
    match entries.keys().next() {
        None => Ok(decline),
        Some(key) => {
            let message = format!("{} is not a field of a decline", quoted(key));
            Err(BadField::new(&format!("{field}.{key}"), message))
        }
    }
}

#[cfg(test)]
mod tests;
