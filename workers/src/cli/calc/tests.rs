use std::io::BufReader;

use serde_json::{Value, json};

use super::lines::LINE_BYTES_MAX;
use super::{Summary, run};

/// The answers to `input`, one per line, and what the pipe says about itself.
fn calc(input: &[u8]) -> (Vec<Value>, Summary) {
    let mut output = Vec::new();
    // A tiny buffer, so that lines arrive in pieces.
    let summary = run(BufReader::with_capacity(7, input), &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), summary)
}

fn answer(request: Value) -> Value {
    let (answers, _) = calc(request.to_string().as_bytes());
    assert_eq!(answers.len(), 1);
    answers[0].clone()
}

/// The field that an error names.
#[track_caller]
fn refused(line: &str) -> String {
    let (answers, summary) = calc(line.as_bytes());
    assert_eq!(summary, Summary { lines: 1, errors: 1 }, "{answers:?}");
    let error = &answers[0]["error"];
    assert!(!error["message"].as_str().unwrap().is_empty());
    error["field"].as_str().unwrap().to_owned()
}

/// `request` with some fields replaced.
fn with(request: &Value, changes: Value) -> String {
    let mut request = request.clone();
    for (field, value) in changes.as_object().unwrap() {
        request[field] = value.clone();
    }
    request.to_string()
}

fn without(request: &Value, field: &str) -> String {
    let mut request = request.clone();
    request.as_object_mut().unwrap().remove(field).unwrap();
    request.to_string()
}

fn periods() -> Value {
    json!({"op": "periods", "anchor": "2023-01-31T00:00:00Z", "timezone": "America/New_York",
           "interval": "month", "interval_count": 1, "from_index": 1, "count": 3})
}

fn proration() -> Value {
    json!({"op": "proration", "currency": "USD", "unit": "second",
           "period_start": "2020-08-06T21:28:08Z", "period_end": "2020-09-06T21:28:08Z",
           "change_at": "2020-09-01T17:42:28Z", "old_price_minor": 1000, "new_price_minor": 3252})
}

#[test]
fn an_anchor_with_a_time_is_that_instant_on_the_zones_wall() {
    // Seven in the evening of 30 January in New York.
    let expected = ["2023-03-01T00:00:00Z", "2023-03-30T23:00:00Z", "2023-04-30T23:00:00Z"];
    assert_eq!(answer(periods()), json!({"boundaries": expected}));
}

#[test]
fn a_date_as_anchor_is_local_midnight() {
    let request = with(&periods(), json!({"anchor": "2023-01-31", "from_index": 0}));
    let expected = ["2023-01-31T05:00:00Z", "2023-02-28T05:00:00Z", "2023-03-31T04:00:00Z"];
    assert_eq!(calc(request.as_bytes()).0[0], json!({"boundaries": expected}));
}

#[test]
fn a_negative_index_is_before_the_anchor() {
    let request = with(&periods(), json!({"timezone": "UTC", "from_index": -2}));
    let expected = ["2022-11-30T00:00:00Z", "2022-12-31T00:00:00Z", "2023-01-31T00:00:00Z"];
    assert_eq!(calc(request.as_bytes()).0[0], json!({"boundaries": expected}));
}

#[test]
fn a_billing_day_gives_the_first_boundaries_after_the_start() {
    let stub = |start: &str, day: u32| {
        answer(json!({"op": "periods", "start": start, "billing_day": day, "timezone": "UTC",
                      "interval": "month", "interval_count": 1, "count": 3}))
    };
    assert_eq!(
        stub("2024-02-10T10:00:00Z", 31)["boundaries"],
        json!(["2024-02-29T10:00:00Z", "2024-03-31T10:00:00Z", "2024-04-30T10:00:00Z"])
    );
    assert_eq!(
        stub("2024-01-15", 15)["boundaries"],
        json!(["2024-02-15T00:00:00Z", "2024-03-15T00:00:00Z", "2024-04-15T00:00:00Z"])
    );
}

#[test]
fn a_change_is_prorated_by_second() {
    assert_eq!(answer(proration()), json!({"credit_minor": 166, "charge_minor": 541}));
}

#[test]
fn a_change_is_prorated_by_day_of_the_zone() {
    let by_day = json!({"unit": "day", "timezone": "Asia/Kathmandu",
                        "period_start": "2020-08-01", "period_end": "2020-09-01",
                        "change_at": "2020-08-15T18:15:00Z",
                        "old_price_minor": 3100, "new_price_minor": 6200});
    // 18:15Z is midnight in Kathmandu: the 16th has begun there.
    let answers = calc(with(&proration(), by_day).as_bytes()).0;
    assert_eq!(answers[0], json!({"credit_minor": 1600, "charge_minor": 3200}));
}

#[test]
fn the_new_price_may_have_its_own_period_and_the_segment_its_own_end() {
    let days = json!({"unit": "day", "period_start": "2021-03-01", "period_end": "2021-03-31",
                      "change_at": "2021-03-11", "old_price_minor": 3000, "new_price_minor": 36500,
                      "new_period_start": "2021-03-11", "new_period_end": "2022-03-11"});
    let answers = calc(with(&proration(), days.clone()).as_bytes()).0;
    assert_eq!(answers[0], json!({"credit_minor": 2000, "charge_minor": 36500}));

    let mut ends_early = days;
    ends_early["segment_end"] = json!("2021-03-21");
    let answers = calc(with(&proration(), ends_early).as_bytes()).0;
    assert_eq!(answers[0], json!({"credit_minor": 1000, "charge_minor": 1000}));
}

#[test]
fn a_decline_says_class_retry_and_delay() {
    let decline = json!({"op": "decline", "code": "insufficient_funds", "network": "mastercard",
                         "network_advice_code": "24", "advice_code": null});
    let expected = json!({"class": "soft", "retry": true, "min_delay_hours": 1});
    assert_eq!(answer(decline), expected);
    let expected = json!({"class": "hard", "retry": false, "min_delay_hours": null});
    assert_eq!(answer(json!({"op": "decline", "code": "lost_card", "network": "visa"})), expected);
}

#[test]
fn an_amount_is_written_for_its_currency() {
    let yen = json!({"op": "format_money", "amount_minor": 1999, "currency": "JPY",
                     "locale": "en-US"});
    assert_eq!(answer(yen), json!({"text": "¥1,999"}));
}

#[test]
fn a_currency_says_its_exponents_and_least_charge() {
    let of = |code: &str| answer(json!({"op": "currency", "code": code}));
    let entry = |ours: u8, theirs: u8, least: Option<i64>| json!({"exponent": ours, "provider_exponent": theirs, "min_charge_minor": least});
    assert_eq!(of("KWD"), entry(3, 3, None));
    assert_eq!(of("isk"), entry(0, 2, None));
    assert_eq!(of("USD"), entry(2, 2, Some(50)));
    assert_eq!(of("BGN")["error"]["field"], "code");
}

#[test]
fn every_line_is_answered_in_its_place() {
    let good = json!({"op": "currency", "code": "USD"}).to_string();
    let input = format!("{good}\n\nnot json\r\n{good}\r\n[]\n{good}");
    let (answers, summary) = calc(input.as_bytes());
    assert_eq!(summary, Summary { lines: 6, errors: 3 });
    let failed: Vec<bool> = answers.iter().map(|answer| answer.get("error").is_some()).collect();
    assert_eq!(failed, [false, true, true, false, true, false]);
}

#[test]
fn nothing_in_is_nothing_out() {
    assert_eq!(calc(b""), (vec![], Summary { lines: 0, errors: 0 }));
    assert_eq!(calc(b"\n").1, Summary { lines: 1, errors: 1 });
}

#[test]
fn a_line_that_is_no_object_is_wrong_as_a_whole() {
    for line in [" ", "null", "12", "\"op\"", "[{}]", "{", "{}{}", "{\"op", "\u{feff}{}"] {
        assert_eq!(refused(&format!("{line}\n")), "line", "{line}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&deep), "line");
    assert_eq!(refused(&format!("{{\"op\":{deep}")), "op");
}

#[test]
fn bytes_that_are_no_text_are_refused_and_the_next_line_is_answered() {
    let (answers, summary) =
        calc(b"{\"op\":\"\xff\xfe\"}\n{\"op\":\"currency\",\"code\":\"USD\"}\n");
    assert_eq!(summary, Summary { lines: 2, errors: 1 });
    assert_eq!(answers[0]["error"]["field"], "line");
    assert_eq!(answers[1]["exponent"], 2);
}

#[test]
fn a_line_without_end_is_not_kept_in_memory_and_the_next_is_answered() {
    let mut input = vec![b' '; LINE_BYTES_MAX];
    let object = b"{\"op\":\"currency\",\"code\":\"USD\"}";
    let fits = LINE_BYTES_MAX - object.len();
    input[fits..].copy_from_slice(object);
    assert_eq!(calc(&input).1.errors, 0, "a line of exactly the limit is answered");
    input.insert(0, b' ');
    input.extend_from_slice(b"\n{\"op\":\"currency\",\"code\":\"USD\"}");
    let (answers, summary) = calc(&input);
    assert_eq!(summary, Summary { lines: 2, errors: 1 });
    assert_eq!(answers[0]["error"]["field"], "line");
}

#[test]
fn an_operation_is_needed_and_must_be_known() {
    assert_eq!(refused("{}"), "op");
    assert_eq!(refused("{\"op\":null}"), "op");
    assert_eq!(refused("{\"op\":7}"), "op");
    assert_eq!(refused("{\"op\":\"Periods\"}"), "op");
}

#[test]
fn every_required_field_is_missed_by_name() {
    let required = ["timezone", "interval", "interval_count", "anchor", "from_index", "count"];
    for field in required {
        assert_eq!(refused(&without(&periods(), field)), field);
        assert_eq!(refused(&with(&periods(), json!({field: null}))), field);
    }
    let optional = "op";
    for field in proration().as_object().unwrap().keys().filter(|name| *name != optional) {
        assert_eq!(refused(&without(&proration(), field)), *field);
    }
    let money = json!({"op": "format_money", "amount_minor": 1, "currency": "USD", "locale": "en"});
    for field in ["amount_minor", "currency", "locale"] {
        assert_eq!(refused(&without(&money, field)), field);
    }
    assert_eq!(refused("{\"op\":\"currency\"}"), "code");
    assert_eq!(refused("{\"op\":\"decline\",\"network\":\"visa\"}"), "code");
}

#[test]
fn a_field_of_the_wrong_kind_is_named() {
    for wrong in [json!(1.5), json!("1"), json!(true), json!([1]), json!({}), json!(1e3)] {
        assert_eq!(refused(&with(&periods(), json!({"count": wrong}))), "count");
        let change = json!({"old_price_minor": wrong});
        assert_eq!(refused(&with(&proration(), change)), "old_price_minor");
    }
    for wrong in [json!(1), json!(false), json!([])] {
        for field in ["timezone", "interval", "anchor"] {
            assert_eq!(refused(&with(&periods(), json!({field: wrong}))), field);
        }
        assert_eq!(refused(&with(&proration(), json!({"currency": wrong}))), "currency");
    }
}

#[test]
fn a_number_that_json_or_64_bits_cannot_hold_is_named() {
    for number in ["NaN", "Infinity", "-", "01", "1e999", "9223372036854775808", "1e18", "0x1"] {
        let line = format!(
            r#"{{"op":"format_money","amount_minor":{number},"currency":"USD","locale":"en"}}"#
        );
        assert_eq!(refused(&line), "amount_minor", "{number}");
    }
}

#[test]
fn a_field_given_twice_or_not_asked_for_is_named() {
    assert_eq!(refused(r#"{"op":"currency","code":"USD","code":"USD"}"#), "code");
    assert_eq!(refused(r#"{"op":"currency","code":"USD","locale":"en"}"#), "locale");
    assert_eq!(refused(&with(&periods(), json!({"intervall": 1}))), "intervall");
    assert_eq!(refused(&with(&proration(), json!({"network": "visa"}))), "network");
}

#[test]
fn a_cycle_that_cannot_be_is_named() {
    let wrong = |changes: Value| refused(&with(&periods(), changes));
    assert_eq!(wrong(json!({"timezone": "Mars/Olympus"})), "timezone");
    assert_eq!(wrong(json!({"timezone": ""})), "timezone");
    assert_eq!(wrong(json!({"interval": "fortnight"})), "interval");
    assert_eq!(wrong(json!({"interval_count": 0})), "interval_count");
    assert_eq!(wrong(json!({"interval_count": -1})), "interval_count");
    assert_eq!(wrong(json!({"interval_count": 4_294_967_296_u64})), "interval_count");
    assert_eq!(wrong(json!({"count": -1})), "count");
    assert_eq!(wrong(json!({"count": 10_001})), "count");
    assert_eq!(wrong(json!({"from_index": i64::MAX})), "from_index");
    assert_eq!(wrong(json!({"from_index": i64::MIN})), "from_index");
    assert_eq!(wrong(json!({"from_index": 95_700, "count": 100})), "count");
}

#[test]
fn an_instant_that_is_none_is_named() {
    for anchor in [
        "",
        "2023-02-30",
        "2023-02-29T00:00:00Z",
        "2023-01-31T25:00:00Z",
        "2023-01-31T00:00:00",
        "2023-1-31",
        "31.01.2023",
        "0000-01-01",
        "0000-12-31T23:59:59Z",
        "2016-12-31T23:59:60Z",
        "+12023-01-31T00:00:00Z",
    ] {
        assert_eq!(refused(&with(&periods(), json!({"anchor": anchor}))), "anchor", "{anchor}");
    }
}

#[test]
fn a_stub_that_cannot_be_is_named() {
    let stub = json!({"op": "periods", "start": "2024-01-15", "billing_day": 20, "timezone": "UTC",
                      "interval": "month", "interval_count": 1, "count": 3});
    let wrong = |changes: Value| refused(&with(&stub, changes));
    assert_eq!(wrong(json!({"billing_day": 0})), "billing_day");
    assert_eq!(wrong(json!({"billing_day": 32})), "billing_day");
    assert_eq!(wrong(json!({"billing_day": null})), "billing_day");
    assert_eq!(wrong(json!({"start": null})), "start");
    assert_eq!(wrong(json!({"start": "9999-12-31"})), "start");
    assert_eq!(wrong(json!({"interval": "week"})), "interval");
    assert_eq!(wrong(json!({"anchor": "2024-01-15"})), "anchor");
    assert_eq!(wrong(json!({"from_index": 2})), "from_index");
}

#[test]
fn a_change_that_cannot_be_is_named() {
    let wrong = |changes: Value| refused(&with(&proration(), changes));
    assert_eq!(wrong(json!({"currency": "USX"})), "currency");
    assert_eq!(wrong(json!({"currency": "BGN"})), "currency");
    assert_eq!(wrong(json!({"unit": "hour"})), "unit");
    assert_eq!(wrong(json!({"timezone": "Nowhere"})), "timezone");
    assert_eq!(wrong(json!({"old_price_minor": -1})), "old_price_minor");
    assert_eq!(wrong(json!({"new_price_minor": -1})), "new_price_minor");
    assert_eq!(wrong(json!({"change_at": "2020-09-06T21:28:09Z"})), "change_at");
    assert_eq!(wrong(json!({"change_at": "2020-08-06T21:28:07Z"})), "change_at");
    assert_eq!(wrong(json!({"period_end": "2020-08-06T21:28:08Z"})), "period_end");
    assert_eq!(wrong(json!({"segment_end": "2020-09-01T17:42:27Z"})), "segment_end");
    assert_eq!(wrong(json!({"segment_end": "2020-09-06T21:28:09Z"})), "segment_end");
    assert_eq!(wrong(json!({"new_period_start": "2020-09-01"})), "new_period_end");
    assert_eq!(wrong(json!({"new_period_end": "2020-09-01"})), "new_period_start");
    let nothing = json!({"new_period_start": "2020-09-01", "new_period_end": "2020-09-01"});
    assert_eq!(wrong(nothing), "new_period_end");
}

#[test]
fn a_line_damaged_anywhere_is_still_answered_once() {
    for request in [periods().to_string(), proration().to_string()] {
        for at in 0..request.len() {
            for byte in [b'"', b'{', b'9', b'-', 0, 0xff] {
                let mut line = request.clone().into_bytes();
                line[at] = byte;
                assert_eq!(calc(&line).1.lines, 1);
            }
            assert_eq!(calc(&request.as_bytes()[..at]).1.errors, u64::from(at > 0));
        }
    }
}
