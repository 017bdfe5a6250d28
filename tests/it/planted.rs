//! Each invariant finds what it is there to find: damage is done behind the guards' back.

use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::refunds::{payments, refund};
use super::world;

/// Two months, the second recovered in dunning.
async fn healthy() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds1__ok"], json!({})).await;
    world.rest().await;
    world.live_until("2026-03-05T00:00:00Z").await;
    world.kill_workers().await;
    world.check().await;
    world
}

const DAMAGE: &[(&str, &str, &str)] = &[
    ("I1", "an invoice is paid twice",
     "drop index perennial.payments_one_capture; drop index perennial.payments_one_in_flight;
      update perennial.payments set status = 'succeeded'"),
    ("I2", "a payment is not in the books", "delete from perennial.ledger_entries where account = 'cash'"),
    ("I2", "a payment is in the books with another amount",
     "update perennial.ledger_entries set amount_minor = amount_minor * 2 where kind = 'payment_received'"),
    ("I2", "the books know a payment that never was",
     "update perennial.payments set status = 'declined' where status = 'succeeded'"),
    ("I3", "a gap between two periods",
     "update perennial.subscription_periods set starts_at = starts_at + interval '1 day' where period_index = 1"),
    ("I3", "a period without an invoice", "delete from perennial.invoices where period_index = 1"),
    ("I3", "an invoice without a period", "delete from perennial.subscription_periods where period_index = 1"),
    ("I3", "a subscription that stands elsewhere", "update perennial.subscriptions set period_index = 7"),
    ("I4", "a posting that does not balance",
     "update perennial.ledger_entries set amount_minor = amount_minor + 1 where position = 1"),
    ("I4", "a balance that the books do not know",
     "insert into perennial.customer_balance_entries (id, customer_id, subscription_id, currency, amount_minor, kind, at, decision)
      select gen_random_uuid(), customer_id, id, 'USD', 5, 'credit', now(), 1 from perennial.subscriptions"),
    ("I5", "a mail that was queued twice",
     "insert into perennial.emails (id, key, customer_id, subscription_id, clock_id, template, letter, status, queued_at, decision)
      select gen_random_uuid(), key || '/again', customer_id, subscription_id, clock_id, template, letter, 'sent', queued_at, decision
        from perennial.emails limit 1"),
    ("I6", "an edge that is none", "update perennial.subscription_history set edge = 'suspended' where position = 1"),
    ("I6", "a chain that is broken",
     "delete from perennial.subscription_history where to_status = 'past_due' and from_status = 'active'"),
    ("I6", "a status without an edge", "update perennial.subscriptions set status = 'paused'"),
    ("I7", "a decision that nobody wrote down",
     "delete from perennial.audit_log where version = 2 and subject_kind = 'subscription'"),
    ("I7", "a payment of a decision that never was", "update perennial.payments set decision = 99 where attempt = 2"),
    ("I10", "a count without events",
     "insert into perennial.usage_counters select customer_id, metric_id, period_start, 0, 5 from perennial.usage_meters"),
    ("I10", "a count below nothing",
     "insert into perennial.usage_counters select customer_id, metric_id, period_start - interval '9 years', 0, -5 from perennial.usage_meters"),
    ("I10", "a gap between two closed periods",
     "insert into perennial.usage_closings
      select customer_id, metric_id, period_start - interval '9 days', period_start - interval '8 days', null, null, 5, 0, 0, 0, now()
        from perennial.usage_meters"),
    ("I10", "a meter that stands elsewhere",
     "update perennial.usage_meters set period_start = period_start - interval '1 day' where closed_start is not null"),
    ("I12", "a job whose worker is gone",
     "insert into perennial.jobs (queue, state, payload, holder, lease_until)
      values ('renew', 'running', '{}', gen_random_uuid(), now() - interval '1 hour')"),
    ("I12", "a dead letter without a reason",
     "insert into perennial.dead_jobs (id, queue, kind, reason, attempt, deaths, payload, payload_hash, created_at, key_held_until)
      values (1, 'renew', 'given_up', '', 1, 0, '{}', 'x', now(), now())"),
    ("I13", "lines that do not sum up", "update perennial.invoice_items set amount_minor = 1"),
    ("I13", "a paid invoice that is not", "update perennial.invoices set status = 'open', closed_at = null"),
    ("I13", "a void invoice that is still owed",
     "delete from perennial.ledger_entries where account = 'accounts_receivable' and kind = 'payment_received'"),
    ("I13", "a number that is missing", "update perennial.invoice_series set last_number = 9"),
    ("I3", "a final invoice of a subscription that goes on",
     "insert into perennial.invoices (id, subscription_id, customer_id, kind, series, number, status, currency, total_minor,
                                      issued_at, due_at, finalized_at, closed_at, decision)
      select gen_random_uuid(), subscription_id, customer_id, 'final', series, 99, 'paid', currency, 0, now(), now(), now(), now(), 1
        from perennial.invoices limit 1"),
    ("I13", "usage of an ended subscription that waits for no invoice",
     "insert into perennial.pending_invoice_items (id, customer_id, subscription_id, clock_id, kind, metric_id, currency, description,
                                                   quantity, amount_minor, period_start, period_end, created_at)
      select gen_random_uuid(), customer_id, id, clock_id, 'overage', 1, currency, '', 1, 1, now(), now(), now() from perennial.subscriptions;
      update perennial.subscriptions set status = 'canceled', ended_at = now(), next_action = null, next_action_at = null"),
    ("I14", "more attempts than the policy has", "update perennial.dunning_cases set attempts_made = 9"),
    ("I14", "a method charged after it was blocked",
     "update perennial.payment_methods
        set blocked_reason = 'stolen_card', blocked_scope = 'card', blocked_at = attached_at - interval '1 day'"),
    ("I16", "a request that differs from its key's", "update perennial.payments set amount_minor = 1"),
    ("I17", "a change of revenue that nobody recorded", "delete from perennial.mrr_movements"),
    ("I17", "terms that were changed under a subscription",
     "update perennial.subscription_items set unit_amount_minor = unit_amount_minor + 1"),
    ("I17", "a total that is not what moved", "update perennial.customer_mrr set numer = numer + 1"),
    ("I17", "a movement that does not follow from the one before",
     "update perennial.mrr_movements set before_numer = 1, amount_numer = amount_numer - 1"),
    ("I17", "a movement by another amount than it says",
     "update perennial.mrr_movements set after_numer = after_numer + 1"),
    ("I17", "a movement that could come again", "delete from perennial.mrr_decisions"),
    ("I17", "a movement of a decision that never was", "update perennial.mrr_movements set decision = 99"),
    ("I17", "a customer who was new twice",
     "insert into perennial.mrr_movements
          (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom, before_numer,
           before_denom, after_numer, after_denom, plan_after, total_numer, total_denom)
      select customer_id, currency, subscription_id, 3, at + interval '1 day', kind, 0, 1, after_numer, after_denom,
             after_numer, after_denom, plan_after, total_numer, total_denom from perennial.mrr_movements"),
    ("I17", "a customer who pays and never bought", "update perennial.customer_cohorts set first_purchase_at = null"),
];

/// Of two payments, one was refunded in part; the other's chargeback was won, a second one is lost.
async fn with_money_gone_back() -> World {
    let mut world = healthy().await;
    world.work(Faults::None);
    let [first, second] = payments(&world).await[..] else { panic!("two payments") };
    refund(&world, first, 9_00, "re_1").await;
    for (reference, status) in [("dp_1", "won"), ("dp_2", "lost")] {
        let data = json!({ "amount_minor": 30_00, "currency": "USD", "reason": "fraudulent",
                           "reference": reference, "status": "open" });
        world.emit("payment.disputed", second, data, reference).await.unwrap();
        world.rest().await;
        let data = json!({ "reference": reference, "status": status });
        let event = format!("{reference}/closed");
        world.emit("payment.dispute_closed", second, data, &event).await.unwrap();
        world.rest().await;
    }
    world.kill_workers().await;
    world.check().await;
    world
}

const DAMAGE_TO_WHAT_WENT_BACK: &[(&str, &str, &str)] = &[
    ("I13", "more is refunded than was paid",
     "insert into perennial.refunds select gen_random_uuid(), payment_id, customer_id, clock_id, currency, 4001, reason, 'more', at, recorded_at
        from perennial.refunds"),
    ("I13", "a refund that was added up twice", "update perennial.payments set refunded_minor = 1800 where refunded_minor > 0"),
    ("I13", "a refund that nobody remembers", "delete from perennial.refunds"),
    ("I13", "a chargeback that nobody remembers", "delete from perennial.disputes"),
    ("I13", "a chargeback that was won and did not come back", "delete from perennial.ledger_entries where kind = 'dispute_won'"),
    ("I13", "a refund that is not in the books", "delete from perennial.ledger_entries where kind = 'payment_refunded'"),
    ("I13", "a refund by another amount in the books",
     "update perennial.ledger_entries set amount_minor = 2 * amount_minor where kind = 'payment_refunded'"),
    ("I13", "books of a refund that never was",
     "delete from perennial.refunds; update perennial.payments set refunded_minor = 0"),
    ("I13", "a refund in another currency", "update perennial.refunds set currency = 'EUR'"),
    ("I13", "a dispute of another customer's", "update perennial.disputes set customer_id = gen_random_uuid()"),
    ("I2", "a refund of what never came in",
     "alter table perennial.payments drop constraint payments_gone_back_at_most_paid;
      update perennial.payments set status = 'declined' where refunded_minor > 0"),
    ("I7", "a refund that nobody decided", "delete from perennial.audit_log where act = 'payment_refunded'"),
];

#[tokio::test]
async fn each_invariant_finds_the_damage_it_is_there_for() {
    finds(&healthy().await, DAMAGE).await;
}

#[tokio::test]
async fn damage_to_what_went_back_is_found_too() {
    finds(&with_money_gone_back().await, DAMAGE_TO_WHAT_WENT_BACK).await;
}

async fn finds(world: &World, planted: &[(&str, &str, &str)]) {
    for (invariant, what, damage) in planted {
        let mut transaction = world.pool.begin().await.unwrap();
        let sql = AssertSqlSafe(format!("set local session_replication_role = replica; {damage}"));
        let done = sqlx::raw_sql(sql).execute(&mut *transaction).await;
        done.unwrap_or_else(|error| panic!("{what}: {error}"));
        let found: Vec<String> =
            sqlx::query_scalar("select invariant from perennial.check_invariants()")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert!(found.iter().any(|found| found == invariant), "{what}: {found:?}");
    }
    world.check().await;
}
