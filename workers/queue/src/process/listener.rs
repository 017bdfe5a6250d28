//! The process's one listening connection: wakes the queue that a notification names.
//!
//! Nothing depends on it. A lost notification costs at most the queue's poll interval.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgListener;
use tokio::time::timeout;
use tracing::debug;

use super::Shared;

const CHANNEL_PREFIX: &str = "perennial.jobs.";
const RECONNECT_WAIT: Duration = Duration::from_millis(500);

pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.finished.cancelled() => return,
            Err(fault) = listen(&shared) => {
                debug!(error = %fault, "the listener lost its connection");
            }
        }
        let _ = timeout(RECONNECT_WAIT, shared.finished.cancelled()).await;
    }
}

async fn listen(shared: &Shared) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(&shared.pool).await?;
    listener.eager_reconnect(false);
    let mut heard = 0;
    loop {
        let lines = shared.lines();
        let channels: Vec<String> =
            lines.iter().skip(heard).map(|line| format!("{CHANNEL_PREFIX}{}", line.name)).collect();
        listener.listen_all(channels.iter().map(String::as_str)).await?;
        // What was enqueued while nobody listened.
        lines.iter().skip(heard).for_each(|line| line.wake.notify_one());
        heard = lines.len();
        loop {
            tokio::select! {
                () = shared.listen_more.notified() => break,
                received = listener.try_recv() => match received? {
                    None => return Err(sqlx::Error::PoolClosed),
                    Some(notification) => {
                        let name = notification.channel().strip_prefix(CHANNEL_PREFIX);
                        lines.iter().filter(|l| Some(l.name.as_str()) == name)
                            .for_each(|line| line.wake.notify_one());
                    }
                },
            }
        }
    }
}
