//! The charge whose reply was lost: one capture, found again by inquiry or by the same key.

use futures::future::join_all;
use perennial_core::ids::InvoiceId;
use perennial_jobs::payments::{IntentRequest, Observation, OpKey, Outcome, PaymentProvider};
use perennial_sandbox::{Action, Fault, Scripted};

use crate::objects::is_unknown;
use crate::sandbox::Shop;

/// Executed at the provider, and the answer never arrives whole.
fn losses() -> [Action; 6] {
    [
        Action::DropAfter,
        Action::HangAfter,
        Action::Truncate,
        Action::Html502,
        Action::ContentLength { delta: 10 },
        Action::Status(Scripted { status: 500, executed: true, ..Scripted::default() }),
    ]
}

#[tokio::test]
async fn a_lost_confirmation_is_unknown_until_an_inquiry_finds_it() {
    join_all(losses().into_iter().map(async |loss: Action| {
        let shop = Shop::with_card("pm_card_visa").await.impatient();
        let (reference, key) = (shop.prepare().await, shop.next_attempt());
        shop.confirmation_suffers(loss.clone());
        let lost = shop.execute(&reference, &key).await.unwrap_err();
        assert!(is_unknown(&lost), "{loss:?}: {lost:?}");
        let Observation::Executed { outcome, .. } = shop.observe(&reference).await else {
            panic!("{loss:?}: not executed");
        };
        assert!(matches!(outcome, Outcome::Succeeded { .. }), "{loss:?}: {outcome:?}");
        assert_eq!(shop.captures(), 1, "{loss:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_lost_confirmation_is_answered_by_the_same_key() {
    join_all(losses().into_iter().map(async |loss: Action| {
        let shop = Shop::with_card("pm_card_visa").await.impatient();
        let (reference, key) = (shop.prepare().await, shop.next_attempt());
        shop.confirmation_suffers(loss.clone());
        shop.execute(&reference, &key).await.unwrap_err();
        let answered = shop.execute(&reference, &key).await;
        assert!(matches!(answered, Ok(Outcome::Succeeded { .. })), "{loss:?}: {answered:?}");
        assert_eq!(shop.captures(), 1, "{loss:?}");
    }))
    .await;
}

#[tokio::test]
async fn a_lost_decline_is_found_as_a_decline() {
    join_all(losses().into_iter().map(async |loss: Action| {
        let shop = Shop::with_card("pm_sbx_visa__insufficient_funds__ok").await.impatient();
        let (reference, key) = (shop.prepare().await, shop.next_attempt());
        shop.confirmation_suffers(loss.clone());
        shop.execute(&reference, &key).await.unwrap_err();
        let Observation::Executed { outcome: Outcome::Declined { decline, .. }, .. } =
            shop.observe(&reference).await
        else {
            panic!("{loss:?}: not declined");
        };
        assert_eq!(
            (decline.code.as_str(), decline.network.as_deref()),
            ("insufficient_funds", Some("visa"))
        );
    }))
    .await;
}

#[tokio::test]
async fn a_request_lost_on_its_way_is_unknown_too_and_found_never_executed() {
    join_all([Action::DropBefore, Action::Hang].into_iter().map(async |loss: Action| {
        let shop = Shop::with_card("pm_card_visa").await.impatient();
        let (reference, key) = (shop.prepare().await, shop.next_attempt());
        shop.confirmation_suffers(loss.clone());
        let lost = shop.execute(&reference, &key).await.unwrap_err();
        assert!(is_unknown(&lost), "{loss:?}: {lost:?}");
        let found = shop.observe(&reference).await;
        assert_eq!(found, Observation::NeverExecuted { reference: reference.clone() }, "{loss:?}");
        assert!(matches!(shop.execute(&reference, &key).await, Ok(Outcome::Succeeded { .. })));
        assert_eq!(shop.captures(), 1, "{loss:?}");
    }))
    .await;
}

#[tokio::test]
async fn an_intent_whose_reference_was_lost_is_found_by_its_invoice() {
    join_all(losses().into_iter().map(async |loss: Action| {
        let shop = Shop::with_card("pm_card_visa").await.impatient();
        let fault = Fault::new(loss.clone()).on("POST", "/v1/payment_intents$").nth(1);
        shop.sandbox.add_fault(fault);
        let key = OpKey::prepare(shop.invoice());
        let (lost, _) = shop.provider.prepare(&shop.owed(), &key).await.unwrap_err();
        assert!(is_unknown(&lost), "{loss:?}: {lost:?}");
        let Observation::NeverExecuted { reference } = shop.look_for_lost().await else {
            panic!("{loss:?}: not found");
        };
        assert_eq!(shop.prepare().await, reference, "{loss:?}: the same key has the same answer");
    }))
    .await;
}

#[tokio::test]
async fn a_lost_intent_is_found_behind_a_hundred_and_twenty_others() {
    let shop = Shop::with_card("pm_card_visa").await;
    let reference = shop.prepare().await;
    for number in 0..120 {
        let invoice = InvoiceId::derived(&number.to_string());
        let other = IntentRequest { invoice, ..shop.owed() };
        shop.provider.prepare(&other, &OpKey::prepare(invoice)).await.unwrap();
    }
    assert_eq!(shop.look_for_lost().await, Observation::NeverExecuted { reference });
}

#[tokio::test]
async fn no_fault_makes_the_provider_send_twice_or_under_another_key() {
    let faults = losses().into_iter().chain([Action::DropBefore, Action::Hang]);
    join_all(faults.map(async |fault: Action| {
        let shop = Shop::with_card("pm_card_visa").await.impatient();
        let (reference, key) = (shop.prepare().await, shop.next_attempt());
        shop.confirmation_suffers(fault.clone());
        shop.execute(&reference, &key).await.unwrap_err();
        assert_eq!(shop.keys_sent("/confirm"), [key.as_str()], "{fault:?}");
    }))
    .await;
}
