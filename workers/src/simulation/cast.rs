//! Who takes part: each customer with all that it will do, in order of time.

use chrono::{DateTime, TimeDelta, Utc};
use perennial_core::ids::{CustomerId, SubscriptionId};

use super::scenario::{Deed, Group, Scenario};

/// A customer.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Its group and number: `steady 7`.
    pub name: String,
    /// Its id.
    pub customer: CustomerId,
    /// Its subscription.
    pub subscription: SubscriptionId,
    /// The group, as an index into the scenario's.
    pub group: usize,
    /// Its mail address.
    pub email: String,
    /// Where it lives.
    pub zone: String,
    /// What it reads.
    pub locale: String,
    /// When it subscribes.
    pub subscribes_at: DateTime<Utc>,
    /// What it does later, and when.
    pub deeds: Vec<(DateTime<Utc>, Deed)>,
}

/// Everybody.
#[must_use]
pub fn cast(scenario: &Scenario) -> Vec<Actor> {
    let groups = scenario.groups.iter().enumerate();
    groups
        .flat_map(|(index, group)| {
            (0..group.count).map(move |number| actor(scenario, index, group, number))
        })
        .collect()
}

/// A name as it can stand in an address.
fn slug(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn actor(scenario: &Scenario, index: usize, group: &Group, number: u32) -> Actor {
    let named = format!("{}/{}/{number}", scenario.seed, group.name);
    let in_turn = |from: &[String]| {
        let place = usize::try_from(number).unwrap_or_default() % from.len();
        from[place].clone()
    };
    // Spread evenly, with an hour of the day of one's own.
    let days = i64::from(group.spread_days) * i64::from(number) / i64::from(group.count.max(1));
    let subscribes_at =
        scenario.start + TimeDelta::days(days) + TimeDelta::hours(i64::from(number * 7 % 24));
    let deeds = group
        .deeds
        .iter()
        .map(|deed| (subscribes_at + TimeDelta::days(deed.day.into()), deed.clone()));
    Actor {
        name: format!("{} {}", group.name, number + 1),
        customer: CustomerId::derived(&named),
        subscription: SubscriptionId::derived(&named),
        group: index,
        email: format!("{}-{}@customers.example", slug(&group.name), number + 1),
        zone: in_turn(&group.zones),
        locale: in_turn(&group.locales),
        subscribes_at,
        deeds: deeds.collect(),
    }
}
