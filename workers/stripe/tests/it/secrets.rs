//! Nothing that must stay secret reaches a log, a debug text or an error, at any level.

use std::io;
use std::sync::{Arc, Mutex};

use perennial_jobs::payments::{OpKey, PaymentProvider};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::objects::{attempt, card_error, intent, invoice, method, owed, profile};
use crate::wire::{Then, Wire};

/// The key, the client secret, the customer's address, the card's last digits and our words on it.
const CANARIES: [&str; 6] = ["canary4d1", "canary8e2", "eva@", "example.org", "4242", "Eva"];

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_shown_even_at_trace_level() {
    let sink = Sink::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(sink.clone())
        .finish();
    // For the whole binary: what the other tests log meanwhile is searched as well.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let shown = whole_conversation().await;

    let logged = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("stripe answered"), "{logged}");
    for canary in CANARIES {
        assert!(!logged.contains(canary), "{canary} in the log:\n{logged}");
        assert!(!shown.contains(canary), "{canary} is shown:\n{shown}");
    }
}

/// Each operation, in success and in refusal, and what it leaves behind as text.
async fn whole_conversation() -> String {
    let quoting = "Invalid email eva@example.org for Eva; key sk_test_canary4d1";
    let refused = json!({ "error": { "type": "invalid_request_error", "code": "email_invalid", "message": quoting } });
    let declined = json!({ "error": card_error() });
    let wire = Wire::serving([
        Then::json(400, &refused),
        Then::json(200, &intent("requires_payment_method", json!({}))),
        Then::json(402, &declined),
        Then::json(200, &intent("succeeded", json!({ "status": "unheard_of" }))),
        Then::json(200, &method(json!({}))),
        Then::Close,
    ])
    .await;
    let provider = wire.provider();
    let mut shown = vec![format!("{provider:?} {:?}", wire.config())];
    let key = OpKey::customer(&profile(), "signup");
    shown.push(format!("{:?}", provider.ensure_customer(&profile(), &key).await));
    shown.push(format!("{:?}", provider.prepare(&owed(), &OpKey::prepare(invoice())).await));
    for number in 1..=2 {
        shown.push(format!("{:?}", provider.execute("pi_1", "pm_1", &attempt(number)).await));
    }
    // The last digits are this one's value, so it is only logged.
    provider.attach_method("cus_1", "pm_x", &key).await.unwrap();
    shown.push(format!("{:?}", provider.cancel("pi_1", &OpKey::cancel(invoice())).await));
    shown.join("\n")
}
