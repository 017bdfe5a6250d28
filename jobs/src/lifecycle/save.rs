//! From decisions to rows: each kind of effect becomes rows of one table, and each table is
//! written in one statement for all subscriptions of the transaction.

mod revenue;
mod rows;

use std::collections::{HashMap, HashSet};

use perennial_core::ids::{InvoiceId, PaymentMethodId, PendingItemId, SubscriptionId};
use perennial_core::lifecycle::{CaseOutcome, Decision, Effect, Notice, Subscription, agenda};
use sqlx::PgConnection;
use uuid::Uuid;

use super::letters::{Desk, LetterFor};
use super::load::Loaded;
use super::{Cause, Journal};
use crate::catalogue::{CollectPayment, Due, SendEmail};
use crate::store::invoices::{self, LineText};
use crate::store::jobs::Errands;
use crate::store::subscriptions::{NewSubscription, NewSubscriptions, Standing};
use crate::store::{
    audit, cases, emails, found_payments, items, ledger, meters, methods, payments, pending_items,
    periods, subscriptions,
};
use crate::waiting;
use revenue::Revenue;
use rows::Facts;

pub(crate) use rows::{found_hash, request_hash};

/// Decisions that are saved together.
pub(crate) struct Batch {
    provider: &'static str,
    decided: Vec<Decided>,
}

/// A decision with what it was taken upon.
pub(super) struct Decided {
    pub(super) loaded: Loaded,
    pub(super) after: Subscription,
    pub(super) effects: Vec<Effect>,
    pub(super) by: &'static str,
    pub(super) cause: Option<Cause>,
}

impl Decided {
    /// Whether the customer may use more or less afterwards.
    fn changes_limits(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Moved { from, to, .. } => {
                from.is_none_or(|from| from.has_access() != to.has_access()) || to.is_final()
            }
            Effect::ItemsReplaced => true,
            _ => false,
        })
    }
}

/// Rows of one transaction, by table.
#[derive(Default)]
struct Tables {
    standings: subscriptions::Standings,
    periods: periods::PeriodRows,
    invoices: invoices::NewInvoices,
    lines: invoices::LineRows,
    closings: invoices::Closings,
    receipts: invoices::Receipts,
    planned: payments::PlannedPayments,
    settled: payments::SettledPayments,
    found: found_payments::FoundPayments,
    entries: ledger::EntryRows,
    balances: ledger::BalanceRows,
    edges: audit::EdgeRows,
    audit: audit::AuditRows,
    emails: emails::QueuedEmails,
    cases: Vec<(cases::CaseRow, Option<chrono::DateTime<chrono::Utc>>)>,
    closed_cases: Vec<(Uuid, CaseOutcome, chrono::DateTime<chrono::Utc>)>,
    blocked: Vec<methods::Block>,
    held: Vec<(PaymentMethodId, chrono::DateTime<chrono::Utc>)>,
    replaced_items: Vec<(Uuid, Vec<items::NewItem>)>,
    first_items: items::FirstItems,
    billed: Vec<(Vec<PendingItemId>, InvoiceId)>,
    // Customers whose limits may have changed, and subscriptions that ended.
    entitled: Vec<Uuid>,
    ended: Vec<Uuid>,
    errands: Errands,
    revenue: Revenue,
}

impl Batch {
    pub(crate) fn new(provider: &'static str) -> Self {
        Self { provider, decided: Vec::new() }
    }

    /// Takes up a decision.
    pub(super) fn add(
        &mut self,
        loaded: Loaded,
        decision: Decision,
        by: &'static str,
        cause: &Cause,
    ) {
        let Decision { after, effects } = decision;
        self.decided.push(Decided { loaded, after, effects, by, cause: Some(cause.clone()) });
    }

    /// Drops the decisions that change limits of customers whose meters a caller holds.
    pub(crate) async fn leave_out_held(
        &mut self,
        conn: &mut PgConnection,
    ) -> sqlx::Result<HashSet<SubscriptionId>> {
        let limited = self.decided.iter().filter(|decided| decided.changes_limits());
        let customers: Vec<Uuid> = limited.map(|decided| decided.after.customer.0).collect();
        let held = meters::take(conn, &customers).await?;
        let mut left_out = HashSet::new();
        self.decided.retain(|decided| {
            let free = !decided.changes_limits() || !held.contains(&decided.after.customer.0);
            if !free {
                left_out.insert(decided.after.id);
            }
            free
        });
        Ok(left_out)
    }

    /// Saves all decisions.
    pub(crate) async fn write(mut self, conn: &mut PgConnection) -> sqlx::Result<Journal> {
        if self.decided.is_empty() {
            return Ok(Journal::default());
        }
        let mut tables = Tables::default();
        let receipts = receipt_lines(&mut *conn, &self.decided).await?;
        waiting::only_workers_ahead(&mut *conn).await?;
        // Elsewhere numbers are taken as late as can be: their counter stays locked until the commit.
        if self.decided.iter().any(tells_of_its_own_invoice) {
            number_invoices(&mut *conn, &mut self.decided).await?;
        }
        for decided in &self.decided {
            let standing = self.take(decided, &receipts, &mut tables)?;
            tables.standings.push(standing);
        }
        subscriptions::save(&mut *conn, &tables.standings).await?;
        tables.write(conn).await?;
        Ok(self.journal())
    }

    fn journal(&self) -> Journal {
        let mut journal = Journal::default();
        for decided in &self.decided {
            journal.note(&decided.loaded.subscription, &decided.after, &decided.effects);
        }
        journal
    }

    /// Saves decisions that subscriptions begin.
    pub(super) async fn write_new(
        mut self,
        conn: &mut PgConnection,
        new: Vec<(NewSubscription, Decided)>,
    ) -> sqlx::Result<Journal> {
        let mut tables = Tables::default();
        let mut rows = NewSubscriptions::default();
        for (row, decided) in new {
            rows.push(row);
            self.decided.push(decided);
        }
        waiting::only_workers_ahead(&mut *conn).await?;
        // As above: who signs up holds up nobody's renewal.
        if self.decided.iter().any(tells_of_its_own_invoice) {
            number_invoices(&mut *conn, &mut self.decided).await?;
        }
        for decided in &self.decided {
            let standing = self.take(decided, &HashMap::new(), &mut tables)?;
            tables.standings.push(standing);
            rows::first_items(decided).for_each(|item| tables.first_items.push(item));
        }
        subscriptions::insert(&mut *conn, &rows, &tables.standings).await?;
        tables.write(conn).await?;
        Ok(self.journal())
    }

    /// Spreads a decision over the tables. Answers with where the subscription stands.
    fn take(
        &self,
        decided: &Decided,
        receipts: &HashMap<InvoiceId, Vec<LineText>>,
        tables: &mut Tables,
    ) -> sqlx::Result<Standing> {
        let mut facts = Facts::default();
        let desk = Desk::new(decided, receipts);
        if decided.changes_limits() {
            tables.entitled.push(decided.after.customer.0);
        }
        for (position, effect) in decided.effects.iter().enumerate() {
            tables.take(effect, position, decided, self.provider, &desk, &mut facts);
        }
        if let Some(settled) = rows::settled(decided) {
            tables.settled.push(settled);
        }
        if let Some(case) = rows::case(decided) {
            tables.cases.push(case);
        }
        let next = agenda(&decided.after, &decided.loaded.policy);
        // Who catches up need not wait for a sweep to find what is due already.
        if let Some((action, at)) = next.filter(|(_, at)| *at <= decided.loaded.now) {
            tables.errands.push_due(action, &Due { subscription: decided.after.id, at });
        }
        tables.audit.push(rows::audit(decided, facts));
        tables.revenue.take(decided)?;
        Ok(rows::standing(decided, next))
    }
}

impl Tables {
    fn take(
        &mut self,
        effect: &Effect,
        position: usize,
        decided: &Decided,
        provider: &'static str,
        desk: &Desk<'_>,
        facts: &mut Facts,
    ) {
        match effect {
            Effect::Moved { from, edge, to, period_index } => {
                facts.note("edges", edge.as_str());
                if to.is_final() {
                    self.ended.push(decided.after.id.0);
                }
                self.edges.push(rows::edge(decided, *from, *edge, *to, *period_index));
            }
            Effect::PeriodOpened { period, kind } => {
                self.periods.push(rows::period(decided, *period, *kind))
            }
            Effect::Issued(invoice) => {
                facts.note("invoices", &invoice.id.to_string());
                self.invoices.push(rows::invoice(decided, invoice));
                rows::lines(invoice).for_each(|line| self.lines.push(line));
            }
            Effect::Charge { payment, invoice, attempt, method, amount_minor, occasion } => {
                facts.note("payments", &payment.to_string());
                let charge = rows::Charge {
                    payment: *payment,
                    invoice: *invoice,
                    attempt: *attempt,
                    method: *method,
                    amount_minor: *amount_minor,
                    occasion: *occasion,
                };
                self.planned.push(rows::planned(decided, provider, charge));
                self.errands.push(&CollectPayment { payment: *payment });
            }
            Effect::Found { payment, attempt, .. } => {
                facts.note("found", &payment.to_string());
                if let Some(found) = rows::found(decided, provider, *attempt) {
                    self.found.push(found);
                }
            }
            Effect::Settled { payment } => facts.note("settled", &payment.to_string()),
            Effect::Closed { invoice, how } => self.closings.push(invoices::Closing {
                id: invoice.0,
                status: how.as_str().to_owned(),
                at: decided.loaded.now,
            }),
            Effect::Receipted { invoices } => {
                let key = desk.receipt_key(invoices);
                for invoice in invoices {
                    self.receipts
                        .push(invoices::Receipted { id: invoice.0, receipt_key: key.clone() });
                }
            }
            Effect::Post(posting) => {
                facts.note("postings", &posting.id.to_string());
                rows::entries(decided, posting).for_each(|entry| self.entries.push(entry));
            }
            Effect::Balance(change) => {
                self.balances.push(rows::balance(decided, *change, position))
            }
            Effect::CaseClosed { case, outcome } => {
                self.closed_cases.push((case.0, *outcome, decided.loaded.now))
            }
            Effect::BlockMethod { method, reason, scope } => self.blocked.push(methods::Block {
                method: method.0,
                reason: reason.clone(),
                scope: *scope,
                at: decided.loaded.now,
            }),
            Effect::HoldMethod { method, until } => self.held.push((*method, *until)),
            Effect::ItemsReplaced => {
                self.replaced_items.push((decided.after.id.0, rows::items(&decided.after)));
            }
            Effect::PendingBilled { items, invoice } => {
                self.billed.push((items.clone(), *invoice));
            }
            Effect::Notify(notice) => self.post(notice, decided, desk, facts),
            Effect::Remark(text) => facts.note("remarks", text),
        }
    }

    /// Puts a letter into the outbox.
    fn post(&mut self, notice: &Notice, decided: &Decided, desk: &Desk<'_>, facts: &mut Facts) {
        let Some(LetterFor { key, letter }) = desk.write(notice) else { return };
        let email = rows::email(decided, key, &letter);
        facts.note("emails", &email.key);
        self.errands.push(&SendEmail { email: email.id.into() });
        self.emails.push(email);
    }

    /// Invoices come late: taking their numbers makes other transactions wait for this one. Revenue
    /// comes last: who holds a customer's total waits for nothing but other totals, in their order.
    async fn write(self, conn: &mut PgConnection) -> sqlx::Result<()> {
        periods::insert(&mut *conn, &self.periods).await?;
        payments::settle(&mut *conn, &self.settled).await?;
        ledger::insert(&mut *conn, &self.entries).await?;
        for (case, next_rung_at) in &self.cases {
            cases::save(&mut *conn, case, *next_rung_at).await?;
        }
        for (case, outcome, at) in &self.closed_cases {
            cases::close(&mut *conn, *case, outcome.as_str(), *at).await?;
        }
        for block in &self.blocked {
            methods::block(&mut *conn, block).await?;
        }
        for (method, until) in &self.held {
            methods::hold(&mut *conn, method.0, *until).await?;
        }
        items::insert(&mut *conn, &self.first_items).await?;
        for (subscription, wanted) in &self.replaced_items {
            items::replace(&mut *conn, *subscription, wanted).await?;
        }
        // Limits hold from the edge on that gave access.
        audit::insert_edges(&mut *conn, &self.edges).await?;
        meters::entitle(&mut *conn, &self.entitled).await?;
        // Now that no meter of theirs can be closed beside this: nothing that waits is overlooked.
        pending_items::await_final_invoice(&mut *conn, &self.ended).await?;
        emails::queue(&mut *conn, &self.emails).await?;
        audit::insert(&mut *conn, &self.audit).await?;
        self.errands.enqueue(&mut *conn).await?;
        invoices::insert(&mut *conn, &self.invoices).await?;
        invoices::insert_lines(&mut *conn, &self.lines).await?;
        for (items, invoice) in &self.billed {
            pending_items::billed(&mut *conn, items, *invoice).await?;
        }
        invoices::close(&mut *conn, &self.closings).await?;
        invoices::receipted(&mut *conn, &self.receipts).await?;
        payments::plan(&mut *conn, &self.planned).await?;
        found_payments::insert_found(&mut *conn, &self.found).await?;
        ledger::move_balances(&mut *conn, &self.balances).await?;
        self.revenue.write(conn).await
    }
}

/// Whether a letter may name the number of an invoice that its own decision issues.
fn tells_of_its_own_invoice(decided: &Decided) -> bool {
    let any = |wanted: fn(&Effect) -> bool| decided.effects.iter().any(wanted);
    any(|effect| matches!(effect, Effect::Issued(_)))
        && any(|effect| matches!(effect, Effect::Notify(_)))
}

/// Takes numbers for all invoices that were issued, in the order of the decisions.
async fn number_invoices(conn: &mut PgConnection, decided: &mut [Decided]) -> sqlx::Result<()> {
    let issued = |decided: &Decided| {
        let issued = decided.effects.iter().filter_map(|effect| match effect {
            Effect::Issued(invoice) => Some(invoice.id),
            _ => None,
        });
        issued.collect::<Vec<_>>()
    };
    let count: usize = decided.iter().map(|decided| issued(decided).len()).sum();
    if count == 0 {
        return Ok(());
    }
    let mut next = invoices::take_numbers(conn, i64::try_from(count).unwrap_or(i64::MAX)).await?;
    for decided in decided {
        for id in issued(decided) {
            decided.loaded.numbers.insert(id, next);
            next += 1;
        }
    }
    Ok(())
}

/// The lines of invoices that a receipt will name.
async fn receipt_lines(
    conn: &mut PgConnection,
    decided: &[Decided],
) -> sqlx::Result<HashMap<InvoiceId, Vec<LineText>>> {
    let named =
        decided.iter().flat_map(|decided| &decided.effects).filter_map(|effect| match effect {
            Effect::Notify(Notice::Receipt { invoices }) => Some(invoices),
            _ => None,
        });
    let ids: Vec<Uuid> = named.flatten().map(|id| id.0).collect();
    let mut lines: HashMap<InvoiceId, Vec<LineText>> = HashMap::new();
    for line in invoices::lines(conn, &ids).await? {
        lines.entry(line.invoice_id.into()).or_default().push(line);
    }
    Ok(lines)
}
