//! `renewals`: complete renewals of the real worker (due → period, invoice, charge, books, receipt
//! in the outbox) beside one hand-written transaction for each, sent by pgbench, which writes the
//! same rows; in one run, on one server with fsync on. Each figure is the median of three rounds.
#![expect(clippy::float_arithmetic, reason = "figures of a benchmark, not money")]

mod at_once;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use perennial::database::{self, Role};
use perennial::runner::{self, Pace};
use perennial::scheduler;
use perennial_jobs::mail::Sender;
use perennial_jobs::{Cx, clock};
use perennial_postgres::{Discovery, Durability, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::processor::{self, Cpu};
use crate::queue::Result;
use at_once::{Mail, Provider};

const ROUNDS: usize = 3;
const CLIENTS: [u32; 5] = [1, 4, 8, 16, 32];
const CONNECTIONS: u32 = 24;
const CONCURRENCY: usize = 256;
const DUE: &str = "2026-03-01T00:00:00Z";
/// Longer than this, and something is stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a run brought.
#[derive(Debug, Clone, Copy)]
struct Figures {
    per_second: f64,
    /// Per 1,000 renewals.
    cpu: Cpu,
    clients: u32,
}

/// Runs the comparison and prints its table.
///
/// # Errors
/// No server could be started, a statement failed, or the rows afterwards were not what they must be.
pub(crate) async fn run(count: u32) -> Result<()> {
    let server = Server::ephemeral(Discovery::from_environment(), Durability::Full, 100)?;
    let mut admin = PgConnection::connect(&server.url("postgres")).await?;
    admin.execute("alter system set max_wal_size = '8GB'").await?;
    admin.execute("select pg_reload_conf()").await?;
    let (mut ours, mut peers) = (vec![], vec![]);
    seed(&server, &mut admin, count).await?;
    let clients = best_clients(&server, &mut admin, count / 5).await?;
    for round in 1..=ROUNDS {
        say(&format!("round {round} of {ROUNDS} …"));
        ours.push(renew(&server, &mut admin, count).await?);
        peers.push(pgbench(&server, &mut admin, count, clients).await?);
    }
    print(count, &ours, &peers)
}

/// How many clients serve the peer best, tried with fewer renewals.
async fn best_clients(server: &Server, admin: &mut PgConnection, count: u32) -> Result<u32> {
    say("which number of clients serves pgbench best?");
    let mut best: Option<Figures> = None;
    for clients in CLIENTS {
        let figures = pgbench(server, admin, count.max(clients), clients).await?;
        if best.is_none_or(|best| figures.per_second > best.per_second) {
            best = Some(figures);
        }
    }
    Ok(best.map_or(CLIENTS[0], |best| best.clients))
}

#[expect(clippy::print_stderr, reason = "talk belongs on stderr, figures on stdout")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// The database that every run starts from a copy of.
async fn seed(server: &Server, admin: &mut PgConnection, count: u32) -> Result<()> {
    admin.execute("create database seeded").await?;
    let pool = database::connect(&server.url("seeded"), Role::Owner, 1).await?;
    database::migrate(&pool).await?;
    let script = include_str!("renewals/seed.sql").replace("$N", &count.to_string());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&pool).await?;
    sqlx::raw_sql("select perennial.pause_queue('send_email')").execute(&pool).await?;
    sqlx::raw_sql("vacuum (freeze, analyze)").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn copy(admin: &mut PgConnection) -> Result<()> {
    admin.execute("drop database if exists bench with (force)").await?;
    admin.execute("create database bench template seeded").await?;
    admin.execute("checkpoint").await?;
    Ok(())
}

/// The real thing: scheduler, queue, jobs, ports.
async fn renew(server: &Server, admin: &mut PgConnection, count: u32) -> Result<Figures> {
    copy(admin).await?;
    let pool = database::connect(&server.url("bench"), Role::Worker, CONNECTIONS).await?;
    let sender = Sender {
        address: "billing@example.com".to_owned(),
        product_name: "Bench".to_owned(),
        billing_url: "https://example.com/billing".to_owned(),
        support_address: "support@example.com".to_owned(),
        public_url: None,
    };
    let cx = Cx::new(pool.clone(), Arc::new(Provider::default()), Arc::new(Mail), sender);
    let pace = Pace { concurrency: CONCURRENCY, ..Pace::default() };
    let process = runner::start(&cx, &pool, "bench", pace).await?;
    let stop = CancellationToken::new();
    let scheduler = tokio::spawn(scheduler::run(pool.clone(), vec![], stop.clone()));
    let mut watcher = PgConnection::connect(&server.url("bench")).await?;
    until(&mut watcher, "select count(*) from perennial.job_waiters where waiting", 1).await?;

    let before = Cpu::now(server)?;
    let started = Instant::now();
    clock::set(&mut watcher, "global", DUE.parse()?).await?;
    until(&mut watcher, "select last_number from perennial.invoice_series", count).await?;
    until(
        &mut watcher,
        "select count(*) from perennial.payments where status = 'succeeded'",
        count,
    )
    .await?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = Cpu::now(server)?.since(before);

    check(&mut watcher, count).await?;
    stop.cancel();
    scheduler.await?;
    process.drain().await;
    drop(cx);
    let _ = tokio::time::timeout(Duration::from_secs(5), pool.close()).await;
    let figures = figures(count, f64::from(count) / seconds, cpu, 0);
    say(&format!("  perennial: {:.0} renewals/s", figures.per_second));
    Ok(figures)
}

/// The peer: each renewal one transaction.
async fn pgbench(
    server: &Server,
    admin: &mut PgConnection,
    count: u32,
    clients: u32,
) -> Result<Figures> {
    copy(admin).await?;
    let mut watcher = PgConnection::connect(&server.url("bench")).await?;
    clock::set(&mut watcher, "global", DUE.parse()?).await?;
    let script =
        std::env::temp_dir().join(format!("perennial-renewals-{}.sql", std::process::id()));
    std::fs::write(&script, include_str!("renewals/peer.sql"))?;
    let turns = count / clients;
    let before = Cpu::now(server)?;
    let output = Command::new(server.bin_dir().join("pgbench"))
        .args(["-n", "-M", "prepared", "-j", "2"])
        .args(["-c", &clients.to_string(), "-t", &turns.to_string(), "-f"])
        .arg(&script)
        .arg(server.url("bench"))
        .output()?;
    let cpu = Cpu::now(server)?.since(before);
    std::fs::remove_file(&script)?;
    if !output.status.success() {
        return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let done = turns * clients;
    check(&mut watcher, done).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split(' ').next()).ok_or("pgbench told no rate")?;
    let figures = figures(done, tps.parse()?, cpu, clients);
    say(&format!("  pgbench, {clients} clients: {:.0} renewals/s", figures.per_second));
    Ok(figures)
}

fn figures(renewals: u32, per_second: f64, cpu: Cpu, clients: u32) -> Figures {
    Figures { per_second, cpu: cpu.per(f64::from(renewals) / 1000.0), clients }
}

async fn until(watcher: &mut PgConnection, query: &'static str, wanted: u32) -> Result<()> {
    let since = Instant::now();
    let mut turns = tokio::time::interval(Duration::from_millis(20));
    while sqlx::query_scalar::<_, i64>(query).fetch_one(&mut *watcher).await? < i64::from(wanted) {
        if since.elapsed() > PATIENCE {
            return Err(format!("still not {wanted}: {query}").into());
        }
        turns.tick().await;
    }
    Ok(())
}

/// What was measured must have been done, once each and wholly.
async fn check(watcher: &mut PgConnection, wanted: u32) -> Result<()> {
    let paid: i64 = sqlx::query_scalar(
        "select count(*) from perennial.invoices where period_index = 1 and status = 'paid' and receipt_key <> 'none'",
    )
    .fetch_one(&mut *watcher)
    .await?;
    let problems: Vec<(String, String, String)> =
        sqlx::query_as("select * from perennial.check_invariants() limit 3")
            .fetch_all(&mut *watcher)
            .await?;
    if paid == i64::from(wanted) && problems.is_empty() {
        return Ok(());
    }
    Err(format!("{paid} of {wanted} invoices are paid; broken invariants: {problems:?}").into())
}

fn median(figures: &[Figures], pick: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = figures.iter().map(pick).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "the figures are this program's data")]
fn print(count: u32, ours: &[Figures], peers: &[Figures]) -> Result<()> {
    let both = |title: &str, digits: usize, pick: fn(&Figures) -> f64| {
        println!(
            "{title:<46} {:>12.digits$} {:>12.digits$}",
            median(ours, pick),
            median(peers, pick)
        );
    };
    println!("{:<46} {:>12} {:>12}", format!("{count} renewals"), "perennial", "pgbench");
    both("renewals/s", 0, |run| run.per_second);
    both("CPU seconds of PostgreSQL per 1,000 renewals", 3, |run| run.cpu.server);
    let worker = median(ours, |run| run.cpu.worker);
    println!("{:<46} {worker:>12.3} {:>12}", "CPU seconds of the worker per 1,000 renewals", "–");
    println!(
        "{:<46} {:>12.1} {:>12}",
        "peak memory of the worker, MiB",
        processor::memory_peak()?,
        "–"
    );
    let clients = peers.iter().map(|run| run.clients.to_string()).collect::<Vec<_>>().join(", ");
    println!("{:<46} {:>12} {clients:>12}", "clients of the best rate", "–");
    let ratio = median(ours, |run| run.per_second) / median(peers, |run| run.per_second);
    println!("{:<46} {ratio:>12.2}", "ratio");
    let processors = f64::from(u32::try_from(std::thread::available_parallelism()?.get())?);
    let busy = median(ours, |run| (run.cpu.server + run.cpu.worker) * run.per_second / 1000.0);
    let machine = median(ours, |run| run.cpu.machine * run.per_second / 1000.0);
    let bound = if machine > 0.8 * processors {
        "processor time"
    } else {
        "waiting: commits, locks and round trips"
    };
    let others = (machine - busy).max(0.0);
    println!(
        "Bound by {bound}: of {processors} processors it kept {busy:.2} busy, other programs {others:.2}."
    );
    Ok(())
}
