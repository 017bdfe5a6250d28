use serde_json::{Value, json};

use super::super::run;

fn answer(events: Value) -> Value {
    let mut output = Vec::new();
    run(json!({"op": "movements", "events": events}).to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output).unwrap()
}

fn event(day: u32, customer: &str, subscription: &str, before: i64, after: i64) -> Value {
    json!({"at": format!("2026-01-{day:02}T00:00:00Z"), "customer": customer,
           "subscription": subscription, "mrr_before_minor": before, "mrr_after_minor": after})
}

fn prior(mut event: Value) -> Value {
    event["prior"] = true.into();
    event
}

/// Day, customer, movement and amount of each.
#[track_caller]
fn moved(events: Value) -> Vec<(u32, String, String, i64)> {
    let answer = answer(events);
    let list = answer["movements"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = |one: &Value| {
        let day = one["at"].as_str().unwrap()[8..10].parse().unwrap();
        (day, text(&one["customer"]), text(&one["movement"]), one["amount_minor"].as_i64().unwrap())
    };
    list.iter().map(read).collect()
}

fn row(day: u32, customer: &str, movement: &str, amount: i64) -> (u32, String, String, i64) {
    (day, customer.to_owned(), movement.to_owned(), amount)
}

#[track_caller]
fn refused(events: Value) -> String {
    let answer = answer(events);
    answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_life_is_told_whatever_the_order_of_its_events() {
    let mut life = vec![
        event(1, "ada", "s", 0, 100),
        event(2, "ada", "s", 100, 150),
        event(3, "ada", "s", 150, 120),
        event(4, "ada", "s", 120, 0),
        event(5, "ada", "s", 0, 70),
    ];
    let expected = [
        row(1, "ada", "new", 100),
        row(2, "ada", "expansion", 50),
        row(3, "ada", "contraction", -30),
        row(4, "ada", "churn", -120),
        row(5, "ada", "reactivation", 70),
    ];
    assert_eq!(moved(json!(life)), expected);
    life.reverse();
    assert_eq!(moved(json!(life)), expected);
}

#[test]
fn subscriptions_of_one_customer_net_out_at_one_instant() {
    let swap = json!([
        event(1, "ada", "one", 0, 100),
        event(2, "ada", "two", 0, 100),
        event(2, "ada", "one", 100, 0),
        event(3, "ada", "two", 100, 0),
        event(3, "ada", "three", 0, 130),
    ]);
    assert_eq!(moved(swap), [row(1, "ada", "new", 100), row(3, "ada", "expansion", 30)]);
}

#[test]
fn one_of_two_that_ends_is_a_contraction() {
    let events = json!([
        event(1, "ada", "one", 0, 100),
        event(1, "ada", "two", 0, 50),
        event(2, "ada", "two", 50, 0),
        event(2, "bob", "three", 0, 10),
    ]);
    let expected =
        [row(1, "ada", "new", 150), row(2, "ada", "contraction", -50), row(2, "bob", "new", 10)];
    assert_eq!(moved(events), expected);
}

#[test]
fn what_was_there_before_the_window_is_not_new() {
    assert_eq!(moved(json!([event(1, "ada", "s", 100, 150)])), [row(1, "ada", "expansion", 50)]);
    // The other subscription is first heard of later, but was there.
    let events = json!([event(1, "ada", "one", 0, 10), event(2, "ada", "two", 90, 0)]);
    let expected = [row(1, "ada", "expansion", 10), row(2, "ada", "contraction", -90)];
    assert_eq!(moved(events), expected);
}

#[test]
fn a_customer_who_paid_before_comes_back() {
    let events = json!([prior(event(1, "ada", "s", 0, 150))]);
    assert_eq!(moved(events), [row(1, "ada", "reactivation", 150)]);
    assert_eq!(moved(json!([event(1, "ada", "s", 0, 150)])), [row(1, "ada", "new", 150)]);
}

#[test]
fn several_changes_of_one_subscription_at_one_instant_are_one() {
    let events = json!([event(1, "ada", "s", 80, 120), event(1, "ada", "s", 0, 80)]);
    assert_eq!(moved(events), [row(1, "ada", "new", 120)]);
    let undone = json!([event(1, "ada", "s", 0, 80), event(1, "ada", "s", 80, 0)]);
    assert_eq!(moved(undone), []);
}

#[test]
fn the_field_that_is_wrong_is_named() {
    assert_eq!(refused(json!(null)), "events");
    assert_eq!(refused(json!({})), "events");
    assert_eq!(refused(json!([1])), "events[0]");
    let good = event(1, "ada", "s", 0, 100);
    let with = |field: &str, value: Value| {
        let mut event = good.clone();
        event[field] = value;
        refused(json!([good, event]))
    };
    assert_eq!(with("at", json!("yesterday")), "events[1].at");
    assert_eq!(with("at", json!(null)), "events[1].at");
    assert_eq!(with("customer", json!(7)), "events[1].customer");
    assert_eq!(with("customer", json!("bob")), "events[1].customer");
    assert_eq!(with("subscription", json!(null)), "events[1].subscription");
    assert_eq!(with("mrr_before_minor", json!(-1)), "events[1].mrr_before_minor");
    assert_eq!(with("mrr_after_minor", json!("1")), "events[1].mrr_after_minor");
    assert_eq!(with("prior", json!("yes")), "events[1].prior");
    assert_eq!(with("currency", json!("USD")), "events[1].currency");
    // Where the first event left it is not where the second finds it.
    let gap = json!([good, event(2, "ada", "s", 99, 0)]);
    assert_eq!(refused(gap), "events[1].mrr_before_minor");
}
