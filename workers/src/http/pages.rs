//! What a customer sees: plain pages that load nothing and tell nobody where they came from.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    // The address is a secret.
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Asks before it mutes.
pub(super) fn button() -> Response {
    page(
        StatusCode::OK,
        "Stop warnings about usage?",
        "<p>You will no longer be told by mail how much of a limit is used. The limits stay as they \
         are.</p><form method=\"post\"><button name=\"List-Unsubscribe\" value=\"One-Click\">Stop \
         these warnings</button></form>",
    )
}

/// It is done.
pub(super) fn muted() -> Response {
    let text = "<p>You will get no more warnings about usage. The limits stay as they are.</p>";
    page(StatusCode::OK, "Done", text)
}

/// No such page, or no such token.
pub(super) fn not_found() -> Response {
    let text = "<p>This link leads nowhere. Please copy it from the mail as a whole.</p>";
    page(StatusCode::NOT_FOUND, "Not found", text)
}

/// A `POST` that is not a click.
pub(super) fn no_click() -> Response {
    let text = "<p>Nothing was changed: the request was not List-Unsubscribe=One-Click.</p>";
    page(StatusCode::BAD_REQUEST, "Nothing was changed", text)
}

/// A `POST` that is not read to its end.
pub(super) fn too_large() -> Response {
    let text = "<p>Nothing was changed: the request was too large, or broke off.</p>";
    page(StatusCode::PAYLOAD_TOO_LARGE, "Nothing was changed", text)
}

/// The database does not answer.
pub(super) fn out_of_order() -> Response {
    let text = "<p>Nothing was changed. Please try again in a minute.</p>";
    page(StatusCode::SERVICE_UNAVAILABLE, "Out of order", text)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>\n"
    );
    (status, HEADERS, Html(html)).into_response()
}
