//! Payment methods that describe themselves.

use chrono::TimeDelta;

use crate::client::World;

#[tokio::test]
async fn a_described_card_does_what_its_name_says() {
    let world = World::new().await;
    let (customer, method) =
        world.customer_with("pm_sbx_visa__ok3__insufficient_funds2__lost_card__ok").await;
    let mut told = Vec::new();
    for _ in 0..8 {
        told.push(world.pay(&customer, &method).await);
    }
    let paid = "succeeded";
    let funds = "insufficient_funds";
    assert_eq!(told, [paid, paid, paid, funds, funds, "lost_card", paid, paid]);
    let ledger = world.sandbox.ledger();
    assert_eq!((ledger.attempts, ledger.entries.len(), ledger.totals["usd"]), (8, 5, 5 * 4900));
    assert_eq!((ledger.declines[funds], ledger.declines["lost_card"]), (2, 1));
}

#[tokio::test]
async fn each_attached_copy_counts_for_itself() {
    let world = World::new().await;
    let (ann, ann_card) = world.customer_with("pm_sbx_amex__ok__do_not_honor").await;
    let (bob, bob_card) = world.customer_with("pm_sbx_amex__ok__do_not_honor").await;
    assert_eq!(world.pay(&ann, &ann_card).await, "succeeded");
    assert_eq!(world.pay(&ann, &ann_card).await, "do_not_honor");
    assert_eq!(world.pay(&bob, &bob_card).await, "succeeded");
}

#[tokio::test]
async fn a_decline_carries_advice() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_sbx_mastercard__do_not_honor%4003").await;
    let intent = world.intent_for(&customer).await;
    let declined = world.confirm(&intent, &method).await;
    assert_eq!(declined.at("/error/network_advice_code"), "03");
    assert_eq!(declined.at("/error/network_decline_code"), "05");
    assert_eq!(declined.at("/error/advice_code"), "try_again_later");
    let charge = world.get(&format!("/v1/charges/{}", declined.at("/error/charge"))).await;
    assert_eq!(charge.at("/outcome/network_advice_code"), "03");
}

#[tokio::test]
async fn a_card_is_declined_after_its_month_of_expiry() {
    let world = World::new().await;
    world.sandbox.set_clock("2027-02-28T23:59:59Z".parse().unwrap());
    let (customer, method) = world.customer_with("pm_sbx_visa__ok__exp202702").await;
    let card = world.get(&format!("/v1/payment_methods/{method}")).await;
    assert_eq!(
        (card.at("/card/exp_year"), card.at("/card/exp_month")),
        ("2027".into(), "2".into())
    );
    assert_eq!(world.pay(&customer, &method).await, "succeeded");
    world.sandbox.advance_clock(TimeDelta::seconds(1));
    assert_eq!(world.pay(&customer, &method).await, "expired_card");
    let renewed = format!("/v1/payment_methods/{method}");
    world.post(&renewed, "card[exp_month]=3&card[exp_year]=2031").await;
    assert_eq!(world.pay(&customer, &method).await, "succeeded");
}

#[tokio::test]
async fn a_lost_reply_has_charged_and_is_replayed_under_its_key() {
    for step in ["lostreply", "html502", "truncated"] {
        let world = World::new().await;
        let (customer, method) = world.customer_with(&format!("pm_sbx_visa__{step}__ok")).await;
        let intent = world.intent_for(&customer).await;
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let body = format!("payment_method={method}&off_session=true");
        let first = world.keyed("k", &path, &body).await;
        assert!(first.map_or(true, |it| it.status != 200 || !it.text.ends_with('}')), "{step}");
        assert_eq!(world.sandbox.ledger().entries.len(), 1);
        let again = world.keyed("k", &path, &body).await.unwrap();
        assert_eq!(again.at("/status"), "succeeded");
        assert_eq!(world.sandbox.ledger().attempts, 1);
    }
}

#[tokio::test]
async fn a_slow_payment_settles_on_the_virtual_clock() {
    let world = World::new().await;
    world.sandbox.set_clock("2027-01-01T00:00:00Z".parse().unwrap());
    for (step, end) in [("ok", "succeeded"), ("fail", "requires_payment_method")] {
        let (customer, method) =
            world.customer_with(&format!("pm_sbx_visa__processing3d_{step}")).await;
        let intent = world.intent_for(&customer).await;
        assert_eq!(world.confirm(&intent, &method).await.at("/status"), "processing");
        let path = format!("/v1/payment_intents/{intent}");
        world.sandbox.advance_clock(TimeDelta::days(3) - TimeDelta::seconds(1));
        assert_eq!(world.get(&path).await.at("/status"), "processing");
        world.sandbox.advance_clock(TimeDelta::seconds(1));
        assert_eq!(world.get(&path).await.at("/status"), end);
    }
    let ledger = world.sandbox.ledger();
    assert_eq!(
        ledger.entries[0].at,
        "2027-01-04T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    assert_eq!((ledger.entries.len(), ledger.attempts), (1, 2));
}

#[tokio::test]
async fn a_step_may_ask_for_its_owner_even_off_session() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_sbx_visa__action__ok").await;
    let intent = world.intent_for(&customer).await;
    assert_eq!(world.confirm(&intent, &method).await.at("/status"), "requires_action");
    let done = world.post(&format!("/_sandbox/authenticate/{intent}"), "").await;
    assert_eq!(done.at("/status"), "succeeded");
}
