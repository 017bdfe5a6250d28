//! The business's days where clocks are put forward and back: at two o'clock, by half an hour, and
//! at midnight itself, which then comes twice or not at all.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::naive::day_start;
use perennial_tests::{SmallWorld, Turns};
use serde_json::json;

use super::snapshots::day;

/// A zone, a day of another length than 24 hours, and its length in minutes.
const ODD_DAYS: &[(Tz, &str, i64)] = &[
    (chrono_tz::Europe::Berlin, "2026-03-29", 23 * 60),
    (chrono_tz::Europe::Berlin, "2026-10-25", 25 * 60),
    (chrono_tz::Australia::Lord_Howe, "2026-10-04", 23 * 60 + 30),
    (chrono_tz::Australia::Lord_Howe, "2026-04-05", 24 * 60 + 30),
    // No midnight.
    (chrono_tz::America::Sao_Paulo, "2018-11-04", 23 * 60),
    (chrono_tz::Asia::Beirut, "2026-03-29", 23 * 60),
    // The hour before midnight comes twice.
    (chrono_tz::America::Sao_Paulo, "2018-02-17", 25 * 60),
    (chrono_tz::Asia::Beirut, "2026-10-24", 25 * 60),
    // Midnight comes twice.
    (chrono_tz::America::Havana, "2026-11-01", 25 * 60),
    // The day is left out.
    (chrono_tz::Pacific::Apia, "2011-12-30", 0),
];

async fn world(zone: Tz, now: DateTime<Utc>) -> SmallWorld {
    let world = SmallWorld::at(now, Turns::InOrder).await;
    sqlx::query("update perennial.analytics_settings set business_zone = $1")
        .bind(zone.name())
        .execute(&world.pool)
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn a_day_begins_with_its_first_instant_and_ends_with_the_next_days() {
    let world = world(chrono_tz::UTC, "2011-01-01T00:00:00Z".parse().unwrap()).await;
    for (zone, odd, minutes) in ODD_DAYS {
        sqlx::query("update perennial.analytics_settings set business_zone = $1")
            .bind(zone.name())
            .execute(&world.pool)
            .await
            .unwrap();
        let odd = day(odd);
        // The first instant of each day around it, the day it lies in, and the day just before it.
        let days: Vec<(NaiveDate, DateTime<Utc>, NaiveDate, NaiveDate)> = sqlx::query_as(
            "select d, s, perennial.business_day(s), perennial.business_day(s - interval '1 microsecond')
               from generate_series($1::date - 30, $1::date + 30, interval '1 day') g (at)
              cross join lateral (select at::date as d, perennial.day_start(at::date) as s) x",
        )
        .bind(odd)
        .fetch_all(&world.pool)
        .await
        .unwrap();
        for (date, starts, within, before) in days {
            assert_eq!(starts, day_start(date, *zone), "{zone} {date}");
            if *minutes > 0 {
                assert_eq!((within, before), (date, date - Days::new(1)), "{zone} {date}");
            }
        }
        let length = day_start(odd + Days::new(1), *zone) - day_start(odd, *zone);
        assert_eq!(length, TimeDelta::minutes(*minutes), "{zone} {odd}");
    }
}

/// The hour and a half around an instant, as the schedule has it: a tick every quarter of an hour.
async fn ticks_around(world: &SmallWorld, at: DateTime<Utc>) {
    for quarter in -6..6 {
        world.live_up_to(at + TimeDelta::minutes(7 + 15 * quarter)).await;
        let enqueue =
            "select perennial.enqueue_jobs(array['snapshot'], array['{}'::jsonb], array['now'])";
        sqlx::query(enqueue).execute(&world.pool).await.unwrap();
        world.rest().await;
    }
}

#[tokio::test]
async fn each_day_is_told_once_and_within_a_quarter_of_an_hour_of_its_end() {
    for (zone, odd, _) in ODD_DAYS.iter().filter(|(_, _, minutes)| *minutes > 0) {
        let odd = day(odd);
        let ends = [odd, odd + Days::new(1), odd + Days::new(2)].map(|day| day_start(day, *zone));
        let world = world(*zone, ends[0] - TimeDelta::hours(3)).await;
        let customer = CustomerId::derived("ada").0;
        let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
        world.emit("customer.upserted", customer, &profile, "ada").await.unwrap();
        let wish = json!({ "customer": customer, "plan": "free", "interval": "month" });
        for (number, end) in ends.iter().enumerate() {
            let subscription = SubscriptionId::derived(&number.to_string()).0;
            let event = number.to_string();
            world.emit("subscription.created", subscription, &wish, &event).await.unwrap();
            world.rest().await;
            ticks_around(&world, *end).await;
        }
        let runs: Vec<(NaiveDate, DateTime<Utc>, i64)> = sqlx::query_as(
            "select r.date, r.taken_at, s.numer::bigint from perennial.analytics_runs r
               join perennial.analytics_snapshots s on s.run_id = r.id
                and s.metric = 'subscriptions_active' and s.breakdown = 'total'
              order by r.recorded_at",
        )
        .fetch_all(&world.pool)
        .await
        .unwrap();
        let told: Vec<_> = runs.iter().map(|(date, _, count)| (*date, *count)).collect();
        let expected = [(odd - Days::new(1), 1), (odd, 2), (odd + Days::new(1), 3)];
        assert_eq!(told, expected, "{zone}");
        for ((date, taken_at, _), ended) in runs.iter().zip(ends) {
            let allowed = TimeDelta::zero()..TimeDelta::minutes(15);
            let late = *taken_at - ended;
            assert!(allowed.contains(&late), "{zone} {date} ended at {ended}, told at {taken_at}");
        }
        world.check().await;
    }
}
