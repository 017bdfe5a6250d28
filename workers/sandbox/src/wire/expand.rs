//! `expand[]`: puts objects where their ids stand.

use serde_json::Value;

use super::error::{Answer, ApiError};
use crate::account::Account;

/// How deep a path may go, as with the provider.
const DEPTH_MAX: usize = 4;

/// Expands every path in `paths` within `answer`.
pub(crate) fn expand(account: &Account, answer: &mut Value, paths: &[&str]) -> Answer<()> {
    for path in paths {
        let segments: Vec<&str> = path.split('.').collect();
        if segments.len() > DEPTH_MAX {
            return Err(refused(path, "it is nested too deeply"));
        }
        walk(account, answer, &segments, path)?;
    }
    Ok(())
}

fn walk(account: &Account, at: &mut Value, segments: &[&str], path: &str) -> Answer<()> {
    let Some((first, rest)) = segments.split_first() else { return Ok(()) };
    if at.get("object").and_then(Value::as_str) == Some("list") && *first == "data" {
        let items = at.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten();
        for item in items {
            walk(account, item, rest, path)?;
        }
        return Ok(());
    }
    let Some(member) = at.get_mut(*first) else {
        return Err(refused(path, "there is no such member"));
    };
    if let Some(object) = member.as_str().map(|id| account.view(id)) {
        *member = object.ok_or_else(|| refused(path, "it is not the id of an object"))?;
    }
    if member.is_null() { Ok(()) } else { walk(account, member, rest, path) }
}

fn refused(path: &str, why: &str) -> Box<ApiError> {
    let message = format!("This property cannot be expanded ({path}): {why}.");
    ApiError::invalid("parameter_invalid", "expand", message)
}
