//! Who a letter goes to and who it is from, and how their names are made safe.

use chrono_tz::Tz;
use perennial_core::email::Address;

use super::port::Mailbox;

/// The longest display name that is kept, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The longest line that is kept where one line is meant, in characters.
const LINE_CHARS_MAX: usize = 300;

/// Who reads the letter; looked up when it is sent, never stored with it. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The mail address.
    pub address: String,
    /// The display name as the customer gave it; cleaned when it is used. May be empty.
    pub name: String,
    /// The language tag whose number and date formats are used (`de-DE`).
    pub locale: String,
    /// The zone in which instants are told.
    pub zone: Tz,
    /// Where this reader mutes the letter's stream, if it has one and the place is known. A
    /// secret: whoever has it can mute.
    pub unsubscribe_url: Option<String>,
}

/// Who the letter is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The mail address in From.
    pub address: String,
    /// The product, as the customer knows it: From's name, and the word in the texts.
    pub product_name: String,
    /// The page where a customer pays and changes cards: the button of each letter.
    pub billing_url: String,
    /// Where help is: a mail address.
    pub support_address: String,
    /// Where our own pages are reached, without a slash at the end; none: nowhere.
    pub public_url: Option<String>,
}

impl Sender {
    /// What follows the `@`, in ASCII: Message-IDs end in it.
    #[must_use]
    pub fn domain(&self) -> String {
        Address::parse(&self.address)
            .map_or_else(|_| "localhost".to_owned(), |address| address.domain().to_owned())
    }

    /// Where a customer's reply goes: to where help is.
    #[must_use]
    pub fn reply_to(&self) -> Option<Mailbox> {
        let elsewhere = !self.support_address.eq_ignore_ascii_case(&self.address);
        let name = clean_display_name(&self.product_name);
        elsewhere.then(|| Mailbox { name, address: self.support_address.clone() })
    }

    /// Where the holder of a token mutes a stream.
    #[must_use]
    pub fn unsubscribe_url(&self, token: &str) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{base}/unsubscribe/{token}"))
    }
}

/// A display name that is safe in a header and in a text: no control characters (a line break
/// makes lettre panic), no characters that turn the reading direction around, single spaces, and
/// at most 200 characters.
#[must_use]
pub fn clean_display_name(name: &str) -> String {
    clean(name, NAME_CHARS_MAX)
}

/// The same for any text that must stay on one line, such as a subject; at most 300 characters.
#[must_use]
pub fn clean_line(text: &str) -> String {
    clean(text, LINE_CHARS_MAX)
}

fn clean(text: &str, chars_max: usize) -> String {
    let mut cleaned = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = length > 0;
        } else if !turns_direction(c) {
            if gap && length < chars_max {
                cleaned.push(' ');
                length += 1;
            }
            gap = false;
            if length >= chars_max {
                break;
            }
            cleaned.push(c);
            length += 1;
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// Bidirectional embeddings, overrides and isolates: with them `gpj.exe` reads `exe.jpg`.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_becomes_one_harmless_line() {
        let cases = [
            ("Eve\nX", "Eve X"),
            ("Eve\r\nBcc: all@example.com", "Eve Bcc: all@example.com"),
            ("a\0b", "a b"),
            ("invoice\u{202E}gpj.exe", "invoicegpj.exe"),
            ("\u{2066}x\u{2069}", "x"),
            ("  two \t  words\u{2028}", "two words"),
            ("\u{7f}\u{85}", ""),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("Zoë Müller 山田", "Zoë Müller 山田"),
        ];
        for (given, expected) in cases {
            assert_eq!(clean_display_name(given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_name_of_a_megabyte_is_cut_at_200_characters() {
        assert_eq!(clean_display_name(&"é".repeat(1 << 20)).chars().count(), 200);
        assert_eq!(clean_display_name(&"é ".repeat(1 << 19)).chars().count(), 199);
    }
}
