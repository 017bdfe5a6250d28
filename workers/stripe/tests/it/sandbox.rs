//! A customer, a card and an invoice at a sandbox of their own.

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use perennial_core::ids::InvoiceId;
use perennial_jobs::payments::{
    Inquiry, IntentRequest, NoAnswer, Observation, OpKey, Outcome, PaymentProvider,
};
use perennial_sandbox::{Action, DEFAULT_KEY, Fault, Sandbox, SandboxOptions};
use perennial_stripe::{StripeConfig, StripeProvider};

use crate::objects::{profile, usd};

/// A provider, the sandbox it talks to, and what it talks about there.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    pub(crate) provider: StripeProvider,
    pub(crate) customer: String,
    pub(crate) method: String,
    attempts: AtomicI32,
}

impl Shop {
    /// A shop whose customer pays with this test card.
    pub(crate) async fn with_card(card: &str) -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        let config = StripeConfig {
            api_base: sandbox.base_url(),
            timeout: Duration::from_secs(5),
            ..StripeConfig::new(DEFAULT_KEY.into())
        };
        let provider = StripeProvider::new(&config).unwrap();
        let profile = profile();
        let key = OpKey::customer(&profile, "signup");
        let customer = provider.ensure_customer(&profile, &key).await.unwrap().value;
        let key = OpKey::attach(profile.customer, "first");
        let method = provider.attach_method(&customer, card, &key).await.unwrap().value.reference;
        Self { sandbox, provider, customer, method, attempts: AtomicI32::new(0) }
    }

    /// The same shop through a provider that gives up soon.
    pub(crate) fn impatient(self) -> Self {
        let config = StripeConfig {
            api_base: self.sandbox.base_url(),
            timeout: Duration::from_secs(1),
            ..StripeConfig::new(DEFAULT_KEY.into())
        };
        Self { provider: StripeProvider::new(&config).unwrap(), ..self }
    }

    pub(crate) fn invoice(&self) -> InvoiceId {
        InvoiceId::derived("shop")
    }

    pub(crate) fn owed(&self) -> IntentRequest {
        IntentRequest {
            invoice: self.invoice(),
            customer: self.customer.clone(),
            amount: usd(4_900),
        }
    }

    pub(crate) async fn prepare(&self) -> String {
        let key = OpKey::prepare(self.invoice());
        self.provider.prepare(&self.owed(), &key).await.unwrap().value
    }

    /// The key of the next attempt.
    pub(crate) fn next_attempt(&self) -> OpKey {
        OpKey::execute(self.invoice(), self.attempts.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) async fn execute(&self, reference: &str, key: &OpKey) -> Result<Outcome, NoAnswer> {
        let reply = self.provider.execute(reference, &self.method, key).await;
        reply.map(|reply| reply.value).map_err(|(no_answer, _)| no_answer)
    }

    pub(crate) async fn observe(&self, reference: &str) -> Observation {
        let inquiry = Inquiry::Reference(reference.to_owned());
        self.provider.inquire(&inquiry).await.unwrap().value
    }

    pub(crate) async fn look_for_lost(&self) -> Observation {
        let inquiry = Inquiry::Lost { customer: self.customer.clone(), invoice: self.invoice() };
        self.provider.inquire(&inquiry).await.unwrap().value
    }

    /// Strikes the next confirmation.
    pub(crate) fn confirmation_suffers(&self, action: Action) {
        let fault = Fault::new(action).on("POST", "/v1/payment_intents/*/confirm").nth(1);
        self.sandbox.add_fault(fault);
    }

    /// How often money moved for the invoice, by the sandbox's own books.
    pub(crate) fn captures(&self) -> usize {
        let invoice = self.invoice().to_string();
        self.sandbox.ledger().by_metadata("invoice", &invoice).count()
    }

    /// The keys of the requests that changed something, in order.
    pub(crate) fn keys_sent(&self, path_end: &str) -> Vec<String> {
        let requests = self.sandbox.requests().into_iter();
        let posts = requests.filter(|it| it.method == "POST" && it.path.ends_with(path_end));
        posts.map(|request| request.idempotency_key.unwrap_or_default()).collect()
    }
}

/// The charge that an outcome names.
pub(crate) fn charge(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Succeeded { charge, .. } | Outcome::Declined { charge, .. } => {
            charge.as_deref().unwrap()
        }
        other => panic!("no charge in {other:?}"),
    }
}
