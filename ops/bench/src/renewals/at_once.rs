//! A provider and a mail server that answer at once: what is measured is ours.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use perennial_core::money::Money;
use perennial_jobs::mail::{Delivery, Mailer, OutgoingMail};
use perennial_jobs::payments::{
    AttachedMethod, Call, CallTrace, Capabilities, CustomerProfile, Inquiry, IntentRequest,
    NoAnswer, Observation, OpKey, Outcome, Page, PaymentProvider, Reply,
};

/// Remembers the amount of each intent; every charge succeeds.
#[derive(Debug, Default)]
pub(super) struct Provider {
    intents: Mutex<HashMap<String, Money>>,
}

impl Provider {
    fn amount(&self, reference: &str) -> Option<Money> {
        self.intents.lock().unwrap_or_else(PoisonError::into_inner).get(reference).copied()
    }

    fn outcome(&self, reference: &str) -> Option<Outcome> {
        let charge = Some(reference.replacen("pi_", "ch_", 1));
        self.amount(reference).map(|amount| Outcome::Succeeded { charge, amount })
    }
}

fn reply<'a, T: Send + 'a>(value: T) -> Call<'a, T> {
    Box::pin(std::future::ready(Ok(Reply { value, trace: CallTrace::default() })))
}

fn reply_or_reject<'a, T: Send + 'a>(value: Option<T>) -> Call<'a, T> {
    let Some(value) = value else {
        let reason = "no such thing here".to_owned();
        let rejected = NoAnswer::Rejected { code: None, param: None, reason };
        return Box::pin(std::future::ready(Err((rejected, CallTrace::default()))));
    };
    reply(value)
}

impl PaymentProvider for Provider {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { key_ttl: Duration::from_secs(82_800) }
    }

    fn ensure_customer<'a>(
        &'a self,
        profile: &'a CustomerProfile,
        _: &'a OpKey,
    ) -> Call<'a, String> {
        reply(profile.customer.to_string())
    }

    fn discard_customer<'a>(&'a self, _: &'a str, _: &'a OpKey) -> Call<'a, ()> {
        reply(())
    }

    fn attach_method<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a OpKey,
    ) -> Call<'a, AttachedMethod> {
        reply_or_reject(None)
    }

    fn prepare<'a>(&'a self, intent: &'a IntentRequest, _: &'a OpKey) -> Call<'a, String> {
        let reference = format!("pi_{}", intent.invoice);
        let mut intents = self.intents.lock().unwrap_or_else(PoisonError::into_inner);
        intents.insert(reference.clone(), intent.amount);
        reply(reference)
    }

    fn execute<'a>(&'a self, reference: &'a str, _: &'a str, _: &'a OpKey) -> Call<'a, Outcome> {
        reply_or_reject(self.outcome(reference))
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry) -> Call<'a, Observation> {
        let Inquiry::Reference(reference) = inquiry else { return reply(Observation::Missing) };
        reply(match self.amount(reference) {
            Some(_) => Observation::NeverExecuted { reference: reference.clone() },
            None => Observation::Missing,
        })
    }

    fn list<'a>(&'a self, _: DateTime<Utc>, _: Option<&'a str>) -> Call<'a, Page> {
        reply(Page { intents: vec![], next: None })
    }

    fn cancel<'a>(&'a self, _: &'a str, _: &'a OpKey) -> Call<'a, Outcome> {
        reply(Outcome::Canceled)
    }
}

/// Takes every mail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mail;

impl Mailer for Mail {
    fn send<'a>(&'a self, _: &'a OutgoingMail) -> BoxFuture<'a, Delivery> {
        Box::pin(std::future::ready(Delivery::Sent { reply: "250 taken".to_owned() }))
    }
}
