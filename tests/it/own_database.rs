//! `perennial db start`: a PostgreSQL of one's own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use super::EXECUTABLE;

const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs, in a folder that goes with it.
struct Own {
    state: PathBuf,
    process: Child,
    words: Lines<BufReader<ChildStderr>>,
    url: String,
}

impl Own {
    async fn start(name: &str) -> Self {
        let state = std::env::temp_dir().join(format!("state-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&state).unwrap();
        let mut command = perennial(&state);
        let mut process = command.args(["db", "start"]).spawn().unwrap();
        let mut data = BufReader::new(process.stdout.take().unwrap()).lines();
        let words = BufReader::new(process.stderr.take().unwrap()).lines();
        let url = hear(&mut data, "DATABASE_URL=").await;
        let url = url.trim_start_matches("DATABASE_URL=").to_owned();
        Self { state, process, words, url }
    }

    async fn query(&self, sql: &'static str) -> String {
        let mut conn = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }

    /// Stops PostgreSQL itself, as `pg_ctl stop -m fast` does.
    fn stop_postgres(&self) {
        let file = self.state.join("perennial/pg/data/postmaster.pid");
        let pid = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
        let stopped = std::process::Command::new("kill").args(["-INT", &pid]).status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(pid) = self.process.id() {
            let pid = pid.to_string();
            drop(std::process::Command::new("kill").args(["-TERM", &pid]).status());
        }
        drop(std::fs::remove_dir_all(&self.state));
    }
}

fn perennial(state: &Path) -> Command {
    let mut command = Command::new(EXECUTABLE);
    command
        .env("XDG_STATE_HOME", state)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn hear<S: AsyncRead + Unpin>(lines: &mut Lines<BufReader<S>>, wanted: &str) -> String {
    let heard = tokio::time::timeout(PATIENCE, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(wanted) {
                return line;
            }
        }
        panic!("never said: {wanted}");
    });
    heard.await.unwrap()
}

#[tokio::test]
async fn a_database_of_ones_own_is_where_the_help_says_and_meets_no_other() {
    let (one, other) = (Own::start("one").await, Own::start("other").await);
    for own in [&one, &other] {
        assert!(own.state.join("perennial/pg/data/PG_VERSION").exists());
        let status = perennial(&own.state).args(["db", "url"]).output().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&status.stdout).trim(), own.url);
    }
    let of_which = "select current_setting('data_directory')";
    assert_ne!(one.query(of_which).await, other.query(of_which).await);
    let help = perennial(&one.state).args(["db", "start", "--help"]).output().await.unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("$XDG_STATE_HOME/perennial/pg"), "{help}");
}

#[tokio::test]
async fn a_database_that_is_stopped_from_outside_runs_again_and_says_so() {
    let mut own = Own::start("stopped").await;
    own.stop_postgres();
    hear(&mut own.words, "was stopped from outside, and runs again").await;
    assert_eq!(own.query("select 'there'").await, "there");
}

#[tokio::test]
async fn a_database_that_cannot_be_started_again_ends_the_command_with_the_reason() {
    let mut own = Own::start("ruined").await;
    std::fs::remove_file(own.state.join("perennial/pg/data/global/pg_control")).unwrap();
    own.stop_postgres();
    let said = hear(&mut own.words, "does not start again").await;
    assert!(said.contains("perennial/pg/data"), "{said}");
    let ended = tokio::time::timeout(PATIENCE, own.process.wait()).await.unwrap().unwrap();
    assert_eq!(ended.code(), Some(69));
}
