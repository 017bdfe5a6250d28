//! One operation of the port: its deadline, its requests, and the trace of the last one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use perennial_jobs::payments::{CallTrace, NoAnswer, OpKey, Reply};
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, RequestStrategy, StripeClient, StripeClientErr,
};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Head};
use crate::body::Departure;
use crate::refusal::Refusal;
use crate::throttle::{Endpoint, Throttle, Throttled};
use crate::transport::{Outgoing, Transport, read};

/// How long to wait where our own rate limit does not say.
const OWN_LIMIT_WAIT: Duration = Duration::from_secs(2);

/// Why a request did not end in an object.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The provider said no.
    Refused(Box<Refusal>),
    /// The provider did not say.
    Silent(NoAnswer),
}

impl CallError {
    /// What this means where a refusal has no meaning of its own.
    pub(crate) fn into_no_answer(self) -> NoAnswer {
        match self {
            Self::Refused(refusal) => refusal.no_answer(),
            Self::Silent(no_answer) => no_answer,
        }
    }
}

impl StripeClientErr for CallError {
    /// A 2xx that is no object of Stripe's: it happened, but what?
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::Silent(NoAnswer::Unknown {
            reason: format!("the answer was not understood: {message}"),
        })
    }
}

/// An operation under way.
pub(crate) struct Operation<'p> {
    transport: &'p Transport,
    throttle: &'p dyn Throttle,
    deadline: Instant,
    trace: Mutex<CallTrace>,
}

impl<'p> Operation<'p> {
    pub(crate) fn begin(transport: &'p Transport, throttle: &'p dyn Throttle) -> Self {
        let deadline = Instant::now() + transport.timeout;
        Self { transport, throttle, deadline, trace: Mutex::default() }
    }

    /// A client whose requests count as this endpoint's.
    pub(crate) fn at(&self, endpoint: Endpoint) -> Exchange<'_> {
        Exchange { operation: self, endpoint }
    }

    /// The value, or why there is none, with the trace of the last request.
    #[expect(clippy::result_large_err, reason = "the shape is the port's")]
    pub(crate) fn end<T>(
        self,
        result: Result<T, NoAnswer>,
    ) -> Result<Reply<T>, (NoAnswer, CallTrace)> {
        let trace = self.trace.into_inner().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(value) => Ok(Reply { value, trace }),
            Err(no_answer) => Err((no_answer, trace)),
        }
    }

    fn note(&self, trace: CallTrace) {
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = trace;
    }

    async fn room(&self, endpoint: Endpoint) -> Result<(), NoAnswer> {
        let not_sent = |retry_after| NoAnswer::NotSent {
            retry_after,
            reason: "held back by our own rate limit".into(),
        };
        match timeout_at(self.deadline, self.throttle.acquire(endpoint)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Throttled { retry_after })) => {
                Err(not_sent(retry_after.or(Some(OWN_LIMIT_WAIT))))
            }
            Err(_) => Err(not_sent(Some(OWN_LIMIT_WAIT))),
        }
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Answer, NoAnswer> {
        let departure = Departure::of(&outgoing.content);
        let exchange = async {
            let response = self.transport.dial(outgoing, &departure).await?;
            let head = Head::read(response.status(), response.headers());
            self.note(head.trace.clone());
            Ok(Answer { head, body: read(response).await? })
        };
        match timeout_at(self.deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(self.late(&departure)),
        }
    }

    fn late(&self, departure: &Departure) -> NoAnswer {
        let limit = self.transport.timeout;
        if departure.may_have_left() {
            NoAnswer::Unknown { reason: format!("no answer within {limit:?}") }
        } else {
            NoAnswer::NotSent {
                retry_after: None,
                reason: format!("no connection within {limit:?}"),
            }
        }
    }
}

/// Sends async-stripe's requests as part of an operation.
pub(crate) struct Exchange<'o> {
    operation: &'o Operation<'o>,
    endpoint: Endpoint,
}

impl Exchange<'_> {
    async fn answer(&self, request: CustomizedStripeRequest) -> Result<Answer, NoAnswer> {
        let (request, custom) = request.into_pieces();
        let outgoing = self.operation.transport.outgoing(request, custom.request_strategy)?;
        self.operation.note(CallTrace::default());
        self.operation.room(self.endpoint).await?;
        self.operation.send(&outgoing).await
    }
}

impl StripeClient for Exchange<'_> {
    type Err = CallError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, CallError> {
        let started = Instant::now();
        let answer = self.answer(request).await;
        log(self.endpoint, started, answer.as_ref());
        let answer = answer.map_err(CallError::Silent)?;
        if answer.head.status.is_success() {
            Ok(answer.body)
        } else {
            Err(CallError::Refused(Box::new(Refusal::read(&answer))))
        }
    }
}

/// The strategy of every request that changes something.
pub(crate) fn once(key: &OpKey) -> Result<RequestStrategy, NoAnswer> {
    let key = IdempotencyKey::new(key.as_str()).map_err(|error| NoAnswer::Rejected {
        code: None,
        param: None,
        reason: format!("not sent: {error}"),
    })?;
    Ok(RequestStrategy::Idempotent(key))
}

fn log(endpoint: Endpoint, started: Instant, answer: Result<&Answer, &NoAnswer>) {
    let endpoint = endpoint.name();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(Answer { head, .. }) => tracing::debug!(
            stripe.endpoint = endpoint,
            stripe.request_id = head.trace.request_id.as_deref(),
            stripe.replayed = head.trace.replayed,
            http.status = head.status.as_u16(),
            duration_ms,
            "stripe answered {} ({endpoint})",
            head.status.as_u16(),
        ),
        Err(reason) => tracing::debug!(
            stripe.endpoint = endpoint,
            duration_ms,
            "stripe did not answer ({endpoint}): {reason}",
        ),
    }
}
