//! Snapshots of worlds that were left to chance: what moved comes to the whole, on every day.

use chrono::{NaiveDate, TimeDelta};
use perennial_jobs::snapshot::Method;
use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};

use super::mrr::{again, cancel_now, policy, sell_in_euros};
use super::snapshots::{day, differences, figures, midnight_after, take, zone};
use super::world;

/// Chance that is the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn wish(&mut self) -> Value {
        match self.throw(6) {
            0 => json!({ "plan": "pro", "seats": 1 + self.throw(9) }),
            1 => json!({ "plan": "enterprise", "policy": "lenient" }),
            2 => json!({ "currency": "EUR", "interval": "week" }),
            3 => json!({ "interval": "year" }),
            4 => json!({ "plan": "free" }),
            _ => json!({ "policy": "strict" }),
        }
    }

    fn card(&mut self) -> &'static str {
        [
            "pm_sbx_visa__ok",
            "pm_sbx_visa__ok",
            "pm_sbx_visa__ok1__insufficient_funds",
            "pm_sbx_visa__ok1__insufficient_funds1__ok",
            "pm_sbx_visa__insufficient_funds",
        ][self.throw(5)]
    }
}

/// A day on which somebody may come, somebody may take more and somebody may leave.
async fn one_day(world: &World, dice: &mut Dice, date: NaiveDate, people: &mut Vec<Customer>) {
    if dice.throw(3) == 0 {
        let (card, wish) = (dice.card(), dice.wish());
        people
            .push(world.subscribe(&format!("came {date}").replace(' ', "_"), &[card], wish).await);
        world.rest().await;
    }
    if dice.throw(6) == 0 && !people.is_empty() {
        let customer = people[dice.throw(people.len())];
        again(world, customer, &format!("more {date}"), dice.wish()).await;
    }
    if dice.throw(6) == 0 {
        let living: Vec<uuid::Uuid> = sqlx::query_scalar(
            "select id from perennial.subscriptions where status not in ('canceled', 'expired') order by id",
        )
        .fetch_all(&world.pool)
        .await
        .unwrap();
        if !living.is_empty() {
            cancel_now(world, living[dice.throw(living.len())]).await;
        }
    }
}

async fn a_world_of_chance(seed: u64, business_zone: &str) {
    let mut world = world().await;
    zone(&world, business_zone).await;
    sell_in_euros(&world).await;
    policy(&world, "lenient", json!({ "downgrade": "professional" })).await;
    policy(&world, "strict", json!("cancel")).await;
    world.work(Faults::None);
    let mut dice = Dice(seed);
    let mut people = vec![world.subscribe("first", &["pm_sbx_visa__ok"], json!({})).await];
    world.rest().await;
    let (first, last) = (day("2026-02-01"), day("2026-04-05"));
    let mut on_time = Vec::new();
    for date in first.iter_days().take_while(|date| *date <= last) {
        one_day(&world, &mut dice, date, &mut people).await;
        let ends = midnight_after(&world, date).await + TimeDelta::minutes(7);
        world.live_until(&ends.to_rfc3339()).await;
        // Some days nobody looks: the next is told in full.
        if dice.throw(8) > 0 {
            take(&world, date, Method::Scheduled).await;
            on_time.push((date, figures(&world, date).await));
        }
    }
    for date in first.iter_days().take_while(|date| *date <= last) {
        take(&world, date, Method::Manual).await;
        assert_eq!(differences(&world, date).await, [], "seed {seed}, {date}");
    }
    for (date, told) in on_time {
        assert_eq!(figures(&world, date).await, told, "seed {seed}, {date}");
    }
    world.check().await;
}

#[tokio::test]
async fn what_moved_comes_to_the_whole_in_any_life() {
    a_world_of_chance(0x5eed, "America/New_York").await;
}

#[tokio::test]
async fn what_moved_comes_to_the_whole_in_any_other_life() {
    a_world_of_chance(0xface, "Pacific/Auckland").await;
}
