//! The team's weekly digest: what it says, and how it is written.

mod facts;

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use crate::mail::{Mailbox, OutgoingMail, Sender, clean_display_name, clean_line, message_id};

pub(crate) use facts::Digest;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Writes a digest to the team.
pub(crate) fn compose(
    digest: &Digest,
    key: &str,
    to: &Mailbox,
    sender: &Sender,
) -> Result<OutgoingMail, minijinja::Error> {
    let facts = context! {
        product_name => clean_display_name(&sender.product_name),
        until => digest.until.format("%-d %B %Y").to_string(),
        headline => &digest.headline,
        groups => Serde(&digest.groups),
    };
    let write = |part: &str| ENVIRONMENT.get_template(part)?.render(&facts);
    Ok(OutgoingMail {
        message_id: message_id(key, sender),
        thread: None,
        from: Mailbox {
            name: clean_display_name(&sender.product_name),
            address: sender.address.clone(),
        },
        reply_to: sender.reply_to(),
        to: to.clone(),
        subject: clean_line(&write("digest.subject")?),
        text: write("digest.txt")?,
        html: write("digest.html")?,
        headers: vec![
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("X-Auto-Response-Suppress", "All".to_owned()),
            ("Content-Language", "en".to_owned()),
            ("X-Perennial-Letter", "team_digest".to_owned()),
        ],
    })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual syntax without the lines of its blocks"));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    for (name, source) in [
        ("digest.subject", include_str!("digest/digest.subject")),
        ("digest.txt", include_str!("digest/digest.txt")),
        ("digest.html", include_str!("digest/digest.html")),
    ] {
        environment.add_template(name, source).expect("every template is parsed by the tests");
    }
    environment
}

#[cfg(test)]
mod tests;
