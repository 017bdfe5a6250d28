//! The log of requests, for tests that ask what was really sent.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One request as it arrived and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// The `Request-Id` of the answer.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The idempotency key, if one was sent.
    pub idempotency_key: Option<String>,
    /// Equal for equal parameters, in whatever order they were sent.
    pub params_hash: String,
    /// The status that was sent, or would have been had a fault not swallowed it; 0 where a fault
    /// ended the request before anything was decided.
    pub status: u16,
    /// Whether the answer was a stored one.
    pub replayed: bool,
    /// The faults that fired, by action.
    pub faults: Vec<String>,
    /// When, on the sandbox's clock.
    pub at: DateTime<Utc>,
}

/// The last so many requests.
#[derive(Debug)]
pub(crate) struct Requests {
    kept: VecDeque<Logged>,
    max: usize,
}

impl Requests {
    pub(crate) fn new(max: usize) -> Self {
        Self { kept: VecDeque::new(), max }
    }

    pub(crate) fn push(&mut self, request: Logged) {
        if self.kept.len() >= self.max {
            self.kept.pop_front();
        }
        if self.max > 0 {
            self.kept.push_back(request);
        }
    }

    pub(crate) fn last(&mut self) -> Option<&mut Logged> {
        self.kept.back_mut()
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.kept.iter().cloned().collect()
    }
}
