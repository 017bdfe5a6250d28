//! `usage`: the doors for usage, called by pgbench, beside the least SQL that could do the same:
//! an event and one row to count in. And closing many meters at once beside the bare `INSERT …
//! SELECT` that writes the same rows. In one run, on one server with fsync on, rounds interleaved.
//! Each figure is the median of three rounds.
#![expect(clippy::float_arithmetic, reason = "figures of a benchmark, not money")]

mod batches;
mod calls;
mod resets;
mod table;

use std::time::Instant;

use perennial::database::{self, Role};
use perennial_postgres::{Discovery, Durability, Server};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::processor::Cpu;
use crate::queue::Result;
use table::Table;

const ROUNDS: usize = 3;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Ours,
    Peer,
}

/// What a measurement brought.
#[derive(Debug, Clone, Copy)]
struct Figures {
    per_second: f64,
    /// Of PostgreSQL, per 10,000.
    cpu: f64,
    /// How many processors were busy, strangers' work included.
    busy: f64,
}

/// Runs the comparison and prints its table.
///
/// # Errors
/// No server could be started, a statement failed, or not all that was recorded was counted.
pub(crate) async fn run(meters: u32) -> Result<()> {
    let server = Server::ephemeral(Discovery::from_environment(), Durability::Full, 100)?;
    let mut admin = PgConnection::connect(&server.url("postgres")).await?;
    admin.execute("alter system set max_wal_size = '8GB'").await?;
    admin.execute("select pg_reload_conf()").await?;
    seed(&server, &mut admin, "calls", include_str!("usage/seed.sql")).await?;
    let planted = include_str!("usage/meters.sql").replace("$N", &meters.to_string());
    seed(&server, &mut admin, "meters", &planted).await?;
    let mut table = Table::default();
    for round in 1..=ROUNDS {
        say(&format!("round {round} of {ROUNDS} …"));
        copy(&mut admin, "calls").await?;
        calls::measure(&server, &mut table)?;
        batches::measure(&server, &mut table).await?;
        check(&server).await?;
        copy(&mut admin, "meters").await?;
        resets::measure(&server, meters, &mut table).await?;
    }
    table.print()
}

#[expect(clippy::print_stderr, reason = "talk belongs on stderr, figures on stdout")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// A database that every round starts from a copy of.
async fn seed(
    server: &Server,
    admin: &mut PgConnection,
    name: &'static str,
    script: &str,
) -> Result<()> {
    say(&format!("planting {name} …"));
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await?;
    let pool = database::connect(&server.url(name), Role::Owner, 1).await?;
    database::migrate(&pool).await?;
    sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&pool).await?;
    sqlx::raw_sql("vacuum (freeze, analyze)").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn copy(admin: &mut PgConnection, name: &'static str) -> Result<()> {
    admin.execute("drop database if exists bench with (force)").await?;
    admin.execute(AssertSqlSafe(format!("create database bench template {name}"))).await?;
    admin.execute("checkpoint").await?;
    Ok(())
}

/// Every event of one unit was counted once.
async fn check(server: &Server) -> Result<()> {
    let mut watcher = PgConnection::connect(&server.url("bench")).await?;
    let (events, ids, used): (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from perennial.usage_events), (select count(*) from perennial.usage_event_ids),
                (select sum(used)::bigint from perennial.usage_counters)",
    )
    .fetch_one(&mut watcher)
    .await?;
    if events == ids && events == used {
        return Ok(());
    }
    Err(format!("{events} events are stored, {ids} ids of them, {used} are counted").into())
}

/// Time and processors, from a moment on.
struct Watch {
    started: Instant,
    cpu: Cpu,
}

impl Watch {
    fn start(server: &Server) -> Result<Self> {
        Ok(Self { cpu: Cpu::now(server)?, started: Instant::now() })
    }

    /// What `done` of something cost since then.
    fn stop(&self, server: &Server, done: u32) -> Result<Figures> {
        let seconds = self.started.elapsed().as_secs_f64();
        let cpu = Cpu::now(server)?.since(self.cpu);
        let done = f64::from(done);
        Ok(Figures {
            per_second: done / seconds,
            cpu: cpu.per(done / 10_000.0).server,
            busy: cpu.machine / seconds,
        })
    }
}
