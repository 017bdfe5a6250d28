//! `queue`: our queue beside the crate graphile_worker and bare statements of pgbench, in one run
//! on one server with fsync on. Each figure is the median of three rounds.
#![expect(clippy::float_arithmetic, reason = "figures of a benchmark, not money")]

mod bare;
mod graphile;
mod measure;
mod ours;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use perennial_postgres::{Discovery, Durability, Server};
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};

use bare::Bare;
use graphile::Graphile;
use measure::{Cpu, Figures, Row, percentile};
use ours::Ours;

pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const ROUNDS: usize = 3;
const DRAINED: u32 = 200_000;
const BACKLOG: u32 = 1_000_000;
const BULK: u32 = 200_000;
const PICKUPS: u32 = 300;
const ENQUEUE_FOR: Duration = Duration::from_secs(3);

/// What a handler tells: that it ran, and which job it was.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    count: Arc<AtomicU64>,
    begun: mpsc::UnboundedSender<Instant>,
}

impl Ran {
    pub(crate) fn note(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) < u64::from(PICKUPS) {
            let _ = self.begun.send(Instant::now());
        }
    }
}

/// A queue under test, in a database of its own.
pub(crate) trait Contender: Clone + Send + Sync + Sized + 'static {
    type Worker;
    const NAME: &'static str;

    fn set_up(pool: PgPool) -> impl Future<Output = Result<Self>> + Send;
    fn add_one(&self) -> impl Future<Output = Result<()>> + Send;
    fn add_many(&self, jobs: u32) -> impl Future<Output = Result<()>> + Send;
    /// Starts a worker with its best settings.
    fn start(&self, ran: Ran) -> impl Future<Output = Result<Self::Worker>> + Send;
    fn stop(worker: Self::Worker) -> impl Future<Output = Result<()>> + Send;
    /// Whether every job is done and acknowledged.
    fn is_empty(&self) -> impl Future<Output = Result<bool>> + Send;
}

/// Runs the comparison and prints its table.
///
/// # Errors
/// No server could be started, or a statement failed.
pub(crate) async fn run() -> Result<()> {
    let server = Server::ephemeral(Discovery::from_environment(), Durability::Full, 100)?;
    let mut admin = PgConnection::connect(&server.url("postgres")).await?;
    admin.execute("alter system set max_wal_size = '8GB'").await?;
    admin.execute("select pg_reload_conf()").await?;
    let mut figures = Figures::default();
    for round in 1..=ROUNDS {
        say_round(round);
        contend::<Ours>(&server, &mut admin, &mut figures).await?;
        contend::<Graphile>(&server, &mut admin, &mut figures).await?;
        let pool = database(&server, &mut admin).await?;
        let bare = Bare::set_up(&server, pool.clone()).await?;
        bare.measure(&mut figures).await?;
        own_transaction(&pool, &mut figures).await?;
        drop_database(&mut admin, pool).await?;
    }
    figures.print();
    Ok(())
}

#[expect(clippy::print_stderr, reason = "talk belongs on stderr, figures on stdout")]
fn say_round(round: usize) {
    eprintln!("round {round} of {ROUNDS} …");
}

async fn contend<C: Contender>(
    server: &Server,
    admin: &mut PgConnection,
    figures: &mut Figures,
) -> Result<()> {
    let pool = database(server, admin).await?;
    let contender = C::set_up(pool.clone()).await?;
    enqueue_rates(&contender, figures).await?;
    drain(&contender, &pool, server, figures).await?;
    pickup(&contender, figures).await?;
    backlog(&contender, &pool, figures).await?;
    drop_database(admin, pool).await
}

async fn database(server: &Server, admin: &mut PgConnection) -> Result<PgPool> {
    admin.execute("drop database if exists bench").await?;
    admin.execute("create database bench").await?;
    let options = PgPoolOptions::new().min_connections(24).max_connections(24);
    Ok(options.connect(&server.url("bench")).await?)
}

async fn drop_database(admin: &mut PgConnection, pool: PgPool) -> Result<()> {
    let _ = timeout(Duration::from_secs(5), pool.close()).await;
    admin.execute("drop database bench with (force)").await?;
    Ok(())
}

fn listener() -> (Ran, mpsc::UnboundedReceiver<Instant>) {
    let (begun, heard) = mpsc::unbounded_channel();
    (Ran { count: Arc::default(), begun }, heard)
}

async fn enqueue_rates<C: Contender>(contender: &C, figures: &mut Figures) -> Result<()> {
    for (clients, row) in [(1, Row::SingleOne), (16, Row::SingleSixteen)] {
        let started = Instant::now();
        let mut tasks: JoinSet<Result<u32>> = JoinSet::new();
        for _ in 0..clients {
            let contender = contender.clone();
            tasks.spawn(async move {
                let mut added = 0_u32;
                while started.elapsed() < ENQUEUE_FOR {
                    contender.add_one().await?;
                    added += 1;
                }
                Ok(added)
            });
        }
        let mut added = 0;
        while let Some(joined) = tasks.join_next().await {
            added += joined??;
        }
        figures.add(C::NAME, row, f64::from(added) / started.elapsed().as_secs_f64());
    }
    empty(contender).await?;
    let started = Instant::now();
    contender.add_many(BULK).await?;
    figures.add(C::NAME, Row::Bulk, f64::from(BULK) / started.elapsed().as_secs_f64());
    empty(contender).await
}

/// Runs what is there.
async fn empty<C: Contender>(contender: &C) -> Result<()> {
    let (ran, _heard) = listener();
    let worker = contender.start(ran).await?;
    until_empty(contender).await?;
    C::stop(worker).await
}

async fn until_empty<C: Contender>(contender: &C) -> Result<()> {
    let mut turns = tokio::time::interval(Duration::from_millis(2));
    while !contender.is_empty().await? {
        turns.tick().await;
    }
    Ok(())
}

async fn drain<C: Contender>(
    contender: &C,
    pool: &PgPool,
    server: &Server,
    figures: &mut Figures,
) -> Result<()> {
    contender.add_many(DRAINED).await?;
    settle(pool).await?;
    let (ran, _heard) = listener();
    let count = Arc::clone(&ran.count);
    let before = Cpu::now(server)?;
    let started = Instant::now();
    let worker = contender.start(ran).await?;
    until(&count, DRAINED).await;
    until_empty(contender).await?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = Cpu::now(server)?.since(&before);
    C::stop(worker).await?;
    let per_ten_thousand = 10_000.0 / f64::from(DRAINED);
    figures.add(C::NAME, Row::Drain, f64::from(DRAINED) / seconds);
    figures.add(C::NAME, Row::CpuWorker, cpu.worker * per_ten_thousand);
    figures.add(C::NAME, Row::CpuServer, cpu.server * per_ten_thousand);
    figures.add(C::NAME, Row::Cpu, (cpu.worker + cpu.server) * per_ten_thousand);
    Ok(())
}

/// The rate of the first jobs while a million wait.
async fn backlog<C: Contender>(contender: &C, pool: &PgPool, figures: &mut Figures) -> Result<()> {
    contender.add_many(BACKLOG).await?;
    settle(pool).await?;
    let (ran, _heard) = listener();
    let count = Arc::clone(&ran.count);
    let started = Instant::now();
    let worker = contender.start(ran).await?;
    until(&count, DRAINED).await;
    let seconds = started.elapsed().as_secs_f64();
    figures.add(C::NAME, Row::Backlog, f64::from(DRAINED) / seconds);
    C::stop(worker).await
}

async fn until(count: &AtomicU64, wanted: u32) {
    let mut turns = tokio::time::interval(Duration::from_millis(1));
    while count.load(Ordering::Relaxed) < u64::from(wanted) {
        turns.tick().await;
    }
}

/// So that no measurement pays for the checkpoint of the one before.
async fn settle(pool: &PgPool) -> Result<()> {
    pool.execute("checkpoint").await?;
    Ok(())
}

/// From the start of one enqueue on an idle queue to the start of its handler.
async fn pickup<C: Contender>(contender: &C, figures: &mut Figures) -> Result<()> {
    let (ran, mut heard) = listener();
    let worker = contender.start(ran).await?;
    let mut waits = Vec::new();
    let mut pauses = tokio::time::interval(Duration::from_millis(25));
    pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..PICKUPS {
        pauses.tick().await;
        let added = Instant::now();
        contender.add_one().await?;
        if let Ok(Some(begun)) = timeout(Duration::from_secs(10), heard.recv()).await {
            waits.push(begun.saturating_duration_since(added).as_secs_f64() * 1000.0);
        }
    }
    C::stop(worker).await?;
    figures.add(C::NAME, Row::PickupHalf, percentile(&mut waits, 50));
    figures.add(C::NAME, Row::PickupNinetyNine, percentile(&mut waits, 99));
    Ok(())
}

/// Jobs whose effect and acknowledgement commit in one transaction of the handler.
async fn own_transaction(pool: &PgPool, figures: &mut Figures) -> Result<()> {
    const JOBS: u32 = 30_000;
    let ours = Ours::set_up(pool.clone()).await?;
    pool.execute("create table effects (number bigint)").await?;
    ours.add_many(JOBS).await?;
    settle(pool).await?;
    let started = Instant::now();
    let process = ours.start_transactional().await?;
    until_empty(&ours).await?;
    let seconds = started.elapsed().as_secs_f64();
    Ours::stop(process).await?;
    figures.add(Ours::NAME, Row::OwnTransaction, f64::from(JOBS) / seconds);
    Ok(())
}
