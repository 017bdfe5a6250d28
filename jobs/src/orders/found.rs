//! Money for an order that was found at the provider: the customer paid there, and has what was
//! bought, be it that the order had failed here meanwhile.

use perennial_core::ids::OrderId;
use sqlx::PgConnection;

use super::decision::{Decision, Status};
use super::settle::{close, decision, receipt, receipted};
use super::top_up;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{Found, found_hash};
use crate::payments::OpKey;
use crate::store::found_payments::{self, FoundPayment, FoundPayments};
use crate::store::orders::{self, OrderRow};

/// Books the money, once, and grants what was bought.
pub(crate) async fn found(
    cx: &Cx,
    order: OrderId,
    found: &Found,
    by: &'static str,
) -> Result<(), Failure> {
    let mut transaction = cx.pool.begin().await?;
    let mut noted = false;
    if let Some(row) = orders::lock(&mut transaction, order.0).await?
        && row.in_flight.is_none()
        && row.status != "paid"
    {
        let decision = decision(&row, by).map_err(Failure::give_up)?;
        noted = note(&mut transaction, cx.payments.name(), &row, found, decision).await?;
    }
    crate::crash_point!("C6");
    transaction.commit().await?;
    crate::crash_point!("C7");
    if noted {
        tracing::info!(
            order.id = %order,
            invoice.id = %found.invoice,
            amount_minor = found.amount_minor,
            "{order} was paid at the provider: {}",
            found.payment()
        );
    }
    Ok(())
}

/// Returns whether it was booked: what is not the order's amount is for an operator.
async fn note(
    conn: &mut PgConnection,
    provider: &'static str,
    order: &OrderRow,
    found: &Found,
    mut decision: Decision,
) -> sqlx::Result<bool> {
    if found.amount_minor != order.total_minor {
        let why = format!("{} were captured of {}", found.amount_minor, order.total_minor);
        tracing::error!(order.id = %decision.order, "{}: {why}: look at the provider", decision.order);
        return Ok(false);
    }
    let (invoice, payment) = (found.invoice, found.payment());
    decision.facts.insert("found".to_owned(), serde_json::json!([payment.to_string()]));
    let mut rows = FoundPayments::default();
    rows.push(row(provider, order, found, &decision));
    found_payments::insert_found(&mut *conn, &rows).await?;
    // What was voided is owed no more: the money is revenue as it comes.
    let sides = match order.status.as_str() {
        "pending" => ("cash", "accounts_receivable"),
        _ => ("cash", "revenue"),
    };
    decision.post(&mut *conn, "payment_received", sides, invoice, Some(payment)).await?;
    // A void invoice stays void, so that days that are over keep their figures.
    close(&mut *conn, &decision, invoice, "paid").await?;
    if order.kind == "top_up" {
        top_up::allow(&mut *conn, order, Some(decision.now)).await?;
    }
    orders::grant(&mut *conn, order.id).await?;
    let key = format!("receipt/{invoice}");
    let receipt = receipt(order, &decision, None);
    decision.tell(&mut *conn, key.clone(), &receipt.into()).await?;
    receipted(&mut *conn, invoice, key).await?;
    decision.conclude(conn, "payment_found", Status::Paid).await?;
    Ok(true)
}

fn row(provider: &str, order: &OrderRow, found: &Found, decision: &Decision) -> FoundPayment {
    let key = OpKey::found(found.invoice).as_str().to_owned();
    FoundPayment {
        id: found.payment().0,
        invoice_id: found.invoice.0,
        subscription_id: None,
        order_id: Some(order.id),
        customer_id: order.customer_id,
        clock_id: order.clock_id,
        attempt: order.attempts + 1,
        provider: provider.to_owned(),
        amount_minor: found.amount_minor,
        currency: order.currency.clone(),
        request_hash: found_hash(&key, decision.amount),
        idempotency_key: key,
        at: decision.now,
        charge_reference: found.charge.clone(),
        request_id: found.trace.request_id.clone(),
        decision: decision.version,
    }
}
