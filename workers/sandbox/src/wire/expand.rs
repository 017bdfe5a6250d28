//! `expand[]`: puts objects where their ids stand.
//!
//! Paths are checked against what can be expanded before the request does anything, so that a
//! misspelt path neither charges anybody nor goes unnoticed where a list is empty or an id null.

use axum::http::Method;
use serde_json::Value;

use super::error::{Answer, ApiError};
use super::params::Params;
use crate::account::Account;

/// How deep a path may go, as with the provider.
const DEPTH_MAX: usize = 4;

/// What a member leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// An object of this kind.
    Object(&'static str),
    /// Always null here.
    Nothing,
    /// The provider expands it; the sandbox has no such objects.
    Unserved(&'static str),
}

use Target::{Nothing, Object, Unserved};

/// (kind of object, member, what the member leads to)
const EXPANDABLE: &[(&str, &str, Target)] = &[
    ("customers", "default_source", Nothing),
    ("customers", "invoice_settings.default_payment_method", Object("payment_methods")),
    ("customers", "subscriptions", Unserved("subscriptions")),
    ("customers", "sources", Unserved("sources")),
    ("customers", "tax_ids", Unserved("tax ids")),
    ("customers", "test_clock", Nothing),
    ("payment_methods", "customer", Object("customers")),
    ("payment_intents", "application", Nothing),
    ("payment_intents", "customer", Object("customers")),
    ("payment_intents", "latest_charge", Object("charges")),
    ("payment_intents", "on_behalf_of", Nothing),
    ("payment_intents", "payment_method", Object("payment_methods")),
    ("payment_intents", "review", Nothing),
    ("setup_intents", "application", Nothing),
    ("setup_intents", "customer", Object("customers")),
    ("setup_intents", "latest_attempt", Nothing),
    ("setup_intents", "mandate", Nothing),
    ("setup_intents", "on_behalf_of", Nothing),
    ("setup_intents", "payment_method", Object("payment_methods")),
    ("setup_intents", "single_use_mandate", Nothing),
    ("charges", "application", Nothing),
    ("charges", "application_fee", Nothing),
    ("charges", "balance_transaction", Unserved("balance transactions")),
    ("charges", "customer", Object("customers")),
    ("charges", "dispute", Nothing),
    ("charges", "failure_balance_transaction", Nothing),
    ("charges", "on_behalf_of", Nothing),
    ("charges", "payment_intent", Object("payment_intents")),
    ("charges", "refunds", Unserved("refunds")),
    ("charges", "review", Nothing),
    ("charges", "source_transfer", Nothing),
];

/// What a request answers with.
#[derive(Debug, Clone, Copy)]
struct Shape {
    kind: &'static str,
    list: bool,
}

/// The paths of one request, all of which can be expanded in its answer.
#[derive(Debug)]
pub(crate) struct Expansion<'p> {
    paths: Vec<&'p str>,
}

impl<'p> Expansion<'p> {
    /// Reads `expand[]` and refuses what the answer to this request cannot expand.
    pub(crate) fn read(method: &Method, path: &str, params: &'p Params) -> Answer<Self> {
        let paths = params.texts("expand")?;
        // A URL that is not served is refused as such.
        if let Some(shape) = shape(method, path) {
            for path in &paths {
                check(shape, path)?;
            }
        }
        Ok(Self { paths })
    }

    /// Expands every path within `answer`.
    pub(crate) fn apply(&self, account: &Account, answer: &mut Value) {
        for path in &self.paths {
            walk(account, answer, &path.split('.').collect::<Vec<_>>());
        }
    }
}

/// The last kind of object that the path names is what its answer is about.
fn shape(method: &Method, path: &str) -> Option<Shape> {
    let mut segments = path.strip_prefix("/v1/").unwrap_or_default().split('/');
    let named = segments.clone().rev().find_map(|segment| {
        EXPANDABLE.iter().map(|(kind, ..)| *kind).find(|kind| *kind == segment)
    });
    named.map(|kind| Shape {
        kind,
        list: *method == Method::GET && segments.next_back() == Some(kind),
    })
}

fn check(shape: Shape, path: &str) -> Answer<()> {
    if path.split('.').count() > DEPTH_MAX {
        let message = format!(
            "You cannot expand more than {DEPTH_MAX} levels of a property. Property: {path}"
        );
        return Err(ApiError::unread("expand", message));
    }
    if !shape.list {
        return descend(shape.kind, path, path);
    }
    match path.strip_prefix("data.") {
        Some(member) => descend(shape.kind, member, path),
        None if descend(shape.kind, path, path).is_ok() => {
            Err(refused(path, &format!(" You may want to try expanding 'data.{path}' instead.")))
        }
        None => Err(refused(path, "")),
    }
}

/// Follows a path from an object of a kind through the kinds it leads to.
fn descend(kind: &str, rest: &str, path: &str) -> Answer<()> {
    let matching =
        EXPANDABLE.iter().filter(|(of, ..)| *of == kind).find_map(|(_, member, target)| {
            let after = rest.strip_prefix(member)?;
            (after.is_empty() || after.starts_with('.'))
                .then_some((after.strip_prefix('.'), *target))
        });
    match matching {
        Some((None, Object(_) | Nothing)) => Ok(()),
        Some((Some(rest), Object(kind))) => descend(kind, rest, path),
        Some((_, Unserved(objects))) => {
            Err(refused(path, &format!(" The sandbox has no {objects}.")))
        }
        Some((Some(_), Nothing)) | None => Err(refused(path, "")),
    }
}

fn walk(account: &Account, at: &mut Value, segments: &[&str]) {
    let Some((first, rest)) = segments.split_first() else { return };
    match at.get_mut(*first) {
        Some(Value::Array(items)) => {
            for item in items {
                walk(account, item, rest);
            }
        }
        Some(member) => {
            if let Some(object) = member.as_str().and_then(|id| account.view(id)) {
                *member = object;
            }
            walk(account, member, rest);
        }
        None => {}
    }
}

fn refused(path: &str, hint: &str) -> Box<ApiError> {
    ApiError::unread("expand", format!("This property cannot be expanded ({path}).{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(method: Method, url: &str, path: &str) -> Option<String> {
        let shape = shape(&method, url).unwrap();
        check(shape, path)
            .err()
            .map(|error| error.members()["message"].as_str().unwrap().to_owned())
    }

    #[test]
    fn what_can_be_expanded_depends_on_the_object_a_path_has_reached() {
        for (url, path) in [
            (
                "/v1/payment_intents/pi_1",
                "latest_charge.customer.invoice_settings.default_payment_method",
            ),
            ("/v1/payment_intents", "data.customer"),
            ("/v1/customers/cus_1/payment_methods", "data.customer"),
            ("/v1/customers/cus_1/payment_methods/pm_1", "customer"),
        ] {
            assert_eq!(said(Method::GET, url, path), None, "{url} {path}");
        }
        for (url, path, expected) in [
            (
                "/v1/payment_intents/pi_1",
                "metadata",
                "This property cannot be expanded (metadata).",
            ),
            ("/v1/payment_intents/pi_1", "id", "This property cannot be expanded (id)."),
            (
                "/v1/payment_intents/pi_1",
                "review.x",
                "This property cannot be expanded (review.x).",
            ),
            (
                "/v1/payment_intents",
                "customer",
                "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead.",
            ),
            ("/v1/payment_intents", "data", "This property cannot be expanded (data)."),
            (
                "/v1/charges/ch_1",
                "balance_transaction",
                "This property cannot be expanded (balance_transaction). The sandbox has no balance transactions.",
            ),
            (
                "/v1/charges",
                "data.a.b.c.d",
                "You cannot expand more than 4 levels of a property. Property: data.a.b.c.d",
            ),
        ] {
            assert_eq!(said(Method::GET, url, path).as_deref(), Some(expected), "{url}");
        }
    }
}
