//! Runs suspects, each in a process of its own: the same program with the same settings, told to
//! run one job. If that process dies, nobody else does, and it is proven which job did it.

use std::process::Stdio;
use std::time::Duration;

use perennial_queue::{Suspect, next_suspect};
use sqlx::PgPool;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// How often suspects are looked for. They are rare.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A suspect that takes longer is stuck, and its process is ended.
const PROBE_MAX: Duration = Duration::from_secs(180);

/// The hidden option that has a worker run one suspect: its id and its queue.
pub const OPTION: &str = "--run-alone";

/// Runs suspects, one at a time, until `stop`.
pub async fn run(pool: PgPool, stop: CancellationToken) {
    loop {
        let waited = tokio::time::timeout(LOOK_EVERY, stop.cancelled()).await;
        if waited.is_ok() {
            return;
        }
        match next_suspect(&pool).await {
            Ok(Some(suspect)) => tokio::select! {
                () = stop.cancelled() => return,
                () = probe(&suspect) => {}
            },
            Ok(None) => {}
            Err(error) => tracing::debug!("suspects could not be looked for: {error}"),
        }
    }
}

async fn probe(suspect: &Suspect) {
    let Suspect { id, queue } = suspect;
    tracing::info!(job.id = id, job.name = queue, "a suspect is run alone");
    let mut child = match spawn(suspect) {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(job.id = id, "a suspect could not be run alone: {error}");
            return;
        }
    };
    match tokio::time::timeout(PROBE_MAX, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => {
            tracing::error!(
                job.id = id,
                job.name = queue,
                "the process of a suspect ended: {status}"
            );
        }
        Ok(Err(error)) => tracing::error!(job.id = id, "the process of a suspect is lost: {error}"),
        Err(_) => {
            tracing::error!(
                job.id = id,
                job.name = queue,
                "a suspect is stuck: its process is ended"
            );
            drop(child.kill().await);
        }
    }
}

/// This very program, with the options it was started with. It ends with us: its standard input
/// is then closed.
fn spawn(suspect: &Suspect) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg(OPTION)
        .arg(format!("{}:{}", suspect.id, suspect.queue))
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Reads what `spawn` wrote.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Suspect, String> {
    let (id, queue) = text.split_once(':').ok_or("expected `<id>:<queue>`")?;
    let id = id.parse().map_err(|error| format!("the id is no number: {error}"))?;
    Ok(Suspect { id, queue: queue.to_owned() })
}
