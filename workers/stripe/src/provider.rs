//! The port's operations, one by one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use perennial_jobs::payments::{
    AttachedMethod, Call, Capabilities, CustomerProfile, Inquiry, IntentRequest, NoAnswer,
    Observation, OpKey, Outcome, Page, PaymentProvider,
};
use stripe_client_core::StripeRequest as _;
use stripe_shared::PaymentMethod;

use crate::config::{ConfigError, StripeConfig};
use crate::inquiry;
use crate::intent;
use crate::operation::{CallError, Operation, once};
use crate::request;
use crate::throttle::{Endpoint, Throttle, Unlimited};
use crate::transport::Transport;

/// Stripe forgets a key after 24 hours; an hour is kept for clocks and queues.
const KEY_TTL: Duration = Duration::from_secs(23 * 60 * 60);

/// Stripe, or whatever speaks like it at the configured address.
///
/// Its connections belong to the Tokio runtime that makes the first call.
pub struct StripeProvider {
    transport: Transport,
    throttle: Arc<dyn Throttle>,
    installation: Option<String>,
}

impl StripeProvider {
    /// A provider whose requests go out as they come.
    pub fn new(config: &StripeConfig) -> Result<Self, ConfigError> {
        Self::with_throttle(config, Arc::new(Unlimited))
    }

    /// A provider that asks `throttle` before every request.
    pub fn with_throttle(
        config: &StripeConfig,
        throttle: Arc<dyn Throttle>,
    ) -> Result<Self, ConfigError> {
        let installation = config.installation.clone();
        Ok(Self { transport: Transport::new(config)?, throttle, installation })
    }

    /// The key of an operation that no row of the database records the key of.
    fn own(&self, key: &OpKey) -> OpKey {
        match &self.installation {
            Some(installation) => key.within(installation),
            None => key.clone(),
        }
    }

    fn begin(&self) -> Operation<'_> {
        Operation::begin(&self.transport, self.throttle.as_ref())
    }
}

impl fmt::Debug for StripeProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeProvider")
            .field("timeout", &self.transport.timeout)
            .finish_non_exhaustive()
    }
}

impl PaymentProvider for StripeProvider {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { key_ttl: KEY_TTL }
    }

    fn ensure_customer<'a>(
        &'a self,
        profile: &'a CustomerProfile,
        key: &'a OpKey,
    ) -> Call<'a, String> {
        Box::pin(async move {
            let operation = self.begin();
            let customer = ensure_customer(&operation, profile, &self.own(key)).await;
            operation.end(customer)
        })
    }

    fn discard_customer<'a>(&'a self, reference: &'a str, key: &'a OpKey) -> Call<'a, ()> {
        Box::pin(async move {
            let operation = self.begin();
            let discarded = discard(&operation, reference, key).await;
            operation.end(discarded)
        })
    }

    fn attach_method<'a>(
        &'a self,
        customer: &'a str,
        method: &'a str,
        key: &'a OpKey,
    ) -> Call<'a, AttachedMethod> {
        Box::pin(async move {
            let operation = self.begin();
            let attached = attach(&operation, customer, method, &self.own(key)).await;
            operation.end(attached)
        })
    }

    fn prepare<'a>(&'a self, intent: &'a IntentRequest, key: &'a OpKey) -> Call<'a, String> {
        Box::pin(async move {
            let operation = self.begin();
            let installation = self.installation.as_deref();
            let reference = prepare(&operation, intent, installation, &self.own(key)).await;
            operation.end(reference)
        })
    }

    fn execute<'a>(
        &'a self,
        reference: &'a str,
        method: &'a str,
        key: &'a OpKey,
    ) -> Call<'a, Outcome> {
        Box::pin(async move {
            let operation = self.begin();
            let outcome = execute(&operation, reference, method, key).await;
            operation.end(outcome)
        })
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry) -> Call<'a, Observation> {
        Box::pin(async move {
            let operation = self.begin();
            let observation =
                inquiry::inquire(&operation, inquiry, self.installation.as_deref()).await;
            operation.end(observation)
        })
    }

    fn list<'a>(&'a self, since: DateTime<Utc>, after: Option<&'a str>) -> Call<'a, Page> {
        Box::pin(async move {
            let operation = self.begin();
            let page = inquiry::list(&operation, since, after, self.installation.as_deref()).await;
            operation.end(page)
        })
    }

    fn cancel<'a>(&'a self, reference: &'a str, key: &'a OpKey) -> Call<'a, Outcome> {
        Box::pin(async move {
            let operation = self.begin();
            let outcome = cancel(&operation, reference, &self.own(key)).await;
            operation.end(outcome)
        })
    }
}

async fn ensure_customer(
    operation: &Operation<'_>,
    profile: &CustomerProfile,
    key: &OpKey,
) -> Result<String, NoAnswer> {
    let request = request::customer(profile).customize().request_strategy(once(key)?);
    let customer = request.send(&operation.at(Endpoint::Other)).await;
    let customer = customer.map_err(|error| without_words(error.into_no_answer()))?;
    Ok(customer.id.as_str().to_owned())
}

async fn discard(operation: &Operation<'_>, reference: &str, key: &OpKey) -> Result<(), NoAnswer> {
    let request = request::discard(reference)?.customize().request_strategy(once(key)?);
    match request.send(&operation.at(Endpoint::Other)).await {
        Ok(_) => Ok(()),
        Err(CallError::Refused(refusal)) if refusal.is_missing() => Ok(()),
        Err(error) => Err(error.into_no_answer()),
    }
}

async fn attach(
    operation: &Operation<'_>,
    customer: &str,
    method: &str,
    key: &OpKey,
) -> Result<AttachedMethod, NoAnswer> {
    let request = request::attach(customer, method)?.customize().request_strategy(once(key)?);
    let attached = request.send(&operation.at(Endpoint::Other)).await;
    attached.map(described).map_err(CallError::into_no_answer)
}

async fn prepare(
    operation: &Operation<'_>,
    intent: &IntentRequest,
    installation: Option<&str>,
    key: &OpKey,
) -> Result<String, NoAnswer> {
    let request = request::create(intent, installation)?.customize().request_strategy(once(key)?);
    let created = request.send(&operation.at(Endpoint::Create)).await;
    created.map(|intent| intent.id.as_str().to_owned()).map_err(CallError::into_no_answer)
}

async fn execute(
    operation: &Operation<'_>,
    reference: &str,
    method: &str,
    key: &OpKey,
) -> Result<Outcome, NoAnswer> {
    let request = request::confirm(reference, method)?.customize().request_strategy(once(key)?);
    match request.send(&operation.at(Endpoint::Confirm)).await {
        Ok(confirmed) => intent::outcome(&confirmed),
        Err(CallError::Refused(refusal)) if refusal.is_unexpected_state() => {
            settled(operation, reference).await
        }
        Err(CallError::Refused(refusal)) => match refusal.decline() {
            Some((decline, charge)) => Ok(Outcome::Declined { decline, charge }),
            None => match refusal.method_decline() {
                Some(decline) => Ok(Outcome::Declined { decline, charge: None }),
                None => Err(refusal.no_answer()),
            },
        },
        Err(CallError::Silent(no_answer)) => Err(no_answer),
    }
}

async fn cancel(
    operation: &Operation<'_>,
    reference: &str,
    key: &OpKey,
) -> Result<Outcome, NoAnswer> {
    let request = request::cancel(reference)?.customize().request_strategy(once(key)?);
    match request.send(&operation.at(Endpoint::Other)).await {
        Ok(cancelled) => intent::outcome(&cancelled),
        Err(CallError::Refused(refusal)) if refusal.is_unexpected_state() => {
            settled(operation, reference).await
        }
        Err(error) => Err(error.into_no_answer()),
    }
}

/// What an intent came to that could be neither confirmed nor cancelled.
async fn settled(operation: &Operation<'_>, reference: &str) -> Result<Outcome, NoAnswer> {
    let unknown = |reason: &str| Err(NoAnswer::Unknown { reason: reason.to_owned() });
    let Some(found) = inquiry::find(operation, reference).await? else {
        return unknown("the intent was in an unexpected state, and then it was gone");
    };
    match intent::outcome(&found)? {
        // This would be the answer to an earlier attempt, not to ours.
        Outcome::Declined { .. } => {
            unknown("the intent was in an unexpected state, and then in the expected one")
        }
        outcome => Ok(outcome),
    }
}

fn described(method: PaymentMethod) -> AttachedMethod {
    let card = method.card.as_ref();
    let expires = card
        .and_then(|card| Some((card.exp_month.try_into().ok()?, card.exp_year.try_into().ok()?)));
    AttachedMethod {
        network: intent::network(&method),
        last4: card.map(|card| card.last4.clone()),
        fingerprint: fingerprint(&method),
        expires,
        kind: method.type_.as_str().to_owned(),
        reference: method.id.as_str().to_owned(),
    }
}

/// The card or account itself, whatever reference it comes under.
fn fingerprint(method: &PaymentMethod) -> Option<String> {
    let card = method.card.as_ref().and_then(|card| card.fingerprint.clone());
    let account =
        || method.us_bank_account.as_ref().and_then(|account| account.fingerprint.clone());
    card.or_else(account)
}

/// A refusal of personal data may quote it.
fn without_words(no_answer: NoAnswer) -> NoAnswer {
    match no_answer {
        NoAnswer::Rejected { code, param, .. } => NoAnswer::Rejected {
            code,
            param,
            reason: "the provider's message is left out: it may repeat personal data".to_owned(),
        },
        other => other,
    }
}
