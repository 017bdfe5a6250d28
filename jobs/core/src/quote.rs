//! Texts of others in messages of ours: printable, and not longer than a message can bear.

use std::borrow::Cow;

/// The longest text of others that a message repeats.
pub const QUOTED_CHARS_MAX: usize = 200;

/// Stands for a character that a terminal would obey.
const REPLACEMENT: char = '\u{FFFD}';

/// `text` without the characters that a terminal obeys instead of showing them: escapes and other
/// controls, and marks that reorder what is read. Line feeds and tabs stay.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_obeyed(c);
    replaced(text, stays)
}

/// `text` in one line, as [`printable`], and cut off after [`QUOTED_CHARS_MAX`] characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let end = text.char_indices().nth(QUOTED_CHARS_MAX).map(|(at, _)| at);
    let shown = replaced(&text[..end.unwrap_or(text.len())], |c| !is_obeyed(c)).into_owned();
    if end.is_some() { shown + "…" } else { shown }
}

/// `text` as [`quoted`], without the words that hold an email address: for logs.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    let kept = words.map(|word| if word.contains('@') { "[address] " } else { word });
    quoted(kept.collect::<String>().trim_end())
}

fn replaced(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&stays) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if stays(c) { c } else { REPLACEMENT }).collect()
}

fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_marks_that_reorder_are_replaced_and_layout_stays() {
        assert_eq!(
            printable("a\u{1b}[2Jb\n\tc\u{9b}31m\u{7}"),
            "a\u{FFFD}[2Jb\n\tc\u{FFFD}31m\u{FFFD}"
        );
        assert_eq!(printable("\u{202e}gpj.exe"), "\u{FFFD}gpj.exe");
        assert_eq!(printable("Zoë 日本"), "Zoë 日本");
        assert_eq!(quoted("a\r\nb"), "a\u{FFFD}\u{FFFD}b");
    }

    #[test]
    fn addresses_are_left_out_of_what_goes_into_a_log() {
        let reply = "550 5.1.1 <ada@customers.example>: no such user";
        assert_eq!(without_addresses(reply), "550 5.1.1 [address] no such user");
        assert_eq!(without_addresses("451 later"), "451 later");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_one_printable_line_of_bounded_length(text in any::<String>(), times in 1_usize..60) {
            let quoted = quoted(&text.repeat(times));
            prop_assert!(quoted.chars().count() <= QUOTED_CHARS_MAX + 1);
            prop_assert!(!quoted.chars().any(is_obeyed));
        }
    }
}
