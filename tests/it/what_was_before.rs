//! A limit, a subscription or a meter judges nothing from before it existed (rule C14).

use chrono::{DateTime, Utc};
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::{SmallWorld, Turns};
use serde_json::{Value, json};
use uuid::Uuid;

use super::usage::Recorded;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Somebody without a subscription, on 1 February 2026.
struct Ada {
    world: SmallWorld,
    id: Uuid,
}

impl Ada {
    async fn came() -> Self {
        let world = SmallWorld::at(at("2026-02-01T00:00:00Z"), Turns::InOrder).await;
        let ada = Self { world, id: CustomerId::derived("ada").0 };
        let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
        ada.emit("customer.upserted", ada.id, &profile).await;
        let card = json!({ "provider_customer": "cus_ada", "reference": "pm_ada_p" });
        ada.emit("payment_method.attached", ada.id, &card).await;
        ada.world.rest().await;
        ada
    }

    async fn emit(&self, kind: &str, subject: Uuid, data: &Value) {
        let event_id = format!("{kind} {subject}");
        self.world.emit(kind, subject, data, &event_id).await.unwrap();
    }

    async fn live_to(&self, until: &str) {
        self.world.live_up_to(at(until)).await;
        self.world.rest().await;
    }

    async fn subscribe(&self, plan: &str) -> Uuid {
        let subscription = SubscriptionId::derived(plan).0;
        let wish = json!({ "customer": self.id, "plan": plan, "interval": "month" });
        self.emit("subscription.created", subscription, &wish).await;
        self.world.rest().await;
        subscription
    }

    async fn cancel(&self, subscription: Uuid) {
        let now = json!({ "when": "now" });
        self.emit("subscription.cancel_requested", subscription, &now).await;
        self.world.rest().await;
    }

    async fn record(&self, metric: &str, quantity: i64, event: &str, at: Option<&str>) -> Recorded {
        sqlx::query_as(
            "select recorded, used, \"limit\", remaining
               from perennial.record_usage($1, $2, $3, $4, $5::text::timestamptz)",
        )
        .bind(self.id)
        .bind(metric)
        .bind(quantity)
        .bind(event)
        .bind(at)
        .fetch_one(&self.world.pool)
        .await
        .unwrap()
    }

    async fn may(&self, metric: &str, quantity: i64, event: &str) -> bool {
        sqlx::query_scalar("select allowed from perennial.consume($1, $2, $3, $4)")
            .bind(self.id)
            .bind(metric)
            .bind(quantity)
            .bind(event)
            .fetch_one(&self.world.pool)
            .await
            .unwrap()
    }

    async fn agree(&self, metric: &str, limit: i64) {
        sqlx::query("select perennial.set_customer_quota($1, $2, $3)")
            .bind(self.id)
            .bind(metric)
            .bind(limit)
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    /// What usage beyond limits was billed with: units and minor units.
    async fn billed(&self) -> Vec<(i64, i64)> {
        sqlx::query_as(
            "select quantity, amount_minor from perennial.invoice_items
              where kind in ('overage', 'late_usage') order by period_start, kind",
        )
        .fetch_all(&self.world.pool)
        .await
        .unwrap()
    }

    async fn thresholds(&self) -> Vec<i32> {
        sqlx::query_scalar("select threshold from perennial.usage_warnings order by 1")
            .fetch_all(&self.world.pool)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_limit_does_not_count_what_was_used_before_the_subscription() {
    let ada = Ada::came().await;
    ada.live_to("2026-02-03T00:00:00Z").await;
    assert_eq!(ada.record("ai_operations", 4, "before", None).await.limit, Some(0));
    ada.live_to("2026-02-10T00:00:00Z").await;
    ada.subscribe("free").await;
    // 5 a month: all five are there.
    for number in 0..5 {
        assert!(ada.may("ai_operations", 1, &format!("mine {number}")).await);
    }
    assert!(!ada.may("ai_operations", 1, "one more").await);
    ada.live_to("2026-04-01T00:00:00Z").await;
    ada.world.check().await;
}

#[tokio::test]
async fn a_warning_does_not_count_what_was_used_before_the_subscription() {
    let ada = Ada::came().await;
    ada.record("ai_operations", 5, "before", None).await;
    ada.live_to("2026-02-10T00:00:00Z").await;
    ada.subscribe("free").await;
    ada.record("ai_operations", 1, "first", None).await;
    assert_eq!(ada.thresholds().await, [0; 0]);
    ada.record("ai_operations", 3, "second", None).await;
    assert_eq!(ada.thresholds().await, [80]);
}

#[tokio::test]
async fn nothing_is_billed_that_was_used_before_the_subscription_or_dated_so() {
    let ada = Ada::came().await;
    ada.record("ai_decisions", 50_000, "before", None).await;
    ada.live_to("2026-02-10T00:00:00Z").await;
    ada.subscribe("pro").await;
    ada.record("ai_decisions", 10_010, "mine", None).await;
    // Told late, of a day on which there was no limit: counted, and judged by nobody.
    let dated = ada.record("ai_decisions", 70_000, "dated", Some("2026-02-08T00:00:00Z")).await;
    assert_eq!((dated.recorded, dated.limit, dated.remaining), (true, None, None));
    ada.live_to("2026-05-01T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(10, 10)]);
    ada.world.check().await;
}

#[tokio::test]
async fn usage_that_is_dated_before_any_meter_is_judged_by_nobody() {
    let ada = Ada::came().await;
    ada.live_to("2026-02-10T00:00:00Z").await;
    ada.subscribe("pro").await;
    let dated = ada.record("ai_decisions", 70_000, "dated", Some("2026-02-08T00:00:00Z")).await;
    assert_eq!((dated.recorded, dated.used, dated.limit), (true, 70_000, None));
    let mine = ada.record("ai_decisions", 10, "mine", None).await;
    assert_eq!((mine.used, mine.limit), (10, Some(10_000)));
    ada.live_to("2026-05-01T00:00:00Z").await;
    assert_eq!((ada.billed().await, ada.thresholds().await), (vec![], vec![]));
    ada.world.check().await;
}

#[tokio::test]
async fn who_subscribes_again_begins_with_a_count_of_their_own() {
    let ada = Ada::came().await;
    let first = ada.subscribe("free").await;
    assert!(ada.may("ai_operations", 5, "first").await);
    ada.live_to("2026-02-05T00:00:00Z").await;
    ada.cancel(first).await;
    ada.live_to("2026-02-07T00:00:00Z").await;
    ada.record("ai_operations", 40, "between", None).await;
    ada.live_to("2026-02-20T00:00:00Z").await;
    ada.subscribe("professional").await;
    // 100 a month.
    assert!(ada.may("ai_operations", 100, "second").await);
    assert!(!ada.may("ai_operations", 1, "third").await);
    ada.live_to("2026-05-01T00:00:00Z").await;
    ada.world.check().await;
}

#[tokio::test]
async fn a_limit_that_is_lowered_makes_nothing_payable_that_was_used_before() {
    let ada = Ada::came().await;
    ada.subscribe("pro").await;
    ada.record("ai_decisions", 9_000, "under the old limit", None).await;
    ada.live_to("2026-02-10T00:00:00Z").await;
    ada.agree("ai_decisions", 5_000).await;
    ada.record("ai_decisions", 70, "under the new limit", None).await;
    ada.live_to("2026-03-02T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(70, 70)]);
    // The next period is the new limit's from its first day on.
    ada.record("ai_decisions", 5_003, "in March", None).await;
    ada.live_to("2026-04-02T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(70, 70), (3, 3)]);
    ada.world.check().await;
}

#[tokio::test]
async fn what_was_payable_already_stays_payable_when_a_limit_is_lowered_and_raised() {
    let ada = Ada::came().await;
    ada.subscribe("pro").await;
    ada.record("ai_decisions", 10_040, "beyond", None).await;
    ada.agree("ai_decisions", 5_000).await;
    ada.record("ai_decisions", 2, "more", None).await;
    ada.live_to("2026-03-02T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(42, 42)]);
    ada.record("ai_decisions", 5_010, "in March", None).await;
    // Raised beyond all of it: nothing is over any more (rule U1).
    ada.agree("ai_decisions", 6_000).await;
    ada.live_to("2026-04-02T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(42, 42)]);
    ada.world.check().await;
}

#[tokio::test]
async fn a_calendar_month_in_which_a_trial_ends_bills_only_what_was_used_after_it() {
    let ada = Ada::came().await;
    sqlx::query(
        "select perennial.revise_quota('pro', 'ai_decisions', '{\"reset\": \"calendar_month\"}')",
    )
    .execute(&ada.world.pool)
    .await
    .unwrap();
    let (subscription, ends) = (SubscriptionId::derived("trial").0, "2026-02-11T00:00:00Z");
    let wish = json!({ "customer": ada.id, "plan": "pro", "interval": "month", "trial_end": ends });
    ada.emit("subscription.created", subscription, &wish).await;
    ada.world.rest().await;
    ada.record("ai_decisions", 10_300, "in the trial", None).await;
    ada.live_to("2026-02-12T00:00:00Z").await;
    ada.record("ai_decisions", 40, "after it", None).await;
    ada.live_to("2026-03-12T00:00:00Z").await;
    assert_eq!(ada.billed().await, [(40, 40)]);
    ada.world.check().await;
}

#[tokio::test]
async fn a_score_counts_nothing_from_before_the_subscription() {
    let ada = Ada::came().await;
    let first = ada.subscribe("professional").await;
    for (day, used) in [("02", 90), ("03", 90), ("04", 90), ("05", 1)] {
        ada.live_to(&format!("2026-{day}-10T00:00:00Z")).await;
        ada.record("ai_operations", used, day, None).await;
    }
    ada.live_to("2026-06-15T00:00:00Z").await;
    assert_ne!(ada.indicators().await, [""; 0]);
    ada.cancel(first).await;
    ada.live_to("2026-06-20T00:00:00Z").await;
    ada.subscribe("free").await;
    assert_eq!(ada.indicators().await, [""; 0]);
}

impl Ada {
    /// What says that she leaves, scored now.
    async fn indicators(&self) -> Vec<String> {
        self.world.perform("score_churn", json!({})).await;
        sqlx::query_scalar(
            "select indicator from perennial.churn_indicators
              where date = (perennial.business_now() at time zone 'UTC')::date order by 1",
        )
        .fetch_all(&self.world.pool)
        .await
        .unwrap()
    }
}
