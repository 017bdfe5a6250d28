//! Virtual time.

use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;

use crate::client::World;

#[tokio::test]
async fn a_set_clock_stands_still_and_dates_what_is_made() {
    let world = World::new().await;
    let now: DateTime<Utc> = "2030-06-15T12:00:00Z".parse().unwrap();
    world.sandbox.set_clock(now);
    assert_eq!(world.post("/v1/customers", "").await.at("/created"), now.timestamp().to_string());
    assert_eq!(world.sandbox.key("sk_test_new").now(), now);
    world.sandbox.key("sk_test_new").advance_clock(TimeDelta::days(1));
    assert_eq!(world.sandbox.key("sk_test_other").now(), now);
}

#[tokio::test]
async fn the_clock_is_steered_over_http() {
    let world = World::new().await;
    assert_eq!(world.control(Method::GET, "clock", "").await.at("/running"), "true");
    let set = r#"{"set":"2027-01-31T00:00:00Z"}"#;
    assert_eq!(world.control(Method::POST, "clock", set).await.at("/now"), "2027-01-31T00:00:00Z");
    let later = r#"{"advance_seconds":3600}"#;
    let one = world.control(Method::POST, "clock?key=sk_test_sandbox", later).await;
    assert_eq!(one.at("/now"), "2027-01-31T01:00:00Z");
    assert_eq!(world.control(Method::GET, "clock", "").await.at("/now"), "2027-01-31T00:00:00Z");
    let both = r#"{"set":"2027-01-31T00:00:00Z","run":true}"#;
    assert_eq!(world.control(Method::POST, "clock", both).await.status, 400);
}
