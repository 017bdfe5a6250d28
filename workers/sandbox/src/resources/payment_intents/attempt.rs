//! One attempt to charge, and what follows from it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{PaymentIntent, Status};
use crate::account::Account;
use crate::account::ledger::Entry;
use crate::account::shelf::Kept;
use crate::methods::behaviour::Presence;
use crate::methods::declines::Decline;
use crate::methods::script::Step;
use crate::resources::charges::{Charge, Charged, Fate};
use crate::wire::error::{Answer, ApiError};

/// Charges the intent's payment method once.
pub(super) fn run(account: &mut Account, id: &str, presence: Presence) -> Answer<()> {
    let now = account.now();
    let Some(intent) = account.intents.get(id) else { return Ok(()) };
    let method = intent.payment_method.as_deref().unwrap_or_default();
    let Some(method) = account.methods.get_mut(method) else { return Ok(()) };
    if method.behaviour.asks(presence, method.set_up) {
        return match presence {
            Presence::OffSession => decline(account, id, authentication_required()),
            _ => ask(account, id),
        };
    }
    let step = method.behaviour.verdict(method.attempts, now);
    if step == Step::Authenticate && presence == Presence::Authenticated {
        method.attempts += 1;
        return perform(account, id, Step::Succeed);
    }
    if step != Step::Authenticate {
        method.attempts += 1;
    }
    perform(account, id, step)
}

fn perform(account: &mut Account, id: &str, step: Step) -> Answer<()> {
    match step {
        Step::Succeed => pay(account, id),
        Step::Decline(reason) => return decline(account, id, reason),
        Step::Authenticate => return ask(account, id),
        Step::Process { days, outcome } => process(account, id, days, *outcome),
        Step::Unheard(loss) => {
            pay(account, id);
            account.loss = Some(loss);
        }
    }
    Ok(())
}

/// Goes on after the customer has authenticated, or has failed to.
pub(crate) fn authenticated(account: &mut Account, id: &str, passed: bool) -> Answer<()> {
    let waiting = account.intents.get(id).is_some_and(|it| it.status == Status::RequiresAction);
    if !waiting {
        return Err(ApiError::request(None, format!("{id} does not wait for authentication.")));
    }
    if let Some(intent) = account.intents.get_mut(id) {
        intent.action_url = None;
    }
    if passed {
        return run(account, id, Presence::Authenticated);
    }
    let message = "We are unable to authenticate your payment method. Please choose a different payment method and try again.";
    fail(account, id, &ApiError::request(Some("payment_intent_authentication_failure"), message));
    Ok(())
}

/// Ends the processing of a payment that was under way.
pub(crate) fn settle(account: &mut Account, id: &str, outcome: Step, at: DateTime<Utc>) {
    let Some(intent) = account.intents.get(id) else { return };
    if intent.status != Status::Processing {
        return;
    }
    let charge = intent.latest_charge.clone().unwrap_or_default();
    match outcome {
        Step::Decline(reason) => {
            account.ledger.declined(reason.reason());
            if let Some(charge) = account.charges.get_mut(&charge) {
                charge.fate = Fate::Failed(reason.clone());
            }
            fail(account, id, &ApiError::declined(&reason).with("charge", charge));
        }
        _ => receive(account, id, &charge, at),
    }
}

/// Turns `requires_action` into a refusal, for callers that cannot show anything to the customer.
pub(super) fn refuse_action(account: &mut Account, id: &str) -> Box<ApiError> {
    match decline(account, id, authentication_required()) {
        Err(error) => error,
        Ok(()) => ApiError::request(None, "This payment needs authentication."),
    }
}

fn authentication_required() -> Decline {
    Decline::named("authentication_required").expect("the table of declines has it")
}

fn ask(account: &mut Account, id: &str) -> Answer<()> {
    let url = format!("{}/_sandbox/authenticate/{id}", account.base_url);
    if let Some(intent) = account.intents.get_mut(id) {
        intent.status = Status::RequiresAction;
        intent.action_url = Some(url);
    }
    Ok(())
}

fn pay(account: &mut Account, id: &str) {
    let Some(charge) = charge(account, id, Fate::Paid { captured: 0 }) else { return };
    let manual = account.intents.get(id).is_some_and(|it| it.capture_method == "manual");
    if !manual {
        let now = account.now();
        receive(account, id, &charge, now);
    } else if let Some(intent) = account.intents.get_mut(id) {
        intent.status = Status::RequiresCapture;
        intent.amount_capturable = intent.amount;
    }
}

fn process(account: &mut Account, id: &str, days: i64, outcome: Step) {
    if charge(account, id, Fate::Pending).is_none() {
        return;
    }
    if let Some(intent) = account.intents.get_mut(id) {
        intent.status = Status::Processing;
    }
    let at = account.now() + TimeDelta::days(days);
    account.settle_at(at, id, outcome);
}

fn decline(account: &mut Account, id: &str, reason: Decline) -> Answer<()> {
    account.ledger.declined(reason.reason());
    let error = ApiError::declined(&reason);
    let charge = charge(account, id, Fate::Failed(reason)).unwrap_or_default();
    let error = fail(account, id, &error.with("charge", charge));
    let Some(intent) = account.intents.get(id) else { return Ok(()) };
    Err(error.with("payment_intent", intent.view()))
}

/// Sends the intent back for another payment method; returns the error with that method enclosed.
fn fail(account: &mut Account, id: &str, error: &ApiError) -> Box<ApiError> {
    let mut error = Box::new(error.clone());
    let method = account.intents.get(id).and_then(|intent| intent.payment_method.clone());
    if let Some(method) = method.and_then(|method| account.methods.get(&method)) {
        error = error.with("payment_method", method.view());
    }
    if let Some(intent) = account.intents.get_mut(id) {
        intent.status = Status::RequiresPaymentMethod;
        intent.payment_method = None;
        intent.last_payment_error = Some(Box::new(error.members()));
    }
    error
}

/// Books a charge against the intent.
fn charge(account: &mut Account, id: &str, fate: Fate) -> Option<String> {
    account.ledger.attempted();
    let charge = account.fresh("ch_", 24);
    let created = account.now();
    let intent = account.intents.get_mut(id)?;
    let method = account.methods.get(intent.payment_method.as_deref()?)?;
    intent.latest_charge = Some(charge.clone());
    account.charges.insert(Charge {
        id: charge.clone(),
        created,
        amount: intent.amount,
        currency: intent.currency.clone(),
        customer: intent.customer.clone(),
        payment_intent: intent.id.clone(),
        card: Charged {
            payment_method: method.id.clone(),
            behaviour: method.behaviour.clone(),
            exp_year: method.exp_year,
            exp_month: method.exp_month,
            fingerprint: method.fingerprint(),
            billing_details: method.billing_details.clone(),
        },
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        statement_descriptor: intent.statement_descriptor.clone(),
        metadata: intent.metadata.clone(),
        balance_transaction: None,
        fate,
        released: false,
    });
    Some(charge)
}

/// The money arrives: marks intent, charge and payment method, and writes the book.
pub(super) fn receive(account: &mut Account, id: &str, charge: &str, at: DateTime<Utc>) {
    let transaction = account.ids.next("txn_", 24);
    let Some(intent) = account.intents.get_mut(id) else { return };
    intent.status = Status::Succeeded;
    intent.amount_received = intent.amount;
    intent.amount_capturable = 0;
    intent.last_payment_error = None;
    if let Some(charge) = account.charges.get_mut(charge) {
        charge.fate = Fate::Paid { captured: intent.amount };
        charge.balance_transaction = Some(transaction);
    }
    let entry = entry(intent, charge, at);
    keep_method(account, &entry, id);
    account.ledger.captured(entry);
}

fn entry(intent: &PaymentIntent, charge: &str, at: DateTime<Utc>) -> Entry {
    Entry {
        charge: charge.to_owned(),
        payment_intent: intent.id.clone(),
        amount: intent.amount_received,
        currency: intent.currency.clone(),
        customer: intent.customer.clone(),
        payment_method: intent.payment_method.clone().unwrap_or_default(),
        metadata: intent.metadata.clone(),
        at,
    }
}

/// With `setup_future_usage` the customer keeps the payment method; without, an unattached one is
/// used up.
fn keep_method(account: &mut Account, entry: &Entry, id: &str) {
    let usage = account.intents.get(id).and_then(|intent| intent.setup_future_usage);
    let Some(method) = account.methods.get_mut(&entry.payment_method) else { return };
    method.set_up |= usage == Some("off_session");
    if method.customer().is_some() {
        return;
    }
    match (&entry.customer, usage) {
        (Some(customer), Some(_)) => {
            account.methods.assign(&entry.payment_method, Some(customer));
        }
        _ => method.spent = true,
    }
}
