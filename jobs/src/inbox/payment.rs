//! `payment.refunded`, `payment.disputed`, `payment.dispute_closed`: money that goes back, and what
//! that means for the books and for whoever brought the customer. What the customer may use stays
//! as it is: to end it is another decision.

use chrono::{DateTime, Utc};
use perennial_core::decline::{BlockScope, FRAUD_DISPUTE_LOST};
use perennial_core::ids::{DisputeId, PaymentId, PostingId, RefundId};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{BY, Trouble};
use crate::store::audit::{self, AuditRow, AuditRows};
use crate::store::commissions;
use crate::store::disputes;
use crate::store::events::EventRow;
use crate::store::ledger::{self, Transfer};
use crate::store::methods::{self, Block};
use crate::store::payments::{self, Claim, Deciding, GoneBack};
use crate::store::refunds;

#[derive(Debug, Deserialize)]
pub(super) struct Refunded {
    amount_minor: i64,
    reason: String,
    reference: String,
    // The check has compared it with the payment's.
    #[serde(rename = "currency")]
    _currency: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Disputed {
    amount_minor: i64,
    reason: String,
    reference: String,
    status: Told,
    // The check has compared it with the payment's.
    #[serde(rename = "currency")]
    _currency: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Inquiry,
    Open,
}

#[derive(Debug, Deserialize)]
pub(super) struct DisputeClosed {
    reference: String,
    status: Outcome,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Won,
    Lost,
    WarningClosed,
}

pub(super) async fn refunded(
    conn: &mut PgConnection,
    event: &EventRow,
    data: Refunded,
) -> Result<(), Trouble> {
    if !refunds::is_news(&mut *conn, event.seq).await? {
        return Ok(());
    }
    let (id, amount_minor) = (RefundId::derived(&data.reference), data.amount_minor);
    let decision = Decision::take(&mut *conn, event, id.to_string()).await?;
    let refund = Claim {
        id: id.0,
        amount_minor,
        reason: &data.reason,
        reference: &data.reference,
        at: event.at,
    };
    refunds::insert(&mut *conn, &decision.about, &refund).await?;
    let by = GoneBack { refunded_minor: amount_minor, ..GoneBack::default() };
    let entries = ledger::sides(("refunds", "cash"), amount_minor);
    Ok(decision.move_money(conn, "payment_refunded", entries, by).await?)
}

pub(super) async fn disputed(
    conn: &mut PgConnection,
    event: &EventRow,
    data: Disputed,
) -> Result<(), Trouble> {
    if !disputes::is_news(&mut *conn, event.seq).await? {
        return Ok(());
    }
    let (id, amount_minor) = (DisputeId::derived(&data.reference), data.amount_minor);
    let decision = Decision::take(&mut *conn, event, id.to_string()).await?;
    let dispute = Claim {
        id: id.0,
        amount_minor,
        reason: &data.reason,
        reference: &data.reference,
        at: event.at,
    };
    match data.status {
        Told::Inquiry => {
            disputes::inquire(&mut *conn, &decision.about, &dispute).await?;
            Ok(decision.conclude(conn, "payment_inquired", json!({})).await?)
        }
        Told::Open => {
            // What was refunded already is taken a second time: a loss of its own (rule C10).
            let disputed_minor = amount_minor.min(decision.about.left_minor.max(0));
            let beyond_minor = amount_minor - disputed_minor;
            disputes::open(&mut *conn, &decision.about, &dispute, beyond_minor).await?;
            let by = GoneBack { disputed_minor, beyond_minor, ..GoneBack::default() };
            let entries = taken(disputed_minor, beyond_minor);
            Ok(decision.move_money(conn, "payment_disputed", entries, by).await?)
        }
    }
}

pub(super) async fn dispute_closed(
    conn: &mut PgConnection,
    event: &EventRow,
    data: DisputeClosed,
) -> Result<(), Trouble> {
    if !disputes::is_closing_news(&mut *conn, event.seq).await? {
        return Ok(());
    }
    let (status, act) = match data.status {
        Outcome::Won => (Some("won"), "dispute_won"),
        Outcome::Lost => (Some("lost"), "dispute_lost"),
        Outcome::WarningClosed => (None, "inquiry_closed"),
    };
    let dispute = disputes::close(&mut *conn, &data.reference, status, event.at).await?;
    let about = DisputeId(dispute.id).to_string();
    let decision = Decision::take(&mut *conn, event, about).await?;
    match data.status {
        Outcome::Won => {
            let beyond_minor = -dispute.beyond_minor;
            let disputed_minor = -dispute.amount_minor - beyond_minor;
            let by = GoneBack { disputed_minor, beyond_minor, ..GoneBack::default() };
            let entries = taken(disputed_minor, beyond_minor);
            Ok(decision.move_money(conn, act, entries, by).await?)
        }
        // What the bank took was booked when it did; an inquiry takes nothing.
        Outcome::Lost | Outcome::WarningClosed => {
            if status == Some("lost") && dispute.reason == FRAUD {
                distrust(&mut *conn, &decision.about).await?;
            }
            Ok(decision.conclude(conn, act, json!({})).await?)
        }
    }
}

/// The bank's word for a payment that its customer did not make.
const FRAUD: &str = "fraudulent";

/// What a bank takes (or, below zero, gives back), in the books.
fn taken(disputed_minor: i64, beyond_minor: i64) -> Vec<(&'static str, i64)> {
    let mut entries = vec![
        ("disputes", disputed_minor),
        ("dispute_losses", beyond_minor),
        ("cash", -disputed_minor - beyond_minor),
    ];
    // Debits come first.
    entries.sort_by_key(|(_, amount_minor)| *amount_minor < 0);
    entries
}

/// A card whose payment was lost as fraud is not charged again, under whatever reference, until an
/// operator says so.
async fn distrust(conn: &mut PgConnection, about: &Deciding) -> sqlx::Result<()> {
    let Some(method) = about.method_id else { return Ok(()) };
    let block = Block {
        method,
        reason: FRAUD_DISPUTE_LOST.to_owned(),
        scope: BlockScope::Card,
        at: about.now,
    };
    methods::block(conn, &block).await
}

/// A decision about the subscription or order whose payment went back.
struct Decision {
    about: Deciding,
    /// The refund or dispute.
    what: String,
    at: DateTime<Utc>,
}

impl Decision {
    async fn take(conn: &mut PgConnection, event: &EventRow, what: String) -> sqlx::Result<Self> {
        let about = payments::decide(conn, event.subject).await?;
        Ok(Self { about, what, at: event.at })
    }

    /// Lets money go back, or come again: on the payment, in the books, in the commission.
    async fn move_money(
        self,
        conn: &mut PgConnection,
        kind: &'static str,
        entries: Vec<(&'static str, i64)>,
        by: GoneBack,
    ) -> sqlx::Result<()> {
        let posting = PostingId::derived(&format!("{}/{kind}", self.what));
        payments::go_back(&mut *conn, self.about.payment_id, by).await?;
        let moved = Transfer {
            posting,
            kind,
            entries,
            currency: &self.about.currency,
            customer_id: self.about.customer_id,
            subscription_id: self.about.subscription_id,
            order_id: self.about.order_id,
            invoice_id: self.about.invoice_id,
            payment_id: Some(self.about.payment_id),
            at: self.at,
            decision: self.about.version,
        };
        ledger::transfer(&mut *conn, &moved).await?;
        commissions::settle(&mut *conn, self.about.customer_id).await?;
        self.conclude(conn, kind, json!({ "postings": [posting.to_string()] })).await
    }

    async fn conclude(
        self,
        conn: &mut PgConnection,
        act: &str,
        mut facts: Value,
    ) -> sqlx::Result<()> {
        facts["payments"] = json!([PaymentId(self.about.payment_id).to_string()]);
        facts["gone_back"] = json!([self.what]);
        let mut rows = AuditRows::default();
        rows.push(AuditRow {
            subject_id: self.about.subject_id,
            subject_kind: self.about.subject_kind,
            version: self.about.version,
            act: act.to_owned(),
            at: self.about.now,
            actor: BY.to_owned(),
            facts,
        });
        audit::insert(conn, &rows).await
    }
}
