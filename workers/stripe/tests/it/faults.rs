//! What a broken wire means: nothing was sent, or nobody knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial_jobs::payments::{NoAnswer, OpKey, PaymentProvider};
use perennial_stripe::{StripeConfig, StripeProvider};
use serde_json::json;
use tokio::net::TcpListener;

use crate::objects::{attempt, intent, invoice, is_not_sent, is_unknown, owed};
use crate::wire::{Then, Wire, config};

/// What becomes of an attempt at a server that does this.
async fn execute(then: Then) -> (NoAnswer, Option<u16>) {
    let wire = Wire::serving([then]).await;
    let provider = wire.hasty_provider();
    let (no_answer, trace) = provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap_err();
    assert_eq!(wire.seen().len(), 1, "the request went out once");
    (no_answer, trace.http_status)
}

#[tokio::test]
async fn a_connection_closed_after_the_request_is_unknown() {
    let (no_answer, status) = execute(Then::Close).await;
    assert!(is_unknown(&no_answer), "{no_answer:?}");
    assert_eq!(status, None);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let (no_answer, _) = execute(Then::Hang).await;
    assert_eq!(no_answer, NoAnswer::Unknown { reason: "no answer within 1s".into() });
}

#[tokio::test]
async fn a_truncated_success_is_unknown_and_keeps_its_status() {
    let (no_answer, status) =
        execute(Then::Truncate { body: r#"{"id": "pi_1", "status": "succ"#.into() }).await;
    assert!(is_unknown(&no_answer), "{no_answer:?}");
    assert_eq!(status, Some(200));
}

#[tokio::test]
async fn a_gateways_html_is_unknown_whatever_its_status() {
    for status in [200, 402, 404, 500, 502, 503, 504] {
        let (no_answer, traced) = execute(Then::html(status)).await;
        assert!(is_unknown(&no_answer), "{status}: {no_answer:?}");
        assert_eq!(traced, Some(status));
    }
}

#[tokio::test]
async fn a_success_that_lacks_a_field_is_unknown() {
    let mut succeeded = intent("succeeded", json!({}));
    succeeded.as_object_mut().unwrap().remove("amount_received");
    let (no_answer, status) = execute(Then::json(200, &succeeded)).await;
    assert!(is_unknown(&no_answer), "{no_answer:?}");
    assert_eq!(status, Some(200));
}

#[tokio::test]
async fn an_answer_that_is_not_text_is_unknown() {
    let (no_answer, _) =
        execute(Then::Answer { status: 200, headers: vec![], body: "\u{0}\u{1}".into() }).await;
    assert!(is_unknown(&no_answer), "{no_answer:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let (no_answer, _) =
        execute(Then::Answer { status: 200, headers: vec![], body: " ".repeat(9 << 20) }).await;
    let NoAnswer::Unknown { reason } = no_answer else { panic!("{no_answer:?}") };
    assert!(reason.contains("length limit"), "{reason}");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let provider = StripeProvider::new(&config(&base)).unwrap();
    let (no_answer, trace) =
        provider.prepare(&owed(), &OpKey::prepare(invoice())).await.unwrap_err();
    assert!(is_not_sent(&no_answer), "{no_answer:?}");
    assert_eq!(trace.http_status, None);
}

/// TLS at a server that hangs up: each dial is seen, and no request can follow it.
#[tokio::test]
async fn a_connection_that_cannot_be_made_is_dialled_exactly_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let dials = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dials);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let provider = StripeProvider::new(&config(&base)).unwrap();
    let (no_answer, _) = provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap_err();
    assert!(is_not_sent(&no_answer), "{no_answer:?}");
    assert_eq!(dials.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_handshake_that_hangs_until_the_deadline_is_not_sent() {
    let wire = Wire::serving([Then::Hang]).await;
    let base = format!("https://{}", wire.address());
    let hasty = StripeConfig { timeout: Duration::from_secs(1), ..config(&base) };
    let provider = StripeProvider::new(&hasty).unwrap();
    let (no_answer, _) = provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap_err();
    assert_eq!(
        no_answer,
        NoAnswer::NotSent { retry_after: None, reason: "no connection within 1s".into() }
    );
}

/// The server closes the idle connection; the next request finds out before it is written or
/// after, and neither may send it twice.
#[tokio::test]
async fn a_pooled_connection_that_died_costs_no_second_request() {
    let succeeded = Then::json(200, &intent("succeeded", json!({ "latest_charge": "ch_1" })));
    let wire = Wire::serving([succeeded, Then::Close]).await;
    let provider = wire.hasty_provider();
    provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap();
    let (no_answer, _) = provider.execute("pi_1", "pm_1", &attempt(2)).await.unwrap_err();
    assert!(is_unknown(&no_answer), "{no_answer:?}");
    assert_eq!(wire.seen().len(), 2);
}
