//! Amounts that the payment provider never charges at once are refused on entry, by name.

use perennial_core::currency::Currency;
use perennial_tests::World;
use serde_json::{Value, json};
use sqlx::postgres::PgDatabaseError;
use uuid::Uuid;

use super::world;

#[tokio::test]
async fn the_database_and_the_core_know_the_same_largest_charge_of_every_currency() {
    let world = world().await;
    for currency in Currency::all() {
        let most: i64 = sqlx::query_scalar("select perennial.charge_max($1)")
            .bind(currency.code())
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(most, currency.max_charge_minor(), "{currency}");
    }
}

async fn refused(world: &World, kind: &str, data: Value) -> String {
    let refused = world.emit(kind, Uuid::from_u128(9), data, "e").await.unwrap_err();
    let refused = refused.into_database_error().unwrap();
    let refused = refused.downcast_ref::<PgDatabaseError>();
    assert!(refused.message().contains("more than the payment provider charges"), "{refused}");
    refused.column().unwrap().to_owned()
}

#[tokio::test]
async fn what_could_never_be_charged_is_refused_when_it_is_asked_for() {
    let world = world().await;
    let ada = world.subscribe("ada", &[], json!({ "plan": "free" })).await;
    let wish = |more: Value| {
        let mut data = json!({ "customer": ada.id.0, "plan": "pro", "interval": "month" });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    // 49.00 a seat: 20,408 seats are 999,992.00, and one more is beyond 999,999.99.
    assert_eq!(
        refused(&world, "subscription.created", wish(json!({ "seats": 20_409 }))).await,
        "seats"
    );
    let negotiated = json!({ "plan": "custom", "negotiated_amount_minor": 100_000_000 });
    assert_eq!(
        refused(&world, "subscription.created", wish(negotiated)).await,
        "negotiated_amount_minor"
    );
    let with_fee = json!({ "plan": "custom", "negotiated_amount_minor": 99_999_999, "negotiated_setup_fee_minor": 1 });
    assert_eq!(
        refused(&world, "subscription.created", wish(with_fee)).await,
        "negotiated_amount_minor"
    );
    let in_yen = json!({ "plan": "custom", "currency": "JPY", "negotiated_amount_minor": 9_999_999_999_i64 });
    world.emit("subscription.created", Uuid::from_u128(10), wish(in_yen), "yen").await.unwrap();
    let seats = wish(json!({ "seats": 20_408 }));
    world.emit("subscription.created", Uuid::from_u128(11), seats, "seats").await.unwrap();

    sqlx::raw_sql(
        "insert into perennial.token_packages (code, name, unit, tokens) values ('dear', 'Dear', 'tokens', 1);
         insert into perennial.token_package_prices values ('dear', 'USD', 1000000)",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let order = json!({ "customer": ada.id.0, "package": "dear", "quantity": 100 });
    assert_eq!(refused(&world, "order.placed", order).await, "quantity");
    for (statement, column) in [
        ("insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
          select gen_random_uuid(), id, 'EUR', 'month', 1, 'flat', 100000000 from perennial.plans", "unit_amount_minor"),
        ("insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor, setup_fee_minor)
          select gen_random_uuid(), id, 'ISK', 'month', 1, 'flat', 1, 1000000 from perennial.plans", "setup_fee_minor"),
        ("insert into perennial.token_package_prices values ('dear', 'ISK', 1000000)", "amount_minor"),
    ] {
        let refused = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        let refused = refused.into_database_error().unwrap();
        let refused = refused.downcast_ref::<PgDatabaseError>();
        assert_eq!((refused.code(), refused.column()), ("22023", Some(column)), "{refused}");
    }
}
