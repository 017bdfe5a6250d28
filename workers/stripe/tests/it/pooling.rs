//! Connections are kept and shared.

use futures::future::join_all;
use perennial_jobs::payments::{Inquiry, PaymentProvider};
use perennial_stripe::{StripeConfig, StripeProvider};
use serde_json::json;

use crate::objects::{attempt, intent};
use crate::wire::{Then, Wire, config};

#[tokio::test]
async fn two_hundred_requests_use_at_most_four_connections() {
    let wire = Wire::serving([Then::json(200, &intent("processing", json!({})))]).await;
    let provider = wire.provider();
    for number in 0..100 {
        provider.execute("pi_1", "pm_1", &attempt(number)).await.unwrap();
        provider.inquire(&Inquiry::Reference("pi_1".into())).await.unwrap();
    }
    assert_eq!(wire.seen().len(), 200);
    assert!(wire.connections() <= 4, "{} connections", wire.connections());
}

#[tokio::test]
async fn requests_at_once_share_what_they_opened() {
    let wire = Wire::serving([Then::json(200, &intent("processing", json!({})))]).await;
    let provider = wire.provider();
    let inquiry = Inquiry::Reference("pi_1".into());
    for _ in 0..25 {
        let answers = join_all((0..8).map(|_| provider.inquire(&inquiry))).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    assert!(
        wire.connections() <= 16,
        "{} connections for 200 requests, 8 at once",
        wire.connections()
    );
}

#[tokio::test]
async fn a_base_path_goes_before_the_version() {
    let wire = Wire::serving([Then::json(200, &intent("processing", json!({})))]).await;
    for base in
        [format!("http://{}/stripe", wire.address()), format!("http://{}/stripe/", wire.address())]
    {
        let provider = StripeProvider::new(&StripeConfig { api_base: base, ..config("") }).unwrap();
        provider.inquire(&Inquiry::Reference("pi_1".into())).await.unwrap();
    }
    assert!(
        wire.seen().iter().all(|seen| seen.line == "GET /stripe/v1/payment_intents/pi_1"),
        "{:?}",
        wire.seen()
    );
}
