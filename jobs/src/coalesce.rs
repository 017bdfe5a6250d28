//! Group commit: concurrent calls for the same kind of work become one set-based transaction.
//!
//! A caller hands in one request and awaits its answer; a task takes what has gathered while the
//! one before was at work, and answers them all. Under no load a request is served at once and
//! alone. One round trip then serves hundreds of requests, without any caller knowing of it.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

/// Serves a batch: one answer per request, in their order.
pub(crate) trait Serve: Send + Sync + 'static {
    /// What is asked.
    type Request: Send + 'static;
    /// What is answered.
    type Answer: Send + 'static;

    /// Answers all requests, in order.
    fn serve(&self, batch: Vec<Self::Request>) -> BoxFuture<'_, Vec<Self::Answer>>;
}

/// An answer, or the error that the whole batch shares.
pub(crate) type Shared<Answer> = Result<Answer, Arc<sqlx::Error>>;

/// One answer for each of `count` requests: its own, or the error all share.
pub(crate) fn share<Answer>(done: sqlx::Result<Vec<Answer>>, count: usize) -> Vec<Shared<Answer>> {
    match done {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = Arc::new(error);
            (0..count).map(|_| Err(Arc::clone(&error))).collect()
        }
    }
}

/// The service has shut down: the process is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker is shutting down")]
pub struct ShutDown;

type Waiting<S> = (<S as Serve>::Request, oneshot::Sender<<S as Serve>::Answer>);

/// The callers' end.
#[derive(Debug)]
pub(crate) struct Coalesced<S: Serve> {
    inbox: mpsc::Sender<Waiting<S>>,
}

impl<S: Serve> Clone for Coalesced<S> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone() }
    }
}

impl<S: Serve> Coalesced<S> {
    /// Starts `servers` tasks that serve batches of at most `batch_max` requests; they end when
    /// the last caller's end is dropped.
    #[must_use]
    pub(crate) fn start(service: S, servers: usize, batch_max: usize) -> Self {
        let (inbox, outbox) = mpsc::channel(batch_max * 4);
        let (service, outbox) = (Arc::new(service), Arc::new(tokio::sync::Mutex::new(outbox)));
        for _ in 0..servers {
            tokio::spawn(run(Arc::clone(&service), Arc::clone(&outbox), batch_max));
        }
        Self { inbox }
    }

    /// Asks, and awaits the answer.
    ///
    /// # Errors
    /// [`ShutDown`] when nobody serves any more.
    pub(crate) async fn ask(&self, request: S::Request) -> Result<S::Answer, ShutDown> {
        let (answer, awaited) = oneshot::channel();
        self.inbox.send((request, answer)).await.map_err(|_| ShutDown)?;
        awaited.await.map_err(|_| ShutDown)
    }
}

async fn run<S: Serve>(
    service: Arc<S>,
    outbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting<S>>>>,
    batch_max: usize,
) {
    let mut gathered = Vec::with_capacity(batch_max);
    loop {
        if outbox.lock().await.recv_many(&mut gathered, batch_max).await == 0 {
            return;
        }
        let (requests, answers): (Vec<_>, Vec<_>) = gathered.drain(..).unzip();
        for (answer, waiting) in service.serve(requests).await.into_iter().zip(answers) {
            // A caller that was cancelled no longer listens.
            drop(waiting.send(answer));
        }
    }
}
