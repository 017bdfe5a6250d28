//! `snapshot`: the last day of a year by what moved, in full, and beside the bare aggregates that
//! tell its totals; and the backfill of that year. On one server, rounds interleaved; each figure
//! is the median of three.
#![expect(clippy::float_arithmetic, reason = "figures of a benchmark, not money")]

use std::time::Instant;

use chrono::NaiveDate;
use perennial::database::{self, Role};
use perennial_jobs::snapshot::{Books, Method, check};
use perennial_postgres::{Discovery, Durability, Server};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::queue::Result;

const ROUNDS: usize = 3;
const DAYS: usize = 365;
const BARE: &str = include_str!("snapshot/bare.sql");

/// Runs the comparison and prints it.
///
/// # Errors
/// No server could be started, a statement failed, or the two ways do not agree.
pub(crate) async fn run(subscriptions: u32) -> Result<()> {
    let server = Server::ephemeral(Discovery::from_environment(), Durability::Full, 20)?;
    let url = server.url("postgres");
    let pool = database::connect(&url, Role::Owner, 1).await?;
    database::migrate(&pool).await?;
    say(&format!("planting {subscriptions} subscriptions …"));
    let seed = include_str!("snapshot/seed.sql").replace("$N", &subscriptions.to_string());
    sqlx::raw_sql(AssertSqlSafe(seed)).execute(&pool).await?;
    sqlx::raw_sql("vacuum (freeze, analyze)").execute(&pool).await?;
    pool.close().await;

    let mut reader = PgConnection::connect(&url).await?;
    let mut primary = PgConnection::connect(&url).await?;
    let last: NaiveDate =
        sqlx::query_scalar("select perennial.business_day() - 1").fetch_one(&mut reader).await?;
    let first = last - chrono::Days::new(u64::try_from(DAYS - 1)?);
    say(&format!("telling {DAYS} days …"));
    let began = Instant::now();
    let mut books = Books { reader: &mut reader, primary: &mut primary };
    for day in first.iter_days().take(DAYS) {
        books.take(day, Method::Manual).await?;
    }
    let backfill = (began.elapsed().as_secs_f64(), peak_of("self")?);
    let differences = check(&mut reader, last).await?;
    if !differences.is_empty() {
        return Err(format!("the two ways do not agree: {differences:?}").into());
    }
    let (mut moved, mut full, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        moved.push(told(&url, last, "incremental").await?);
        full.push(told(&url, last, "full").await?);
        let mut conn = PgConnection::connect(&url).await?;
        let began = Instant::now();
        sqlx::raw_sql(BARE).execute(&mut conn).await?;
        bare.push((began.elapsed().as_secs_f64(), peak(&mut conn).await?));
    }
    let (moved, full, bare) = (median(moved), median(full), median(bare));
    print(subscriptions, [moved, full, bare], backfill);
    Ok(())
}

/// Seconds, and the most memory that the server's process had, in MiB.
type Cost = (f64, f64);

/// What it costs to tell a day's figures, on a connection of its own.
async fn told(url: &str, day: NaiveDate, way: &str) -> Result<Cost> {
    let mut conn = PgConnection::connect(url).await?;
    let began = Instant::now();
    sqlx::query("select count(*) from perennial.figures_of($1, $2)")
        .bind(day)
        .bind(way)
        .fetch_one(&mut conn)
        .await?;
    Ok((began.elapsed().as_secs_f64(), peak(&mut conn).await?))
}

/// What the server's process of a connection has had at most, shared buffers that it touched included.
async fn peak(conn: &mut PgConnection) -> Result<f64> {
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(conn).await?;
    peak_of(&pid.to_string())
}

/// What a process has had at most, in MiB.
fn peak_of(process: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|left, right| left.0.total_cmp(&right.0));
    costs.get(costs.len() / 2).copied().unwrap_or((f64::NAN, f64::NAN))
}

#[expect(clippy::print_stdout, reason = "the figures are this program's data")]
fn print(subscriptions: u32, [moved, full, bare]: [Cost; 3], backfill: Cost) {
    println!(
        "a day of {subscriptions} subscriptions, some 10,000 changes{:>14} {:>10}",
        "seconds", "MiB"
    );
    for (title, cost) in [("by what moved", moved), ("in full", full), ("bare aggregates", bare)] {
        println!("{title:<58} {:>10.3} {:>10.0}", cost.0, cost.1);
    }
    println!("by what moved / in full: {:.3} (aim: at most 0.2)", moved.0 / full.0);
    println!(
        "by what moved / bare: {:.3}; in full / bare: {:.2}",
        moved.0 / bare.0,
        full.0 / bare.0
    );
    println!("backfill of {DAYS} days: {:.1} s", backfill.0);
    println!("MiB: the most that the server's process had, shared buffers it touched included.");
    println!(
        "the client, which does here what `perennial snapshot` does, had {:.0} MiB at most",
        backfill.1
    );
}

#[expect(clippy::print_stderr, reason = "talk belongs on stderr, figures on stdout")]
fn say(text: &str) {
    eprintln!("{text}");
}
