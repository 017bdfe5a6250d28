//! The signals that end a command which runs until it is told to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Error;

/// SIGTERM, Ctrl-C and, unless `nohup` has set it aside, SIGHUP.
pub(super) struct Endings {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

impl Endings {
    /// From here on these signals no longer kill the process.
    pub(super) fn listen() -> io::Result<Self> {
        let hangup = (!hangup_is_ignored()).then(|| signal(SignalKind::hangup())).transpose()?;
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: signal(terminate)?, interrupt: signal(interrupt)?, hangup })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Waits for the first signal that ends us.
pub(super) async fn wait_for_the_end() -> Result<(), Error> {
    Endings::listen()?.next().await;
    Ok(())
}

/// Whether whoever started us wants SIGHUP ignored, as `nohup` does. A handler would undo that.
/// Linux says so; elsewhere the signal is taken.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal number 1, which is SIGHUP everywhere.
    mask.is_some_and(|mask| mask & 1 == 1)
}
