//! What goes wrong on purpose, as a client sees it.

use std::time::{Duration, Instant};

use perennial_sandbox::{Action, Fault, Scripted};

use crate::client::World;

const CREATE: &str = "/v1/payment_intents";
const BODY: &str =
    "amount=4900&currency=usd&confirm=true&off_session=true&payment_method=pm_card_visa";

async fn struck(action: Action) -> World {
    let world = World::new().await;
    world.sandbox.add_fault(Fault::new(action).on("POST", "/v1/payment_intents").times(1));
    world
}

/// How many charges there are once the same request has been sent again under the same key.
async fn charges_after_retry(world: &World) -> usize {
    assert_eq!(world.keyed("k", CREATE, BODY).await.unwrap().status, 200);
    world.sandbox.ledger().entries.len()
}

#[tokio::test]
async fn a_connection_dropped_before_execution_did_nothing() {
    let world = struck(Action::DropBefore).await;
    assert!(world.keyed("k", CREATE, BODY).await.is_err());
    assert_eq!(world.sandbox.ledger().attempts, 0);
    assert_eq!(charges_after_retry(&world).await, 1);
}

#[tokio::test]
async fn a_connection_dropped_after_execution_has_charged() {
    let world = struck(Action::DropAfter).await;
    assert!(world.keyed("k", CREATE, BODY).await.is_err());
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    assert_eq!(charges_after_retry(&world).await, 1);
    let log = world.sandbox.requests();
    assert_eq!((log[0].status, log[0].faults[0].as_str()), (200, "drop_after"));
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    for (action, charged) in [(Action::Hang, 0), (Action::HangAfter, 1)] {
        let world = struck(action).await;
        let patience = Duration::from_millis(50);
        assert!(tokio::time::timeout(patience, world.keyed("k", CREATE, BODY)).await.is_err());
        assert_eq!(world.sandbox.ledger().entries.len(), charged);
        assert_eq!(charges_after_retry(&world).await, 1);
    }
}

#[tokio::test]
async fn a_truncated_answer_has_status_200_and_cannot_be_read() {
    let world = struck(Action::Truncate).await;
    let half = world.keyed("k", CREATE, BODY).await.unwrap();
    assert_eq!(half.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&half.text).is_err());
    assert_eq!(charges_after_retry(&world).await, 1);
}

#[tokio::test]
async fn a_proxys_page_hides_a_charge_that_was_made() {
    let world = struck(Action::Html502).await;
    let page = world.keyed("k", CREATE, BODY).await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (502, Some("text/html")));
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    assert_eq!(charges_after_retry(&world).await, 1);
}

#[tokio::test]
async fn a_wrong_content_length_cuts_the_body_or_the_connection() {
    let world = struck(Action::ContentLength { delta: -20 }).await;
    let cut = world.keyed("k", CREATE, BODY).await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&cut.text).is_err());
    assert_eq!(charges_after_retry(&world).await, 1);
    let world = struck(Action::ContentLength { delta: 20 }).await;
    assert!(world.keyed("k", CREATE, BODY).await.is_err());
    assert_eq!(charges_after_retry(&world).await, 1);
}

#[tokio::test]
async fn a_scripted_status_comes_with_its_headers() {
    let lock = Scripted {
        status: 429,
        code: Some("lock_timeout".into()),
        headers: [("Retry-After".to_owned(), "1".to_owned())].into(),
        ..Scripted::default()
    };
    let world = struck(Action::Status(lock)).await;
    let answer = world.keyed("k", CREATE, BODY).await.unwrap();
    assert_eq!((answer.status, answer.at("/error/code").as_str()), (429, "lock_timeout"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(world.sandbox.ledger().attempts, 0);
    assert_eq!(charges_after_retry(&world).await, 1);
}

#[tokio::test]
async fn latency_is_served() {
    let world = struck(Action::Latency { latency_ms: 80 }).await;
    let began = Instant::now();
    assert_eq!(world.keyed("k", CREATE, BODY).await.unwrap().status, 200);
    assert!(began.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_rate_limit_lets_so_many_through_each_second() {
    let world = World::new().await;
    let limit = Action::RateLimit { per_second: 5, reason: "endpoint-rate".into() };
    world.sandbox.add_fault(Fault::new(limit).on("GET", "/v1/customers"));
    let mut passed = 0;
    for _ in 0..12 {
        passed += u32::from(world.get("/v1/customers").await.status == 200);
    }
    assert!((5..12).contains(&passed), "{passed}");
    assert_eq!(world.get("/v1/charges").await.status, 200);
}

#[tokio::test]
async fn the_nth_matching_request_is_struck_and_no_other() {
    let world = World::new().await;
    let fault = Fault::new(Action::Html502).on("POST", "/v1/payment_intents/*/confirm").nth(2);
    world.sandbox.add_fault(fault);
    let (customer, method) = world.customer_with("pm_card_visa").await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let intent = world.intent_for(&customer).await;
        told.push(world.confirm(&intent, &method).await.status);
    }
    assert_eq!(told, [200, 502, 200]);
    assert_eq!(world.sandbox.ledger().entries.len(), 3);
}
