//! The database goes away and comes back.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use perennial_queue::{Config, Ending, Process};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use crate::{
    runs::Runs,
    world::{Numbered, World, quick, until},
};

/// Stands between a worker and its database, on a socket of its own, and can cut the line.
struct Line {
    folder: PathBuf,
    server: PathBuf,
    open: Mutex<Option<JoinSet<()>>>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Line {
    fn new(server: &Path, name: &str) -> Arc<Self> {
        let folder = std::env::temp_dir().join(format!("pq-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let line = Self { folder, server: server.join(SOCKET), open: Mutex::default() };
        line.mend();
        Arc::new(line)
    }

    /// Lets connections through.
    fn mend(&self) {
        let socket = self.folder.join(SOCKET);
        let listener = UnixListener::bind(&socket).unwrap();
        let server = self.server.clone();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                streams.spawn(forward(client, server.clone()));
            }
        });
        *self.open.lock().unwrap() = Some(accepting);
    }

    /// Drops every connection and refuses new ones.
    fn cut(&self) {
        self.open.lock().unwrap().take();
        std::fs::remove_file(self.folder.join(SOCKET)).unwrap();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn forward(mut client: UnixStream, server: PathBuf) {
    if let Ok(mut server) = UnixStream::connect(server).await {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

async fn worker_behind_a_line(world: &World, name: &str) -> (Process, Arc<Line>) {
    let direct: PgConnectOptions = world.url.parse().unwrap();
    let line = Line::new(direct.get_socket().unwrap(), name);
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_millis(500))
        .connect_with(direct.socket(&line.folder).port(5432))
        .await
        .unwrap();
    (Process::start(pool.clone(), name).await.unwrap(), line)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_outage_of_two_seconds_cancels_no_handler() {
    let world = World::new().await;
    let (process, line) = worker_behind_a_line(&world, "two-seconds").await;
    let (begun, ended) = (Runs::default(), Runs::default());
    let (noted, finished) = (begun.clone(), ended.clone());
    let (release, gate) = tokio::sync::watch::channel(0);
    let config = Config { concurrency: 5, lease: Duration::from_secs(20), ..quick() };
    process.work("work", config, move |job: Numbered, _| {
        noted.note(job.number);
        let (finished, mut gate) = (finished.clone(), gate.clone());
        async move {
            let _ = gate.wait_for(|open| *open > job.number).await;
            finished.note(job.number);
            Ending::Done
        }
    });
    world.enqueue("work", 8).await;
    assert!(until(async || begun.count() == 5).await);

    line.cut();
    // Three end while the database is away; the outage lasts two seconds.
    release.send(3).unwrap();
    assert!(until(async || ended.count() == 3).await);
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(Duration::from_secs(2), never).await;
    assert_eq!(world.count("select count(*) from perennial.jobs where state = 'running'").await, 5);
    line.mend();

    release.send(u32::MAX).unwrap();
    world.until_no_jobs().await;
    assert_eq!(begun.sorted(), (0..8).collect::<Vec<_>>(), "each began once");
    assert_eq!(ended.sorted(), (0..8).collect::<Vec<_>>(), "and ended");
    process.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_outlives_many_short_outages() {
    let world = World::new().await;
    let (process, line) = worker_behind_a_line(&world, "many").await;
    let ended = Runs::default();
    let finished = ended.clone();
    process.work("work", Config { concurrency: 20, ..quick() }, move |job: Numbered, _| {
        let finished = finished.clone();
        async move {
            tokio::task::yield_now().await;
            finished.note(job.number);
            Ending::Done
        }
    });
    for round in 1..=5 {
        world.enqueue("work", 200).await;
        assert!(until(async || ended.count() >= round * 100).await);
        line.cut();
        line.mend();
    }
    world.until_no_jobs().await;
    let mut all = ended.sorted();
    assert!(all.len() >= 1000);
    all.dedup();
    assert_eq!(all.len(), 200);
    assert_eq!(world.dead().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_every_session_ends_no_worker() {
    let world = World::new().await;
    let process = world.process("a").await;
    process.work("work", quick(), |_: Numbered, _| async { Ending::Done });
    for _ in 0..5 {
        world.enqueue("work", 50).await;
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()";
        let _ = sqlx::query(end).execute(&world.pool).await;
        world.until_no_jobs().await;
    }
    process.drain().await;
}
