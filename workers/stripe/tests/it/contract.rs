//! The port's contract, kept against the sandbox over HTTP.

use std::time::Duration;

use chrono::TimeDelta;
use perennial_jobs::payments::{
    Inquiry, NoAnswer, Object, Observation, OpKey, Outcome, PaymentProvider,
};
use perennial_sandbox::{Action, Scripted};

use crate::objects::{is_not_sent, profile, usd};
use crate::sandbox::{Shop, charge};

#[tokio::test]
async fn preparing_moves_no_money_and_answers_the_same_reference_for_the_same_key() {
    let shop = Shop::with_card("pm_card_visa").await;
    let reference = shop.prepare().await;
    let again = shop.provider.prepare(&shop.owed(), &OpKey::prepare(shop.invoice())).await.unwrap();
    assert_eq!(again.value, reference);
    assert!(again.trace.replayed && again.trace.request_id.is_some());
    assert_eq!(shop.sandbox.ledger().attempts, 0);
    assert_eq!(shop.observe(&reference).await, Observation::NeverExecuted { reference });
}

#[tokio::test]
async fn a_key_does_not_go_with_another_request() {
    let shop = Shop::with_card("pm_card_visa").await;
    shop.prepare().await;
    let other = perennial_jobs::payments::IntentRequest { amount: usd(1), ..shop.owed() };
    let key = OpKey::prepare(shop.invoice());
    let (rejected, _) = shop.provider.prepare(&other, &key).await.unwrap_err();
    let NoAnswer::Rejected { code, .. } = rejected else { panic!("{rejected:?}") };
    assert_eq!(code.as_deref(), Some("idempotency_error"));
}

#[tokio::test]
async fn executing_captures_once_however_often_the_key_is_sent() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    let first = shop.execute(&reference, &key).await.unwrap();
    let Outcome::Succeeded { amount, .. } = &first else { panic!("{first:?}") };
    assert_eq!(*amount, usd(4_900));
    for _ in 0..3 {
        assert_eq!(shop.execute(&reference, &key).await.unwrap(), first);
    }
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn executing_what_has_succeeded_is_a_success_under_any_key() {
    let shop = Shop::with_card("pm_card_visa").await;
    let reference = shop.prepare().await;
    let first = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
    let second = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn a_key_forgotten_after_a_day_charges_nobody_twice() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    let first = shop.execute(&reference, &key).await.unwrap();
    assert!(shop.provider.capabilities().key_ttl < Duration::from_secs(24 * 60 * 60));
    shop.sandbox.advance_clock(TimeDelta::hours(25));
    assert_eq!(shop.execute(&reference, &key).await.unwrap(), first);
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn a_decline_is_a_value_and_the_same_intent_is_tried_again() {
    let shop = Shop::with_card("pm_sbx_mastercard__do_not_honor@24__ok").await;
    let reference = shop.prepare().await;
    let declined = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
    let Outcome::Declined { decline, .. } = &declined else { panic!("{declined:?}") };
    assert_eq!(decline.code, "do_not_honor");
    assert_eq!(decline.network.as_deref(), Some("mastercard"));
    assert_eq!(decline.network_advice_code.as_deref(), Some("24"));
    assert_eq!(decline.advice_code.as_deref(), Some("try_again_later"));
    let recovered = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
    assert!(matches!(recovered, Outcome::Succeeded { .. }), "{recovered:?}");
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn a_declined_attempt_replays_its_decline() {
    let shop = Shop::with_card("pm_sbx_visa__insufficient_funds__ok").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    let first = shop.execute(&reference, &key).await.unwrap();
    assert_eq!(shop.execute(&reference, &key).await.unwrap(), first);
    assert_eq!(shop.sandbox.ledger().attempts, 1);
}

#[tokio::test]
async fn an_inquiry_tells_two_attempts_apart() {
    let shop = Shop::with_card("pm_sbx_visa__insufficient_funds__ok").await;
    let reference = shop.prepare().await;
    let mut charges = Vec::new();
    for _ in 0..2 {
        let heard = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
        let Observation::Executed { outcome, charge: latest, .. } = shop.observe(&reference).await
        else {
            panic!("not executed");
        };
        assert_eq!(outcome, heard);
        assert_eq!(latest.as_deref(), Some(charge(&heard)));
        charges.push(charge(&heard).to_owned());
    }
    assert_ne!(charges[0], charges[1]);
}

#[tokio::test]
async fn cancelling_ends_what_was_not_paid_and_reports_what_was() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, OpKey::cancel(shop.invoice()));
    for _ in 0..2 {
        assert_eq!(shop.provider.cancel(&reference, &key).await.unwrap().value, Outcome::Canceled);
    }
    assert_eq!(shop.execute(&reference, &shop.next_attempt()).await, Ok(Outcome::Canceled));
    assert_eq!(shop.captures(), 0);

    let shop = Shop::with_card("pm_card_visa").await;
    let reference = shop.prepare().await;
    let paid = shop.execute(&reference, &shop.next_attempt()).await.unwrap();
    assert_eq!(shop.provider.cancel(&reference, &key).await.unwrap().value, paid);
}

#[tokio::test]
async fn slow_money_is_processing_until_it_settles() {
    for (card, settles) in
        [("pm_sbx_visa__processing3d_ok", true), ("pm_sbx_visa__processing3d_fail", false)]
    {
        let shop = Shop::with_card(card).await;
        let reference = shop.prepare().await;
        assert_eq!(shop.execute(&reference, &shop.next_attempt()).await, Ok(Outcome::Processing));
        let cancelled =
            shop.provider.cancel(&reference, &OpKey::cancel(shop.invoice())).await.unwrap();
        assert_eq!(cancelled.value, Outcome::Processing);
        shop.sandbox.advance_clock(TimeDelta::days(4));
        let Observation::Executed { outcome, .. } = shop.observe(&reference).await else {
            panic!("not executed");
        };
        assert_eq!(matches!(outcome, Outcome::Succeeded { .. }), settles, "{outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Declined { .. }), !settles, "{outcome:?}");
    }
}

#[tokio::test]
async fn strong_authentication_is_a_decline_off_session_or_an_action_with_a_page() {
    let shop = Shop::with_card("pm_card_authenticationRequired").await;
    let outcome = shop.execute(&shop.prepare().await, &shop.next_attempt()).await.unwrap();
    let Outcome::Declined { decline, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(decline.code, "authentication_required");

    let shop = Shop::with_card("pm_sbx_visa__action").await;
    let outcome = shop.execute(&shop.prepare().await, &shop.next_attempt()).await.unwrap();
    assert!(matches!(outcome, Outcome::RequiresAction { url: Some(_) }), "{outcome:?}");
}

#[tokio::test]
async fn two_workers_with_one_key_charge_once() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    shop.confirmation_suffers(Action::Latency { latency_ms: 500 });
    let (first, second) =
        futures::join!(shop.execute(&reference, &key), shop.execute(&reference, &key));
    let in_use =
        [&first, &second].into_iter().filter_map(|it| it.as_ref().err()).collect::<Vec<_>>();
    assert!(matches!(in_use[..], [NoAnswer::NotSent { .. }]), "{in_use:?}");
    assert!(matches!(shop.execute(&reference, &key).await, Ok(Outcome::Succeeded { .. })));
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn two_workers_with_two_keys_charge_once() {
    let shop = Shop::with_card("pm_card_visa").await;
    let reference = shop.prepare().await;
    let (one, two) = (shop.next_attempt(), shop.next_attempt());
    let (first, second) =
        futures::join!(shop.execute(&reference, &one), shop.execute(&reference, &two));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn a_limit_does_nothing_and_says_why() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    shop.confirmation_suffers(Action::RateLimit {
        per_second: 0,
        reason: "endpoint-concurrency".into(),
    });
    let limited = shop.provider.execute(&reference, &shop.method, &key).await.unwrap_err();
    assert!(is_not_sent(&limited.0), "{limited:?}");
    assert_eq!(limited.1.rate_limited_reason.as_deref(), Some("endpoint-concurrency"));
    assert!(matches!(shop.execute(&reference, &key).await, Ok(Outcome::Succeeded { .. })));
}

#[tokio::test]
async fn a_lock_is_not_an_answer_and_the_same_key_gets_one() {
    let shop = Shop::with_card("pm_card_visa").await;
    let (reference, key) = (shop.prepare().await, shop.next_attempt());
    let lock = Scripted { status: 429, code: Some("lock_timeout".into()), ..Scripted::default() };
    shop.confirmation_suffers(Action::Status(lock));
    let retry_after = Some(Duration::from_secs(1));
    let locked = shop.execute(&reference, &key).await.unwrap_err();
    assert!(
        matches!(&locked, NoAnswer::NotSent { retry_after: delay, .. } if *delay == retry_after),
        "{locked:?}"
    );
    assert!(matches!(shop.execute(&reference, &key).await, Ok(Outcome::Succeeded { .. })));
    assert_eq!(shop.captures(), 1);
}

#[tokio::test]
async fn a_card_that_cannot_be_attached_is_rejected() {
    let shop = Shop::with_card("pm_card_visa").await;
    let key = OpKey::attach(profile().customer, "second");
    let card = "pm_card_chargeDeclinedExpiredCard";
    let (rejected, _) = shop.provider.attach_method(&shop.customer, card, &key).await.unwrap_err();
    let NoAnswer::Rejected { code, .. } = rejected else { panic!("{rejected:?}") };
    assert_eq!(code.as_deref(), Some("expired_card"));
}

#[tokio::test]
async fn a_customer_is_created_once_per_key() {
    let shop = Shop::with_card("pm_card_visa").await;
    let key = OpKey::customer(&profile(), "signup");
    let again = shop.provider.ensure_customer(&profile(), &key).await.unwrap();
    assert_eq!(again.value, shop.customer);
}

#[tokio::test]
async fn what_was_never_created_is_missing() {
    let shop = Shop::with_card("pm_card_visa").await;
    let rejected = shop.execute("pi_nobody", &shop.next_attempt()).await.unwrap_err();
    assert!(matches!(rejected, NoAnswer::Missing { object: Object::Intent, .. }), "{rejected:?}");
    assert_eq!(shop.observe("pi_nobody").await, Observation::Missing);
    assert_eq!(shop.look_for_lost().await, Observation::Missing);
    let nobody = Inquiry::Lost { customer: "cus_nobody".into(), invoice: shop.invoice() };
    assert_eq!(shop.provider.inquire(&nobody).await.unwrap().value, Observation::Missing);
}
