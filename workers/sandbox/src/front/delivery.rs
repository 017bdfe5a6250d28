//! How an answer leaves: with its headers, and with what a fault or a payment method's script does
//! to it.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::{Call, End};
use crate::account::Account;
use crate::account::ids;
use crate::account::requests::Logged;
use crate::faults::{Action, Scripted};
use crate::methods::script::Loss;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::reply::{IDEMPOTENCY_KEY, REQUEST_ID, Reply, VERSION};

/// What the sandbox imitates where a request does not ask for a version.
const VERSION_DEFAULT: &str = "2026-09-30.endive";

pub(super) fn fingerprint(params: &Params) -> u64 {
    ids::hash(params.canonical().as_bytes())
}

/// Sends the answer, or does to it what a fault or the payment method's script says.
pub(super) fn deliver(
    account: &mut Account,
    call: &Call,
    reply: Reply,
    params: &Params,
    loss: Option<Loss>,
) -> End {
    let loss = match (&call.plan.action, loss) {
        (Some(Action::DropAfter), _) => Some(Loss::Severed),
        (Some(Action::HangAfter), _) => Some(Loss::Silence),
        (Some(Action::Truncate), _) => Some(Loss::Truncated),
        (Some(Action::Html502), _) => Some(Loss::Html),
        (_, loss) => loss,
    };
    let lost = |account: &mut Account| log(account, call, reply.status.as_u16(), Some(params));
    match loss {
        Some(Loss::Severed) => {
            lost(account);
            End::Severed
        }
        Some(Loss::Silence) => {
            lost(account);
            End::Silence
        }
        Some(Loss::Html) => {
            lost(account);
            End::Answer(Reply::bad_gateway().into_response())
        }
        Some(Loss::Truncated) => End::Answer(send(account, call, reply.truncated(), Some(params))),
        None => match call.plan.action {
            Some(Action::ContentLength { delta }) => {
                log(account, call, reply.status.as_u16(), Some(params));
                End::Answer(reply.mismeasured(delta))
            }
            _ => End::Answer(send(account, call, reply, Some(params))),
        },
    }
}

pub(super) fn written(scripted: &Scripted, request_id: &str) -> Reply {
    let status = StatusCode::from_u16(scripted.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let error = ApiError::scripted(status, scripted.kind.as_deref(), scripted.code.as_deref());
    let mut reply = Reply::refusal(&error, request_id);
    if let Some(body) = &scripted.body {
        reply.body = Bytes::from(body.clone());
    }
    for (name, value) in &scripted.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            reply.headers.insert(name, value);
        }
    }
    reply.remembered = scripted.remembered;
    reply
}

/// Adds the headers that depend on the request.
pub(super) fn stamp(reply: &mut Reply, call: &Call) {
    if let Ok(id) = HeaderValue::from_str(&call.id) {
        reply.headers.insert(REQUEST_ID, id);
    }
    let version = call.version.clone();
    let version = version.unwrap_or(HeaderValue::from_static(VERSION_DEFAULT));
    reply.headers.insert(VERSION, version);
    if let Some(key) = call.key.as_deref().and_then(|key| HeaderValue::from_str(key).ok()) {
        reply.headers.insert(IDEMPOTENCY_KEY, key);
    }
}

pub(super) fn send(
    account: &mut Account,
    call: &Call,
    mut reply: Reply,
    params: Option<&Params>,
) -> Response {
    stamp(&mut reply, call);
    log(account, call, reply.status.as_u16(), params);
    if reply.is_replay()
        && let Some(last) = account.requests.last()
    {
        last.replayed = true;
    }
    reply.into_response()
}

pub(super) fn log(account: &mut Account, call: &Call, status: u16, params: Option<&Params>) {
    let read = || Params::read(&call.query, &call.body).ok();
    let hash = params.map(fingerprint).or_else(|| read().as_ref().map(fingerprint));
    let at = account.now();
    account.requests.push(Logged {
        id: call.id.clone(),
        method: call.method.to_string(),
        path: call.path.clone(),
        idempotency_key: call.key.clone(),
        params_hash: hash.map_or_else(String::new, |hash| format!("{hash:016x}")),
        status,
        replayed: false,
        faults: call.plan.names.clone(),
        at,
    });
}
