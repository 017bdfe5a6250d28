//! What happens to a request on its way in and out: key, faults, idempotency, execution, answer.

mod delivery;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request};
use axum::response::Response;
use bytes::Bytes;

use crate::account::Account;
use crate::faults::{Action, Plan};
use crate::http::Severed;
use crate::idempotency::{Begin, Subject};
use crate::routes;
use crate::wire::error::ApiError;
use crate::wire::form;
use crate::wire::params::Params;
use crate::wire::reply::{IDEMPOTENCY_KEY, Reply, VERSION};
use crate::world::{Shared, World};
use delivery::{fingerprint, log, send, stamp, written};

const BODY_BYTES_MAX: usize = 1 << 20;

/// One request, read.
struct Call {
    id: String,
    method: Method,
    path: String,
    query: String,
    body: Bytes,
    /// Only on requests that change something.
    key: Option<String>,
    version: Option<HeaderValue>,
    plan: Plan,
}

/// How a request ends.
enum End {
    Answer(Response),
    Silence,
    Severed,
}

/// Answers one request, or closes its connection.
pub(crate) async fn answer(
    world: &Arc<World>,
    request: Request<Body>,
) -> Result<Response, Severed> {
    let (parts, body) = request.into_parts();
    let api_key = match api_key(&parts.headers) {
        Ok(api_key) => api_key,
        Err(error) => return Ok(Reply::refusal(&error, "req_unauthorized").into_response()),
    };
    let shared = world.account(&api_key);
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let error = ApiError::request(None, "The request's body is too large or broke off.");
        return Ok(Reply::refusal(&error, "req_unread").into_response());
    };
    let now = at_once(&mut shared.lock(), parts, body);
    let end = match now {
        Now::Over(end) => end,
        Now::Slow(call, params) => slowly(shared, *call, params).await,
    };
    conclude(end).await
}

/// What can be done without waiting.
enum Now {
    Over(End),
    /// A fault makes this one slow.
    Slow(Box<Call>, Params),
}

fn at_once(account: &mut Account, parts: Parts, body: Bytes) -> Now {
    let call = read(account, parts, body);
    match open(account, &call) {
        Opened::Done(end) => Now::Over(end),
        Opened::Go(params) if call.plan.latency.is_zero() => {
            Now::Over(close(account, call, &params))
        }
        Opened::Go(params) => Now::Slow(Box::new(call), params),
    }
}

/// Executes after a while, whether or not the client is still there.
async fn slowly(shared: Arc<Shared>, call: Call, params: Params) -> End {
    let execution = tokio::spawn(async move {
        pause(call.plan.latency).await;
        close(&mut shared.lock(), call, &params)
    });
    execution.await.unwrap_or(End::Severed)
}

#[expect(clippy::disallowed_methods, reason = "a slow provider is one of the faults on offer")]
async fn pause(latency: std::time::Duration) {
    tokio::time::sleep(latency).await;
}

async fn conclude(end: End) -> Result<Response, Severed> {
    match end {
        End::Answer(response) => Ok(response),
        End::Severed => Err(Severed),
        End::Silence => std::future::pending().await,
    }
}

fn read(account: &mut Account, parts: Parts, body: Bytes) -> Call {
    let text = |name| parts.headers.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    let key = text(IDEMPOTENCY_KEY).filter(|it| !it.is_empty() && parts.method == Method::POST);
    let key = key.map(str::to_owned);
    let query = parts.uri.query().unwrap_or_default();
    let path = parts.uri.path();
    let texts = [query, std::str::from_utf8(&body).unwrap_or_default()];
    Call {
        id: account.ids.request(),
        plan: account.faults.plan(parts.method.as_str(), path, texts),
        path: form::decode_path(path),
        query: query.to_owned(),
        body,
        key,
        version: parts.headers.get(VERSION).cloned(),
        method: parts.method,
    }
}

/// The secret key, from `Bearer` or from the user name of `Basic`.
fn api_key(headers: &HeaderMap) -> Result<String, Box<ApiError>> {
    let header = headers.get("authorization").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let key = match header.split_once(' ') {
        Some(("Bearer", key)) => Some(key.trim().to_owned()),
        Some(("Basic", encoded)) => crate::http::basic_user(encoded),
        _ => None,
    };
    match key {
        None => Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )),
        Some(key) if key.starts_with("sk_test_") || key.starts_with("rk_test_") => Ok(key),
        Some(_) => Err(ApiError::unauthorized(
            "Invalid API Key provided: the sandbox takes keys that begin with sk_test_ or rk_test_, and must never be shown a live one.",
        )),
    }
}

/// What the first look at a request decides.
enum Opened {
    Done(End),
    Go(Params),
}

/// Everything before execution; from here on an idempotency key is in use.
fn open(account: &mut Account, call: &Call) -> Opened {
    let early = match &call.plan.action {
        Some(Action::DropBefore) => Some(End::Severed),
        Some(Action::Hang) => Some(End::Silence),
        _ => None,
    };
    if let Some(end) = early {
        log(account, call, 0, None);
        return Opened::Done(end);
    }
    match admit(account, call) {
        Ok(params) => Opened::Go(params),
        Err(reply) => Opened::Done(End::Answer(send(account, call, *reply, None))),
    }
}

/// Refusals and replays that come before execution.
fn admit(account: &mut Account, call: &Call) -> Result<Params, Box<Reply>> {
    let refuse = |error: Box<ApiError>| Box::new(Reply::refusal(&error, &call.id));
    match &call.plan.action {
        Some(Action::RateLimit { reason, .. }) => {
            return Err(Box::new(Reply::rate_limited(reason, &call.id)));
        }
        Some(Action::Status(scripted)) if !scripted.executed && !scripted.remembered => {
            return Err(Box::new(written(scripted, &call.id)));
        }
        _ => {}
    }
    let params = Params::read(&call.query, &call.body).map_err(refuse)?;
    let Some(key) = &call.key else { return Ok(params) };
    if key.len() > 255 {
        let message = "Idempotency keys may be 255 characters long.";
        return Err(refuse(ApiError::idempotency(message.to_owned())));
    }
    let subject = Subject { endpoint: call.path.clone(), params: fingerprint(&params) };
    match account.keys.begin(key, subject, account.clock.now()) {
        Begin::Fresh => Ok(params),
        Begin::Replay(reply) => Err(Box::new(reply)),
        Begin::Refuse(error) => Err(refuse(error)),
    }
}

/// Executes and answers.
fn close(account: &mut Account, call: Call, params: &Params) -> End {
    account.catch_up();
    account.ids.begin(call.key.as_deref());
    let scripted = match &call.plan.action {
        Some(Action::Status(scripted)) => Some(scripted),
        _ => None,
    };
    account.loss = None;
    let mut reply = match scripted {
        Some(scripted) if !scripted.executed => written(scripted, &call.id),
        _ => {
            let answer = routes::run(account, &call.method, &call.path, params);
            Reply::of(answer, &call.id)
        }
    };
    let written = scripted.map(|scripted| written(scripted, &call.id));
    stamp(&mut reply, &call);
    if let Some(key) = &call.key {
        let kept = written.as_ref().filter(|written| written.remembered).unwrap_or(&reply);
        account.keys.finish(key, kept);
    }
    let loss = account.loss.take();
    let reply = written.unwrap_or(reply);
    delivery::deliver(account, &call, reply, params, loss)
}
