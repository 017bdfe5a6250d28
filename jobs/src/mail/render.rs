//! Writes a letter out for its reader.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::formats;
use super::letters::{Letter, TEXTS};
use super::names::{Recipient, Sender, clean_display_name, clean_line};
use super::wrap::wrap;

/// A letter as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
}

/// A letter could not be written out: its template is at fault, so trying again cannot help.
#[derive(Debug, thiserror::Error)]
#[error("the letter `{template}` was not written: {source}")]
pub struct RenderError {
    template: &'static str,
    source: minijinja::Error,
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Writes a letter for `recipient`. Everything a customer could have typed is escaped.
pub fn render(
    letter: &Letter,
    recipient: &Recipient,
    sender: &Sender,
) -> Result<Rendered, RenderError> {
    let template = letter.template();
    let write = |part: &str, facts: &Value| {
        let name = format!("{template}.{part}");
        ENVIRONMENT
            .get_template(&name)
            .and_then(|template| template.render(facts.clone()))
            .map_err(|source| RenderError { template, source })
    };
    let facts = facts(letter, recipient, sender);
    let subject = clean_line(&write("subject", &facts)?);
    let text = wrap(&write("txt", &facts)?);
    let html = write("html", &context! { subject => &subject, ..facts })?;
    Ok(Rendered { subject, html, text })
}

fn facts(letter: &Letter, recipient: &Recipient, sender: &Sender) -> Value {
    let name = clean_display_name(&recipient.name);
    let greeting = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
    context! {
        greeting,
        locale => &recipient.locale,
        zone => recipient.zone.name(),
        unsubscribe_url => &recipient.unsubscribe_url,
        sender => context! {
            product_name => &sender.product_name,
            billing_url => &sender.billing_url,
            support_address => &sender.support_address,
        },
        ..Value::from(Serde(letter))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual syntax without the lines of its blocks"));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    formats::add_to(&mut environment);
    let shared = [("layout.txt", include_str!("templates/layout.txt"))];
    for (name, source) in shared.iter().chain(TEXTS) {
        environment.add_template(name, source).expect("every template is parsed by the tests");
    }
    environment
}
