//! Where a subscription stands, and what comes next, when and why.

mod hindrances;
mod next_charge;

use chrono::{DateTime, Utc};
use perennial_core::ids::SubscriptionId;
use sqlx::PgConnection;

pub use hindrances::hindrances;
pub use next_charge::next_charge;

/// A subscription at a glance.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Standing {
    /// The subscription.
    pub subscription: String,
    /// The customer.
    pub customer: String,
    /// The plan's name.
    pub plan: String,
    /// Its status.
    pub status: String,
    /// Business time of its clock.
    pub now: DateTime<Utc>,
    /// The current period's number.
    pub period_index: i64,
    /// … its start,
    pub period_start: DateTime<Utc>,
    /// … and its end.
    pub period_end: DateTime<Utc>,
    /// The zone that boundaries keep the wall clock of.
    pub time_zone: String,
    /// What it costs per period, in minor units.
    pub price_minor: i64,
    /// The currency of its amounts.
    pub currency: String,
    /// What is owed on open invoices, in minor units.
    pub owed_minor: i64,
    /// The customer's balance in this currency, in minor units: credits above zero.
    pub balance_minor: i64,
    /// Since when it is to end with its period.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why nothing happens by itself any more.
    pub parked_reason: Option<String>,
    /// What it gives now: `full`, `restricted` or `none`.
    pub access: String,
    /// Grace: when access ends. Incomplete: until when the first payment is awaited.
    pub status_until: Option<DateTime<Utc>>,
    /// The original failure of the open dunning case.
    pub dunning_since: Option<DateTime<Utc>>,
    /// The last decline's code.
    pub last_decline_code: Option<String>,
    /// The attempt whose outcome is awaited, if there is one.
    pub awaited_payment: Option<String>,
    /// When it is asked for.
    pub awaited_until: Option<DateTime<Utc>>,
    /// What went back of its payments in refunds, in minor units.
    pub refunded_minor: i64,
    /// What banks took back of them in disputes that are open or lost, in minor units.
    pub disputed_minor: i64,
    /// What usage waits to be billed with the next invoice, or a final one, in minor units.
    pub pending_minor: i64,
    /// What happens next by itself.
    pub next_action: Option<String>,
    /// When.
    pub next_action_at: Option<DateTime<Utc>>,
}

/// Where a subscription stands; `None` where there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn standing(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select 'sub_' || replace(s.id::text, '-', '') as "subscription!",
                  'cus_' || replace(s.customer_id::text, '-', '') as "customer!", p.name as plan, s.status,
                  perennial.business_now(s.clock_id) as "now!", s.period_index, s.period_start, s.period_end,
                  s.anchor_zone as time_zone,
                  coalesce((select sum(i.quantity * i.unit_amount_minor) from perennial.subscription_items i
                             where i.subscription_id = s.id), 0)::bigint as "price_minor!",
                  s.currency,
                  coalesce((select sum(i.total_minor
                                       - coalesce((select sum(y.amount_minor) from perennial.payments y
                                                    where y.invoice_id = i.id and y.status = 'succeeded'), 0)
                                       + coalesce((select sum(b.amount_minor) from perennial.customer_balance_entries b
                                                    where b.invoice_id = i.id and b.kind in ('applied', 'carried')), 0))
                              from perennial.invoices i
                             where i.subscription_id = s.id and i.status = 'open'), 0)::bigint as "owed_minor!",
                  coalesce((select sum(b.amount_minor) from perennial.customer_balance_entries b
                             where b.customer_id = s.customer_id and b.currency = s.currency), 0)::bigint
                      as "balance_minor!",
                  g.refunded_minor as "refunded_minor!", g.disputed_minor as "disputed_minor!",
                  coalesce((select sum(w.amount_minor) from perennial.pending_invoice_items w
                             where w.subscription_id = s.id and w.invoice_id is null), 0)::bigint as "pending_minor!",
                  s.cancel_requested_at, s.ended_at, s.parked_reason, s.status_until,
                  perennial.subscription_access(s.id) as "access!",
                  c.failed_at as "dunning_since?", c.last_decline_code,
                  'pay_' || replace(f.id::text, '-', '') as awaited_payment, f.due_at as awaited_until,
                  s.next_action, s.next_action_at
             from perennial.subscriptions s
             join perennial.plans p on p.id = s.plan_id
             left join perennial.dunning_cases c on c.id = s.dunning_case_id and c.closed_at is null
             left join perennial.payments f
               on f.subscription_id = s.id and f.status in ('planned', 'executing', 'unknown', 'processing')
            cross join lateral (select coalesce(sum(b.refunded_minor), 0)::bigint as refunded_minor,
                                       coalesce(sum(b.disputed_minor), 0)::bigint as disputed_minor
                                  from perennial.invoices i join perennial.payments b on b.invoice_id = i.id
                                 where i.subscription_id = s.id) g
            where s.id = $1"#,
        subscription.0
    )
    .fetch_optional(conn)
    .await
}

impl Standing {
    /// What happens next, when and why, in sentences.
    #[must_use]
    pub fn outlook(&self) -> String {
        let ended = matches!(self.status.as_str(), "canceled" | "expired");
        if let Some(reason) = self.parked_reason.as_ref().filter(|_| !ended) {
            return format!(
                "Parked, nothing is billed or charged by itself: {reason}. {}\
                 `subscription.release_requested` sets it going again, and so does an attempt that \
                 has an outcome.",
                self.next_action_at.map_or_else(String::new, |at| format!(
                    "{} at {} unless somebody looks. ",
                    self.next_action.as_deref().unwrap_or_default(),
                    instant(at)
                ))
            );
        }
        if let Some(payment) = &self.awaited_payment {
            let when = self
                .awaited_until
                .map_or_else(String::new, |at| format!(" It is looked after at {}.", instant(at)));
            return format!(
                "The outcome of {payment} is awaited before anything that depends on it.{when}"
            );
        }
        match (self.next_action.as_deref(), self.next_action_at) {
            (Some(action), Some(at)) => format!("{} at {}: {}", action, instant(at), why(action)),
            _ if self.ended_at.is_some() && self.owed_minor > 0 => format!(
                "Nothing happens by itself: the subscription is {}. What is owed was tried; \
                 `invoice.pay_requested` or another payment method collects it.",
                self.status
            ),
            _ => format!("Nothing happens by itself: the subscription is {}.", self.status),
        }
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Why the agenda has this entry.
fn why(action: &str) -> &'static str {
    match action {
        "renew" => "the period ends then, and the next one is billed.",
        "retry_payment" => "the dunning ladder has its next rung then.",
        "expire_grace" => "grace ends then, and access with it, unless what is owed is paid.",
        "end_trial" => "the trial ends then.",
        "start_subscription" => "it was agreed to begin then. Until then it can be canceled.",
        "cancel_at_period_end" => {
            "a cancellation was asked for; the period ends then. It can be undone until that instant."
        }
        "expire_incomplete" => "the first payment is awaited until then.",
        "pre_dunning_notice" => {
            "the card expires before the next renewal, and the customer is told."
        }
        "upcoming_renewal_notice" => "the renewal is near, and the customer is told.",
        "trial_ending_notice" => "the trial ends soon, and the customer is told.",
        "grace_ending_notice" => "access ends soon, and the customer is told.",
        _ => "it is on the agenda.",
    }
}
