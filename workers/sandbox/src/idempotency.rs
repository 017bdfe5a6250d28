//! Idempotency keys as the provider keeps them: for 24 hours of virtual time, once execution has
//! begun, whatever came out of it.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::wire::error::ApiError;
use crate::wire::reply::Reply;

const HOURS_KEPT: i64 = 24;

/// What a request with a key was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Method and path.
    pub(crate) endpoint: String,
    /// Hash of the parameters.
    pub(crate) params: u64,
}

#[derive(Debug)]
struct Held {
    subject: Subject,
    since: DateTime<Utc>,
    /// None while the first request is still under way.
    reply: Option<Reply>,
}

/// The keys of one account.
#[derive(Debug)]
pub(crate) struct Keys {
    held: HashMap<String, Held>,
    /// Oldest first, for pruning.
    order: VecDeque<(DateTime<Utc>, String)>,
    max: usize,
}

/// What a key says to a request.
pub(crate) enum Begin {
    /// Go on, and tell [`Keys::finish`].
    Fresh,
    /// This was answered before.
    Replay(Reply),
    Refuse(Box<ApiError>),
}

impl Keys {
    pub(crate) fn new(max: usize) -> Self {
        Self { held: HashMap::new(), order: VecDeque::new(), max }
    }

    pub(crate) fn begin(&mut self, key: &str, subject: Subject, now: DateTime<Utc>) -> Begin {
        self.prune(now);
        match self.held.get(key) {
            None => {
                let held = Held { subject, since: now, reply: None };
                self.held.insert(key.to_owned(), held);
                self.order.push_back((now, key.to_owned()));
                Begin::Fresh
            }
            Some(held) if held.subject != subject => Begin::Refuse(mismatch(key, held, &subject)),
            Some(Held { reply: None, .. }) => Begin::Refuse(ApiError::key_in_use(key)),
            Some(Held { reply: Some(reply), .. }) => Begin::Replay(reply.clone().replayed()),
        }
    }

    /// Remembers the answer, or forgets the key if execution never began.
    pub(crate) fn finish(&mut self, key: &str, reply: &Reply) {
        if !reply.remembered {
            self.held.remove(key);
        } else if let Some(held) = self.held.get_mut(key) {
            held.reply = Some(reply.clone());
        }
    }

    /// Drops what is a day old, and the oldest where there are too many.
    fn prune(&mut self, now: DateTime<Utc>) {
        let horizon = now - TimeDelta::hours(HOURS_KEPT);
        while let Some((since, _)) = self.order.front() {
            if *since > horizon && self.order.len() <= self.max {
                return;
            }
            let Some((since, key)) = self.order.pop_front() else { return };
            // The key may have been forgotten and used anew since.
            if self.held.get(&key).is_some_and(|held| held.since == since && held.reply.is_some()) {
                self.held.remove(&key);
            }
        }
    }
}

fn mismatch(key: &str, held: &Held, subject: &Subject) -> Box<ApiError> {
    let message = if held.subject.endpoint == subject.endpoint {
        format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
        )
    } else {
        format!(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}' vs '{}'). Try using a key other than '{key}' if you meant to execute a different request.",
            subject.endpoint, held.subject.endpoint
        )
    };
    ApiError::idempotency(message)
}
