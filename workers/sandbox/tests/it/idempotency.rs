//! One key, one effect.

use chrono::TimeDelta;
use hyper::Method;
use perennial_sandbox::{Action, Fault, Scripted};

use crate::client::World;

const CREATE: &str = "/v1/payment_intents";
const BODY: &str =
    "amount=4900&currency=usd&confirm=true&off_session=true&payment_method=pm_card_visa";

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_charges_once() {
    let world = World::new().await;
    let first = world.keyed("k1", CREATE, BODY).await.unwrap();
    let mut pairs: Vec<&str> = BODY.split('&').collect();
    pairs.reverse();
    let again = world.keyed("k1", CREATE, &pairs.join("&")).await.unwrap();
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(first.header("idempotency-key"), Some("k1"));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    let log = world.sandbox.requests();
    assert_eq!(log.iter().map(|it| it.replayed).collect::<Vec<_>>(), [false, true]);
    assert_eq!(log[0].params_hash, log[1].params_hash);
}

#[tokio::test]
async fn a_decline_and_a_500_are_remembered_too() {
    let world = World::new().await;
    let declined = BODY.replace("pm_card_visa", "pm_card_chargeCustomerFail");
    let first = world.keyed("k1", CREATE, &declined).await.unwrap();
    let again = world.keyed("k1", CREATE, &declined).await.unwrap();
    assert_eq!((first.status, &first.text), (402, &again.text));
    assert_eq!(world.sandbox.ledger().attempts, 1);

    let failing = Scripted { status: 500, executed: true, remembered: true, ..Scripted::default() };
    world.sandbox.add_fault(Fault::new(Action::Status(failing)).times(1));
    for replayed in [None, Some("true")] {
        let answer = world.keyed("k2", CREATE, BODY).await.unwrap();
        assert_eq!((answer.status, answer.header("idempotent-replayed")), (500, replayed));
    }
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_parameters_and_its_endpoint() {
    let world = World::new().await;
    world.keyed("k1", CREATE, BODY).await.unwrap();
    for (path, body) in [(CREATE, BODY.replace("4900", "5000")), ("/v1/customers", String::new())] {
        let refused = world.keyed("k1", path, &body).await.unwrap();
        assert_eq!(
            (refused.status, refused.at("/error/type").as_str()),
            (400, "idempotency_error")
        );
    }
    let other = [("authorization", "Bearer sk_test_other"), ("idempotency-key", "k1")];
    let other = world.send(Method::POST, "/v1/customers", "", &other[1..]).await.unwrap();
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn what_was_refused_before_execution_is_not_remembered() {
    let world = World::new().await;
    let refused = world.keyed("k1", CREATE, "amount=1&currency=usd").await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(world.keyed("k1", CREATE, BODY).await.unwrap().status, 200);

    let none = Action::RateLimit { per_second: 0, reason: "global-rate".into() };
    world.sandbox.add_fault(Fault::new(none).times(1));
    let limited = world.keyed("k2", CREATE, BODY).await.unwrap();
    assert_eq!((limited.status, limited.at("/error/code").as_str()), (429, "rate_limit"));
    assert_eq!(limited.header("stripe-rate-limited-reason"), Some("global-rate"));
    assert_eq!(world.keyed("k2", CREATE, BODY).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict_even_after_its_client_left() {
    let world = World::new().await;
    let slow = Fault::new(Action::Latency { latency_ms: 300 }).times(1);
    world.sandbox.add_fault(slow);
    let (one, two) = tokio::join!(world.keyed("k1", CREATE, BODY), world.keyed("k1", CREATE, BODY));
    let mut both = [one.unwrap(), two.unwrap()];
    both.sort_by_key(|answer| answer.status);
    let [done, refused] = both;
    assert_eq!((done.status, refused.status), (200, 409));
    assert_eq!(refused.at("/error/code"), "idempotency_key_in_use");
    assert_eq!(refused.header("stripe-should-retry"), Some("true"));
    assert_eq!(world.sandbox.ledger().entries.len(), 1);

    // A client that gives up does not stop the execution.
    world.sandbox.add_fault(Fault::new(Action::Latency { latency_ms: 100 }).times(1));
    let patience = std::time::Duration::from_millis(40);
    assert!(tokio::time::timeout(patience, world.keyed("k2", CREATE, BODY)).await.is_err());
    assert_eq!(world.keyed("k2", CREATE, BODY).await.unwrap().status, 409);
    while world.keyed("k2", CREATE, BODY).await.unwrap().status == 409 {}
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
}

#[tokio::test]
async fn after_a_day_a_key_is_forgotten() {
    let world = World::new().await;
    world.sandbox.set_clock("2027-01-01T00:00:00Z".parse().unwrap());
    let first = world.keyed("k1", CREATE, BODY).await.unwrap().at("/id");
    world.sandbox.advance_clock(TimeDelta::hours(23));
    assert_eq!(world.keyed("k1", CREATE, BODY).await.unwrap().at("/id"), first);
    world.sandbox.advance_clock(TimeDelta::hours(1));
    let second = world.keyed("k1", CREATE, BODY).await.unwrap();
    assert_eq!(second.header("idempotent-replayed"), None);
    assert_ne!(second.at("/id"), first);
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
}

#[tokio::test]
async fn the_same_keys_make_the_same_ids_in_any_order() {
    let (one, two) = (World::new().await, World::new().await);
    let a = one.keyed("a", CREATE, BODY).await.unwrap().text;
    let b = one.keyed("b", CREATE, BODY).await.unwrap().at("/id");
    assert_eq!(two.keyed("b", CREATE, BODY).await.unwrap().at("/id"), b);
    let a: serde_json::Value = serde_json::from_str(&a).unwrap();
    assert_eq!(
        two.keyed("a", CREATE, BODY).await.unwrap().at("/latest_charge"),
        a["latest_charge"]
    );
}
