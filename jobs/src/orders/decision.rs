//! What every decision about an order writes down.

use chrono::{DateTime, Utc};
use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, InvoiceId, OrderId, PaymentId, PaymentMethodId, PostingId};
use perennial_core::lifecycle::Occasion;
use perennial_core::money::Money;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::catalogue::{CollectPayment, SendEmail};
use crate::lifecycle::request_hash;
use crate::mail::Letter;
use crate::payments::OpKey;
use crate::store::audit::{self, AuditRow, AuditRows};
use crate::store::emails::{self, Decided, QueuedEmail, QueuedEmails};
use crate::store::jobs::Errands;
use crate::store::ledger::{self, Sides, Transfer};
use crate::store::methods::MethodRow;
use crate::store::orders::{self, Standing};
use crate::store::payments::{self, PlannedPayment, PlannedPayments};

/// A decision about an order, with what it causes.
pub(super) struct Decision {
    pub(super) order: OrderId,
    pub(super) customer: CustomerId,
    pub(super) clock_id: Uuid,
    pub(super) now: DateTime<Utc>,
    pub(super) amount: Money,
    pub(super) version: i64,
    pub(super) by: &'static str,
    pub(super) facts: serde_json::Map<String, Value>,
}

impl Decision {
    fn note(&mut self, what: &str, which: &str) {
        self.facts.insert(what.to_owned(), json!([which]));
    }

    /// Adds the order's attempt with a method, and the job that makes it.
    pub(super) async fn charge(
        &mut self,
        conn: &mut PgConnection,
        provider: &'static str,
        invoice: InvoiceId,
        attempt: i32,
        method: &MethodRow,
    ) -> sqlx::Result<()> {
        let payment = PaymentId::derived(&format!("{invoice}/{attempt}"));
        let key = OpKey::execute(invoice, attempt).as_str().to_owned();
        self.note("payments", &payment.to_string());
        let mut rows = PlannedPayments::default();
        rows.push(PlannedPayment {
            id: payment.0,
            invoice_id: invoice.0,
            subscription_id: None,
            order_id: Some(self.order.0),
            customer_id: self.customer.0,
            clock_id: self.clock_id,
            attempt,
            method_id: method.id,
            network: method.network.clone(),
            provider: provider.to_owned(),
            amount_minor: self.amount.minor,
            currency: self.amount.currency.code().to_owned(),
            request_hash: request_hash(&key, PaymentMethodId(method.id), self.amount),
            idempotency_key: key,
            planned_at: self.now,
            decision: self.version,
            occasion: Occasion::Schedule.as_str().to_owned(),
        });
        payments::plan(&mut *conn, &rows).await?;
        let mut errands = Errands::default();
        errands.push(&CollectPayment { payment });
        errands.enqueue(conn).await
    }

    /// Books the order's amount.
    pub(super) async fn post(
        &mut self,
        conn: &mut PgConnection,
        kind: &str,
        sides: Sides,
        invoice: InvoiceId,
        payment: Option<PaymentId>,
    ) -> sqlx::Result<()> {
        let posting = PostingId::derived(&format!("{invoice}/{kind}"));
        self.note("postings", &posting.to_string());
        let moved = Transfer {
            posting,
            kind,
            entries: ledger::sides(sides, self.amount.minor),
            currency: self.amount.currency.code(),
            customer_id: self.customer.0,
            subscription_id: None,
            order_id: Some(self.order.0),
            invoice_id: invoice.0,
            payment_id: payment.map(Into::into),
            at: self.now,
            decision: self.version,
        };
        ledger::transfer(conn, &moved).await
    }

    /// Puts a letter into the outbox.
    pub(super) async fn tell(
        &mut self,
        conn: &mut PgConnection,
        key: String,
        letter: &Letter,
    ) -> sqlx::Result<()> {
        self.note("emails", &key);
        let decided = Decided { clock_id: self.clock_id, at: self.now, decision: self.version };
        let mail = QueuedEmail {
            order_id: Some(self.order.0),
            ..QueuedEmail::to(self.customer.0, key, letter, decided)
        };
        let email = mail.id.into();
        let mut rows = QueuedEmails::default();
        rows.push(mail);
        emails::queue(&mut *conn, &rows).await?;
        let mut errands = Errands::default();
        errands.push(&SendEmail { email });
        errands.enqueue(conn).await
    }

    /// Saves where the order stands now, and the audit row.
    pub(super) async fn conclude(
        self,
        conn: &mut PgConnection,
        act: &str,
        status: Status<'_>,
    ) -> sqlx::Result<()> {
        let (word, closed_at, reason) = match status {
            Status::Pending => ("pending", None, None),
            Status::Parked(reason) => ("pending", None, Some(reason)),
            Status::Paid => ("paid", Some(self.now), None),
            Status::Failed(reason) => ("failed", Some(self.now), Some(reason)),
        };
        let standing =
            Standing { id: self.order.0, version: self.version, status: word, closed_at, reason };
        orders::save(&mut *conn, &standing).await?;
        let mut rows = AuditRows::default();
        rows.push(AuditRow {
            subject_id: self.order.0,
            subject_kind: "order".to_owned(),
            version: self.version,
            act: act.to_owned(),
            at: self.now,
            actor: self.by.to_owned(),
            facts: self.facts.into(),
        });
        audit::insert(conn, &rows).await
    }
}

/// Where an order stands after a decision.
#[derive(Debug, Clone, Copy)]
pub(super) enum Status<'a> {
    /// An outcome is awaited.
    Pending,
    /// An operator has to look.
    Parked(&'a str),
    /// It is paid, and what was bought is there.
    Paid,
    /// Nothing could be charged.
    Failed(&'a str),
}

/// What an order comes to.
pub(super) fn money(minor: i64, currency: &str) -> Result<Money, String> {
    let currency = Currency::parse(currency).map_err(|error| error.to_string())?;
    Ok(Money::new(minor, currency))
}
