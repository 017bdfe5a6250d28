//! Stripe's error envelope and the errors we answer with.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::methods::declines::Decline;

/// An error as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    kind: &'static str,
    code: Option<String>,
    message: String,
    param: Option<String>,
    /// Further members of the envelope: decline codes, the charge, whole objects.
    extra: Map<String, Value>,
    /// Whether an idempotency key remembers this answer. Parameter validation happens before
    /// execution begins, so its errors are forgotten.
    pub(crate) remembered: bool,
}

/// What every resource function returns.
pub(crate) type Answer<T = Value> = Result<T, Box<ApiError>>;

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: Option<&str>, message: String) -> Self {
        let code = code.map(str::to_owned);
        Self { status, kind, code, message, param: None, extra: Map::new(), remembered: true }
    }

    /// A request that Stripe refuses before it does anything.
    pub(crate) fn invalid(code: &str, param: &str, message: impl Into<String>) -> Box<Self> {
        let error = Self::request(Some(code), message);
        Box::new(Self { param: Some(param.to_owned()), remembered: false, ..*error })
    }

    /// A request that conflicts with the state of what it names.
    pub(crate) fn request(code: Option<&str>, message: impl Into<String>) -> Box<Self> {
        Box::new(Self::new(StatusCode::BAD_REQUEST, INVALID, code, message.into()))
    }

    pub(crate) fn missing(param: &str) -> Box<Self> {
        Self::invalid("parameter_missing", param, format!("Missing required param: {param}."))
    }

    pub(crate) fn unknown(param: &str) -> Box<Self> {
        Self::invalid("parameter_unknown", param, format!("Received unknown parameter: {param}"))
    }

    /// The object is not there. In a path that is a 404, in a parameter a 400.
    pub(crate) fn no_such(status: StatusCode, noun: &str, param: &str, id: &str) -> Box<Self> {
        let message = format!("No such {noun}: '{id}'");
        let error = Self::new(status, INVALID, Some("resource_missing"), message);
        Box::new(Self { param: Some(param.to_owned()), ..error })
    }

    /// A parameter that cannot be read, in the provider's words, which give no code.
    pub(crate) fn unread(param: &str, message: impl Into<String>) -> Box<Self> {
        let error = Self::request(None, message);
        Box::new(Self { param: Some(param.to_owned()), remembered: false, ..*error })
    }

    pub(crate) fn unrecognized_url(method: &str, path: &str) -> Box<Self> {
        let slash = if path.ends_with('/') { TRAILING_SLASH } else { "" };
        Self::unserved_url(method, path, &format!("{slash}{SERVED}"))
    }

    /// The provider has it, for some objects; the sandbox does not.
    pub(crate) fn no_search(path: &str) -> Box<Self> {
        let hint = format!("{SERVED} It has no search: list objects instead.");
        Self::unserved_url("GET", path, &hint)
    }

    fn unserved_url(method: &str, path: &str, hint: &str) -> Box<Self> {
        let message = format!("Unrecognized request URL ({method}: {path}).{hint}");
        let error = Self::new(StatusCode::NOT_FOUND, INVALID, None, message);
        Box::new(Self { remembered: false, ..error })
    }

    pub(crate) fn unauthorized(message: &str) -> Box<Self> {
        let error = Self::new(StatusCode::UNAUTHORIZED, INVALID, None, message.to_owned());
        Box::new(Self { remembered: false, ..error })
    }

    /// Some other endpoint or other parameters used this idempotency key before.
    pub(crate) fn idempotency(message: String) -> Box<Self> {
        let error = Self::new(StatusCode::BAD_REQUEST, "idempotency_error", None, message);
        Box::new(Self { remembered: false, ..error })
    }

    pub(crate) fn key_in_use(key: &str) -> Box<Self> {
        let message = format!(
            "There is currently another in-progress request using this Stripe-Idempotency-Key (that probably means you submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        let code = Some("idempotency_key_in_use");
        let error = Self::new(StatusCode::CONFLICT, "idempotency_error", code, message);
        Box::new(Self { remembered: false, ..error })
    }

    pub(crate) fn rate_limited() -> Box<Self> {
        let message = "Request rate limit exceeded. Learn more about rate limits in the provider's documentation.";
        let code = Some("rate_limit");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, INVALID, code, message.to_owned());
        Box::new(Self { remembered: false, ..error })
    }

    /// An error scripted by a fault, with whatever status, type and code it asks for.
    pub(crate) fn scripted(
        status: StatusCode,
        kind: Option<&str>,
        code: Option<&str>,
    ) -> Box<Self> {
        let kind = match kind {
            Some("card_error") => "card_error",
            Some("invalid_request_error") => INVALID,
            Some("idempotency_error") => "idempotency_error",
            Some(_) => "api_error",
            None if status.is_server_error() => "api_error",
            None => INVALID,
        };
        let message = "An error scripted by the sandbox's control plane.".to_owned();
        Box::new(Self::new(status, kind, code, message))
    }

    /// The card network or the issuer said no.
    pub(crate) fn declined(decline: &Decline) -> Box<Self> {
        let code = Some(decline.code);
        let message = decline.message.to_owned();
        let mut error = Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", code, message);
        error.param = decline.param.map(str::to_owned);
        for (name, value) in [
            ("decline_code", decline.decline_code.map(str::to_owned)),
            ("advice_code", decline.advice_code.map(str::to_owned)),
            ("network_decline_code", decline.network_decline_code.map(str::to_owned)),
            ("network_advice_code", decline.network_advice_code.clone()),
        ] {
            if let Some(value) = value {
                error.extra.insert(name.to_owned(), Value::String(value));
            }
        }
        Box::new(error)
    }

    pub(crate) fn about(mut self: Box<Self>, param: &str) -> Box<Self> {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn with(mut self: Box<Self>, name: &str, value: impl Into<Value>) -> Box<Self> {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The members of `error`, also what `last_payment_error` holds.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = self.extra.clone();
        members.insert("type".into(), self.kind.into());
        members.insert("message".into(), self.message.clone().into());
        if let Some(code) = &self.code {
            let page = code.replace('_', "-");
            members.insert("code".into(), code.clone().into());
            members.insert("doc_url".into(), format!("{DOCS}{page}").into());
        }
        if let Some(param) = &self.param {
            members.insert("param".into(), param.clone().into());
        }
        members
    }

    /// The whole reply body.
    pub(crate) fn envelope(&self, request_id: &str) -> Value {
        let mut members = self.members();
        let log = format!("https://dashboard.stripe.com/test/logs/{request_id}");
        members.insert("request_log_url".into(), log.into());
        json!({ "error": members })
    }
}

const SERVED: &str =
    " The sandbox serves customers, payment_methods, setup_intents, payment_intents and charges.";
const TRAILING_SLASH: &str = " If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code.";
const INVALID: &str = "invalid_request_error";
const DOCS: &str = "https://stripe.com/docs/error-codes/";
