//! What goes wrong on purpose: which requests, and how.

mod armed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use armed::{Faults, Plan};

/// A rule: requests that match it suffer its action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// HTTP method; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path prefix by whole segments; `*` stands for one segment, a final `$` for the end:
    /// `/v1/payment_intents/*/confirm`, `/v1/customers$`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Text that the query or the (still encoded) body must contain, such as a customer's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Spares all matching requests before this one (counted from 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often it strikes: once if `nth` is given, else without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Strikes that share of the matching requests, decided by `seed`, what is requested, and how
    /// often it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of `probability`.
    #[serde(default)]
    pub seed: u64,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
}

/// What happens to a request that a [`Fault`] matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Takes that long to execute; its idempotency key is in use meanwhile.
    Latency {
        /// Milliseconds of machine time.
        latency_ms: u64,
    },
    /// Closes the connection before anything happens.
    DropBefore,
    /// Executes, then closes the connection without an answer.
    DropAfter,
    /// Never answers, and does nothing.
    Hang,
    /// Executes, then never answers.
    HangAfter,
    /// Executes, then sends status and headers as usual and half the body.
    Truncate,
    /// Executes, then answers 502 with a proxy's HTML page.
    Html502,
    /// Answers with this status instead.
    Status(Scripted),
    /// Lets so many matching requests pass per second of machine time; the others get 429.
    RateLimit {
        /// Requests per second; 0 lets none pass.
        per_second: u32,
        /// Value of `Stripe-Rate-Limited-Reason`.
        #[serde(default = "endpoint_rate")]
        reason: String,
    },
    /// Executes, then answers with a `Content-Length` that is wrong by so much.
    ContentLength {
        /// Bytes; negative cuts the body cleanly, positive ends the connection inside it.
        delta: i64,
    },
}

/// An answer written by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Scripted {
    /// HTTP status.
    pub status: u16,
    /// Further headers, such as `Stripe-Should-Retry`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The whole body; without it, an error envelope with `type` and `code`.
    #[serde(default)]
    pub body: Option<String>,
    /// `error.type`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// `error.code`, such as `lock_timeout`.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether the request is executed all the same.
    #[serde(default)]
    pub executed: bool,
    /// Whether the idempotency key remembers this answer, as it does a real 500.
    #[serde(default)]
    pub remembered: bool,
}

fn endpoint_rate() -> String {
    "endpoint-rate".to_owned()
}

impl Fault {
    /// Strikes every request.
    pub fn new(action: Action) -> Self {
        Self {
            method: None,
            path: None,
            contains: None,
            nth: None,
            count: None,
            probability: None,
            seed: 0,
            action,
        }
    }

    /// Strikes only requests like this.
    pub fn on(self, method: &str, path: &str) -> Self {
        Self { method: Some(method.to_owned()), path: Some(path.to_owned()), ..self }
    }

    /// Strikes only requests whose query or body contains this.
    pub fn containing(self, text: &str) -> Self {
        Self { contains: Some(text.to_owned()), ..self }
    }

    /// Strikes the `nth` matching request, from 1.
    pub fn nth(self, nth: u64) -> Self {
        Self { nth: Some(nth), ..self }
    }

    /// Strikes so often at most.
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Strikes that share of the matching requests, the same ones for the same seed.
    pub fn with_probability(self, probability: f64, seed: u64) -> Self {
        Self { probability: Some(probability), seed, ..self }
    }

    fn matches(&self, method: &str, path: &str, texts: [&str; 2]) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|pattern| covers(pattern, path))
            && self.contains.as_deref().is_none_or(|part| texts.iter().any(|it| it.contains(part)))
    }

    fn most(&self) -> u64 {
        self.count.unwrap_or(if self.nth.is_some() { 1 } else { u64::MAX })
    }
}

/// Whether a pattern covers a path.
fn covers(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut wanted = pattern.split('/').filter(|segment| !segment.is_empty());
    let mut given = path.split('/').filter(|segment| !segment.is_empty());
    let all = wanted.by_ref().all(|want| given.next().is_some_and(|it| want == "*" || want == it));
    all && (!whole || given.next().is_none())
}

impl Action {
    /// Its name in JSON.
    fn name(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.get("action").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_prefix_by_segments() {
        assert!(covers("/v1/payment_intents", "/v1/payment_intents/pi_1/confirm"));
        assert!(covers("/v1/payment_intents/*/confirm", "/v1/payment_intents/pi_1/confirm"));
        assert!(!covers("/v1/payment_intents$", "/v1/payment_intents/pi_1"));
        assert!(!covers("/v1/pay", "/v1/payment_intents"));
    }

    #[test]
    fn a_share_of_requests_is_the_same_share_each_time() {
        let fault = Fault::new(Action::DropAfter).with_probability(0.3, 42);
        let run = || {
            let mut faults = Faults::default();
            faults.add(fault.clone());
            let struck = |_| faults.plan("GET", "/v1/charges", ["", ""]).action.is_some();
            (0..1000).map(struck).collect::<Vec<_>>()
        };
        let struck = run().into_iter().filter(|struck| *struck).count();
        assert!((250..350).contains(&struck), "{struck}");
        assert_eq!(run(), run());
    }
}
