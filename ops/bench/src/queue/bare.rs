//! What PostgreSQL itself can do: the same work as bare statements, sent by pgbench.

use std::{fs, path::PathBuf, process::Command};

use perennial_postgres::Server;
use sqlx::{Executor, PgPool};

use super::{
    Result,
    measure::{Figures, Row},
};

const SECONDS: u32 = 3;
const BATCH: u32 = 500;
const ROWS: u32 = 5000;
const WAITING: u32 = 200_000;

pub(crate) struct Bare {
    pool: PgPool,
    url: String,
    pgbench: PathBuf,
}

impl Bare {
    pub(crate) const NAME: &'static str = "pgbench";

    pub(crate) async fn set_up(server: &Server, pool: PgPool) -> Result<Self> {
        pool.execute(
            "create table bare (id bigint generated always as identity primary key,
                                state text not null default 'ready', run_at timestamptz not null
                                default now(), payload jsonb not null);
             create index on bare (run_at, id) where state = 'ready';
             create table bare_effects (number bigint)",
        )
        .await?;
        let pgbench = server.bin_dir().join("pgbench");
        Ok(Self { pool, url: server.url("bench"), pgbench })
    }

    pub(crate) async fn measure(&self, figures: &mut Figures) -> Result<()> {
        let insert = "insert into bare (payload) values ('{\"number\": 1}')";
        figures.add(Self::NAME, Row::SingleOne, self.rate(insert, 1)?);
        figures.add(Self::NAME, Row::SingleSixteen, self.rate(insert, 16)?);
        let bulk = format!(
            "insert into bare (payload) select jsonb_build_object('number', n)
             from generate_series(1, {ROWS}) n"
        );
        figures.add(Self::NAME, Row::Bulk, self.rate(&bulk, 1)? * f64::from(ROWS));
        self.fill().await?;
        // Claimed and deleted by one statement: no lease, no attempt, nothing to lose it with.
        let drain = format!(
            "delete from bare where id = any (array(select id from bare where state = 'ready'
             order by run_at, id limit {BATCH} for update skip locked))"
        );
        let batches = WAITING / BATCH / 2;
        let drained = self.pgbench(&drain, &["-c", "2", "-j", "2", "-t", &batches.to_string()])?;
        figures.add(Self::NAME, Row::Drain, drained * f64::from(BATCH));
        self.fill().await?;
        let own = "begin;\nwith c as (delete from bare where id = (select id from bare
             where state = 'ready' order by run_at, id limit 1 for update skip locked) returning id)
             insert into bare_effects select id from c;\ncommit";
        figures.add(Self::NAME, Row::OwnTransaction, self.rate(own, 16)?);
        Ok(())
    }

    async fn fill(&self) -> Result<()> {
        let fill = "insert into bare (payload) select jsonb_build_object('number', n)
                    from generate_series(1, $1::integer) n";
        self.pool.execute("truncate bare").await?;
        let rows = i32::try_from(WAITING)?;
        sqlx::query(fill).bind(rows).execute(&self.pool).await?;
        self.pool.execute("checkpoint").await?;
        Ok(())
    }

    fn rate(&self, script: &str, clients: u32) -> Result<f64> {
        let (clients, seconds) = (clients.to_string(), SECONDS.to_string());
        self.pgbench(script, &["-c", &clients, "-j", "2", "-T", &seconds])
    }

    /// Transactions per second, without the time to connect.
    fn pgbench(&self, script: &str, settings: &[&str]) -> Result<f64> {
        let file = std::env::temp_dir().join(format!("perennial-bench-{}.sql", std::process::id()));
        fs::write(&file, format!("{};\n", script.replace("\n             ", " ")))?;
        let output = Command::new(&self.pgbench)
            .args(["-n", "-M", "prepared", "-f"])
            .arg(&file)
            .args(settings)
            .arg(&self.url)
            .output()?;
        fs::remove_file(&file)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = tps.and_then(|rest| rest.split(' ').next()).and_then(|tps| tps.parse().ok());
        rate.ok_or_else(|| {
            format!("pgbench said: {said}{}", String::from_utf8_lossy(&output.stderr)).into()
        })
    }
}
