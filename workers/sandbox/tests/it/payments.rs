//! The life of a payment, and what is refused.

use crate::client::World;

#[tokio::test]
async fn a_declined_payment_goes_back_for_another_card_and_can_be_confirmed_again() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_chargeCustomerFail").await;
    let intent = world.intent_for(&customer).await;
    let declined = world.confirm(&intent, &method).await;
    assert_eq!(declined.status, 402);
    assert_eq!(declined.at("/error/type"), "card_error");
    assert_eq!(declined.at("/error/code"), "card_declined");
    assert_eq!(declined.at("/error/decline_code"), "generic_decline");
    assert_eq!(declined.at("/error/payment_intent/id"), intent);
    assert_eq!(declined.header("stripe-should-retry"), Some("false"));

    let read = world.get(&format!("/v1/payment_intents/{intent}?expand[]=latest_charge")).await;
    assert_eq!(read.at("/status"), "requires_payment_method");
    assert_eq!(read.at("/payment_method"), "null");
    assert_eq!(read.at("/last_payment_error/decline_code"), "generic_decline");
    assert_eq!(read.at("/latest_charge/status"), "failed");
    assert_eq!(read.at("/latest_charge/outcome/type"), "issuer_declined");

    let (_, good) = {
        let attached = format!("customer={customer}");
        let good = world.post("/v1/payment_methods/pm_card_mastercard/attach", &attached).await;
        (good.status, good.at("/id"))
    };
    let paid = world.confirm(&intent, &good).await;
    assert_eq!(paid.at("/status"), "succeeded");
    assert_eq!(paid.at("/last_payment_error"), "null");
    let again = world.confirm(&intent, &good).await;
    assert_eq!(
        (again.status, again.at("/error/code").as_str()),
        (400, "payment_intent_unexpected_state")
    );
    assert_eq!(again.at("/error/payment_intent/status"), "succeeded");
}

#[tokio::test]
async fn an_off_session_payment_that_needs_its_owner_is_declined() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_authenticationRequired").await;
    assert_eq!(world.pay(&customer, &method).await, "authentication_required");
    let (customer, method) = world.customer_with("pm_card_authenticationRequiredOnSetup").await;
    assert_eq!(world.pay(&customer, &method).await, "authentication_required");
    let (customer, method) =
        world.customer_with("pm_card_authenticationRequiredSetupForOffSession").await;
    assert_eq!(world.pay(&customer, &method).await, "succeeded");
}

#[tokio::test]
async fn a_card_set_up_with_its_owner_pays_off_session() {
    let world = World::new().await;
    let customer = world.post("/v1/customers", "").await.at("/id");
    let body = format!(
        "customer={customer}&payment_method=pm_card_authenticationRequiredOnSetup&confirm=true&return_url=https://example.com"
    );
    let setup = world.post("/v1/setup_intents", &body).await;
    assert_eq!(setup.at("/status"), "requires_action");
    let page = setup.at("/next_action/redirect_to_url/url");
    let path = page.strip_prefix(&world.sandbox.base_url()).unwrap();
    assert_eq!(world.get(path).await.status, 200);
    assert_eq!(world.post(path, "").await.at("/status"), "succeeded");
    assert_eq!(world.pay(&customer, &setup.at("/payment_method")).await, "succeeded");
}

#[tokio::test]
async fn an_on_session_payment_waits_for_its_owner() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_threeDSecure2Required").await;
    let intent = world.intent_for(&customer).await;
    let path = format!("/v1/payment_intents/{intent}/confirm");
    let body = format!("payment_method={method}&return_url=https://example.com/back");
    let asked = world.post(&path, &body).await;
    assert_eq!(asked.at("/status"), "requires_action");
    assert_eq!(asked.at("/next_action/type"), "redirect_to_url");
    assert_eq!(asked.at("/next_action/redirect_to_url/return_url"), "https://example.com/back");
    let done = world.post(&format!("/_sandbox/authenticate/{intent}"), "").await;
    assert_eq!(done.at("/status"), "succeeded");

    let intent = world.intent_for(&customer).await;
    world.post(&format!("/v1/payment_intents/{intent}/confirm"), &body).await;
    let failed = world.post(&format!("/_sandbox/authenticate/{intent}?outcome=fail"), "").await;
    assert_eq!(failed.at("/status"), "requires_payment_method");
    assert_eq!(failed.at("/last_payment_error/code"), "payment_intent_authentication_failure");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_visa").await;
    let (stranger, _) = world.customer_with("pm_card_visa").await;
    let pay = "/v1/payment_intents";
    for (path, body, status, code, param) in [
        (pay, "currency=usd", 400, "parameter_missing", "amount"),
        (pay, "amount=100", 400, "parameter_missing", "currency"),
        (pay, "amount=x&currency=usd", 400, "parameter_invalid_integer", "amount"),
        (pay, "amount=0&currency=usd", 400, "parameter_invalid_integer", "amount"),
        (pay, "amount=49&currency=usd", 400, "amount_too_small", "amount"),
        (pay, "amount=29&currency=gbp", 400, "amount_too_small", "amount"),
        (pay, "amount=1001&currency=kwd", 400, "parameter_invalid_integer", "amount"),
        (pay, "amount=100000000&currency=usd", 400, "amount_too_large", "amount"),
        (pay, "amount=500&currency=xyz", 400, "parameter_invalid", "currency"),
        (pay, "amount=500&currency=usd&colour=red", 400, "parameter_unknown", "colour"),
        (pay, "amount=500&currency=usd&customer=cus_x", 400, "resource_missing", "customer"),
        (pay, "amount=500&currency=usd&off_session=true", 400, "parameter_invalid", "off_session"),
        ("/v1/customers", "email=nobody", 400, "email_invalid", "email"),
        ("/v1/payment_intents/pi_x", "", 404, "resource_missing", "intent"),
        (
            "/v1/payment_methods/pm_x/attach",
            &format!("customer={customer}"),
            404,
            "resource_missing",
            "payment_method",
        ),
        (
            "/v1/payment_methods/pm_sbx_visa__okay/attach",
            &format!("customer={customer}"),
            400,
            "resource_missing",
            "payment_method",
        ),
        (
            &format!("/v1/payment_methods/{method}/attach"),
            &format!("customer={stranger}"),
            400,
            "absent",
            "payment_method",
        ),
        (
            pay,
            &format!("amount=500&currency=usd&customer={stranger}&payment_method={method}"),
            400,
            "resource_missing",
            "payment_method",
        ),
        (
            pay,
            &format!("amount=500&currency=usd&payment_method={method}"),
            400,
            "absent",
            "payment_method",
        ),
    ] {
        let answer = world.post(path, body).await;
        let told = (answer.status, answer.at("/error/code"), answer.at("/error/param"));
        assert_eq!(told, (status, code.to_owned(), param.to_owned()), "{path} {body}");
    }
    let refused = world.post(pay, "amount=500&currency=usd&metadata[a").await;
    assert_eq!(refused.status, 400);
    assert_eq!(world.sandbox.ledger().attempts, 0);
}

#[tokio::test]
async fn a_card_that_the_issuer_refuses_cannot_be_attached() {
    let world = World::new().await;
    let customer = world.post("/v1/customers", "").await.at("/id");
    for (name, code) in [
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ] {
        let path = format!("/v1/payment_methods/{name}/attach");
        let refused = world.post(&path, &format!("customer={customer}")).await;
        assert_eq!((refused.status, refused.at("/error/decline_code")), (402, code.to_owned()));
    }
    let none = world.post("/v1/customers", "payment_method=pm_card_chargeDeclined").await;
    assert_eq!(none.status, 402);
    assert_eq!(world.get("/v1/customers").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn cards_are_made_from_numbers_and_wrong_ones_are_refused() {
    let world = World::new().await;
    let make = |number: &str| {
        format!(
            "type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2040&card[cvc]=123"
        )
    };
    let made = world.post("/v1/payment_methods", &make("5555555555554444")).await;
    assert_eq!(made.at("/card/brand"), "mastercard");
    assert_eq!(made.at("/card/last4"), "4444");
    assert_eq!(made.at("/card/exp_year"), "2040");
    let wrong = world.post("/v1/payment_methods", &make("4242424242424241")).await;
    assert_eq!((wrong.status, wrong.at("/error/code").as_str()), (402, "incorrect_number"));
    let past = "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2020";
    let past = world.post("/v1/payment_methods", past).await;
    assert_eq!(past.at("/error/code"), "invalid_expiry_year");
}

#[tokio::test]
async fn an_authorized_payment_is_captured_once_or_canceled() {
    let world = World::new().await;
    let body = "amount=5000&currency=eur&capture_method=manual&confirm=true&off_session=true&payment_method=pm_card_visa";
    let held = world.post("/v1/payment_intents", body).await;
    assert_eq!(held.at("/status"), "requires_capture");
    assert_eq!(held.at("/amount_capturable"), "5000");
    assert!(world.sandbox.ledger().entries.is_empty());
    let path = format!("/v1/payment_intents/{}/capture", held.at("/id"));
    let captured = world.post(&path, "amount_to_capture=3000").await;
    assert_eq!(
        (captured.at("/status").as_str(), captured.at("/amount_received").as_str()),
        ("succeeded", "3000")
    );
    assert_eq!(world.post(&path, "").await.at("/error/code"), "payment_intent_unexpected_state");
    assert_eq!(world.sandbox.ledger().totals["eur"], 3000);

    let held = world.post("/v1/payment_intents", body).await.at("/id");
    let path = format!("/v1/payment_intents/{held}/cancel");
    let canceled = world.post(&path, "cancellation_reason=abandoned").await;
    assert_eq!(canceled.at("/status"), "canceled");
    assert_eq!(world.post(&path, "").await.status, 400);
}

#[tokio::test]
async fn a_deleted_customer_takes_its_cards_along() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_visa").await;
    let gone =
        world.send(hyper::Method::DELETE, &format!("/v1/customers/{customer}"), "", &[]).await;
    assert_eq!(gone.unwrap().at("/deleted"), "true");
    assert_eq!(world.get(&format!("/v1/customers/{customer}")).await.at("/deleted"), "true");
    assert_eq!(world.get(&format!("/v1/payment_methods/{method}")).await.at("/customer"), "null");
    let body =
        format!("amount=500&currency=usd&payment_method={method}&confirm=true&off_session=true");
    assert_eq!(world.post("/v1/payment_intents", &body).await.status, 400);
}

#[tokio::test]
async fn pages_follow_one_another_in_both_directions() {
    let world = World::new().await;
    let (customer, _) = world.customer_with("pm_card_visa").await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(world.intent_for(&customer).await);
        world.intent_for(&world.post("/v1/customers", "").await.at("/id")).await;
    }
    made.reverse();
    let ids = |page: &crate::client::Answer| -> Vec<String> {
        let data = page.json()["data"].as_array().cloned().unwrap();
        data.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let list = format!("/v1/payment_intents?customer={customer}&limit=3");
    let first = world.get(&list).await;
    assert_eq!((ids(&first).as_slice(), first.at("/has_more").as_str()), (&made[..3], "true"));
    let second = world.get(&format!("{list}&starting_after={}", made[2])).await;
    assert_eq!(ids(&second), made[3..6]);
    let last = world.get(&format!("{list}&starting_after={}", made[5])).await;
    assert_eq!((ids(&last).as_slice(), last.at("/has_more").as_str()), (&made[6..], "false"));
    let back = world.get(&format!("{list}&ending_before={}", made[5])).await;
    assert_eq!((ids(&back).as_slice(), back.at("/has_more").as_str()), (&made[2..5], "true"));
}
