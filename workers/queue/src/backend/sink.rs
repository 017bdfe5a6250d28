//! Tasks pushed through apalis become jobs.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use apalis_core::task::Task;
use chrono::DateTime;
use futures::{FutureExt, future::BoxFuture, ready};
use futures_util::Sink;

use super::Queue;
use crate::{NewJob, enqueue_all};

/// What was pushed and not yet written.
#[derive(Default)]
pub(super) struct Outbox {
    jobs: Vec<NewJob>,
    writing: Option<BoxFuture<'static, sqlx::Result<u64>>>,
}

impl<J> Sink<Task<Vec<u8>>> for Queue<J> {
    type Error = sqlx::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<sqlx::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, task: Task<Vec<u8>>) -> sqlx::Result<()> {
        let queue = self.get_mut();
        let payload = serde_json::from_slice::<serde_json::Value>(&task.args)
            .map_err(|fault| sqlx::Error::Encode(fault.into()))?;
        let mut job = NewJob::new(&queue.line.name, &payload);
        if let Some(key) = task.idempotency_key() {
            job = job.key(key);
        }
        let due = task.run_at().and_then(|seconds| i64::try_from(seconds).ok());
        if let Some(due) = due.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
            job = job.run_at(due);
        }
        if let Some(priority) = task.priority() {
            job = job.priority(i16::try_from(priority).unwrap_or(i16::MAX));
        }
        queue.outbox.jobs.push(job);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<sqlx::Result<()>> {
        let queue = self.get_mut();
        loop {
            if let Some(writing) = &mut queue.outbox.writing {
                let written = ready!(writing.poll_unpin(cx));
                queue.outbox.writing = None;
                written?;
            }
            if queue.outbox.jobs.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let jobs = std::mem::take(&mut queue.outbox.jobs);
            let pool = queue.shared.pool.clone();
            queue.outbox.writing =
                Some(async move { enqueue_all(&mut *pool.acquire().await?, &jobs).await }.boxed());
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<sqlx::Result<()>> {
        Sink::poll_flush(self, cx)
    }
}
