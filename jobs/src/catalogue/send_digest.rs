//! Sends the team the figures of the week that is over.
//!
//! **Runs** on a schedule, once a week where `PERENNIAL_DIGEST_TO` is set.
//! **Safe to repeat:** there is one per week, whose Message-ID is derived from its key. One that may
//! have been accepted is not sent again: the figures can be read with `perennial report`.
//! **Waits** for the snapshot of the week's last day.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::digest::{self, Digest};
use crate::job::{Door, Failure, Job, Scope};
use crate::mail::Delivery;
use crate::store::digests;

/// It is time for a digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SendDigest {}

impl Job for SendDigest {
    const NAME: &'static str = "send_digest";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let Some(to) = &cx.digest_to else { return Ok(()) };
        let mut conn = cx.pool.acquire().await?;
        let until = digests::last_week(&mut conn).await?;
        let Some(digest) = figures(cx, until).await? else {
            return Err(Failure::retry(format!("there is no snapshot of {until} yet")));
        };
        let row = digests::of_week(&mut conn, until).await?;
        match row.status.as_str() {
            "queued" => {}
            "sending" => {
                let why = "interrupted while it was handed over";
                return Ok(digests::settle(&mut conn, &row.key, "uncertain", why).await?);
            }
            _ => return Ok(()),
        }
        crate::crash_point!("digest.C1");
        let message =
            digest::compose(&digest, &row.key, to, &cx.sender).map_err(Failure::give_up)?;
        if !digests::begin(&mut conn, &row.key).await? {
            return Ok(());
        }
        // No connection is held while the server thinks.
        drop(conn);
        crate::crash_point!("digest.C3");
        let delivery = cx.mailer.send(&message).await;
        crate::crash_point!("digest.C5");
        conclude(cx, &row.key, delivery).await?;
        crate::crash_point!("digest.C7");
        Ok(())
    }
}

async fn figures(cx: &Cx, until: NaiveDate) -> Result<Option<Digest>, Failure> {
    let mut reader = cx.analytics.acquire().await?;
    Digest::of_week(&mut reader, until).await
}

/// What became of it (rule X5).
async fn conclude(cx: &Cx, key: &str, delivery: Delivery) -> Result<(), Failure> {
    let mut conn = cx.pool.acquire().await?;
    if let Some((verdict, reason)) = delivery.refusal() {
        if verdict.is_tried_again() {
            digests::settle(&mut conn, key, "queued", &reason).await?;
            return Err(Failure::retry(reason));
        }
        return Ok(digests::settle(&mut conn, key, "failed", &reason).await?);
    }
    match delivery {
        Delivery::Sent { reply } => digests::settle(&mut conn, key, "sent", &reply).await?,
        Delivery::Uncertain { reason } => {
            digests::settle(&mut conn, key, "uncertain", &reason).await?;
        }
        Delivery::Answered(_) | Delivery::NotReached { .. } | Delivery::Unsendable { .. } => {}
    }
    Ok(())
}
