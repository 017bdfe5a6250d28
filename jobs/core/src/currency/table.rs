//! The embedded table, decoded once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What is known of one code.
#[derive(Deserialize)]
pub(super) struct Entry {
    /// `None`: the code is withdrawn.
    pub(super) iso_exponent: Option<u8>,
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) stripe: Provider,
}

/// Where the payment provider differs from ISO.
#[derive(Deserialize, Default)]
pub(super) struct Provider {
    pub(super) api_exponent: Option<u8>,
    /// Provider amounts must be a multiple of this.
    pub(super) round_to_minor: Option<i64>,
    pub(super) min_charge_minor: Option<i64>,
    /// Where it is not eight digits.
    pub(super) max_charge_minor: Option<i64>,
}

static TABLE: LazyLock<Vec<([u8; 3], Entry)>> = LazyLock::new(|| {
    let json = include_str!("../../data/currency_minor_units.json");
    let entries: BTreeMap<String, Entry> =
        serde_json::from_str(json).expect("the embedded table is JSON, as a test shows");
    let key = |code: String| -> [u8; 3] {
        code.as_bytes().try_into().expect("the embedded table's codes have three letters")
    };
    entries.into_iter().map(|(code, entry)| (key(code), entry)).collect()
});

pub(super) fn find(code: [u8; 3]) -> Option<&'static Entry> {
    let at = TABLE.binary_search_by_key(&code, |(listed, _)| *listed).ok()?;
    Some(&TABLE[at].1)
}

pub(super) fn codes_in_use() -> impl Iterator<Item = [u8; 3]> {
    TABLE.iter().filter(|(_, entry)| entry.iso_exponent.is_some()).map(|(code, _)| *code)
}
