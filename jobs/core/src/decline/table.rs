//! The embedded tables of decline and advice codes, decoded once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Action, Class};

/// What is known of a decline code.
#[derive(Deserialize)]
pub(super) struct Code {
    pub(super) class: Class,
    pub(super) action: Action,
    /// What to show instead.
    pub(super) show_as: Option<String>,
}

/// What a network or the provider advises.
#[derive(Deserialize)]
pub(super) struct Advice {
    network: String,
    pub(super) code: String,
    pub(super) retry: bool,
    pub(super) min_delay_hours: Option<i64>,
    /// What helps, if a retry does not.
    pub(super) action: Option<Action>,
}

static CODES: LazyLock<BTreeMap<String, Code>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/decline_codes.json"))
        .expect("the embedded table is JSON, as a test shows")
});

static ADVICE: LazyLock<Vec<Advice>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/network_advice_codes.json"))
        .expect("the embedded table is JSON, as a test shows")
});

pub(super) fn code(code: &str) -> Option<&'static Code> {
    CODES.get(code)
}

pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    CODES.keys().map(String::as_str)
}

pub(super) fn mastercard_advice(code: &str) -> Option<&'static Advice> {
    advice("mastercard", code)
}

pub(super) fn provider_advice(code: &str) -> Option<&'static Advice> {
    advice("stripe_advice_code", code)
}

fn advice(network: &str, code: &str) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| advice.network == network && advice.code == code)
}
