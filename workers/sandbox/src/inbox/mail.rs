//! One mail, as it came and as a reader sees it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use mail_parser::{Address, MessageParser};
use serde::Serialize;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Its place in the order of arrival, from 1.
    pub number: u64,
    /// Envelope sender; empty for bounces.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// When it arrived, on the machine's clock.
    pub received_at: DateTime<Utc>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// Decoded subject.
    pub subject: Option<String>,
    /// Every header in order, unfolded but not decoded.
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: Option<String>,
    /// The HTML part.
    pub html: Option<String>,
    /// Names and addresses of the `To` header.
    pub header_to: Vec<String>,
    /// The mail as it came, without the dots that SMTP adds.
    #[serde(skip)]
    pub raw: Bytes,
}

/// Who sent a mail to whom, as SMTP said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
}

impl Mail {
    pub(crate) fn read(
        number: u64,
        envelope: Envelope,
        raw: Bytes,
        received_at: DateTime<Utc>,
    ) -> Self {
        let parsed = MessageParser::default().parse(raw.as_ref());
        let parsed = parsed.as_ref();
        let headers = parsed.map(|it| it.headers_raw().map(unfold).collect()).unwrap_or_default();
        Self {
            number,
            from: envelope.from,
            to: envelope.to,
            received_at,
            message_id: parsed.and_then(|it| it.message_id()).map(str::to_owned),
            subject: parsed.and_then(|it| it.subject()).map(str::to_owned),
            headers,
            text: parsed.and_then(|it| it.body_text(0)).map(Into::into),
            html: parsed
                .filter(|it| it.html_body.first() != it.text_body.first())
                .and_then(|it| it.body_html(0))
                .map(Into::into),
            header_to: parsed.and_then(|it| it.to()).map(addresses).unwrap_or_default(),
            raw,
        }
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the envelope names this address, in any case.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }
}

fn unfold((name, value): (&str, &str)) -> (String, String) {
    let value = value.replace("\r\n", "").replace('\t', " ");
    (name.to_owned(), value.trim().to_owned())
}

fn addresses(list: &Address<'_>) -> Vec<String> {
    let written = |it: &mail_parser::Addr<'_>| match (it.name(), it.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (_, address) => address.unwrap_or_default().to_owned(),
    };
    list.iter().map(written).collect()
}
