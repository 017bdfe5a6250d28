use serde_json::{Value, json};

use super::super::run;

fn answer(changes: Value) -> Value {
    let mut request = json!({"op": "mrr", "price_minor": 1829, "currency": "USD",
        "interval": "year", "interval_count": 1, "quantity": 1, "scale": 4});
    for (field, value) in changes.as_object().unwrap() {
        request[field] = value.clone();
    }
    let mut output = Vec::new();
    run(request.to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output).unwrap()
}

#[track_caller]
fn shown(changes: Value) -> String {
    let answer = answer(changes);
    answer["mrr"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[track_caller]
fn refused(changes: Value) -> String {
    let answer = answer(changes);
    answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_yearly_price_is_a_twelfth_per_month() {
    assert_eq!(shown(json!({})), "1.5242");
    assert_eq!(shown(json!({"price_minor": null, "price": "18.29"})), "1.5242");
    assert_eq!(shown(json!({"interval_count": 2})), "0.7621");
    assert_eq!(shown(json!({"quantity": 3, "scale": 2})), "4.57");
}

#[test]
fn every_interval_has_its_value() {
    let shown = |interval| shown(json!({"price_minor": 1200, "interval": interval}));
    assert_eq!(shown("day"), "365.0000");
    assert_eq!(shown("week"), "52.0000");
    assert_eq!(shown("month"), "12.0000");
    assert_eq!(shown("quarter"), "4.0000");
    assert_eq!(shown("year"), "1.0000");
}

#[test]
fn the_currency_says_what_a_major_unit_is_and_how_many_decimals_it_shows() {
    let once = |currency| json!({"currency": currency, "interval": "month", "scale": null});
    assert_eq!(shown(once("JPY")), "1829");
    assert_eq!(shown(once("KWD")), "1.829");
    assert_eq!(shown(once("usd")), "18.29");
}

#[test]
fn a_price_may_have_more_decimals_than_its_currency() {
    let price = |price| json!({"price_minor": null, "price": price, "interval": "month"});
    assert_eq!(shown(price("0.00015")), "0.0002");
    assert_eq!(shown(price("0.00014999")), "0.0001");
    assert_eq!(shown(price("7")), "7.0000");
}

#[test]
fn the_field_that_is_wrong_is_named() {
    assert_eq!(refused(json!({"price": "18.29"})), "price");
    assert_eq!(refused(json!({"price_minor": null})), "price_minor");
    assert_eq!(refused(json!({"price_minor": -1})), "price_minor");
    assert_eq!(refused(json!({"price_minor": 18.29})), "price_minor");
    for price in ["", ".5", "5.", "-1", "+1", "1e3", "1,5", "1.2.3", "1111111111111111111111111"] {
        assert_eq!(refused(json!({"price_minor": null, "price": price})), "price", "{price}");
    }
    assert_eq!(refused(json!({"price_minor": null, "price": 18.29})), "price");
    assert_eq!(refused(json!({"currency": "XXL"})), "currency");
    assert_eq!(refused(json!({"interval": "fortnight"})), "interval");
    assert_eq!(refused(json!({"interval_count": 0})), "interval_count");
    assert_eq!(refused(json!({"quantity": 0})), "quantity");
    assert_eq!(refused(json!({"scale": 19})), "scale");
    assert_eq!(refused(json!({"scale": -1})), "scale");
    assert_eq!(refused(json!({"discount": 1})), "discount");
    let huge = json!({"price_minor": i64::MAX, "quantity": i64::MAX, "interval": "day"});
    assert_eq!(refused(huge), "price");
}
