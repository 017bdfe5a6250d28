//! Every letter in each of its variants, as two readers see it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::currency::Currency;
use perennial_core::money::Money;

use super::*;

pub(super) fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().expect("an RFC 3339 instant")
}

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

pub(super) fn jpy(minor: i64) -> Money {
    Money::new(minor, Currency::JPY)
}

pub(super) fn kwd(minor: i64) -> Money {
    Money::new(minor, Currency::KWD)
}

fn sender() -> Sender {
    Sender {
        address: "billing@perennial.example".to_owned(),
        product_name: "Perennial".to_owned(),
        billing_url: "https://perennial.example/billing?from=mail&x=1".to_owned(),
        support_address: "help@perennial.example".to_owned(),
        public_url: Some("https://mail.perennial.example".to_owned()),
    }
}

fn reader(name: &str, locale: &str, zone: Tz) -> Recipient {
    Recipient {
        address: "reader@customer.example".to_owned(),
        name: name.to_owned(),
        locale: locale.to_owned(),
        zone,
        unsubscribe_url: sender().unsubscribe_url("0123abcd"),
    }
}

fn readers() -> [Recipient; 2] {
    [
        reader("Eve Adams", "en-US", chrono_tz::America::New_York),
        reader("Jürgen Groß", "de-DE", chrono_tz::Europe::Berlin),
    ]
}

fn written(letter: &Letter, reader: &Recipient) -> Rendered {
    render(letter, reader, &sender()).expect("a letter can be written")
}

fn variants_of(template: &str) -> Vec<(&'static str, Letter)> {
    Letter::samples().into_iter().filter(|(_, letter)| letter.template() == template).collect()
}

/// Compares with the file named like the letter and its reader.
fn same_as_before(template: &str, reader: &Recipient, part: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("{template}.{}.{part}", reader.locale), text));
}

#[test]
fn every_letter_reads_as_it_should() {
    for reader in readers() {
        for template in Letter::TEMPLATES {
            let mut text = String::new();
            for (name, letter) in variants_of(template) {
                let written = written(&letter, &reader);
                text +=
                    &format!("===== {name}\nSubject: {}\n\n{}\n", written.subject, written.text);
            }
            same_as_before(template, &reader, "txt", &text);
        }
    }
}

#[test]
fn every_letter_looks_as_it_should() {
    for reader in readers() {
        for template in Letter::TEMPLATES {
            let variants = variants_of(template);
            let (_, first) = &variants[0];
            let mut html = written(first, &reader).html;
            for (name, letter) in &variants[1..] {
                let visible = visible(&written(letter, &reader).html);
                html += &format!("\n===== {name}, its words alone\n{visible}\n");
            }
            same_as_before(template, &reader, "html", &html);
        }
    }
}

/// The words between the tags, one line for each stretch.
fn visible(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let stretches = body.split('<').filter_map(|piece| piece.split_once('>'));
    let words = stretches.map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_letter_has_a_button_a_preheader_a_language_and_a_dark_side() {
    for (name, letter) in Letter::samples() {
        let html = written(&letter, &readers()[0]).html;
        assert_eq!(html.matches("target=\"_blank\"").count(), 1, "one button in {name}");
        for needed in [
            "<html lang=\"en\"",
            "<meta name=\"color-scheme\" content=\"light dark\"",
            "prefers-color-scheme: dark",
            "opacity:0;overflow:hidden;\">",
            "href=\"https://perennial.example/billing?from=mail&amp;x=1\"",
            "help@perennial.example",
        ] {
            assert!(html.contains(needed), "{} {name} lacks {needed}", letter.template());
        }
        for foreign in ["fonts.googleapis", "@import", "<img", "<script", "{{", "{%"] {
            assert!(!html.contains(foreign), "{} {name} has {foreign}", letter.template());
        }
    }
}

#[test]
fn a_hostile_name_or_plan_stays_text_on_one_line() {
    let plan = "<script>alert(1)</script>\r\nBcc: all@example.com";
    for (_, letter) in Letter::samples() {
        let mut facts = serde_json::to_value(&letter).unwrap();
        facts["plan"] = plan.into();
        let letter: Letter = serde_json::from_value(facts).unwrap();
        let reader = reader("<b>Eve</b>\r\nBcc: x@y.example\0\u{202E}", "en-US", Tz::UTC);
        let written = written(&letter, &reader);
        assert!(!written.subject.contains(['\r', '\n']), "{}", written.subject);
        assert!(!written.html.contains("<script") && !written.html.contains("<b>"));
        assert!(
            written.html.contains("Hello &lt;b&gt;Eve&lt;&#x2f;b&gt; Bcc: x@y.example,"),
            "{}",
            written.html
        );
        assert!(!written.html.contains('\u{202E}') && !written.text.contains('\u{202E}'));
        assert!(written.text.starts_with("Hello <b>Eve</b> Bcc: x@y.example,\n"));
    }
}

#[test]
fn loss_theft_and_suspicion_are_never_told() {
    let generic = Reason::Generic.sentence();
    for code in [
        "lost_card",
        "stolen_card",
        "fraudulent",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "security_violation",
        "highest_risk_level",
        "nobody_knows_this_code",
    ] {
        assert_eq!(Reason::from_decline_code(code).sentence(), generic, "{code}");
    }
    for (_, letter) in Letter::samples() {
        let written = written(&letter, &readers()[0]);
        for word in ["stolen", "lost", "fraud", "blacklist", "insufficient_funds"] {
            assert!(!written.text.contains(word) && !written.html.contains(word), "{word}");
        }
    }
}

#[test]
fn what_the_outbox_stores_can_be_read_again_and_holds_no_person() {
    for (_, letter) in Letter::samples() {
        let stored = serde_json::to_value(&letter).unwrap();
        assert_eq!(stored["template"], letter.template());
        assert_eq!(serde_json::from_value::<Letter>(stored.clone()).unwrap(), letter);
        assert!(!stored.to_string().contains('@'));
    }
}

/// `golden/` holds letters as each release stored them; its files are never changed.
#[test]
fn letters_stored_by_every_release_can_still_be_read() {
    let folder = mjml::folder().with_file_name("golden");
    for entry in std::fs::read_dir(folder).unwrap() {
        let stored = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let letters: Vec<Letter> = serde_json::from_str(&stored).unwrap();
        for letter in letters {
            written(&letter, &readers()[0]);
        }
    }
}

#[test]
fn letters_of_one_case_answer_its_first_one_and_bear_their_keys_message_id() {
    let (_, letter) = &variants_of("payment_failed")[0];
    let compose = |key, first_of_case| {
        compose(letter, Occasion { key, first_of_case }, &readers()[0], &sender()).unwrap()
    };
    let first = compose("dun_1/payment_failed/1", Some("dun_1/payment_failed/1"));
    let second = compose("dun_1/payment_failed/2", Some("dun_1/payment_failed/1"));
    assert_eq!(first.message_id, message_id("dun_1/payment_failed/1", &sender()));
    assert!(first.message_id.ends_with("@perennial.example>") && first.message_id.len() == 52);
    assert_eq!(first.thread, None);
    assert_eq!(second.thread.unwrap().in_reply_to, first.message_id);
    assert!(first.headers.contains(&("Auto-Submitted", "auto-generated".to_owned())));
}

/// The names and values of the headers that concern muting.
fn unsubscribe_headers(letter: &Letter, reader: &Recipient) -> Vec<(&'static str, String)> {
    let occasion = Occasion { key: "once", first_of_case: None };
    let headers = compose(letter, occasion, reader, &sender()).unwrap().headers;
    headers.into_iter().filter(|(name, _)| name.starts_with("List-")).collect()
}

#[test]
fn only_warnings_about_usage_can_be_stopped_with_one_click() {
    let reader = &readers()[0];
    let url = "https://mail.perennial.example/unsubscribe/0123abcd";
    let expected = [
        ("List-Unsubscribe", format!("<{url}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
    ];
    for (name, letter) in Letter::samples() {
        let written = written(&letter, reader);
        let headers = unsubscribe_headers(&letter, reader);
        let stops = letter.template() == "usage_warning";
        assert_eq!(letter.stream(), stops.then_some(Stream::UsageWarning), "{name}");
        assert_eq!(headers, if stops { &expected[..] } else { &[] }, "{name}");
        assert_eq!(written.text.contains(url), stops, "{name}");
        assert_eq!(written.html.contains(url), stops, "{name}");
    }
}

#[test]
fn without_a_place_to_unsubscribe_there_is_no_link_and_no_header() {
    let reader = Recipient { unsubscribe_url: None, ..readers()[0].clone() };
    for (_, letter) in variants_of("usage_warning") {
        assert_eq!(unsubscribe_headers(&letter, &reader), []);
        let written = written(&letter, &reader);
        assert!(!written.text.contains("Stop") && !written.html.contains("Stop warnings"));
        assert!(!written.text.contains("unsubscribe") && !written.html.contains("unsubscribe"));
    }
}

#[test]
fn the_readme_says_of_each_email_whether_it_is_sent_again_when_uncertain() {
    let readme = include_str!("../../../README.md");
    let row = |first: &str| {
        readme.lines().find(|line| line.starts_with(first)).expect("the README has the table")
    };
    let again = row("| sent once more, with the same Message-ID |");
    let left = row("| left as it is, status `uncertain` |");
    for (_, letter) in Letter::samples() {
        let name = format!("`{}`", letter.template());
        let expected = letter.resend_after_uncertain() == Resend::Yes;
        assert_eq!((again.contains(&name), left.contains(&name)), (expected, !expected), "{name}");
    }
}

#[test]
fn an_email_is_in_one_language_whatever_the_readers_locale_is() {
    let reader = reader("Ana", "es-ES", chrono_tz::Europe::Madrid);
    for (name, letter) in Letter::samples() {
        let written = written(&letter, &reader);
        for text in [&written.subject, &written.text, &visible(&written.html)] {
            for foreign in [" de ", "enero", "febrero", "marzo", "abril", "mayo", "49,00"] {
                assert!(
                    !text.contains(foreign),
                    "{} {name}: {foreign} in\n{text}",
                    letter.template()
                );
            }
        }
    }
    let (_, letter) = &variants_of("canceled")[0];
    let text = written(letter, &reader).text.replace('\n', " ");
    assert!(text.contains("until 1 April 2026 at 06:00 CEST"), "{text}");
}

#[test]
fn no_email_breaks_words_apart_on_a_narrow_screen() {
    for (name, letter) in Letter::samples() {
        let html = written(&letter, &readers()[0]).html;
        for breaking in ["overflow-wrap: anywhere", "word-break:break-all", "break-all"] {
            assert!(!html.contains(breaking), "{} {name}: {breaking}", letter.template());
        }
        assert!(html.contains("overflow-wrap: break-word"), "{name}");
    }
}

#[test]
fn what_is_over_by_now_is_no_longer_good_to_send() {
    let (_, trial) = &variants_of("trial_ending")[0];
    assert!(!trial.is_overtaken(at("2026-03-08T04:59:59Z")));
    assert!(trial.is_overtaken(at("2026-03-08T05:00:00Z")));
    for template in ["receipt", "recovered", "canceled", "expired"] {
        for (_, letter) in variants_of(template) {
            assert!(!letter.is_overtaken(at("2099-01-01T00:00:00Z")), "{template}");
        }
    }
}

#[test]
fn the_committed_html_is_what_the_mjml_compiles_to() {
    let compiled = mjml::compile_all();
    assert_eq!(compiled.len(), Letter::TEMPLATES.len());
    for (file, html) in compiled {
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        let cure = "cargo run -p perennial-jobs --example compile_letters";
        assert!(committed == html, "{} is out of date: {cure}", file.display());
    }
}
