//! The queue under apalis' own tools: builder, layers, monitor, task sink.

use std::time::Duration;

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{Data, Monitor, TaskSink, WorkerBuilder, WorkerContext},
};
use apalis_core::backend::BackendConfig;
use perennial_queue::{Config, JobContext, Queue};

use crate::{
    runs::Runs,
    world::{Numbered, World, quick},
};

async fn handle(job: Numbered, cx: JobContext, runs: Data<Runs>) -> Result<(), std::fmt::Error> {
    runs.note(cx.attempt());
    match (job.number, cx.attempt()) {
        (1, 1) => Err(std::fmt::Error),
        (2, 1) => panic!("caught by apalis' own layer"),
        (3, 1) => std::future::pending().await,
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apalis_layers_monitor_and_sink_work_on_it() {
    let world = World::new().await;
    let process = world.process("a").await;
    let mut sink: Queue<Numbered> = process.queue("other_end", quick());
    sink.push(Numbered { number: 0 }).await.unwrap();
    let runs = Runs::default();
    let (noted, maker) = (runs.clone(), process.clone());
    let monitor = Monitor::new().register(move |_| {
        WorkerBuilder::new("citizen")
            .backend(maker.queue::<Numbered>("work", quick()))
            .data(noted.clone())
            .catch_panic()
            .timeout(Duration::from_millis(50))
            .build(handle)
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(monitor.run_with_signal(async {
        let _ = stopped.await;
        Ok(())
    }));
    world.enqueue("work", 5).await;
    world.until("select count(*) from perennial.jobs where queue = 'work'", 0).await;
    assert_eq!(runs.sorted(), [1, 1, 1, 1, 1, 2, 2, 2]);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(world.live().await, 1, "what the sink was given waits for its own worker");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_claimed_for_a_worker_that_goes_away_are_given_back() {
    let world = World::new().await;
    world.enqueue("work", 10).await;
    let process = world.process("a").await;
    let config = Config { concurrency: 4, lease: Duration::from_secs(3600), ..quick() };
    let mut queue: Queue<Numbered> = process.queue("work", config);
    // Fetching begins; no worker ever takes what was fetched.
    queue.middleware(&mut WorkerContext::new("absent"));
    world.until("select count(*) from perennial.jobs where state = 'running'", 4).await;
    drop(queue);
    process.drain().await;
    let untouched = "select count(*) from perennial.jobs where state = 'ready' and attempt = 0";
    world.until(untouched, 10).await;
}
