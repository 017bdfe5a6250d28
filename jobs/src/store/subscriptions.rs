//! Subscriptions: where they stand and what comes next.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

/// A subscription as stored, locked.
#[derive(Debug, Clone)]
pub(crate) struct SubscriptionRow {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) clock_id: Uuid,
    pub(crate) plan_id: Uuid,
    pub(crate) plan_name: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) anchor_local: NaiveDateTime,
    pub(crate) anchor_zone: String,
    pub(crate) interval_unit: String,
    pub(crate) interval_count: i32,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) trial_end: Option<DateTime<Utc>>,
    pub(crate) period_index: i64,
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) period_end: DateTime<Utc>,
    pub(crate) cancel_requested_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) policy_id: Uuid,
    pub(crate) dunning_case_id: Option<Uuid>,
    pub(crate) status_until: Option<DateTime<Utc>>,
    pub(crate) renewal_notice_index: Option<i64>,
    pub(crate) card_notice_index: Option<i64>,
    pub(crate) trial_notice_at: Option<DateTime<Utc>>,
    pub(crate) grace_notice_at: Option<DateTime<Utc>>,
    pub(crate) parked_reason: Option<String>,
    pub(crate) parked_at: Option<DateTime<Utc>>,
    pub(crate) parked_kind: Option<String>,
    pub(crate) version: i64,
}

/// Locks subscriptions, in the order of their ids so that two batches never wait for each other
/// in a circle. Those that do not exist are not among the answer.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> sqlx::Result<Vec<SubscriptionRow>> {
    sqlx::query_as!(
        SubscriptionRow,
        r#"select s.id, s.customer_id, s.clock_id, s.plan_id, p.name as plan_name,
                  perennial.business_now(s.clock_id) as "now!", s.status, s.currency,
                  s.anchor_local, s.anchor_zone, s.interval_unit, s.interval_count, s.started_at, s.trial_end,
                  s.period_index, s.period_start, s.period_end, s.cancel_requested_at, s.ended_at,
                  s.policy_id, s.dunning_case_id, s.status_until, s.renewal_notice_index,
                  s.card_notice_index, s.trial_notice_at, s.grace_notice_at, s.parked_reason, s.parked_at,
                  s.parked_kind, s.version
             from perennial.subscriptions s join perennial.plans p on p.id = s.plan_id
            where s.id = any($1) order by s.id for no key update of s"#,
        ids
    )
    .fetch_all(conn)
    .await
}

/// The subscriptions of a customer, in the order of their ids.
pub(crate) async fn of_customer(
    conn: &mut PgConnection,
    customer: Uuid,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from perennial.subscriptions where customer_id = $1 order by id",
        customer
    )
    .fetch_all(conn)
    .await
}

columns! {
    /// What a decision changes of a subscription.
    Standing / Standings {
        id: Uuid,
        plan_id: Uuid,
        status: String,
        period_index: i64,
        period_start: DateTime<Utc>,
        period_end: DateTime<Utc>,
        cancel_requested_at: Option<DateTime<Utc>>,
        ended_at: Option<DateTime<Utc>>,
        dunning_case_id: Option<Uuid>,
        status_until: Option<DateTime<Utc>>,
        renewal_notice_index: Option<i64>,
        card_notice_index: Option<i64>,
        trial_notice_at: Option<DateTime<Utc>>,
        grace_notice_at: Option<DateTime<Utc>>,
        parked_reason: Option<String>,
        parked_at: Option<DateTime<Utc>>,
        parked_kind: Option<String>,
        next_action: Option<String>,
        next_action_at: Option<DateTime<Utc>>,
        version: i64,
    }
}

/// Saves where subscriptions stand now.
pub(crate) async fn save(conn: &mut PgConnection, rows: &Standings) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.subscriptions s
            set plan_id = u.plan_id, status = u.status, period_index = u.period_index,
                period_start = u.period_start, period_end = u.period_end,
                cancel_requested_at = u.cancel_requested_at, ended_at = u.ended_at,
                dunning_case_id = u.dunning_case_id, status_until = u.status_until,
                renewal_notice_index = u.renewal_notice_index, card_notice_index = u.card_notice_index,
                trial_notice_at = u.trial_notice_at, grace_notice_at = u.grace_notice_at,
                parked_reason = u.parked_reason, parked_at = u.parked_at, parked_kind = u.parked_kind,
                next_action = u.next_action,
                next_action_at = u.next_action_at, version = u.version, updated_at = now()
           from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                       $7::timestamptz[], $8::timestamptz[], $9::uuid[], $10::timestamptz[], $11::bigint[],
                       $12::bigint[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[],
                       $17::timestamptz[], $18::bigint[], $19::timestamptz[], $20::text[])
                as u (id, plan_id, status, period_index, period_start, period_end, cancel_requested_at, ended_at,
                      dunning_case_id, status_until, renewal_notice_index, card_notice_index, trial_notice_at,
                      grace_notice_at, parked_reason, next_action, next_action_at, version, parked_at, parked_kind)
          where s.id = u.id",
        &rows.id,
        &rows.plan_id,
        &rows.status,
        &rows.period_index,
        &rows.period_start,
        &rows.period_end,
        &rows.cancel_requested_at as &[Option<DateTime<Utc>>],
        &rows.ended_at as &[Option<DateTime<Utc>>],
        &rows.dunning_case_id as &[Option<Uuid>],
        &rows.status_until as &[Option<DateTime<Utc>>],
        &rows.renewal_notice_index as &[Option<i64>],
        &rows.card_notice_index as &[Option<i64>],
        &rows.trial_notice_at as &[Option<DateTime<Utc>>],
        &rows.grace_notice_at as &[Option<DateTime<Utc>>],
        &rows.parked_reason as &[Option<String>],
        &rows.next_action as &[Option<String>],
        &rows.next_action_at as &[Option<DateTime<Utc>>],
        &rows.version,
        &rows.parked_at as &[Option<DateTime<Utc>>],
        &rows.parked_kind as &[Option<String>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// A subscription that begins, as it stands.
    NewSubscription / NewSubscriptions {
        id: Uuid,
        customer_id: Uuid,
        clock_id: Uuid,
        currency: String,
        anchor_local: NaiveDateTime,
        anchor_zone: String,
        interval_unit: String,
        interval_count: i32,
        started_at: DateTime<Utc>,
        trial_end: Option<DateTime<Utc>>,
        policy_id: Uuid,
    }
}

/// Adds subscriptions that stand as `standings` says, in the same order.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &NewSubscriptions,
    standings: &Standings,
) -> sqlx::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.subscriptions
             (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit,
              interval_count, started_at, trial_end, period_index, period_start, period_end, policy_id,
              dunning_case_id, status_until, next_action, next_action_at, version)
         select u.id, u.customer_id, u.clock_id, u.plan_id, u.status, u.currency, u.anchor_local, u.anchor_zone,
                u.interval_unit, u.interval_count, u.started_at, u.trial_end, u.period_index, u.period_start,
                u.period_end, u.policy_id, u.dunning_case_id, u.status_until, u.next_action, u.next_action_at, u.version
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamp[],
                       $8::text[], $9::text[], $10::integer[], $11::timestamptz[], $12::timestamptz[], $13::bigint[],
                       $14::timestamptz[], $15::timestamptz[], $16::uuid[], $17::uuid[], $18::timestamptz[],
                       $19::text[], $20::timestamptz[], $21::bigint[])
                as u (id, customer_id, clock_id, plan_id, status, currency, anchor_local, anchor_zone, interval_unit,
                      interval_count, started_at, trial_end, period_index, period_start, period_end, policy_id,
                      dunning_case_id, status_until, next_action, next_action_at, version)",
        &new.id,
        &new.customer_id,
        &new.clock_id,
        &standings.plan_id,
        &standings.status,
        &new.currency,
        &new.anchor_local,
        &new.anchor_zone,
        &new.interval_unit,
        &new.interval_count,
        &new.started_at,
        &new.trial_end as &[Option<DateTime<Utc>>],
        &standings.period_index,
        &standings.period_start,
        &standings.period_end,
        &new.policy_id,
        &standings.dunning_case_id as &[Option<Uuid>],
        &standings.status_until as &[Option<DateTime<Utc>>],
        &standings.next_action as &[Option<String>],
        &standings.next_action_at as &[Option<DateTime<Utc>>],
        &standings.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of these subscriptions that exist.
pub(crate) async fn existing(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!("select id from perennial.subscriptions where id = any($1)", ids)
        .fetch_all(conn)
        .await
}

/// The subscription an invoice is of.
pub(crate) async fn of_invoice(
    conn: &mut PgConnection,
    invoice: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"select subscription_id as "id!" from perennial.invoices where id = $1 and subscription_id is not null"#,
        invoice
    )
    .fetch_optional(conn)
    .await
}
