//! How the SQL functions refuse: by class, field, detail and hint; with the nearest right name; and
//! for ids in whichever form.

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgDatabaseError;
use uuid::Uuid;

use super::world;

/// SQLSTATE, COLUMN, HINT and message of a refusal; `:ada` stands for a customer.
async fn refused(world: &World, sql: &str) -> (String, String, String, String) {
    let ada = CustomerId::derived("ada").0;
    let sql = format!("select * from {}", sql.replace(":ada", &format!("'{ada}'")));
    let refused = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&world.pool).await;
    let refused = refused.expect_err(&sql).into_database_error().unwrap();
    let refused = refused.downcast_ref::<PgDatabaseError>();
    assert!(refused.detail().is_some_and(|detail| !detail.is_empty()), "{sql}: {refused:?}");
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (column, hint) = (text(refused.column()), text(refused.hint()));
    assert!(!hint.is_empty(), "{sql}: {refused:?}");
    (refused.code().to_owned(), column, hint, refused.message().to_owned())
}

async fn with_ada() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    world
}

#[tokio::test]
async fn a_refusal_names_its_class_and_its_field_and_says_how_to_go_on() {
    let world = with_ada().await;
    let nobody = "'00000000-0000-7000-8000-000000000999'";
    for (sql, code, column) in [
        ("perennial.emit('subscription.created', gen_random_uuid(), '{}', 'e')", "22023", "plan"),
        ("perennial.emit('customer.upserted', null, '{}', 'e')", "22023", "subject"),
        ("perennial.emit('customer.upserted', gen_random_uuid(), '[]', 'e')", "22023", "data"),
        ("perennial.emit('customer.upserted', gen_random_uuid(), '{}', '')", "22023", "event_id"),
        ("perennial.emit('invoice.pay_requested', :nobody, '{}', 'e')", "P0002", "subject"),
        (
            "perennial.emit('payment_method.attached', :nobody, '{\"provider_customer\": \"a\", \"reference\": \"b\"}', 'e')",
            "P0002",
            "customer",
        ),
        ("perennial.enqueue('snapshot', '[]', 'k')", "22023", "payload"),
        ("perennial.enqueue('renew', '{}', 'k')", "22023", "job"),
        ("perennial.enqueue('snapshot', '{}', '')", "22023", "key"),
        ("perennial.subscription_access(:nobody)", "P0002", "subscription"),
        ("perennial.record_usage(:nobody, 'ai_decisions', 1, 'u')", "P0002", "customer"),
        ("perennial.record_usage(:ada, 'ai_decisions', 0, 'u')", "22023", "quantity"),
        ("perennial.consume(:nobody, 'ai_decisions', 1, 'u')", "P0002", "customer"),
        ("perennial.consume(:ada, 'api_calls_per_hour', 1, 'u')", "22023", "metric"),
        ("perennial.release_usage(:ada, 'ai_decisions', 1, 'u')", "22023", "metric"),
        ("perennial.check_quota(:nobody, 'ai_decisions')", "P0002", "customer"),
        ("perennial.get_limit(:nobody, 'ai_decisions')", "P0002", "customer"),
        ("perennial.check_feature(:nobody, 'sso')", "P0002", "customer"),
        ("perennial.upgrade_suggestion(:nobody, 'sso')", "P0002", "customer"),
        ("perennial.can_access(:nobody, 'courses/1')", "P0002", "user_id"),
        ("perennial.wallet_balance(:nobody, 'tokens')", "P0002", "customer"),
        ("perennial.consume_tokens(:ada, 'tokens', 0, 'u')", "22023", "amount"),
        ("perennial.grant_tokens(:ada, 'tokens', 5, 'gift', 0, null, null, 'k')", "22023", "kind"),
        ("perennial.set_auto_top_up(:ada, 'tokens', 'tokens_100', 0, 1)", "22023", "below"),
        ("perennial.set_mail_preference(:nobody, 'usage_warning', 'all')", "P0002", "customer"),
        ("perennial.set_mail_preference(:ada, 'usage_warning', 'some')", "22023", "preference"),
        ("perennial.create_api_key(:nobody, 'n', '{usage:write}')", "P0002", "customer"),
        ("perennial.create_api_key(:ada, '', '{usage:write}')", "22023", "name"),
        ("perennial.revoke_api_key(:nobody)", "P0002", "id"),
        ("perennial.rotate_api_key(:nobody, '1 day')", "P0002", "id"),
        ("perennial.grant_membership(:nobody, 'annual_pass', 'k')", "P0002", "user_id"),
        ("perennial.cancel_membership(:nobody)", "P0002", "id"),
        ("perennial.refer_customer(:nobody, 'none', 'k')", "P0002", "customer"),
        ("perennial.set_customer_quota(:nobody, 'ai_decisions', 5)", "P0002", "customer"),
        (
            "perennial.revise_quota('free', 'ai_decisions', '{\"limit_units\": -7}')",
            "22023",
            "changes",
        ),
        ("perennial.roi('export_formats', '2026-02-01', '2026-01-01')", "22023", "until"),
        ("perennial.record_roi_event('k', 'cost', 0, 'USD', 'sso')", "22023", "amount_minor"),
        ("perennial.id('nonsense')", "22023", "id"),
    ] {
        let (is, names, _, message) = refused(&world, &sql.replace(":nobody", nobody)).await;
        assert_eq!((is.as_str(), names.as_str()), (code, column), "{sql}: {message}");
        assert!(message.starts_with(&format!("{column}: ")), "{sql}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_processed_yet_is_not_what_does_not_exist() {
    let world = world().await;
    let ada = world.subscribe("ada", &[], json!({ "plan": "free" })).await;
    for sql in [
        "perennial.record_usage(:ada, 'ai_decisions', 1, 'u')",
        "perennial.wallet_balance(:ada, 'tokens')",
        "perennial.check_feature(:ada, 'sso')",
        "perennial.create_api_key(:ada, 'n', '{usage:write}')",
    ] {
        let (code, column, hint, message) = refused(&world, sql).await;
        assert_eq!((code.as_str(), column.as_str()), ("55000", "customer"), "{sql}: {message}");
        assert!(message.ends_with("is not processed yet"), "{sql}: {message}");
        assert!(hint.contains("call again"), "{sql}: {hint}");
    }
    let access: Option<String> = sqlx::query_scalar("select perennial.subscription_access($1)")
        .bind(ada.subscription.0)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(access, None);
}

#[tokio::test]
async fn a_misspelt_name_is_refused_with_the_nearest_right_one() {
    let world = with_ada().await;
    let created = |data: &str| {
        format!(
            "perennial.emit('subscription.created', gen_random_uuid(), '{{\"customer\": \"{}\", {data}}}', 'e')",
            CustomerId::derived("ada").0
        )
    };
    for (sql, meant) in [
        ("perennial.pause_queue('colect_payment')".to_owned(), "collect_payment"),
        ("perennial.resume_queue('send-mail')".to_owned(), "send_email"),
        ("perennial.enqueue('snapshots', '{}', 'k')".to_owned(), "snapshot"),
        ("perennial.emit('customer.upsertd', gen_random_uuid(), '{}', 'e')".to_owned(), "customer.upserted"),
        ("perennial.emit('customer.upserted', gen_random_uuid(), '{\"emial\": \"a@b.example\"}', 'e')".to_owned(), "email"),
        (created(r#""plan": "profesional", "interval": "month""#), "professional"),
        (created(r#""plan": "pro", "interval": "mnth""#), "month"),
        (created(r#""plan": "pro", "interval": "month", "policy": "standart""#), "standard"),
        (created(r#""plan": "pro", "interval": "month", "seets": 3"#), "seats"),
        ("perennial.get_limit(:ada, 'ai_decison')".to_owned(), "ai_decisions"),
        ("perennial.record_usage(:ada, 'Ai-Decisions', 1, 'u')".to_owned(), "ai_decisions"),
        ("perennial.check_feature(:ada, 'export_format')".to_owned(), "export_formats"),
        ("perennial.wallet_balance(:ada, 'token')".to_owned(), "tokens"),
        ("perennial.set_auto_top_up(:ada, 'tokens', 'token_100', 1, 1)".to_owned(), "tokens_100"),
        ("perennial.set_mail_preference(:ada, 'usage_warnings', 'all')".to_owned(), "usage_warning"),
        ("perennial.grant_membership((select user_id from perennial.customers), 'anual_pass', 'k')".to_owned(), "annual_pass"),
        ("perennial.revise_quota('free', 'ai_decisions', '{\"limit_unit\": 7}')".to_owned(), "limit_units"),
        ("perennial.require_metric('mmr', '')".to_owned(), "mrr"),
        ("perennial.require_breakdown('mrr', 'plans')".to_owned(), "plan"),
    ] {
        let (code, _, hint, message) = refused(&world, &sql).await;
        assert_eq!(code, "22023", "{sql}: {message}");
        assert_eq!(hint, format!("Did you mean {meant}?"), "{sql}: {message}");
    }
    // Far from everything: no guess.
    let (_, _, hint, message) = refused(&world, "perennial.pause_queue('xyz')").await;
    assert_eq!(hint, "Correct queue_name and call again.");
    assert!(message.contains("; known are accrue_commissions, "), "{message}");
}

#[tokio::test]
async fn an_id_is_taken_in_every_form() {
    let world = with_ada().await;
    let ada = CustomerId::derived("ada");
    let subscription = SubscriptionId::derived("ada");
    let bare = subscription.0.simple().to_string();
    for said in [
        subscription.to_string(),
        subscription.0.to_string(),
        subscription.0.to_string().to_uppercase(),
        bare.clone(),
    ] {
        let access: String =
            sqlx::query_scalar("select perennial.subscription_access(perennial.id($1))")
                .bind(&said)
                .fetch_one(&world.pool)
                .await
                .unwrap();
        assert_eq!(access, "full", "{said}");
    }
    // A literal of unknown type, a typed parameter, and a text that is cast: one function, no doubt.
    let literal = format!("select perennial.subscription_access('{}')", subscription.0);
    let plain: String =
        sqlx::query_scalar(AssertSqlSafe(literal)).fetch_one(&world.pool).await.unwrap();
    let typed: String = sqlx::query_scalar("select perennial.subscription_access($1)")
        .bind(subscription.0)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!((plain.as_str(), typed.as_str()), ("full", "full"));
    // In an event's data it is kept in one form.
    let data = json!({ "customer": ada.to_string(), "plan": "free", "interval": "month" });
    world.emit("subscription.created", Uuid::from_u128(5), data, "ada/more").await.unwrap();
    let kept: Value = sqlx::query_scalar(
        "select data from perennial.lifecycle_events where event_id = 'ada/more'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(kept["customer"], json!(ada.0));
    let (code, column, ..) = refused(&world, "perennial.id('sub_12', 'subscription')").await;
    assert_eq!((code.as_str(), column.as_str()), ("22023", "subscription"));
}
