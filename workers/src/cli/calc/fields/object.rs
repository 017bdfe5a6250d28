//! One line as name and value pairs, which serde's own map would quietly merge.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::BadField;

/// The object's entries in their order. An error names the field it is in.
pub(super) fn entries(line: &str) -> Result<Vec<(String, Value)>, BadField> {
    let mut current = None;
    let mut json = serde_json::Deserializer::from_str(line);
    let parsed = Entries { current: &mut current }
        .deserialize(&mut json)
        .and_then(|entries| json.end().map(|()| entries));
    parsed.map_err(|error| match current {
        Some(field) => BadField::new(&field, error),
        None => BadField::line(format!("not one JSON object: {error}")),
    })
}

/// Collects the entries; `current` is the field being read.
struct Entries<'a> {
    current: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = Vec<(String, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            *self.current = Some(name.clone());
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("is there twice"));
            }
            entries.push((name, map.next_value()?));
        }
        *self.current = None;
        Ok(entries)
    }
}
