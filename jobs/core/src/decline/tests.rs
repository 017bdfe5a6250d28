use proptest::prelude::*;

use super::*;

fn declined(code: &str, network: Network, mac: &str, advice: &str) -> Verdict {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let decline = Decline {
        network_advice_code: some(mac),
        advice_code: some(advice),
        ..Decline::new(code, network)
    };
    decline.classify()
}

#[test]
fn insufficient_funds_may_pass_another_time() {
    let verdict = Decline::new("insufficient_funds", Network::Visa).classify();
    assert_eq!((verdict.class, verdict.retry, verdict.min_delay), (Class::Soft, true, None));
    assert_eq!(verdict.action, Action::RetryLater);
    assert_eq!(verdict.show_as, "insufficient_funds");
}

#[test]
fn a_hard_decline_is_never_retried() {
    let verdict = Decline::new("expired_card", Network::Visa).classify();
    assert_eq!((verdict.class, verdict.retry), (Class::Hard, false));
    assert_eq!(verdict.action, Action::UpdateCard);
    assert_eq!(
        Decline::new("authentication_required", Network::Visa).classify().action,
        Action::Authenticate
    );
}

#[test]
fn a_code_nobody_knows_is_soft_and_shown_as_generic() {
    let verdict = Decline::new("martian_holiday", Network::Visa).classify();
    assert_eq!((verdict.class, verdict.retry), (Class::Soft, true));
    assert_eq!(verdict.show_as, GENERIC_DECLINE);
    assert!(Decline::new("", Network::Other).classify().retry);
}

#[test]
fn what_would_help_a_thief_is_shown_as_generic() {
    for code in ["lost_card", "stolen_card", "fraudulent", "merchant_blacklist"] {
        assert_eq!(Decline::new(code, Network::Visa).classify().show_as, GENERIC_DECLINE);
    }
    assert_eq!(Decline::new("expired_card", Network::Visa).classify().show_as, "expired_card");
}

#[test]
fn mastercard_says_how_long_to_wait() {
    let hours =
        [("24", 1), ("25", 24), ("26", 48), ("27", 96), ("28", 144), ("29", 192), ("30", 240)];
    for (code, hours) in hours {
        let verdict = declined("insufficient_funds", Network::Mastercard, code, "");
        assert_eq!(verdict.min_delay, Some(TimeDelta::hours(hours)));
        assert!(verdict.retry);
    }
    assert_eq!(declined("do_not_honor", Network::Mastercard, "02", "").min_delay, None);
}

#[test]
fn mastercard_may_forbid_the_retry_of_a_soft_decline() {
    let forbids = [
        ("01", Action::UpdateCard),
        ("03", Action::NewPaymentMethod),
        ("04", Action::NewPaymentMethod),
        ("21", Action::ContactCustomer),
    ];
    for (code, action) in forbids {
        let verdict = declined("insufficient_funds", Network::Mastercard, code, "");
        assert_eq!((verdict.class, verdict.retry, verdict.action), (Class::Soft, false, action));
    }
}

#[test]
fn mastercards_advice_is_for_mastercards() {
    for network in [Network::Visa, Network::Amex, Network::UsBankAccount, Network::Other] {
        let verdict = declined("insufficient_funds", network, "03", "");
        assert!(verdict.retry, "{network}");
        assert_eq!(declined("insufficient_funds", network, "24", "").min_delay, None);
    }
}

#[test]
fn the_providers_advice_may_forbid_the_retry() {
    let never = declined("insufficient_funds", Network::Visa, "", "do_not_try_again");
    assert_eq!((never.retry, never.action), (false, Action::NewPaymentMethod));
    let check = declined("insufficient_funds", Network::Visa, "", "confirm_card_data");
    assert_eq!((check.retry, check.action), (false, Action::UpdateCard));
    assert!(declined("insufficient_funds", Network::Visa, "", "try_again_later").retry);
    assert!(declined("insufficient_funds", Network::Visa, "", "dance").retry);
}

#[test]
fn friendly_advice_does_not_soften_a_hard_decline() {
    let verdict = declined("stolen_card", Network::Mastercard, "24", "try_again_later");
    assert_eq!((verdict.class, verdict.retry, verdict.min_delay), (Class::Hard, false, None));
    let verdict = declined("insufficient_funds", Network::Mastercard, "24", "do_not_try_again");
    assert_eq!((verdict.retry, verdict.min_delay), (false, None));
}

#[test]
fn a_decline_and_its_verdict_survive_json() {
    let decline: Decline =
        serde_json::from_str(r#"{"code":"do_not_honor","network":"mastercard"}"#).unwrap();
    assert_eq!(decline, Decline::new("do_not_honor", Network::Mastercard));
    let verdict = declined("do_not_honor", Network::Mastercard, "25", "");
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(
        json,
        r#"{"class":"soft","retry":true,"min_delay_hours":24,"action":"retry_later","show_as":"do_not_honor"}"#
    );
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
}

/// Every code of the table and one that is not in it, as (code, is it hard).
fn codes() -> Vec<(String, bool)> {
    let json = include_str!("../../data/decline_codes.json");
    let table: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    let listed = table.into_iter().map(|(code, entry)| (code, entry["class"] == "hard"));
    listed.chain([("never_heard_of".to_owned(), false)]).collect()
}

/// Every advice of one network as (code, retry, hours), and none.
fn advice(network: &str) -> Vec<(String, bool, Option<i64>)> {
    let json = include_str!("../../data/network_advice_codes.json");
    let table: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
    let read = |entry: &serde_json::Value| {
        let code = entry["code"].as_str().unwrap().to_owned();
        (code, entry["retry"].as_bool().unwrap(), entry["min_delay_hours"].as_i64())
    };
    let of_network = table.iter().filter(|entry| entry["network"] == network).map(read);
    of_network.chain([(String::new(), true, None), ("??".to_owned(), true, None)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_strictest_of_code_and_advice_wins(
        (code, hard) in proptest::sample::select(codes()),
        (mac, mac_retry, hours) in proptest::sample::select(advice("mastercard")),
        (advised, advice_retry, _) in proptest::sample::select(advice("stripe_advice_code")),
        on_mastercard in any::<bool>(),
    ) {
        let network = if on_mastercard { Network::Mastercard } else { Network::Visa };
        let verdict = declined(&code, network, &mac, &advised);
        let retry = !hard && advice_retry && (mac_retry || !on_mastercard);
        prop_assert_eq!(verdict.class == Class::Hard, hard);
        prop_assert_eq!(verdict.retry, retry);
        let delay = hours.filter(|_| retry && on_mastercard).map(TimeDelta::hours);
        prop_assert_eq!(verdict.min_delay, delay);
        prop_assert!(retry || verdict.action != Action::RetryLater, "{:?}", verdict);
    }

    #[test]
    fn no_text_makes_a_verdict_fail(code in "\\PC{0,8}", mac in "\\PC{0,4}", advice in "\\PC{0,8}") {
        let verdict = declined(&code, Network::Mastercard, &mac, &advice);
        let known = codes().iter().any(|(listed, _)| *listed == code);
        prop_assert!(known || verdict.show_as == GENERIC_DECLINE);
    }
}
