//! The inbox over HTTP: JSON for programs, a small page for people.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::MailFault;
use super::mail::Mail;
use super::store::Store;

const LIMIT_DEFAULT: usize = 100;

type Of = State<Arc<Store>>;

pub(crate) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/inbox", get(list).delete(clear))
        .route("/inbox/{name}", get(one))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .with_state(store)
}

#[derive(Debug, Deserialize)]
struct Wanted {
    to: Option<String>,
    limit: Option<usize>,
}

impl Wanted {
    /// The latest mails that are wanted, newest first.
    fn choose(&self, store: &Store) -> Vec<Arc<Mail>> {
        let wanted = |mail: &Arc<Mail>| self.to.as_deref().is_none_or(|to| mail.is_to(to));
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        store.mails().into_iter().rev().filter(wanted).take(limit).collect()
    }
}

async fn list(State(store): Of, Query(wanted): Query<Wanted>) -> Json<Vec<Value>> {
    let line = |mail: &Arc<Mail>| {
        json!({
            "number": mail.number,
            "from": mail.from,
            "to": mail.to,
            "received_at": mail.received_at,
            "message_id": mail.message_id,
            "subject": mail.subject,
        })
    };
    Json(wanted.choose(&store).iter().map(line).collect())
}

async fn clear(State(store): Of) -> StatusCode {
    store.clear();
    StatusCode::NO_CONTENT
}

/// `/inbox/7` is JSON, `/inbox/7.html` the HTML part, `/inbox/7.eml` the mail as it came.
async fn one(State(store): Of, Path(name): Path<String>) -> Response {
    let (number, kind) = name.split_once('.').unwrap_or((&name, "json"));
    let mail = number.parse().ok().and_then(|number| store.mail(number));
    match (mail, kind) {
        (Some(mail), "json") => whole(&mail).into_response(),
        (Some(mail), "html") => framed(&mail).into_response(),
        (Some(mail), "txt") => mail.text.clone().unwrap_or_default().into_response(),
        (Some(mail), "eml") => {
            ([(CONTENT_TYPE, "message/rfc822")], mail.raw.clone()).into_response()
        }
        _ => (StatusCode::NOT_FOUND, "there is no such mail\n").into_response(),
    }
}

fn whole(mail: &Mail) -> Json<Value> {
    let mut all = serde_json::to_value(mail).unwrap_or_default();
    if let Some(members) = all.as_object_mut() {
        members.insert("raw".into(), String::from_utf8_lossy(&mail.raw).into());
    }
    Json(all)
}

/// The HTML part, kept from running scripts or fetching anything.
fn framed(mail: &Mail) -> impl IntoResponse {
    let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    let html = mail.html.clone().or_else(|| {
        mail.text.as_deref().map(|text| format!("<!doctype html><pre>{}</pre>", escape(text)))
    });
    ([(CONTENT_SECURITY_POLICY, policy)], Html(html.unwrap_or_default()))
}

async fn front(State(store): Of, Query(wanted): Query<Wanted>) -> Html<String> {
    let mails = wanted.choose(&store);
    let mut rows = String::new();
    for mail in &mails {
        let _ = write!(
            rows,
            "<tr><td>{}<td><a href=\"/inbox/{}.html\">{}</a><td>{}<td>{}<td><a href=\"/inbox/{}.eml\">source</a>",
            mail.received_at.format("%H:%M:%S"),
            mail.number,
            escape(mail.subject.as_deref().filter(|it| !it.is_empty()).unwrap_or("(no subject)")),
            escape(&mail.to.join(", ")),
            escape(mail.header("From").unwrap_or(&mail.from)),
            mail.number,
        );
    }
    let none = if mails.is_empty() { "<p>No mail yet.</p>" } else { "" };
    Html(format!("{HEAD}{none}<table>{rows}</table>"))
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Inbox</title>\
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td{border-top:1px solid #8884;padding:.5rem .75rem .5rem 0;overflow-wrap:anywhere}</style><h1>Inbox</h1>";

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

async fn faults(State(store): Of) -> Json<Vec<MailFault>> {
    Json(store.faults().all())
}

async fn add_fault(State(store): Of, Json(fault): Json<MailFault>) -> Json<Vec<MailFault>> {
    let mut faults = store.faults();
    faults.add(fault);
    Json(faults.all())
}

async fn clear_faults(State(store): Of) -> StatusCode {
    store.faults().clear();
    StatusCode::NO_CONTENT
}
