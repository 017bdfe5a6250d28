//! Which resource function a method and a path mean.

use axum::http::Method;

use crate::account::Account;
use crate::resources::{charges, customers, payment_intents, payment_methods, setup_intents};
use crate::wire::error::{Answer, ApiError};
use crate::wire::expand::Expansion;
use crate::wire::params::Params;

/// Executes one request.
pub(crate) fn run(account: &mut Account, method: &Method, path: &str, params: &Params) -> Answer {
    let expansion = Expansion::read(method, path, params)?;
    let mut answer = dispatch(account, method, path, params)?;
    expansion.apply(account, &mut answer);
    Ok(answer)
}

fn dispatch(account: &mut Account, method: &Method, path: &str, params: &Params) -> Answer {
    let segments: Vec<&str> = path.strip_prefix("/v1/").unwrap_or_default().split('/').collect();
    let (a, p) = (account, params);
    match (method.as_str(), segments.as_slice()) {
        ("GET", [.., "search"]) => Err(ApiError::no_search(path)),
        // An id that is empty is a client's mistake, not an object that is missing.
        (method, [.., ""]) => Err(ApiError::unrecognized_url(method, path)),
        ("POST", ["customers"]) => customers::create(a, p),
        ("GET", ["customers"]) => customers::list(a, p),
        ("GET", ["customers", id]) => reading(p).and_then(|()| customers::get(a, id)),
        ("POST", ["customers", id]) => customers::update(a, id, p),
        ("DELETE", ["customers", id]) => customers::delete(a, id),
        ("GET", ["customers", id, "payment_methods"]) => of_customer(a, id, p, path),
        ("GET", ["customers", id, "payment_methods", method]) => {
            reading(p).and_then(|()| payment_methods::get_of(a, id, method))
        }
        ("POST", ["payment_methods"]) => payment_methods::create(a, p),
        ("GET", ["payment_methods"]) => payment_methods::list(a, p, path),
        ("GET", ["payment_methods", id]) => reading(p).and_then(|()| payment_methods::get(a, id)),
        ("POST", ["payment_methods", id]) => payment_methods::update(a, id, p),
        ("POST", ["payment_methods", id, "attach"]) => payment_methods::attach(a, id, p),
        ("POST", ["payment_methods", id, "detach"]) => payment_methods::detach(a, id, p),
        ("POST", ["setup_intents"]) => setup_intents::create(a, p),
        ("GET", ["setup_intents"]) => setup_intents::list(a, p),
        ("GET", ["setup_intents", id]) => setup_intents::get(a, id),
        ("POST", ["setup_intents", id]) => setup_intents::update(a, id, p),
        ("POST", ["setup_intents", id, "confirm"]) => setup_intents::confirm(a, id, p),
        ("POST", ["setup_intents", id, "cancel"]) => setup_intents::cancel(a, id, p),
        ("POST", ["payment_intents"]) => payment_intents::create(a, p),
        ("GET", ["payment_intents"]) => payment_intents::list(a, p),
        ("GET", ["payment_intents", id]) => payment_intents::get(a, id),
        ("POST", ["payment_intents", id]) => payment_intents::update(a, id, p),
        ("POST", ["payment_intents", id, "confirm"]) => payment_intents::confirm(a, id, p),
        ("POST", ["payment_intents", id, "capture"]) => payment_intents::capture(a, id, p),
        ("POST", ["payment_intents", id, "cancel"]) => payment_intents::cancel(a, id, p),
        ("GET", ["charges"]) => charges::list(a, p),
        ("GET", ["charges", id]) => reading(p).and_then(|()| charges::get(a, id)),
        (method, _) => Err(ApiError::unrecognized_url(method, path)),
    }
}

/// Reading one object takes no parameters but `expand`.
fn reading(params: &Params) -> Answer<()> {
    params.allow(&[])
}

fn of_customer(account: &Account, id: &str, params: &Params, url: &str) -> Answer {
    payment_methods::list(account, &params.with("customer", id), url)
}
