//! Recurring revenue kept beside the state machine: what moves it, and why, is told by the edges.

use chrono::{DateTime, Utc};

use crate::analytics::{Cause, Change, Kind, Movement, Mrr, Standing};
use crate::lifecycle::{Edge, Effect, Status, Subscription};

pub(super) struct Revenue {
    status: Option<Status>,
    standing: Standing,
    /// What moved, and what the subscription contributed after each decision.
    pub(super) movements: Vec<(DateTime<Utc>, Movement)>,
    pub(super) contributions: Vec<(DateTime<Utc>, Mrr)>,
}

impl Revenue {
    pub(super) fn none() -> Self {
        let (movements, contributions) = (vec![], vec![]);
        Self { status: None, standing: Standing::NEW, movements, contributions }
    }

    pub(super) fn note(&mut self, after: &Subscription, effects: &[Effect], now: DateTime<Utc>) {
        let contribution = Mrr::of(after).unwrap();
        let status = after.state.status();
        let change = Change {
            before: self.standing.total,
            after: contribution,
            cause: Cause::of(self.status.unwrap_or(status), status),
        };
        if let Some(movement) = self.standing.take(&[change]).unwrap() {
            assert!(explained(movement.kind, effects), "{movement:?}: {effects:?}");
            self.movements.push((now, movement));
        }
        self.status = Some(status);
        self.contributions.push((now, contribution));
    }
}

/// Renewals, failed payments and wishes for later move nothing.
fn explained(kind: Kind, effects: &[Effect]) -> bool {
    let edges: &[Edge] = match kind {
        Kind::New => {
            &[Edge::Started, Edge::FirstPaymentReceived, Edge::TrialConverted, Edge::Resumed]
        }
        Kind::Reactivation => &[Edge::Recovered],
        Kind::ChurnVoluntary => &[Edge::Canceled],
        Kind::ChurnInvoluntary => &[Edge::GraceExpired, Edge::Suspended, Edge::Downgraded],
        // One subscription whose lesser plan is free.
        Kind::Expansion | Kind::Contraction => &[],
    };
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Moved { edge, .. } if edges.contains(edge)))
}
