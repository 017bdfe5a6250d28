//! Reads `application/x-www-form-urlencoded` text with nested names: `a[b][c]=1`, `list[]=x`, `list[0]=x`.
//!
//! Arrays and tables both become objects; an array's keys are its positions. That loses nothing we
//! need and makes the canonical text of a request independent of how a client wrote it.

use serde_json::{Map, Value};

/// How deep a name may nest. Stripe's own parameters stay below six.
const DEPTH_MAX: usize = 10;

/// A parameter that could not be read, by its raw name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

/// Parses `text` into nested objects whose leaves are strings, adding to `into`.
pub(crate) fn parse(text: &str, into: &mut Map<String, Value>) -> Result<(), Malformed> {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let path = segments(&name).ok_or_else(|| Malformed(name.clone()))?;
        insert(into, &path, decode(value)).ok_or_else(|| Malformed(name.clone()))?;
    }
    Ok(())
}

/// `a[b][]` → `["a", "b", ""]`.
fn segments(name: &str) -> Option<Vec<&str>> {
    let Some((head, mut rest)) = name.find('[').map(|at| name.split_at(at)) else {
        return (!name.is_empty()).then(|| vec![name]);
    };
    let mut path = vec![head];
    while !rest.is_empty() {
        let (segment, after) = rest.strip_prefix('[')?.split_once(']')?;
        path.push(segment);
        rest = after;
    }
    (path.len() <= DEPTH_MAX && !head.is_empty()).then_some(path)
}

fn insert(table: &mut Map<String, Value>, path: &[&str], value: String) -> Option<()> {
    let (first, rest) = path.split_first()?;
    let key = if first.is_empty() { table.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        table.insert(key, Value::String(value));
        return Some(());
    }
    let inner = table.entry(key).or_insert_with(|| Value::Object(Map::new()));
    insert(inner.as_object_mut()?, rest, value)
}

/// Undoes percent encoding in a path, where a plus is a plus.
pub(crate) fn decode_path(path: &str) -> String {
    if path.contains('%') { decode(&path.replace('+', "%2B")) } else { path.to_owned() }
}

/// Undoes percent encoding and `+`; bytes that are not UTF-8 become the replacement character.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten().and_then(hex);
        out.push(match (byte, escaped) {
            (_, Some(decoded)) => decoded,
            (b'+', None) => b' ',
            (other, None) => other,
        });
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        let mut fields = Map::new();
        parse(text, &mut fields).unwrap();
        assert_eq!(&Value::Object(fields), expected);
    }

    #[test]
    fn nested_names_and_both_kinds_of_list_are_read() {
        check("a[b][c]=1&a[d]=x+y", &json!({"a": {"b": {"c": "1"}, "d": "x y"}}));
        check("e[]=p&e[]=q", &json!({"e": {"0": "p", "1": "q"}}));
        check("e[0]=p&e[1]=q", &json!({"e": {"0": "p", "1": "q"}}));
        check("a%5Bb%5D=caf%C3%A9&empty=", &json!({"a": {"b": "café"}, "empty": ""}));
    }

    #[test]
    fn a_name_that_is_both_a_text_and_a_table_is_refused() {
        let mut fields = Map::new();
        assert_eq!(parse("a=1&a[b]=2", &mut fields), Err(Malformed("a[b]".into())));
        assert_eq!(parse("a[b=2", &mut fields), Err(Malformed("a[b".into())));
    }
}
