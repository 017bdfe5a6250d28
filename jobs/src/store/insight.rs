//! What is known of single customers: the facts behind their churn indicators, what they paid, and
//! how their revenue moved.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

/// What the database knows of a customer that may say that they leave.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) customer_id: Uuid,
    /// The day it is for the customer, in the business's zone.
    pub(crate) date: NaiveDate,
    pub(crate) now: DateTime<Utc>,
    pub(crate) failed_payments: i64,
    pub(crate) last_failed_at: Option<DateTime<Utc>>,
    pub(crate) in_dunning_since: Option<DateTime<Utc>>,
    /// Metrics with four closed periods or more: `[{"metric", "last", "before": [_, _, _]}]`.
    pub(crate) usage: Value,
    pub(crate) downgrades: i64,
    pub(crate) last_downgrade_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) card_expires_at: Option<DateTime<Utc>>,
    pub(crate) renews_at: Option<DateTime<Utc>>,
}

/// The customers after this one who have a subscription that has not ended: only they can leave.
pub(crate) async fn at_risk(
    conn: &mut PgConnection,
    after: Uuid,
    customers_max: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select c.id from perennial.customers c
          where c.id > $1
            and exists (select from perennial.subscriptions s
                         where s.customer_id = c.id and s.status not in ('canceled', 'expired'))
          order by c.id limit $2",
        after,
        customers_max
    )
    .fetch_all(conn)
    .await
}

/// Gathers the facts of these customers, as they are now: business time of each one's clock.
pub(crate) async fn evidence(
    conn: &mut PgConnection,
    customers: &[Uuid],
    look_back_days: i32,
) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as!(
        Evidence,
        r#"with clocks as materialized (
               select k.id, perennial.business_now(k.id) as now,
                      (perennial.business_now(k.id) at time zone z.business_zone)::date as date
                 from perennial.clocks k cross join perennial.analytics_settings z
           ), asked as (
               -- What was before the first subscription that goes on says nothing of it (rule C14).
               select c.id, k.now, k.date,
                      greatest(k.now - make_interval(hours => 24 * $2),
                               (select min(s.started_at) from perennial.subscriptions s
                                 where s.customer_id = c.id and s.ended_at is null)) as since
                 from perennial.customers c join clocks k on k.id = c.clock_id
                where c.id = any($1)
           )
           select a.id as customer_id, a.date as "date!", a.now as "now!",
                  failed.times as "failed_payments!", failed.last_at as "last_failed_at?",
                  ladder.since as "in_dunning_since?", coalesce(usage.compared, '[]') as "usage!",
                  downgraded.times as "downgrades!", downgraded.last_at as "last_downgrade_at?",
                  leaving.ends_at as "ends_at?", card.expires_at as "card_expires_at?",
                  card.renews_at as "renews_at?"
             from asked a
            cross join lateral (
                  select count(*) as times, max(p.settled_at) as last_at from perennial.payments p
                   where p.customer_id = a.id and p.status = 'declined'
                     and p.settled_at > a.since and p.settled_at <= a.now) failed
            cross join lateral (
                  select min(d.failed_at) as since
                    from perennial.subscriptions s
                    join perennial.dunning_cases d on d.subscription_id = s.id and d.closed_at is null
                   where s.customer_id = a.id) ladder
            cross join lateral (
                  select jsonb_agg(jsonb_build_object('metric', c.code, 'last', u.used[1], 'before', to_jsonb(u.used[2:4]))
                                   order by c.code) as compared
                    from perennial.usage_meters m
                    join perennial.metric_codes c on c.metric_id = m.metric_id and c.retired_at is null
                   cross join lateral (
                         select array_agg(l.used order by l.period_start desc) as used
                           from (select g.used, g.period_start from perennial.usage_closings g
                                  where g.customer_id = m.customer_id and g.metric_id = m.metric_id
                                    and g.subscription_id = m.subscription_id
                                  order by g.period_start desc limit 4) l) u
                   where m.customer_id = a.id and m.period_end is not null and cardinality(u.used) = 4) usage
            cross join lateral (
                  select count(*) as times, max(t.at) as last_at
                    from (select distinct v.currency, v.at from perennial.mrr_movements v
                           where v.customer_id = a.id and v.kind = 'contraction' and v.at > a.since and v.at <= a.now) t
                  ) downgraded
            cross join lateral (
                  select min(s.period_end) as ends_at from perennial.subscriptions s
                   where s.customer_id = a.id and s.cancel_requested_at is not null and s.ended_at is null) leaving
             left join lateral (
                  select m.expires_at, r.renews_at
                    from (select f.expires_at from perennial.payment_methods f
                           where f.customer_id = a.id and f.blocked_reason is null order by f.position limit 1) m
                    join (select min(s.period_end) as renews_at
                            from perennial.subscriptions s
                           where s.customer_id = a.id and s.status in ('trialing', 'active')
                             and s.cancel_requested_at is null
                             and exists (select from perennial.subscription_items i
                                          where i.subscription_id = s.id and i.unit_amount_minor > 0)) r
                      on m.expires_at <= r.renews_at) card on true
            order by a.id"#,
        customers,
        look_back_days
    )
    .fetch_all(conn)
    .await
}

columns! {
    /// An indicator of a customer's day.
    IndicatorRow / IndicatorRows {
        customer_id: Uuid,
        date: NaiveDate,
        indicator: String,
        points: i32,
        facts: Value,
        scored_at: DateTime<Utc>,
    }
}

/// Writes what was found of these customers on these days, in place of what was found before.
pub(crate) async fn replace(
    conn: &mut PgConnection,
    customers: &[Uuid],
    dates: &[NaiveDate],
    rows: &IndicatorRows,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from perennial.churn_indicators i using unnest($1::uuid[], $2::date[]) u (customer, date)
          where i.customer_id = u.customer and i.date = u.date and i.date = any($2)",
        customers,
        dates
    )
    .execute(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    // Two at the same time find the same, give or take a moment.
    sqlx::query!(
        "insert into perennial.churn_indicators (customer_id, date, indicator, points, facts, scored_at)
         select * from unnest($1::uuid[], $2::date[], $3::text[], $4::integer[], $5::jsonb[], $6::timestamptz[])
         on conflict (customer_id, date, indicator) do update
            set points = excluded.points, facts = excluded.facts, scored_at = excluded.scored_at",
        &rows.customer_id,
        &rows.date,
        &rows.indicator,
        &rows.points,
        &rows.facts,
        &rows.scored_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a customer has been worth in one currency.
#[derive(Debug, Clone)]
pub(crate) struct Worth {
    pub(crate) currency: String,
    pub(crate) paid_minor: i64,
    pub(crate) mrr_numer: String,
    pub(crate) mrr_denom: String,
    /// Customers who paid in this currency at the beginning of the time looked back,
    pub(crate) paying: i64,
    /// … and those of them who left since.
    pub(crate) churned: i64,
}

/// What came in from a customer, and comes in per month: one row per currency.
pub(crate) async fn worth(
    conn: &mut PgConnection,
    customer: Uuid,
    months_back: i32,
) -> sqlx::Result<Vec<Worth>> {
    sqlx::query_as!(
        Worth,
        r#"select coalesce(p.currency, m.currency) as "currency!", coalesce(p.paid_minor, 0)::bigint as "paid_minor!",
                  coalesce(m.numer, 0)::text as "mrr_numer!", coalesce(m.denom, 1)::text as "mrr_denom!",
                  l.paying as "paying!", l.churned as "churned!"
             from perennial.paid_to_date($1) p
             full join (select * from perennial.customer_mrr where customer_id = $1) m using (currency)
            cross join (select perennial.business_now(clock_id) as now from perennial.customers where id = $1) c
            cross join perennial.analytics_settings z
            cross join lateral perennial.churn_since(
                  coalesce(p.currency, m.currency),
                  (c.now at time zone z.business_zone - make_interval(months => $2)) at time zone z.business_zone, c.now) l
            order by 1"#,
        customer,
        months_back
    )
    .fetch_all(conn)
    .await
}

/// Who a customer is, and since when.
#[derive(Debug, Clone, Serialize)]
pub struct Who {
    /// The customer.
    pub customer: String,
    /// Business time of their clock.
    pub now: DateTime<Utc>,
    /// Their first subscription, with or without a trial.
    pub first_subscription_at: Option<DateTime<Utc>>,
    /// Their first recurring revenue.
    pub first_purchase_at: Option<DateTime<Utc>>,
    /// Full months since then, in the business's zone.
    pub months: Option<i32>,
}

/// Who a customer is; `None` where there is none.
pub(crate) async fn who(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Option<Who>> {
    sqlx::query_as!(
        Who,
        r#"select 'cus_' || replace(c.id::text, '-', '') as "customer!", n.now as "now!",
                  o.first_subscription_at as "first_subscription_at?", o.first_purchase_at as "first_purchase_at?",
                  (extract(year from l.lived) * 12 + extract(month from l.lived))::integer as "months?"
             from perennial.customers c
            cross join perennial.analytics_settings z
            cross join lateral (select perennial.business_now(c.clock_id) as now) n
             left join perennial.customer_cohorts o on o.customer_id = c.id
            cross join lateral (select age(n.now at time zone z.business_zone,
                                           o.first_purchase_at at time zone z.business_zone) as lived) l
            where c.id = $1"#,
        customer
    )
    .fetch_optional(conn)
    .await
}

/// How a customer's revenue moved: all that was decided together is one movement.
#[derive(Debug, Clone)]
pub(crate) struct MovementLine {
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: String,
    pub(crate) currency: String,
    pub(crate) amount_numer: String,
    pub(crate) amount_denom: String,
    pub(crate) plan_before: Option<String>,
    pub(crate) plan_after: String,
}

/// A customer's movements, the first first.
pub(crate) async fn movements(
    conn: &mut PgConnection,
    customer: Uuid,
) -> sqlx::Result<Vec<MovementLine>> {
    sqlx::query_as!(
        MovementLine,
        r#"select m.at, m.kind, m.currency, m.amount_numer::text as "amount_numer!",
                  m.amount_denom::text as "amount_denom!", b.code as "plan_before?", a.code as plan_after
             from perennial.mrr_movements m
             join perennial.plans a on a.id = m.plan_after
             left join perennial.plans b on b.id = m.plan_before
            where m.customer_id = $1 order by m.seq"#,
        customer
    )
    .fetch_all(conn)
    .await
}
