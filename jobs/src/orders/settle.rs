//! What the outcome of an attempt means for its order.

use perennial_core::ids::{CustomerId, InvoiceId, OrderId, PaymentMethodId};
use sqlx::PgConnection;

use super::decision::{Decision, Status, money};
use super::place::{self, first_usable};
use super::top_up;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{Settled, Settlement, method_words};
use crate::mail::{OrderFailed, PaidInvoice, Reason, Receipt, ReceiptLine};
use crate::payments::Decline;
use crate::store::invoices::{self, Closing, Closings, Receipted, Receipts, number_text};
use crate::store::methods::{self, Block, MethodRow};
use crate::store::orders::{self, OrderRow};
use crate::store::payments::{self, SettledPayments};
use crate::waiting;

/// Notes an outcome. One that is known already changes nothing.
pub(crate) async fn settle(
    cx: &Cx,
    order: OrderId,
    settlement: &Settlement,
    by: &'static str,
) -> Result<(), Failure> {
    let _turn = cx.turn().await;
    let mut transaction = waiting::begin(&cx.pool).await?;
    if let Some(order) = orders::lock(&mut transaction, order.0).await?
        && order.in_flight == Some(settlement.payment.0)
    {
        let decision = decision(&order, by).map_err(Failure::give_up)?;
        let outcome = Outcome { provider: cx.payments.name(), order: &order, settlement, decision };
        outcome.note(&mut transaction).await?;
    }
    crate::crash_point!("C6");
    transaction.commit().await?;
    crate::crash_point!("C7");
    Ok(())
}

pub(super) fn decision(order: &OrderRow, by: &'static str) -> Result<Decision, String> {
    Ok(Decision {
        order: OrderId(order.id),
        customer: CustomerId(order.customer_id),
        clock_id: order.clock_id,
        now: order.now,
        amount: money(order.total_minor, &order.currency)?,
        version: order.version + 1,
        by,
        facts: serde_json::Map::new(),
    })
}

/// An outcome of the attempt that was awaited.
struct Outcome<'a> {
    provider: &'static str,
    order: &'a OrderRow,
    settlement: &'a Settlement,
    decision: Decision,
}

impl Outcome<'_> {
    async fn note(mut self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let payment = self.settlement.payment.to_string();
        self.decision.facts.insert("settled".to_owned(), serde_json::json!([payment]));
        let mut rows = SettledPayments::default();
        rows.push(self.settlement.row(self.decision.now, self.decision.version));
        payments::settle(&mut *conn, &rows).await?;
        let methods = methods::load(&mut *conn, &[self.order.customer_id]).await?;
        match &self.settlement.settled {
            Settled::Succeeded { amount_minor } if *amount_minor == self.order.total_minor => {
                self.paid(conn, &methods).await
            }
            Settled::Succeeded { amount_minor } => {
                let why = format!("{amount_minor} were captured of {}", self.order.total_minor);
                self.decision.conclude(conn, "payment_mismatched", Status::Parked(&why)).await
            }
            Settled::Declined { decline } => self.declined(conn, &methods, decline).await,
            // Our own mistake, or an outcome that nobody could learn: it may have been captured.
            Settled::Rejected { reason } => {
                tracing::error!(order.id = %self.decision.order, "{} is parked: {reason}", self.decision.order);
                self.decision.conclude(conn, "payment_rejected", Status::Parked(reason)).await
            }
        }
    }

    async fn paid(mut self, conn: &mut PgConnection, methods: &[MethodRow]) -> sqlx::Result<()> {
        let (invoice, payment) = (self.settlement.invoice, self.settlement.payment);
        let sides = ("cash", "accounts_receivable");
        self.decision.post(&mut *conn, "payment_received", sides, invoice, Some(payment)).await?;
        close(&mut *conn, &self.decision, invoice, "paid").await?;
        if self.order.kind == "top_up" {
            top_up::allow(&mut *conn, self.order, Some(self.decision.now)).await?;
        }
        orders::grant(&mut *conn, self.order.id).await?;
        let key = format!("receipt/{invoice}");
        let method = charged(methods, self.settlement.method);
        let receipt = receipt(self.order, &self.decision, method);
        self.decision.tell(&mut *conn, key.clone(), &receipt.into()).await?;
        receipted(&mut *conn, invoice, key).await?;
        self.decision.conclude(conn, "payment_succeeded", Status::Paid).await
    }

    async fn declined(
        mut self,
        conn: &mut PgConnection,
        methods: &[MethodRow],
        decline: &Decline,
    ) -> sqlx::Result<()> {
        let after = self.heed(&mut *conn, decline).await?;
        // Backup methods are tried in order (rule D6), each once.
        let backups = place::methods_again(&mut *conn, methods, self.decision.now).await?;
        if let Some(backup) = first_usable(methods, &backups, &self.order.tried) {
            let attempt = i32::try_from(self.order.tried.len()).unwrap_or(i32::MAX - 1) + 1;
            let invoice = self.settlement.invoice;
            self.decision.charge(&mut *conn, self.provider, invoice, attempt, backup).await?;
            return self.decision.conclude(conn, "payment_declined", Status::Pending).await;
        }
        let invoice = self.settlement.invoice;
        let sides = ("revenue", "accounts_receivable");
        self.decision.post(&mut *conn, "invoice_voided", sides, invoice, None).await?;
        close(&mut *conn, &self.decision, invoice, "void").await?;
        receipted(&mut *conn, invoice, "none".to_owned()).await?;
        let letter = OrderFailed {
            what: self.order.description.clone(),
            amount: self.decision.amount,
            method: charged(methods, self.settlement.method),
            reason: Reason::from_decline_code(&decline.code),
        };
        let key = format!("order_failed/{}", self.decision.order);
        self.decision.tell(&mut *conn, key, &letter.into()).await?;
        if self.order.kind == "top_up" {
            let others = methods.iter().any(|method| {
                method.blocked_reason.is_none() && method.id != self.settlement.method.0
            });
            let again =
                (after == Heeded::Retriable || others).then(|| self.decision.now + AFTER_DECLINE);
            top_up::allow(&mut *conn, self.order, again).await?;
        }
        self.decision.conclude(conn, "payment_declined", Status::Failed(&decline.code)).await
    }

    /// Notes on the method what the issuer and the network said of it (rules D2, D3).
    async fn heed(&self, conn: &mut PgConnection, decline: &Decline) -> sqlx::Result<Heeded> {
        let (method, verdict) = (self.settlement.method, self.settlement.verdict(decline));
        if !verdict.retry {
            let block = Block {
                method: method.0,
                reason: decline.code.clone(),
                scope: verdict.action.block_scope(),
                at: self.decision.now,
            };
            methods::block(conn, &block).await?;
            return Ok(Heeded::Blocked);
        }
        if let Some(delay) = verdict.min_delay {
            methods::hold(conn, method.0, self.settlement.at + delay).await?;
        }
        Ok(Heeded::Retriable)
    }
}

/// Closes the order's invoice.
pub(super) async fn close(
    conn: &mut PgConnection,
    decision: &Decision,
    invoice: InvoiceId,
    status: &str,
) -> sqlx::Result<()> {
    let mut rows = Closings::default();
    rows.push(Closing { id: invoice.0, status: status.to_owned(), at: decision.now });
    invoices::close(conn, &rows).await
}

/// Records which email told the customer of the payment.
pub(super) async fn receipted(
    conn: &mut PgConnection,
    invoice: InvoiceId,
    receipt_key: String,
) -> sqlx::Result<()> {
    let mut rows = Receipts::default();
    rows.push(Receipted { id: invoice.0, receipt_key });
    invoices::receipted(conn, &rows).await
}

pub(super) fn receipt(
    order: &OrderRow,
    decision: &Decision,
    method: Option<crate::mail::Method>,
) -> Receipt {
    let amount = decision.amount;
    let line = ReceiptLine { description: order.description.clone(), amount };
    Receipt {
        plan: order.description.clone(),
        invoices: vec![PaidInvoice {
            number: number_text(order.invoice_number.unwrap_or_default()),
            period: None,
            lines: vec![line],
            total: amount,
        }],
        total: amount,
        paid_at: decision.now,
        method,
        renews_at: None,
    }
}

/// How long a top-up waits after a decline that may pass: each is a new order, and the networks
/// count attempts.
const AFTER_DECLINE: chrono::TimeDelta = chrono::TimeDelta::days(3);

/// What a decline means for its method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heeded {
    /// Never charged again unless attached anew.
    Blocked,
    /// It may be charged again some time.
    Retriable,
}

fn charged(methods: &[MethodRow], id: PaymentMethodId) -> Option<crate::mail::Method> {
    methods.iter().find(|method| method.id == id.0).map(method_words)
}
