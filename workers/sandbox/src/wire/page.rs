//! List envelopes: `limit`, `starting_after`, `ending_before`, `created[…]`, newest first.

use serde_json::{Value, json};

use super::error::{Answer, ApiError};
use super::params::Params;
use crate::account::shelf::{Kept, Shelf};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: i64 = 100;

/// The parameters every list takes.
pub(crate) const PAGING: [&str; 4] = ["limit", "starting_after", "ending_before", "created"];

/// Bounds on `created`, in seconds; all must hold.
struct Created {
    above: Option<i64>,
    from: Option<i64>,
    below: Option<i64>,
    to: Option<i64>,
}

impl Created {
    fn read(params: &Params) -> Answer<Self> {
        if let Some(exact) = params.integer("created").ok().flatten() {
            return Ok(Self { above: None, from: Some(exact), below: None, to: Some(exact) });
        }
        let table = params.table("created");
        table.allow(&["gt", "gte", "lt", "lte"])?;
        Ok(Self {
            above: table.integer("gt")?,
            from: table.integer("gte")?,
            below: table.integer("lt")?,
            to: table.integer("lte")?,
        })
    }

    fn admits(&self, at: i64) -> bool {
        self.above.is_none_or(|bound| at > bound)
            && self.from.is_none_or(|bound| at >= bound)
            && self.below.is_none_or(|bound| at < bound)
            && self.to.is_none_or(|bound| at <= bound)
    }
}

/// The page of `shelf` that `params` ask for, each item that `keep`s drawn by `view`.
pub(crate) fn list<T: Kept>(
    shelf: &Shelf<T>,
    params: &Params,
    url: &str,
    keep: impl Fn(&T) -> bool,
    view: impl Fn(&T) -> Value,
) -> Answer {
    let limit = limit(params)?;
    let created = Created::read(params)?;
    let keep = |item: &&T| created.admits(item.created().timestamp()) && keep(item);
    let customer = params.text("customer");
    let after = cursor(shelf, params, "starting_after")?;
    let before = cursor(shelf, params, "ending_before")?;
    // One more than asked for tells whether there is more.
    let mut found: Vec<&T> = match (after, before) {
        (_, Some(before)) => {
            shelf.newer_than(customer, before).filter(keep).take(limit + 1).collect()
        }
        (after, None) => shelf.older_than(customer, after).filter(keep).take(limit + 1).collect(),
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    if before.is_some() {
        found.reverse();
    }
    let data: Vec<Value> = found.into_iter().map(view).collect();
    Ok(json!({ "object": "list", "url": url, "has_more": has_more, "data": data }))
}

fn limit(params: &Params) -> Answer<usize> {
    match params.integer("limit")? {
        None => Ok(LIMIT_DEFAULT),
        Some(limit @ 1..=LIMIT_MAX) => Ok(usize::try_from(limit).unwrap_or(LIMIT_DEFAULT)),
        Some(limit) => {
            let message = format!("This value must be between 1 and {LIMIT_MAX}: {limit}");
            Err(ApiError::invalid("parameter_invalid_integer", "limit", message))
        }
    }
}

fn cursor<T: Kept>(shelf: &Shelf<T>, params: &Params, name: &str) -> Answer<Option<usize>> {
    let Some(id) = params.text(name) else { return Ok(None) };
    let at = shelf.position(id);
    let missing = || ApiError::no_such(axum::http::StatusCode::BAD_REQUEST, T::NOUN, name, id);
    at.map(Some).ok_or_else(missing)
}
