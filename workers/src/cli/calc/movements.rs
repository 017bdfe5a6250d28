//! `movements`: what changes of subscriptions were for their customers.
//!
//! An event says what one subscription contributed per month before and after an instant; a
//! movement is what that was for the customer, over all of their subscriptions: one for each
//! instant at which the total changed. `amount_minor` is by how much: above zero for `new`,
//! `expansion` and `reactivation`, below for `contraction` and `churn`.
//!
//! Events may come in any order. Those of one subscription must fit together; what it contributed
//! before its first one was there from the beginning. `prior` says that a customer who may
//! contribute nothing now has been paying before. Dates without a time are midnight in UTC.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::analytics::{Cause, Change, History, Kind, Movement, Mrr, Standing};
use serde::Serialize;

use super::fields::{BadField, Fields, quoted, rfc3339};

/// One request has at most this many events.
const EVENTS_MAX: usize = 100_000;

#[derive(Serialize)]
pub(super) struct Answer {
    movements: Vec<Moved>,
}

#[derive(Serialize)]
struct Moved {
    at: String,
    customer: String,
    movement: &'static str,
    amount_minor: i128,
}

/// What happened to one subscription.
struct Event {
    at: DateTime<Utc>,
    customer: String,
    subscription: String,
    before_minor: i64,
    after_minor: i64,
    prior: Option<bool>,
}

/// An event with its place in the request.
type Numbered<'a> = (usize, &'a Event);

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let events = fields.objects("events", EVENTS_MAX, event)?;
    one_customer_each(&events)?;
    let mut standings = HashMap::new();
    for chain in of_subscriptions(&events).values() {
        let standing = standings.entry(chain[0].1.customer.as_str()).or_insert(Standing::NEW);
        begin(standing, chain)?;
    }
    let mut movements = Vec::new();
    for instant in instants(&events) {
        let (first, event) = instant[0];
        let standing = standings.entry(event.customer.as_str()).or_insert(Standing::NEW);
        let changes: Vec<Change> = instant.iter().map(|(_, event)| event.change()).collect();
        let moved = standing.take(&changes).map_err(|error| {
            BadField::new("mrr_after_minor", error).within(&format!("events[{first}]"))
        })?;
        movements.extend(moved.map(|movement| event.moved(movement)));
    }
    Ok(Answer { movements })
}

fn event(fields: &mut Fields) -> Result<Event, BadField> {
    Ok(Event {
        at: fields.moment("at")?.instant("at", Tz::UTC)?,
        customer: fields.text("customer")?,
        subscription: fields.text("subscription")?,
        before_minor: fields.amount("mrr_before_minor")?,
        after_minor: fields.amount("mrr_after_minor")?,
        prior: fields.optional_flag("prior")?,
    })
}

impl Event {
    fn change(&self) -> Change {
        Change {
            before: Mrr::minor(self.before_minor),
            after: Mrr::minor(self.after_minor),
            // Events do not say why, and the answer does not either.
            cause: Cause::Voluntary,
        }
    }

    fn moved(&self, movement: Movement) -> Moved {
        Moved {
            at: rfc3339(self.at),
            customer: self.customer.clone(),
            movement: match movement.kind {
                Kind::ChurnVoluntary | Kind::ChurnInvoluntary => "churn",
                other => other.as_str(),
            },
            amount_minor: movement.amount.numer(),
        }
    }
}

/// A subscription stays with its customer.
fn one_customer_each(events: &[Event]) -> Result<(), BadField> {
    let mut whose: HashMap<&str, &str> = HashMap::new();
    for (position, event) in events.iter().enumerate() {
        let known = *whose.entry(&event.subscription).or_insert(&event.customer);
        if known != event.customer {
            let problem = format!("{} belongs to {}", quoted(&event.subscription), quoted(known));
            return Err(BadField::new("customer", problem).within(&format!("events[{position}]")));
        }
    }
    Ok(())
}

/// The events of each subscription, in the order in which they happened.
fn of_subscriptions(events: &[Event]) -> BTreeMap<&str, Vec<Numbered<'_>>> {
    let mut chains: BTreeMap<&str, Vec<Numbered<'_>>> = BTreeMap::new();
    for (position, event) in events.iter().enumerate() {
        chains.entry(&event.subscription).or_default().push((position, event));
    }
    for chain in chains.values_mut() {
        chain.sort_by_key(|(_, event)| event.at);
        chain.chunk_by_mut(|(_, one), (_, next)| one.at == next.at).for_each(in_order);
    }
    chains
}

/// Orders changes of one subscription at one instant so that each begins where the one before it
/// ended, as far as they do.
fn in_order(changes: &mut [Numbered<'_>]) {
    let ends: HashSet<i64> = changes.iter().map(|(_, event)| event.after_minor).collect();
    let first = changes.iter().position(|(_, event)| !ends.contains(&event.before_minor));
    if let Some(first) = first {
        changes.swap(0, first);
    }
    for at in 1..changes.len() {
        let end = changes[at - 1].1.after_minor;
        let next = changes[at..].iter().position(|(_, event)| event.before_minor == end);
        if let Some(next) = next {
            changes.swap(at, at + next);
        }
    }
}

/// What a subscription contributed before its first event was there from the beginning.
fn begin(standing: &mut Standing, chain: &[Numbered<'_>]) -> Result<(), BadField> {
    let there = chain[0].1.before_minor;
    let mut stood_at = there;
    for (position, event) in chain {
        if event.before_minor != stood_at {
            let problem = format!("the subscription's events before it left it at {stood_at}");
            let at = format!("events[{position}]");
            return Err(BadField::new("mrr_before_minor", problem).within(&at));
        }
        stood_at = event.after_minor;
    }
    let paying = there > 0 || chain.iter().any(|(_, event)| event.prior == Some(true));
    if paying {
        standing.history = History::HasPaid;
    }
    let at = format!("events[{}]", chain[0].0);
    standing.total = standing
        .total
        .plus(Mrr::minor(there))
        .map_err(|error| BadField::new("mrr_before_minor", error).within(&at))?;
    Ok(())
}

/// What happened to one customer at one instant, oldest first, and in the order of the request
/// where customers share an instant.
fn instants(events: &[Event]) -> Vec<Vec<Numbered<'_>>> {
    let mut groups: Vec<Vec<Numbered<'_>>> = Vec::new();
    let mut known: HashMap<(DateTime<Utc>, &str), usize> = HashMap::new();
    for (position, event) in events.iter().enumerate() {
        let group = *known.entry((event.at, &event.customer)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push((position, event));
    }
    groups.sort_by_key(|group| group[0].1.at);
    groups
}

#[cfg(test)]
mod tests;
