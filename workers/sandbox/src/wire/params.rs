//! The parameters of one request, read with the errors Stripe gives for bad ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::{Answer, ApiError};
use super::form;

/// Limits on metadata, as Stripe documents them.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// Nested parameters: leaves are strings, lists are tables keyed by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    fields: Map<String, Value>,
    /// Where these parameters sit, for error messages: `card` in `card[number]`.
    prefix: String,
}

impl Params {
    /// Reads the query and the body together, as Stripe does.
    pub(crate) fn read(query: &str, body: &[u8]) -> Answer<Self> {
        let mut fields = Map::new();
        let body = String::from_utf8_lossy(body);
        for text in [query, &body] {
            form::parse(text, &mut fields).map_err(|malformed| {
                let message = format!("Invalid parameter name or shape: {}", malformed.0);
                ApiError::invalid("parameter_invalid", &malformed.0, message)
            })?;
        }
        Ok(Self { fields, prefix: String::new() })
    }

    /// The same parameters with one more, which the path gave.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        with.fields.insert(name.to_owned(), Value::String(value.to_owned()));
        with
    }

    /// One text for one set of parameters, in whatever order they came.
    pub(crate) fn canonical(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    /// Refuses names the endpoint does not know.
    pub(crate) fn allow(&self, names: &[&str]) -> Answer<()> {
        let known = |name: &str| name == "expand" || names.contains(&name);
        match self.fields.keys().find(|name| !known(name)) {
            Some(name) => Err(ApiError::unknown(&self.full(name))),
            None => Ok(()),
        }
    }

    fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.prefix) }
    }

    /// Whether the parameter was sent at all, even empty (which clears a field).
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The text of a parameter; empty counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn required(&self, name: &str) -> Answer<&str> {
        self.text(name).ok_or_else(|| ApiError::missing(&self.full(name)))
    }

    /// Sets `field` if the parameter was sent; sent empty, it clears it.
    pub(crate) fn update(&self, name: &str, field: &mut Option<String>) {
        if self.has(name) {
            *field = self.owned(name);
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Answer<Option<i64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let full = self.full(name);
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid(
                "parameter_invalid_integer",
                &full,
                format!("Invalid integer: {text}"),
            )
        })
    }

    pub(crate) fn flag(&self, name: &str) -> Answer<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                let message = format!("Invalid boolean: {other}");
                Err(ApiError::invalid("parameter_invalid", &self.full(name), message))
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice(&self, name: &str, of: &[&'static str]) -> Answer<Option<&'static str>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some(found) = of.iter().find(|word| **word == text) {
            return Ok(Some(found));
        }
        let full = self.full(name);
        let message = format!("Invalid {full}: must be one of {}", of.join(", "));
        Err(ApiError::invalid("parameter_invalid", &full, message))
    }

    /// A nested table, empty if absent.
    pub(crate) fn table(&self, name: &str) -> Params {
        let fields = self.fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        Params { fields, prefix: self.full(name) }
    }

    /// A nested table as JSON, for members that are only echoed.
    pub(crate) fn echo(&self, name: &str) -> Option<Value> {
        self.fields.get(name).filter(|value| value.is_object()).cloned()
    }

    /// The texts of a list; anything but a list of texts is refused. Empty counts as absent.
    pub(crate) fn texts(&self, name: &str) -> Answer<Vec<&str>> {
        let refused = |what| ApiError::unread(&self.full(name), what);
        match self.fields.get(name) {
            None => Ok(vec![]),
            Some(Value::String(text)) if text.is_empty() => Ok(vec![]),
            Some(Value::Object(list)) => {
                let texts = list.values().map(Value::as_str);
                texts.collect::<Option<_>>().ok_or_else(|| refused("Invalid string"))
            }
            Some(_) => Err(refused("Invalid array")),
        }
    }

    /// Merges `metadata[…]`: an empty value removes its key, an empty `metadata` removes all.
    pub(crate) fn merge_metadata(&self, into: &mut BTreeMap<String, String>) -> Answer<()> {
        match self.fields.get("metadata") {
            None => return Ok(()),
            Some(Value::Object(changes)) => {
                for (key, value) in changes {
                    merge_entry(into, key, value.as_str().unwrap_or_default())?;
                }
            }
            Some(_) => into.clear(),
        }
        if into.len() > METADATA_KEYS_MAX {
            let message = format!("You can only have {METADATA_KEYS_MAX} metadata keys.");
            return Err(ApiError::invalid("parameter_invalid", "metadata", message));
        }
        Ok(())
    }
}

fn merge_entry(into: &mut BTreeMap<String, String>, key: &str, value: &str) -> Answer<()> {
    let too_long = if key.chars().count() > METADATA_KEY_CHARS_MAX {
        Some(format!("Metadata keys may be {METADATA_KEY_CHARS_MAX} characters long: {key}"))
    } else if value.chars().count() > METADATA_VALUE_CHARS_MAX {
        Some(format!("Metadata values may be {METADATA_VALUE_CHARS_MAX} characters long: {key}"))
    } else {
        None
    };
    if let Some(message) = too_long {
        return Err(ApiError::invalid("parameter_invalid", &format!("metadata[{key}]"), message));
    }
    if value.is_empty() {
        into.remove(key);
    } else {
        into.insert(key.to_owned(), value.to_owned());
    }
    Ok(())
}
