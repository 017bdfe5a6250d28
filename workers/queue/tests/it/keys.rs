//! Keys, and the doors that other services enqueue through.

use perennial_queue::{
    Ending, NewJob, catalogue,
    catalogue::{Door, Entry, Scope},
    enqueue, enqueue_all,
};

use crate::world::{Numbered, World, quick};

fn job(number: u32) -> NewJob {
    NewJob::new("work", &Numbered { number })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_key_is_a_quiet_no_op_inside_the_callers_transaction() {
    let world = World::new().await;
    world.execute("create table work_of_caller (id bigint)").await;
    assert!(world.enqueue_one(job(1).key("occasion")).await);
    let mut transaction = world.pool.begin().await.unwrap();
    assert!(!enqueue(&mut transaction, &job(2).key("occasion")).await.unwrap());
    sqlx::query("insert into work_of_caller values (1)").execute(&mut *transaction).await.unwrap();
    let jobs = [job(3).key("occasion"), job(4).key("other"), job(5).key("other"), job(6), job(7)];
    assert_eq!(enqueue_all(&mut transaction, &jobs).await.unwrap(), 3);
    transaction.commit().await.unwrap();
    assert_eq!(world.count("select count(*) from work_of_caller").await, 1);
    assert_eq!(world.live().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_free_again_when_its_job_is_done() {
    let world = World::new().await;
    let process = world.process("a").await;
    process.work("work", quick(), |_: Numbered, _| async { Ending::Done });
    for round in 0..3 {
        assert!(world.enqueue_one(job(round).key("occasion")).await);
        world.until_no_jobs().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_transaction_that_rolls_back_never_was() {
    let world = World::new().await;
    let mut transaction = world.pool.begin().await.unwrap();
    assert!(enqueue(&mut transaction, &job(1).key("occasion")).await.unwrap());
    transaction.rollback().await.unwrap();
    assert_eq!(world.live().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_enqueue_only_what_the_catalogue_lets_them() {
    let world = World::new().await;
    let entry = |name, door| Entry { name, door, scope: Scope::Subject };
    let jobs = [entry("renew", Door::Internal), entry("reset_quota", Door::Schedulable)];
    catalogue::publish(&world.pool, &jobs).await.unwrap();
    catalogue::publish(&world.pool, &jobs).await.unwrap();
    let call = async |job: &str, payload: &str, key: Option<&str>| {
        sqlx::query_scalar::<_, bool>("select perennial.enqueue($1, $2::jsonb, $3)")
            .bind(job)
            .bind(payload)
            .bind(key)
            .fetch_one(&world.pool)
            .await
            .map_err(|fault| fault.as_database_error().unwrap().message().to_owned())
    };
    assert_eq!(call("reset_quota", "{}", Some("2026-11")).await, Ok(true));
    assert_eq!(call("reset_quota", "{}", Some("2026-11")).await, Ok(false));
    let refused = [
        (call("nonsense", "{}", Some("k")).await, "job: \"nonsense\" is not a job"),
        (call("renew", "{}", Some("k")).await, "job: \"renew\" is enqueued by Perennial itself"),
        (call("reset_quota", "[]", Some("k")).await, "payload: must be a JSON object"),
        (call("reset_quota", "{}", Some("")).await, "key: must name the occasion"),
        (call("reset_quota", "{}", None).await, "key: must name the occasion"),
    ];
    for (answer, message) in refused {
        let said = answer.unwrap_err();
        assert!(said.starts_with(message), "{said}");
    }
    assert_eq!(world.live().await, 1);
}
