//! Addresses that a mail server can take.

use std::fmt;

/// The longest part before the `@`, in octets (RFC 5321).
const LOCAL_MAX: usize = 64;
/// The longest address, in octets (RFC 5321: a path of 256 without its brackets).
const ADDRESS_MAX: usize = 254;

/// A mail address. Its domain is in its ASCII form: `bücher.example` is `xn--bcher-kva.example`,
/// which every server takes. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is no mail address. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is no `@`, or nothing before it.
    #[error("is no mail address: write name@domain")]
    Form,
    /// Before the `@` there is something that no server takes.
    #[error(
        "is no mail address: before the @ there may be letters, digits, single dots between them \
         and any of !#$%&'*+-/=?^_`{{|}}~, at most 64 bytes"
    )]
    Local,
    /// What follows the `@` is no domain.
    #[error("is no mail address: after the @ there must be a domain, such as acme.example")]
    Domain,
    /// It is longer than mail servers allow.
    #[error("is no mail address: it is longer than 254 bytes")]
    TooLong,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::Form)?;
        if local.is_empty() {
            return Err(InvalidAddress::Form);
        }
        if local.len() > LOCAL_MAX || !local.split('.').all(is_atom) {
            return Err(InvalidAddress::Local);
        }
        let domain = domain_in_ascii(domain).ok_or(InvalidAddress::Domain)?;
        if text.len().max(local.len() + 1 + domain.len()) > ADDRESS_MAX {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain, in ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether only a server with SMTPUTF8 can take it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What stands between dots before the `@`; a quoted name is not among it.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => true,
            c if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
            c => !is_invisible(c),
        })
}

/// Characters beyond ASCII that are blank, control something or mean nothing.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
        | '\u{fff9}'..='\u{ffff}')
}

fn domain_in_ascii(domain: &str) -> Option<String> {
    if domain.is_empty() || domain.chars().any(|c| !c.is_ascii() && is_invisible(c)) {
        return None;
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    ascii.split('.').all(label).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<String, InvalidAddress> {
        Address::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn an_address_goes_out_with_its_domain_in_ascii() {
        for (text, expected) in [
            ("ada@acme.example", "ada@acme.example"),
            ("Ada.Lovelace+x@ACME.example", "Ada.Lovelace+x@acme.example"),
            ("kunde@bücher.example", "kunde@xn--bcher-kva.example"),
            ("kunde@例え.テスト", "kunde@xn--r8jz45g.xn--zckzah"),
            ("müller@bücher.example", "müller@xn--bcher-kva.example"),
            ("o'neil/x=y@mail-1.acme.example", "o'neil/x=y@mail-1.acme.example"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(expected));
        }
        assert!(!Address::parse("kunde@bücher.example").unwrap().needs_smtputf8());
        assert!(Address::parse("müller@bücher.example").unwrap().needs_smtputf8());
    }

    #[test]
    fn what_no_server_can_take_is_refused() {
        use InvalidAddress::{Domain, Form, Local, TooLong};
        let long_local = format!("{}@x.example", "a".repeat(65));
        let long_label = format!("a@{}.example", "x".repeat(64));
        let long = format!("{}@{}example", "a".repeat(64), "x23456789.".repeat(19));
        for (text, expected) in [
            ("", Form),
            ("nobody", Form),
            ("@x.example", Form),
            ("a,b@x.example", Local),
            ("<x@y>", Local),
            ("a b@x.example", Local),
            ("a\u{a0}b@x.example", Local),
            ("a@b@x.example", Local),
            (".a@x.example", Local),
            ("a..b@x.example", Local),
            ("a.@x.example", Local),
            ("\"a b\"@x.example", Local),
            ("a\r\nb@x.example", Local),
            ("a;b@x.example", Local),
            ("x@y>", Domain),
            ("a@", Domain),
            ("a@x..example", Domain),
            ("a@.example", Domain),
            ("a@x.example.", Domain),
            ("a@-x.example", Domain),
            ("a@x_y.example", Domain),
            ("a@x y.example", Domain),
            ("a@[127.0.0.1]", Domain),
            ("a@x.example\r\n", Domain),
            ("a@x\u{2028}.example", Domain),
            (&long_local, Local),
            (&long_label, Domain),
            (&long, TooLong),
        ] {
            assert_eq!(parsed(text), Err(expected), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_is_one_safe_line_and_survives_its_text_form(
            text in "[a-zA-Zäöü.<>, \"@\r\n-]{0,20}@?[a-zA-Zäöü.<>, -]{0,20}|\\PC{0,30}@\\PC{0,30}"
        ) {
            if let Ok(address) = Address::parse(&text) {
                let again = address.to_string();
                prop_assert!(again.len() <= ADDRESS_MAX && address.domain().is_ascii());
                prop_assert!(!again.contains([' ', '<', '>', ',', ';', '"', '\r', '\n']), "{again}");
                prop_assert_eq!(Address::parse(&again), Ok(address));
            }
        }
    }
}
