//! Looking, without touching: the only way out of `Unknown`.

use chrono::{DateTime, Utc};
use perennial_core::ids::InvoiceId;
use perennial_jobs::payments::{Inquiry, Listed, NoAnswer, Observation, Page};
use stripe_client_core::StripeRequest as _;
use stripe_shared::PaymentIntent;

use crate::intent::{observation, weight};
use crate::label;
use crate::operation::{CallError, Operation};
use crate::request;
use crate::throttle::Endpoint;

/// Pages of a customer's intents that are looked through: ten thousand intents.
const PAGES_MAX: usize = 100;

/// Answers an inquiry.
pub(crate) async fn inquire(
    operation: &Operation<'_>,
    inquiry: &Inquiry,
    installation: Option<&str>,
) -> Result<Observation, NoAnswer> {
    let found = match inquiry {
        Inquiry::Reference(reference) => find(operation, reference).await?,
        Inquiry::Lost { customer, invoice } => {
            look_through(operation, customer, *invoice, installation).await?
        }
    };
    found.as_ref().map_or(Ok(Observation::Missing), observation)
}

/// A page of intents created since an instant; those that name no invoice of ours are left
/// out.
pub(crate) async fn list(
    operation: &Operation<'_>,
    since: DateTime<Utc>,
    after: Option<&str>,
    installation: Option<&str>,
) -> Result<Page, NoAnswer> {
    let request = request::list_since(since.timestamp(), after);
    let sent = request.customize().send(&operation.at(Endpoint::Read)).await;
    let page = sent.map_err(CallError::into_no_answer)?;
    let last = page.data.last().map(|intent| intent.id.as_str().to_owned());
    let named = page.data.iter().filter_map(|intent| {
        let invoice = label::read(intent.metadata.get(request::INVOICE)?, installation)?;
        let reference = intent.id.as_str().to_owned();
        // A state that we do not know is for an inquiry to report.
        let observation = observation(intent).ok()?;
        Some(Listed { reference, invoice, observation })
    });
    Ok(Page { intents: named.collect(), next: last.filter(|_| page.has_more) })
}

/// The intent of this reference.
pub(crate) async fn find(
    operation: &Operation<'_>,
    reference: &str,
) -> Result<Option<PaymentIntent>, NoAnswer> {
    let request = request::retrieve(reference)?;
    or_missing(request.customize().send(&operation.at(Endpoint::Read)).await)
}

/// The intent that names this invoice; where several do, the one that tells most.
///
/// Every page is read even after a match: an intent that holds money must not hide behind a
/// newer one that does not.
async fn look_through(
    operation: &Operation<'_>,
    customer: &str,
    invoice: InvoiceId,
    installation: Option<&str>,
) -> Result<Option<PaymentIntent>, NoAnswer> {
    let is_ours = |label: &String| label::read(label, installation) == Some(invoice);
    let mut best: Option<PaymentIntent> = None;
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let request = request::list(customer, after.as_deref())?;
        let page = or_missing(request.customize().send(&operation.at(Endpoint::Read)).await)?;
        let Some(page) = page else { return Ok(best) };
        after = page.data.last().map(|intent| intent.id.as_str().to_owned());
        let claims = page
            .data
            .into_iter()
            .filter(|intent| intent.metadata.get(request::INVOICE).is_some_and(is_ours));
        // On a tie the first stays: lists are newest first.
        best = best
            .into_iter()
            .chain(claims)
            .reduce(|left, right| if weight(&right) > weight(&left) { right } else { left });
        if !page.has_more || after.is_none() {
            return Ok(best);
        }
    }
    Err(NoAnswer::Unknown {
        reason: format!("the customer has more than {PAGES_MAX} pages of intents"),
    })
}

fn or_missing<T>(result: Result<T, CallError>) -> Result<Option<T>, NoAnswer> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CallError::Refused(refusal)) if refusal.is_missing() => Ok(None),
        Err(error) => Err(error.into_no_answer()),
    }
}
