//! Asking for something by an event, once per key: what was asked for before is not asked for again.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::exit::Error;

/// An event to emit.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) kind: &'static str,
    pub(super) subject: Uuid,
    pub(super) data: Value,
    /// Its `event_id`: the same request has the same.
    pub(super) event_id: String,
}

/// Whether an event was emitted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// It is new.
    Never,
    /// It was emitted before, and is the same.
    Emitted,
}

impl Request {
    /// Emits it. A repeat does nothing.
    ///
    /// # Errors
    /// What [`Self::before`] or the SQL function says.
    pub(super) async fn emit(&self, conn: &mut PgConnection) -> Result<(), Error> {
        if self.before(&mut *conn).await? == Before::Never {
            self.emit_anew(conn).await?;
        }
        Ok(())
    }

    /// Emits it as one that was not emitted before.
    pub(super) async fn emit_anew(&self, conn: &mut PgConnection) -> Result<(), Error> {
        sqlx::query_scalar!(
            "select perennial.emit($1, $2, $3, $4)",
            self.kind,
            self.subject,
            self.data,
            self.event_id
        )
        .fetch_one(conn)
        .await?;
        Ok(())
    }

    /// Whether it was emitted before.
    ///
    /// # Errors
    /// When the key was used for something else, or what was asked for was refused by a worker:
    /// a corrected request needs a key of its own.
    pub(super) async fn before(&self, conn: &mut PgConnection) -> Result<Before, Error> {
        let known = sqlx::query!(
            "select type as kind, subject, data, outcome, reason
               from perennial.lifecycle_events where event_id = $1",
            self.event_id
        )
        .fetch_optional(conn)
        .await?;
        let Some(known) = known else { return Ok(Before::Never) };
        if (known.kind.as_str(), known.subject, &known.data)
            != (self.kind, self.subject, &self.data)
        {
            return Err(Error::data(
                "key: it was used for another request; take a new one. Nothing was changed",
            ));
        }
        match (known.outcome.as_deref(), known.reason) {
            (Some("refused"), Some(reason)) => Err(Error::data(format!(
                "key: this request was refused: {reason}; take a new key for a corrected one"
            ))),
            _ => Ok(Before::Emitted),
        }
    }
}
