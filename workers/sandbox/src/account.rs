//! Everything one API key owns.

pub(crate) mod ids;
pub(crate) mod ledger;
pub(crate) mod requests;
pub(crate) mod shelf;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::faults::Faults;
use crate::idempotency::Keys;
use crate::methods::script::{Loss, Step};
use crate::resources::charges::Charge;
use crate::resources::customers::Customer;
use crate::resources::payment_intents::{self, PaymentIntent};
use crate::resources::payment_methods::PaymentMethod;
use crate::resources::setup_intents::SetupIntent;
use crate::wire::page;
use ids::Ids;
use ledger::Ledger;
use requests::Requests;
use shelf::Shelf;

/// Limits on what one account keeps in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idempotency_keys: usize,
    pub(crate) requests: usize,
}

/// What an account is born with.
#[derive(Debug, Clone)]
pub(crate) struct Birth {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) base_url: Arc<str>,
    pub(crate) limits: Limits,
}

/// The state of one API key. Requests run one after another on it, each without waiting.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) customers: Shelf<Customer>,
    pub(crate) methods: Shelf<PaymentMethod>,
    pub(crate) intents: Shelf<PaymentIntent>,
    pub(crate) setups: Shelf<SetupIntent>,
    pub(crate) charges: Shelf<Charge>,
    pub(crate) ledger: Ledger,
    pub(crate) keys: Keys,
    pub(crate) requests: Requests,
    pub(crate) faults: Faults,
    pub(crate) base_url: Arc<str>,
    /// Payments under way, by when they settle.
    settlements: BTreeMap<(DateTime<Utc>, String), Step>,
    /// What the request under way wants to happen to its own answer.
    pub(crate) loss: Option<Loss>,
}

impl Account {
    pub(crate) fn new(api_key: &str, birth: Birth) -> Self {
        Self {
            clock: birth.clock,
            ids: Ids::new(birth.seed, api_key),
            customers: Shelf::default(),
            methods: Shelf::default(),
            intents: Shelf::default(),
            setups: Shelf::default(),
            charges: Shelf::default(),
            ledger: Ledger::default(),
            keys: Keys::new(birth.limits.idempotency_keys),
            requests: Requests::new(birth.limits.requests),
            faults: Faults::default(),
            base_url: birth.base_url,
            settlements: BTreeMap::new(),
            loss: None,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A fresh id that nothing here bears yet.
    pub(crate) fn fresh(&mut self, prefix: &str, length: usize) -> String {
        loop {
            let id = self.ids.next(prefix, length);
            if self.view(&id).is_none() {
                return id;
            }
        }
    }

    /// The object with this id, drawn as JSON.
    pub(crate) fn view(&self, id: &str) -> Option<serde_json::Value> {
        match id.split_once('_')?.0 {
            "cus" => self.customers.get(id).map(Customer::view),
            "pm" => self.methods.get(id).map(PaymentMethod::view),
            "pi" => self.intents.get(id).map(PaymentIntent::view),
            "seti" => self.setups.get(id).map(SetupIntent::view),
            "ch" => self.charges.get(id).map(Charge::view),
            _ => None,
        }
    }

    /// Notes that a payment settles later.
    pub(crate) fn settle_at(&mut self, at: DateTime<Utc>, intent: &str, outcome: Step) {
        self.settlements.insert((at, intent.to_owned()), outcome);
    }

    /// Settles what has become due.
    pub(crate) fn catch_up(&mut self) {
        let now = self.now();
        while self.settlements.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
            if let Some(((at, intent), outcome)) = self.settlements.pop_first() {
                payment_intents::settle(self, &intent, outcome, at);
            }
        }
    }
}

/// The names every list endpoint takes beside its own.
pub(crate) fn listing<'a>(own: &[&'a str]) -> Vec<&'a str> {
    own.iter().copied().chain(page::PAGING).collect()
}
