//! One queue as an apalis backend.
//!
//! `poll_next` only receives what the fetcher claimed. It never yields an error, because an error
//! ends an apalis worker together with every handler in it.

mod fetcher;
mod layer;
mod sink;

use std::{
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{
    backend::{Backend, BackendConfig, WireFormatBackend, finalize::Durable},
    task::{Task, builder::TaskBuilder, task_id::TaskId},
    worker::context::WorkerContext,
};
use futures::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::mpsc;

use crate::{Config, JobContext, JsonCodec, lease::Line, process::Shared};
use fetcher::Fetcher;
pub(crate) use layer::supervise;
pub use layer::{AckLayer, AckService};

/// A claimed job on its way to its handler.
struct Delivery {
    payload: Vec<u8>,
    context: JobContext,
}

/// The backend of one queue in one process; made by [`crate::Process::queue`].
pub struct Queue<J> {
    shared: Arc<Shared>,
    line: Arc<Line>,
    codec: JsonCodec,
    fetched: Option<mpsc::Receiver<Delivery>>,
    closing: Option<BoxFuture<'static, ()>>,
    outbox: sink::Outbox,
    job: PhantomData<fn() -> J>,
}

impl<J> std::fmt::Debug for Queue<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("name", &self.line.name).finish_non_exhaustive()
    }
}

impl<J> Queue<J> {
    pub(crate) fn new(shared: Arc<Shared>, line: Arc<Line>) -> Self {
        Self {
            shared,
            line,
            codec: JsonCodec,
            fetched: None,
            closing: None,
            outbox: sink::Outbox::default(),
            job: PhantomData,
        }
    }
}

impl<J> Backend for Queue<J> {
    type Task = Task<Vec<u8>>;
    type Error = sqlx::Error;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<sqlx::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<sqlx::Result<Self::Task>>> {
        match &mut self.fetched {
            Some(fetched) => fetched.poll_recv(cx).map(|next| next.map(|job| Ok(task(job)))),
            None => Poll::Ready(None),
        }
    }

    /// Stops claiming, gives back what has not begun, and waits until all else is acknowledged.
    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<sqlx::Result<()>> {
        let line = Arc::clone(&self.line);
        let fetched = self.fetched.take();
        let closing = self.closing.get_or_insert_with(|| {
            line.stop.cancel();
            async move {
                if let Some(mut fetched) = fetched {
                    fetched.close();
                    while fetched.recv().await.is_some() {}
                }
                while !line.is_settled() {
                    line.freed.notified().await;
                }
            }
            .boxed()
        });
        closing.poll_unpin(cx).map(|()| {
            // An apalis worker whose backend ran dry would otherwise wait to be stopped.
            let _ = worker.stop();
            Ok(())
        })
    }
}

fn task(Delivery { payload, context }: Delivery) -> Task<Vec<u8>> {
    let before = usize::try_from(context.attempt().saturating_sub(1)).unwrap_or_default();
    TaskBuilder::new(payload)
        .task_id(TaskId::from_int(context.id().unsigned_abs()))
        .attempt(before)
        .data(context)
        .build()
}

impl<J: Serialize + DeserializeOwned + 'static> BackendConfig for Queue<J> {
    type Args = J;
    type Id = u64;
    type Kind = Durable;
    type Config = Config;
    type Layer = AckLayer;

    fn config(&self) -> &Config {
        &self.line.config
    }

    fn middleware(&mut self, worker: &mut WorkerContext) -> AckLayer {
        // As deep as one claim: what is handed over has a slot and starts at once.
        let (deliveries, fetched) = mpsc::channel(self.line.config.batch.max(1));
        self.fetched = Some(fetched);
        let fetcher =
            Fetcher::new(Arc::clone(&self.shared), Arc::clone(&self.line), deliveries, |payload| {
                serde_json::from_slice::<J>(payload).map(drop)
            });
        let worker = worker.clone();
        self.shared.tasks.spawn(async move {
            fetcher.run().await;
            let _ = worker.stop();
        });
        AckLayer::new(self.line.config.timeout)
    }
}

impl<J> WireFormatBackend for Queue<J> {
    type Codec = JsonCodec;
    type Compact = Vec<u8>;

    fn codec(&self) -> &JsonCodec {
        &self.codec
    }
}
