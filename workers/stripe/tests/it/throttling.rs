//! Every request asks for room first.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use perennial_jobs::payments::{Inquiry, NoAnswer, OpKey, PaymentProvider};
use perennial_stripe::{Endpoint, StripeConfig, StripeProvider, Throttle, Throttled};
use serde_json::json;

use crate::objects::{attempt, error, intent, invoice, owed, profile};
use crate::wire::{Then, Wire};

struct Full(Option<Duration>);

impl Throttle for Full {
    fn acquire(&self, _: Endpoint) -> BoxFuture<'_, Result<(), Throttled>> {
        Box::pin(std::future::ready(Err(Throttled { retry_after: self.0 })))
    }
}

struct Stuck;

impl Throttle for Stuck {
    fn acquire(&self, _: Endpoint) -> BoxFuture<'_, Result<(), Throttled>> {
        Box::pin(std::future::pending())
    }
}

#[derive(Default)]
struct Counting(Mutex<Vec<Endpoint>>);

impl Throttle for Counting {
    fn acquire(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Throttled>> {
        self.0.lock().unwrap().push(endpoint);
        Box::pin(std::future::ready(Ok(())))
    }
}

async fn held_back(throttle: impl Throttle) -> Option<Duration> {
    let wire = Wire::serving([Then::Hang]).await;
    let config = StripeConfig { timeout: Duration::from_millis(100), ..wire.config() };
    let provider = StripeProvider::with_throttle(&config, Arc::new(throttle)).unwrap();
    let (no_answer, _) = provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap_err();
    assert_eq!(wire.connections(), 0);
    match no_answer {
        NoAnswer::NotSent { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_throttle_that_says_no_is_not_sent_with_its_delay() {
    let delay = Some(Duration::from_secs(3));
    assert_eq!(held_back(Full(delay)).await, delay);
}

#[tokio::test]
async fn a_throttle_that_says_nothing_until_the_deadline_is_not_sent_and_tried_again_soon() {
    assert_eq!(held_back(Stuck).await, Some(Duration::from_secs(2)));
}

#[tokio::test]
async fn every_request_asks_the_bucket_of_its_endpoint() {
    let refused = Then::json(400, &error("payment_intent_unexpected_state"));
    let wire = Wire::serving([refused, Then::json(200, &intent("processing", json!({})))]).await;
    let throttle = Arc::new(Counting::default());
    let provider =
        StripeProvider::with_throttle(&wire.config(), Arc::clone(&throttle) as Arc<dyn Throttle>)
            .unwrap();

    // Refused, so it is a confirmation and an inquiry.
    provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap();
    provider.prepare(&owed(), &OpKey::prepare(invoice())).await.unwrap();
    provider.inquire(&Inquiry::Reference("pi_1".into())).await.unwrap();
    provider.cancel("pi_1", &OpKey::cancel(invoice())).await.unwrap();
    provider.ensure_customer(&profile(), &OpKey::customer(&profile(), "signup")).await.unwrap();

    use Endpoint::{Confirm, Create, Other, Read};
    assert_eq!(*throttle.0.lock().unwrap(), [Confirm, Read, Create, Read, Other, Other]);
    assert_eq!(wire.seen().len(), 6);
}
