//! The acknowledging layer: outermost, so that every way a handler can end is an outcome.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{
    error::{BoxDynError, RetryAfterError},
    task::Task,
};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::timeout;
use tower::{Layer, Service};
use tracing::{Instrument, error, info_span, warn};

use crate::{Ending, JobContext, NotAJob};

/// Runs each handler as a task of its own, with the queue's timeout, and turns its end into an
/// acknowledgement. Handlers go on when the apalis worker is dropped.
#[derive(Debug, Clone)]
pub struct AckLayer {
    timeout: Duration,
}

impl AckLayer {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl<S> Layer<S> for AckLayer {
    type Service = AckService<S>;

    fn layer(&self, inner: S) -> AckService<S> {
        AckService { inner, timeout: self.timeout }
    }
}

/// See [`AckLayer`].
#[derive(Debug, Clone)]
pub struct AckService<S> {
    inner: S,
    timeout: Duration,
}

impl<S, J> Service<Task<J>> for AckService<S>
where
    S: Service<Task<J>>,
    S::Future: Send + 'static,
    S::Response: Any + Send,
    S::Error: Into<BoxDynError>,
{
    type Response = ();
    type Error = BoxDynError;
    type Future = Pin<Box<dyn Future<Output = Result<(), BoxDynError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<J>) -> Self::Future {
        let Some(context) = task.data().get::<JobContext>().cloned() else {
            return std::future::ready(Err(NotAJob.into())).boxed();
        };
        context.lease.begin();
        let run = match std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(task))) {
            Ok(handler) => handler.map(|end| ending(end.map_err(Into::into))).boxed(),
            Err(panic) => std::future::ready(panicked(panic.as_ref())).boxed(),
        };
        let span = info_span!(
            "job",
            job.name = context.name(),
            job.attempt = context.attempt(),
            job.id = context.id()
        );
        let job = tokio::spawn(supervise(context, run, self.timeout).instrument(span));
        job.map(|joined| joined.map_err(Into::into)).boxed()
    }
}

/// Runs a handler within its time, and hands its end to the acknowledging tasks.
pub(crate) async fn supervise(
    context: JobContext,
    run: BoxFuture<'static, Ending>,
    limit: Duration,
) {
    let caught = AssertUnwindSafe(run).catch_unwind();
    let ending = match timeout(limit, caught).await {
        Ok(Ok(ending)) => ending,
        Ok(Err(panic)) => panicked(panic.as_ref()),
        Err(_) => Ending::retry(format_args!("it took longer than {limit:?}")),
    };
    report(&ending, &context);
    context.lease.end(ending);
}

fn report(ending: &Ending, context: &JobContext) {
    match ending {
        Ending::Done | Ending::Snooze(_) => {}
        Ending::RetryIn(_, reason) if context.is_last_attempt() => {
            error!(reason, "a job used up its attempts: it is dead");
        }
        Ending::RetryIn(_, reason) => warn!(reason, "a job will be tried again"),
        Ending::GiveUp(reason) => error!(reason, "a job gave up: it is dead"),
    }
}

/// What a handler's answer means: [`Ending`] says it itself, `Err` is a retry, all else is done.
fn ending<R: Any>(answer: Result<R, BoxDynError>) -> Ending {
    match answer {
        Ok(value) => {
            let mut slot = Some(value);
            let said = (&mut slot as &mut dyn Any).downcast_mut::<Option<Ending>>();
            said.and_then(Option::take).unwrap_or(Ending::Done)
        }
        Err(fault) => {
            let delay = fault.downcast_ref::<RetryAfterError>().map(RetryAfterError::get_duration);
            Ending::RetryIn(delay, fault.to_string())
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Ending {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Ending::retry(format_args!("it panicked: {}", said.as_deref().unwrap_or("no message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_may_answer_with_an_ending_nothing_or_an_error() {
        assert_eq!(ending(Ok(Ending::GiveUp("x".into()))), Ending::GiveUp("x".into()));
        assert_eq!(ending(Ok(())), Ending::Done);
        assert_eq!(ending::<()>(Err("no".into())), Ending::retry("no"));
        let soon = Duration::from_secs(5);
        let later = ending::<()>(Err(RetryAfterError::new("busy", soon).into()));
        assert!(matches!(later, Ending::RetryIn(Some(delay), _) if delay == soon));
    }
}
