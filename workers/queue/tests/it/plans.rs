//! The server keeps the plans it made; a queue is empty when they are made and full when they run.

use sqlx::{Executor, PgConnection};

use crate::world::World;

const ROUND: &str = "select perennial.settle_done(array_agg(id), array_agg(run), gen_random_uuid())
    from perennial.claim_jobs('work', 0, gen_random_uuid(), 30000)";

const DRAIN: &str = "do $$
    declare
        worker uuid := gen_random_uuid();
        ids bigint[];
        runs integer[];
    begin
        loop
            select array_agg(id), array_agg(run) into ids, runs
              from perennial.claim_jobs('work', 500, worker, 30000);
            exit when ids is null;
            perform perennial.extend_leases(ids, runs, worker, array_fill(30000::bigint, array[500]));
            perform perennial.settle_later(ids, runs, worker, array_fill(3600000::bigint, array[500]),
                                           array_fill(0, array[500]), array_fill('x'::text, array[500]));
            perform perennial.reclaim_jobs(worker, 3);
        end loop;
    end $$";

async fn rows_read(connection: &mut PgConnection) -> i64 {
    connection.execute("select pg_stat_force_next_flush()").await.unwrap();
    let read = "select sum(idx_tup_read)::bigint + (select seq_tup_read from pg_stat_user_tables
                    where relname = 'jobs')
                  from pg_stat_user_indexes where relname = 'jobs' and indexrelname = 'jobs_pkey'";
    sqlx::query_scalar(read).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_made_on_an_empty_queue_read_no_more_of_a_full_one_than_they_take() {
    let world = World::new().await;
    let mut worker = world.pool.acquire().await.unwrap();
    worker.execute("vacuum analyze perennial.jobs").await.unwrap();
    // Often enough that the server settles for one plan.
    for _ in 0..10 {
        worker.execute(ROUND).await.unwrap();
        worker.execute(DRAIN).await.unwrap();
    }
    world.enqueue("work", 20_000).await;
    let before = rows_read(&mut worker).await;
    worker.execute(DRAIN).await.unwrap();
    let read = rows_read(&mut worker).await - before;
    // Three statements look each job up by its id. Reading the table would be 800,000 rows each.
    assert!(read < 300_000, "{read} rows read for 20,000 jobs");
    let later = "select count(*) from perennial.jobs where state = 'later'";
    assert_eq!(world.count(later).await, 20_000);
}
