//! Faults in force, counting.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Action, Fault};
use crate::account::ids;

/// A rule and how often it has matched and struck.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    matched: u64,
    struck: u64,
    window: Window,
    /// How often each request was made, where chance decides: so that the order in which different
    /// requests arrive does not.
    made: HashMap<u64, u64>,
}

/// Requests let through in the current second.
#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    passed: u32,
}

impl Window {
    fn admits(&mut self, per_second: u32, now: Instant) -> bool {
        let fresh = self.began.is_none_or(|began| now - began >= Duration::from_secs(1));
        if fresh {
            *self = Self { began: Some(now), passed: 0 };
        }
        self.passed = self.passed.saturating_add(1);
        self.passed <= per_second
    }
}

/// The rules of one account.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
}

/// What the rules say to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) latency: Duration,
    /// The first action that struck, latencies aside.
    pub(crate) action: Option<Action>,
    /// The names of all that struck, for the log.
    pub(crate) names: Vec<String>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        let (window, made) = (Window::default(), HashMap::new());
        self.armed.push(Armed { fault, matched: 0, struck: 0, window, made });
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn all(&self) -> Vec<Fault> {
        self.armed.iter().map(|armed| armed.fault.clone()).collect()
    }

    pub(crate) fn plan(&mut self, method: &str, path: &str, texts: [&str; 2]) -> Plan {
        let mut plan = Plan::default();
        for armed in &mut self.armed {
            let request = || ids::hash([method, path, texts[0], texts[1]].join("\n").as_bytes());
            if !armed.fault.matches(method, path, texts) || !armed.strikes(request) {
                continue;
            }
            match &armed.fault.action {
                Action::Latency { latency_ms } => {
                    plan.latency += Duration::from_millis(*latency_ms)
                }
                action if plan.action.is_none() => plan.action = Some(action.clone()),
                _ => continue,
            }
            plan.names.push(armed.fault.action.name());
        }
        plan
    }
}

impl Armed {
    fn strikes(&mut self, request: impl Fn() -> u64) -> bool {
        self.matched += 1;
        let due = self.matched >= self.fault.nth.unwrap_or(1) && self.struck < self.fault.most();
        let passes = match self.fault.action {
            Action::RateLimit { per_second, .. } => self.window.admits(per_second, Instant::now()),
            _ => false,
        };
        let strikes = due && !passes && self.drawn(request);
        self.struck += u64::from(strikes);
        strikes
    }

    #[expect(clippy::float_arithmetic, reason = "a share of requests, far from any money")]
    fn drawn(&mut self, request: impl Fn() -> u64) -> bool {
        let Some(probability) = self.fault.probability else { return true };
        let request = request();
        let times = self.made.entry(request).or_default();
        *times += 1;
        let draw = ids::mix(self.fault.seed ^ request ^ ids::mix(*times)) >> 32;
        let draw = f64::from(u32::try_from(draw).unwrap_or(u32::MAX));
        draw < probability * (f64::from(u32::MAX) + 1.0)
    }
}
