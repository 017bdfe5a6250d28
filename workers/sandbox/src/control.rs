//! The control plane under `/_sandbox`: no password, loopback only.
//!
//! Every call takes `?key=sk_test_…`. Without it, the clock and `reset` concern every account, and
//! the rest concerns [`DEFAULT_KEY`].

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::faults::Fault;
use crate::resources::{payment_intents, setup_intents};
use crate::sandbox::DEFAULT_KEY;
use crate::world::{Shared, World};

type Told<T = Value> = Result<Json<T>, Problem>;

/// A control call that makes no sense, and why.
struct Problem(String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": { "message": self.0 } }))).into_response()
    }
}

#[derive(Debug, Deserialize)]
struct Which {
    key: Option<String>,
}

impl Which {
    fn account(&self, world: &World) -> Arc<Shared> {
        world.account(self.key.as_deref().unwrap_or(DEFAULT_KEY))
    }
}

pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/_sandbox/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/_sandbox/clock", get(clock).post(set_clock))
        .route("/_sandbox/ledger", get(ledger))
        .route("/_sandbox/requests", get(requests))
        .route("/_sandbox/authenticate/{id}", get(ask).post(authenticate))
        .route("/_sandbox/reset", post(reset))
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({ "error": { "message": "the control plane has faults, clock, ledger, requests, authenticate and reset" } }))) })
        .with_state(world)
}

type Of = State<Arc<World>>;

async fn faults(State(world): Of, Query(which): Query<Which>) -> Json<Vec<Fault>> {
    Json(which.account(&world).lock().faults.all())
}

/// Takes one fault or a list of them.
async fn add_faults(
    State(world): Of,
    Query(which): Query<Which>,
    Json(body): Json<Value>,
) -> Told<Vec<Fault>> {
    let list = match body {
        Value::Array(list) => list,
        one => vec![one],
    };
    let read: Result<Vec<Fault>, _> = list.into_iter().map(fault).collect();
    let account = which.account(&world);
    let mut account = account.lock();
    read?.into_iter().for_each(|fault| account.faults.add(fault));
    Ok(Json(account.faults.all()))
}

const FAULT_FIELDS: [&str; 18] = [
    "action",
    "body",
    "code",
    "contains",
    "count",
    "delta",
    "executed",
    "headers",
    "latency_ms",
    "method",
    "nth",
    "path",
    "per_second",
    "probability",
    "reason",
    "remembered",
    "seed",
    "status",
];

fn fault(value: Value) -> Result<Fault, Problem> {
    let names = value.as_object().into_iter().flat_map(|it| it.keys());
    let mut unknown =
        names.filter(|name| !FAULT_FIELDS.contains(&name.as_str()) && *name != "type");
    if let Some(name) = unknown.next() {
        return Err(Problem(format!(
            "a fault has no field '{name}'; it has {}",
            FAULT_FIELDS.join(", ")
        )));
    }
    serde_json::from_value(value).map_err(|error| Problem(format!("not a fault: {error}")))
}

async fn clear_faults(State(world): Of, Query(which): Query<Which>) -> Json<Value> {
    which.account(&world).lock().faults.clear();
    Json(json!([]))
}

async fn clock(State(world): Of, Query(which): Query<Which>) -> Json<Value> {
    Json(told(world.clock(which.key.as_deref())))
}

fn told(clock: Clock) -> Value {
    json!({ "now": clock.now(), "running": matches!(clock, Clock::Running { .. }) })
}

/// `{"set": "2027-01-01T00:00:00Z"}`, `{"advance_seconds": 86400}` or `{"run": true}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    set: Option<DateTime<Utc>>,
    advance_seconds: Option<i64>,
    run: Option<bool>,
}

async fn set_clock(State(world): Of, Query(which): Query<Which>, Json(turn): Json<Turn>) -> Told {
    let key = which.key.as_deref();
    match turn {
        Turn { set: Some(now), advance_seconds: None, run: None } => {
            world.set_clock(key, |_| Clock::Set(now));
        }
        Turn { set: None, advance_seconds: Some(seconds), run: None } => {
            let step = TimeDelta::try_seconds(seconds);
            let step = step.ok_or_else(|| Problem("advance_seconds is too large".into()))?;
            world.set_clock(key, |clock| clock.advanced(step));
        }
        Turn { set: None, advance_seconds: None, run: Some(true) } => {
            world.set_clock(key, |_| Clock::default());
        }
        _ => return Err(Problem("give one of set, advance_seconds or run".into())),
    }
    Ok(Json(told(world.clock(key))))
}

async fn ledger(State(world): Of, Query(which): Query<Which>) -> Response {
    let account = which.account(&world);
    let mut account = account.lock();
    account.catch_up();
    Json(&account.ledger).into_response()
}

async fn requests(State(world): Of, Query(which): Query<Which>) -> Response {
    let all = which.account(&world).lock().requests.all();
    Json(all).into_response()
}

async fn reset(State(world): Of, Query(which): Query<Which>) -> Json<Value> {
    world.reset(which.key.as_deref());
    Json(json!({ "reset": which.key }))
}

/// What the page behind `next_action.redirect_to_url.url` answers with.
#[derive(Debug, Deserialize)]
struct Answered {
    outcome: Option<String>,
}

/// Stands in for the bank's page: the two links are what the customer can do there.
async fn ask(Path(id): Path<String>) -> Html<String> {
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Html(format!(
        "<!doctype html><title>Authenticate</title><h1>{id}</h1>\
         <form method=post action='?outcome=succeed'><button>Complete</button></form>\
         <form method=post action='?outcome=fail'><button>Fail</button></form>"
    ))
}

/// The customer authenticates, or with `?outcome=fail` does not.
async fn authenticate(
    State(world): Of,
    Path(id): Path<String>,
    Query(answered): Query<Answered>,
) -> Told {
    let passed = match answered.outcome.as_deref() {
        None | Some("succeed") => true,
        Some("fail") => false,
        Some(_) => return Err(Problem("outcome is succeed or fail".into())),
    };
    let account = world.owner(&id).ok_or_else(|| Problem(format!("nobody has {id}")))?;
    let mut account = account.lock();
    account.ids.begin(None);
    // A decline after authentication is an outcome, told by the intent itself.
    let outcome = match id.starts_with("seti_") {
        true => setup_intents::authenticated(&mut account, &id, passed),
        false => payment_intents::authenticated(&mut account, &id, passed),
    };
    let refused = outcome.err().filter(|error| error.status == StatusCode::BAD_REQUEST);
    match (refused, account.view(&id)) {
        (None, Some(view)) => Ok(Json(view)),
        _ => Err(Problem(format!("{id} does not wait for authentication"))),
    }
}
