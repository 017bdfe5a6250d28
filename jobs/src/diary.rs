//! All that happened to a subscription, in order: events, edges, invoices, charges, mail, books.
//!
//! A line's text says what happened in words that do not change from run to run; its detail names
//! the rows (ids, invoice numbers, the provider's request ids).

use std::fmt;

use chrono::{DateTime, Utc};
use perennial_core::currency::Currency;
use perennial_core::ids::SubscriptionId;
use perennial_core::money::Money;
use sqlx::PgConnection;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// When, in business time.
    pub at: DateTime<Utc>,
    /// What kind of thing: event, status, invoice, charge, letter, books, remark.
    pub kind: String,
    /// What happened.
    pub text: String,
    /// Of an email: whether it arrived, and if not, why. This may change from run to run.
    pub outcome: Option<String>,
    /// The rows behind it.
    pub detail: String,
}

impl Line {
    /// The line, with what became of an email.
    #[must_use]
    pub fn with_outcome(&self) -> String {
        let outcome = self.outcome.as_ref().map_or_else(String::new, |it| format!(": {it}"));
        format!("{self}{outcome}")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {:8}{}", self.at.format("%Y-%m-%d %H:%M"), self.kind, self.text)
    }
}

/// The diary of a subscription; empty where there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn of(conn: &mut PgConnection, subscription: SubscriptionId) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"select d.at as "at!", d.kind as "kind!", d.text as "text!", d.detail as "detail!",
                  d.amount_minor, d.currency, o.outcome
             from (
                  select e.at, coalesce(a.version, 0) as version, 0 as rank, 'event' as kind,
                         e.type || coalesce(': refused: ' || e.reason, '') as text, e.event_id as detail,
                         null::bigint as amount_minor, null::text as currency, e.seq as tie
                    from perennial.lifecycle_events e
                    join perennial.subscriptions s on s.id = $1
                    left join lateral (select min(version) as version from perennial.audit_log
                                        where subject_id = $1 and at >= e.at) a on true
                   where e.subject = $1
                      or e.subject in (select id from perennial.invoices where subscription_id = $1)
                      or e.subject in (select id from perennial.payments where subscription_id = $1)
                      or (e.subject = s.customer_id and e.at >= s.started_at)
                  union all
                  select h.at, h.version, 1, 'status',
                         coalesce(h.from_status || ' → ', '') || h.to_status || ': ' || h.edge
                             || ' (period ' || h.period_index || ')',
                         'by ' || h.by_job || ', decision ' || h.version, null, null, h.position
                    from perennial.subscription_history h where h.subscription_id = $1
                  union all
                  select i.finalized_at, i.decision, 2, 'invoice',
                         '{} for ' || coalesce('period ' || i.period_index, 'usage until the end'),
                         i.series || '-' || lpad(i.number::text, 6, '0') || ', inv_' || replace(i.id::text, '-', ''),
                         i.total_minor, i.currency, coalesce(i.period_index, i.number)
                    from perennial.invoices i where i.subscription_id = $1
                  union all
                  select i.closed_at, coalesce(a.version, i.decision), 5, 'invoice',
                         '{} for ' || coalesce('period ' || i.period_index, 'usage until the end') || ': ' || i.status,
                         i.series || '-' || lpad(i.number::text, 6, '0'), i.total_minor, i.currency, coalesce(i.period_index, i.number)
                    from perennial.invoices i
                    left join lateral (select max(outcome_decision) as version from perennial.payments p
                                        where p.invoice_id = i.id and p.settled_at = i.closed_at) a on true
                   where i.subscription_id = $1 and i.closed_at is not null
                  union all
                  select p.planned_at, p.decision, 3, 'charge',
                         'attempt ' || p.attempt || ' of {} on ' || coalesce(p.network, 'account') || coalesce(' ' || m.last4, ''),
                         'pay_' || replace(p.id::text, '-', ''), p.amount_minor, p.currency, p.attempt
                    from perennial.payments p join perennial.payment_methods m on m.id = p.method_id
                   where p.subscription_id = $1
                  union all
                  select p.settled_at, p.outcome_decision, 0, 'charge',
                         case p.origin when 'found' then 'paid at the provider' else p.status end
                             || coalesce(': ' || p.decline_code, '') || coalesce(': ' || p.last_error, ''),
                         coalesce(p.charge_reference, 'no charge') || coalesce(', ' || p.request_id, '')
                             || case when p.replayed then ', a replayed answer' else '' end,
                         null, null, p.attempt
                    from perennial.payments p where p.subscription_id = $1 and p.outcome_decision is not null
                  union all
                  select e.queued_at, e.decision, 7, 'letter', e.template,
                         e.key, null, null, 0
                    from perennial.emails e where e.subscription_id = $1
                  union all
                  select l.at, l.decision, 6, 'books',
                         l.kind || ' {}: ' || string_agg(case when l.amount_minor > 0 then 'debit ' else 'credit ' end
                             || l.account, ', ' order by l.position),
                         'post_' || replace(l.posting_id::text, '-', ''),
                         (sum(l.amount_minor) filter (where l.amount_minor > 0))::bigint, l.currency, 0
                    from perennial.ledger_entries l where l.subscription_id = $1
                   group by l.posting_id, l.at, l.decision, l.kind, l.currency
                  union all
                  select a.at, a.version, 8, 'remark', r.remark, 'by ' || a.actor, null, null, r.position
                    from perennial.audit_log a
                   cross join lateral jsonb_array_elements_text(a.facts -> 'remarks')
                        with ordinality r (remark, position)
                   where a.subject_id = $1
                  ) d
             left join lateral (
                  select case when e.status in ('sent', 'sending') then e.status
                              when e.status = 'queued' and e.deferred_for is null then 'queued'
                              when e.status = 'queued' then 'deferred (attempt ' || e.attempts || '): ' || e.reply
                              else e.status || coalesce(': ' || e.reply, '') end as outcome
                    from perennial.emails e where d.kind = 'letter' and e.key = d.detail) o on true
            order by d.at, d.version, d.rank, d.tie, d.text"#,
        subscription.0
    )
    .fetch_all(conn)
    .await?;
    let lines = rows.into_iter().map(|row| Line {
        text: with_amount(row.text, row.amount_minor, row.currency.as_deref()),
        at: row.at,
        kind: row.kind,
        outcome: row.outcome,
        detail: row.detail,
    });
    Ok(lines.collect())
}

fn with_amount(text: String, minor: Option<i64>, currency: Option<&str>) -> String {
    match (minor, currency.map(Currency::parse)) {
        (Some(minor), Some(Ok(currency))) => {
            text.replace("{}", &Money::new(minor, currency).to_string())
        }
        _ => text,
    }
}
