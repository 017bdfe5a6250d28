//! A provider without a wire: what becomes of a charge is written in the method's name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use perennial_jobs::mail::{Delivery, Mailer, OutgoingMail};
use perennial_jobs::payments::{
    AttachedMethod, Call, CallTrace, Capabilities, CustomerProfile, Decline, Inquiry,
    IntentRequest, NoAnswer, Observation, OpKey, Outcome, Page, PaymentProvider, Reply,
};

/// Charges as the last part of a method's reference says, letter by letter, the last one for ever:
/// `p` is paid, `f` lacks funds, `s` was stolen.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    intents: HashMap<String, (Money, Paid)>,
    charges: HashMap<String, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paid {
    Yes,
    NotYet,
}

fn reply<'a, T: Send + 'a>(value: T) -> Call<'a, T> {
    Box::pin(std::future::ready(Ok(Reply { value, trace: CallTrace::default() })))
}

fn rejected<'a, T: Send + 'a>() -> Call<'a, T> {
    let reason = "nobody asks for this here".to_owned();
    let rejected = NoAnswer::Rejected { code: None, param: None, reason };
    Box::pin(std::future::ready(Err((rejected, CallTrace::default()))))
}

impl Books {
    fn charge(&mut self, reference: &str, method: &str) -> Option<Outcome> {
        let (amount, paid) = self.intents.get_mut(reference)?;
        let script = method.rsplit('_').next().unwrap_or_default().as_bytes();
        let passed = self.charges.entry(method.to_owned()).or_default();
        let letter = script.get(*passed).or(script.last());
        let charge = Some(reference.replacen("pi_", "ch_", 1));
        let code = match letter {
            _ if *paid == Paid::Yes => "",
            Some(b'f') => "insufficient_funds",
            Some(b's') => "stolen_card",
            _ => "",
        };
        *passed += 1;
        if code.is_empty() {
            *paid = Paid::Yes;
            return Some(Outcome::Succeeded { charge, amount: *amount });
        }
        let decline = Decline {
            code: code.to_owned(),
            network: Some("visa".to_owned()),
            network_decline_code: None,
            network_advice_code: None,
            advice_code: None,
        };
        Some(Outcome::Declined { decline, charge: Some(format!("ch_{passed}_{reference}")) })
    }
}

impl PaymentProvider for Scripted {
    fn name(&self) -> &'static str {
        "stripe"
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
        rejected()
    }

    fn prepare<'a>(&'a self, intent: &'a IntentRequest, _: &'a OpKey) -> Call<'a, String> {
        let reference = format!("pi_{}", intent.invoice);
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.intents.entry(reference.clone()).or_insert((intent.amount, Paid::NotYet));
        reply(reference)
    }

    fn execute<'a>(
        &'a self,
        reference: &'a str,
        method: &'a str,
        _: &'a OpKey,
    ) -> Call<'a, Outcome> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        match books.charge(reference, method) {
            Some(outcome) => reply(outcome),
            None => rejected(),
        }
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry) -> Call<'a, Observation> {
        reply(match inquiry {
            Inquiry::Reference(reference) => {
                Observation::NeverExecuted { reference: reference.clone() }
            }
            Inquiry::Lost { .. } => Observation::Missing,
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
pub(crate) struct Mail;

impl Mailer for Mail {
    fn send<'a>(
        &'a self,
        _: &'a OutgoingMail,
    ) -> std::pin::Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(std::future::ready(Delivery::Sent { reply: "250 taken".to_owned() }))
    }
}
