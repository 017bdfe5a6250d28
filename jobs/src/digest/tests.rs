use super::facts::Week;
use super::*;
use crate::store::snapshots::Figure;

fn figure(metric: &str, currency: &str, numer: i64, denom: i64) -> Figure {
    Figure {
        metric: metric.to_owned(),
        currency: currency.to_owned(),
        breakdown: "total".to_owned(),
        key: String::new(),
        numer: numer.to_string(),
        denom: denom.to_string(),
    }
}

/// Eight days on each of which a customer came and $49 with it.
fn digest() -> Digest {
    let day = |index: i64| {
        vec![
            figure("customers", "", 10 + index, 1),
            figure("mrr", "USD", 49_000 + index * 4_900, 1),
            figure("movement_new", "USD", 4_900, 1),
            figure("movement_churn_voluntary", "USD", -100, 3),
            figure("nrr_30d", "USD", 1_043, 1_000),
            figure("mrr", "JPY", 4_000, 1),
        ]
    };
    Digest::told("2026-11-22".parse().unwrap(), &Week((0..8).map(day).collect())).unwrap()
}

fn sender() -> Sender {
    Sender {
        address: "billing@acme.example".to_owned(),
        product_name: "Acme & Sons".to_owned(),
        billing_url: String::new(),
        support_address: String::new(),
        public_url: None,
    }
}

fn message() -> OutgoingMail {
    let to = Mailbox { name: "Team".to_owned(), address: "team@acme.example".to_owned() };
    compose(&digest(), "team_digest/2026-11-22", &to, &sender()).unwrap()
}

#[test]
fn a_digest_tells_the_weeks_end_and_what_the_week_came_to() {
    let message = message();
    assert_eq!(message.subject, "Acme & Sons, week to 22 November 2026: MRR ¥4,000, $833.00");
    insta::assert_snapshot!(message.text);
}

#[test]
fn names_are_escaped_in_html_and_nothing_is_loaded() {
    let html = message().html;
    assert!(html.contains("$833.00") && !html.contains("http") && !html.contains("src="));
}

#[test]
fn the_same_week_has_the_same_message_id() {
    assert_eq!(message().message_id, message_id("team_digest/2026-11-22", &sender()));
}
