//! Customers and subscriptions as people name them: any id, or an email address.

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::quote::quoted;
use perennial_jobs::subjects::{self, Subject};
use sqlx::PgConnection;

use super::exit::Error;

/// What can be given.
const FORMS: &str = "give an id (sub_…, cus_…, inv_…, a UUID), the provider's (pi_…, cus_…, pm_…), an event's id, \
                     an invoice's number or an email address";

/// All that has this name; `field` is the argument that an error names.
///
/// # Errors
/// When nothing has.
pub(super) async fn any(
    conn: &mut PgConnection,
    field: &str,
    text: &str,
) -> Result<Vec<Subject>, Error> {
    let found = subjects::find(conn, text).await?;
    if found.is_empty() {
        let text = quoted(text);
        return Err(Error::data(format!("{field}: `{text}` is not known here: {FORMS}")));
    }
    Ok(found)
}

/// The customer of that name, or whose it is.
///
/// # Errors
/// When there is none, or more than one.
pub(super) async fn customer(conn: &mut PgConnection, text: &str) -> Result<CustomerId, Error> {
    // The customer may be on its way yet: then only its id is known.
    let found = subjects::find(&mut *conn, text).await?;
    if let (true, Ok(id)) = (found.is_empty(), text.parse()) {
        return Ok(id);
    }
    let named = any(conn, "customer", text).await?;
    let mut customers: Vec<_> =
        named.into_iter().map(|subject| CustomerId(subject.customer)).collect();
    customers.sort_unstable();
    customers.dedup();
    only("customer", text, &customers)
}

/// The subscription of that name, or that it belongs to; of a customer, the one that runs.
///
/// # Errors
/// When there is none, or more than one.
pub(super) async fn subscription(
    conn: &mut PgConnection,
    text: &str,
) -> Result<SubscriptionId, Error> {
    let found = subjects::find(&mut *conn, text).await?;
    if let (true, Ok(id)) = (found.is_empty(), text.parse()) {
        return Ok(id);
    }
    let mut subscriptions = vec![];
    for subject in any(&mut *conn, "subscription", text).await? {
        match (subject.kind.as_str(), subject.subscription) {
            (_, Some(subscription)) => subscriptions.push(SubscriptionId(subscription)),
            ("customer", None) => {
                let customer = CustomerId(subject.customer);
                subscriptions
                    .extend(subjects::running_subscriptions_of(&mut *conn, customer).await?);
            }
            _ => {}
        }
    }
    subscriptions.sort_unstable();
    subscriptions.dedup();
    only("subscription", text, &subscriptions)
}

fn only<T: Copy + ToString>(what: &str, text: &str, found: &[T]) -> Result<T, Error> {
    let text = quoted(text);
    match found {
        [only] => Ok(*only),
        [] => Err(Error::data(format!("{what}: `{text}` names none; nothing was changed"))),
        several => {
            let names: Vec<_> = several.iter().take(10).map(ToString::to_string).collect();
            let names = names.join(", ");
            Err(Error::data(format!(
                "{what}: `{text}` names several ({names}); nothing was changed"
            )))
        }
    }
}
