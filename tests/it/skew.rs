//! A host whose clock is wrong ticks nobody's schedules.

use chrono::{DateTime, TimeDelta, Utc};
use perennial::scheduler::{self, Periodic, TickError, Timetable};
use perennial_jobs::clock::machine_now;

use super::world;

fn each_second() -> Timetable {
    let text = |text: &str| text.to_owned();
    let periodic = Periodic {
        name: text("each second"),
        job: text("check_invariants"),
        cron: text("* * * * * *"),
        zone: text("UTC"),
        catch_up: text("latest"),
    };
    periodic.try_into().unwrap()
}

#[tokio::test]
async fn a_host_with_a_wrong_clock_does_not_tick_and_says_so() {
    let world = world().await;
    let timetables = [each_second()];
    scheduler::tick(&world.pool, &timetables, machine_now).await.unwrap();
    let cursor = "select cursor from perennial.schedules";
    let before: DateTime<Utc> = sqlx::query_scalar(cursor).fetch_one(&world.pool).await.unwrap();
    for wrong in [TimeDelta::days(30), TimeDelta::minutes(-2)] {
        let ticked = scheduler::tick(&world.pool, &timetables, || machine_now() + wrong).await;
        let Err(TickError::Skew(skew)) = ticked else { panic!("it ticked") };
        assert_eq!(skew.seconds().signum(), wrong.num_seconds().signum());
    }
    let after: DateTime<Utc> = sqlx::query_scalar(cursor).fetch_one(&world.pool).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_schedule_that_was_ticked_ahead_is_mended_and_its_ticks_come_again() {
    let world = world().await;
    sqlx::raw_sql(
        "insert into perennial.schedules (name, cursor) values ('each second', now() + interval '30 days');
         insert into perennial.ticks (schedule, tick)
         select 'each second', date_trunc('second', now()) + s * interval '1 second' from generate_series(1, 100) s",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let timetables = [each_second()];
    world
        .wait_until("it ticks again", async |_| {
            scheduler::tick(&world.pool, &timetables, machine_now).await.unwrap();
            let job = "select count(*) from perennial.jobs where queue = 'check_invariants'";
            world.count(job).await > 0
        })
        .await;
}
