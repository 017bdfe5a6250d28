//! What customers read, and that it comes true.

use perennial_tests::{Customer, Faults, World};
use serde_json::json;

use super::world;

/// The text of the last email whose subject has these words, its lines joined.
fn email(world: &World, subject: &str) -> String {
    let mails = world.inbox.mails();
    let found = mails
        .iter()
        .rev()
        .find(|mail| mail.subject.as_deref().is_some_and(|its| its.contains(subject)));
    let text = found.and_then(|mail| mail.text.clone()).unwrap_or_else(|| panic!("{mails:?}"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A world in which the renewal of 28 February was declined.
async fn past_due() -> (World, Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let method = "pm_sbx_visa__ok1__insufficient_funds";
    let ada = world.subscribe("ada", &[method], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(world.status(ada).await, "past_due");
    (world, ada)
}

async fn cancel(world: &World, ada: Customer) {
    let kind = "subscription.cancel_requested";
    world.emit(kind, ada.subscription.0, json!({}), "cancel").await.unwrap();
    world.rest().await;
}

#[tokio::test]
async fn who_cancels_while_past_due_reads_what_happens_and_is_not_charged_again() {
    let (world, ada) = past_due().await;
    world.live_until("2026-02-28T18:00:00Z").await;
    cancel(&world, ada).await;
    let text = email(&world, "subscription ends on March 14, 2026");
    for told in [
        "You keep full access until March 14, 2026 at 12:00 PM GMT.",
        "is still open. We will not charge you for it again; you can still pay it on your billing page.",
        "Once it is paid, you keep your access until March 31, 2026 at 12:00 PM BST.",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let attempts = "select count(*) from perennial.payments";
    let before = world.count(attempts).await;
    world.live_until("2026-03-14T11:59:59Z").await;
    let access = "select count(*) from perennial.subscriptions where perennial.subscription_access(id) = 'full'";
    assert_eq!(world.count(access).await, 1);
    world.live_until("2026-03-14T12:00:00Z").await;
    assert_eq!(world.count(access).await, 0);
    assert_eq!(
        (world.status(ada).await.as_str(), world.count(attempts).await),
        ("canceled", before)
    );
    world.check().await;
}

#[tokio::test]
async fn who_takes_the_cancellation_back_is_charged_again() {
    let (world, ada) = past_due().await;
    cancel(&world, ada).await;
    assert_eq!(world.status(ada).await, "grace");
    world.emit("subscription.cancel_undone", ada.subscription.0, json!({}), "undo").await.unwrap();
    world.rest().await;
    assert_eq!(world.status(ada).await, "past_due");
    world.live_until("2026-03-01T12:00:00Z").await;
    assert_eq!(world.count("select count(*) from perennial.payments").await, 3);
    world.check().await;
}

#[tokio::test]
async fn a_trial_that_ends_without_a_card_asks_for_no_money() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &[], json!({ "trial_end": "2026-02-14T12:00:00Z" })).await;
    world.rest().await;
    world.live_until("2026-02-14T12:00:00Z").await;
    assert_eq!(world.status(ada).await, "paused");
    let text = email(&world, "Your trial of Professional has ended");
    assert!(text.contains("Nothing was charged, and nothing is owed."), "{text}");
    assert!(text.contains("your subscription begins at $49.00 per month"), "{text}");
    assert!(!text.contains("Amount due") && !text.contains("could not charge"), "{text}");
}

#[tokio::test]
async fn an_email_to_a_reader_abroad_is_in_one_language() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    let profile = json!({ "email": "ada@customers.example", "name": "Ada", "locale": "es-ES",
                          "time_zone": "Europe/Madrid" });
    world.emit("customer.upserted", ada.id.0, profile, "ada/abroad").await.unwrap();
    world.rest().await;
    cancel(&world, ada).await;
    let text = email(&world, "subscription ends on 28 February 2026");
    assert!(text.contains("until 28 February 2026 at 13:00 CET"), "{text}");
}

#[tokio::test]
async fn an_address_that_no_server_can_take_is_refused_on_entry_and_named() {
    let world = world().await;
    for address in ["<x@y>", "a,b@x.example", "nobody", "a b@x.example", "a@x..example"] {
        let profile = json!({ "email": address, "name": "Ada" });
        let refused = world
            .emit("customer.upserted", uuid::Uuid::from_u128(7), profile, address)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains("email"), "{refused}");
    }
    assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 0);
    let profile = json!({ "email": "kunde@bücher.example", "name": "Ada" });
    world.emit("customer.upserted", uuid::Uuid::from_u128(7), profile, "new").await.unwrap();
}

/// `perennial.is_email_address` and `perennial_core::email::Address` are one rule.
#[tokio::test]
async fn the_database_and_the_worker_agree_on_what_is_an_address() {
    let world = world().await;
    let long = format!("{}@x.example", "a".repeat(65));
    let label = format!("a@{}.example", "x".repeat(64));
    let path = format!("{}@{}example", "a".repeat(64), "x23456789.".repeat(19));
    let mut cases: Vec<String> = [
        "ada@acme.example",
        "Ada.Lovelace+x@ACME.example",
        "kunde@bücher.example",
        "müller@bücher.example",
        "o'neil/x=y@mail-1.acme.example",
        "root@localhost",
        "",
        "nobody",
        "@x.example",
        "a,b@x.example",
        "<x@y>",
        "a b@x.example",
        "a@b@x.example",
        ".a@x.example",
        "a..b@x.example",
        "a.@x.example",
        "\"a b\"@x.example",
        "a\r\nb@x.example",
        "a;b@x.example",
        "x@y>",
        "a@",
        "a@x..example",
        "a@.example",
        "a@x.example.",
        "a@-x.example",
        "a@x-.example",
        "a@x_y.example",
        "a@x y.example",
        "a@[127.0.0.1]",
        "a@x.example\r\n",
        "a@x\u{2028}.example",
        "a\u{a0}b@x.example",
        "a\u{200b}b@x.example",
    ]
    .map(str::to_owned)
    .to_vec();
    cases.extend([long, label, path]);
    for text in cases {
        let ours = perennial_core::email::Address::parse(&text).is_ok();
        let theirs: bool = sqlx::query_scalar("select perennial.is_email_address($1)")
            .bind(&text)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(ours, theirs, "{text:?}");
    }
}
