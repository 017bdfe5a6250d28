//! async-stripe's strict decoding takes every object we send: one missing field would be an error.

use stripe_shared::{ApiErrors, Charge, Customer, PaymentIntent, PaymentMethod, SetupIntent};

use crate::client::World;

#[track_caller]
fn decodes<T: miniserde::Deserialize>(text: &str) -> T {
    miniserde::json::from_str(text).unwrap_or_else(|_| panic!("not decoded: {text}"))
}

#[tokio::test]
async fn every_object_decodes() {
    let world = World::new().await;
    let body = "email=ann@example.com&name=Ann&address[line1]=1+Main&address[country]=US&metadata[k]=v&preferred_locales[]=de";
    let customer = world.post("/v1/customers", body).await;
    decodes::<Customer>(&customer.text);
    let (customer, method) = world.customer_with("pm_card_visa").await;
    decodes::<PaymentMethod>(&world.get(&format!("/v1/payment_methods/{method}")).await.text);
    let intent = world.intent_for(&customer).await;
    let expand = "expand[]=latest_charge&expand[]=customer&expand[]=payment_method";
    let path = format!("/v1/payment_intents/{intent}/confirm");
    let body = format!("payment_method={method}&off_session=true&{expand}");
    let paid = world.post(&path, &body).await;
    let decoded: PaymentIntent = decodes(&paid.text);
    assert!(decoded.latest_charge.is_some_and(|charge| charge.as_object().is_some()));
    decodes::<Charge>(
        &world.get(&format!("/v1/charges/{}", paid.at("/latest_charge/id"))).await.text,
    );
    let body = format!(
        "customer={customer}&payment_method={method}&confirm=true&return_url=https://example.com"
    );
    let setup: SetupIntent = decodes(&world.post("/v1/setup_intents", &body).await.text);
    assert_eq!(setup.status.as_str(), "succeeded");
}

#[tokio::test]
async fn every_state_of_a_payment_decodes() {
    let world = World::new().await;
    for name in [
        "pm_sbx_visa__ok",
        "pm_sbx_visa__processing2d_ok",
        "pm_sbx_visa__action",
        "pm_sbx_mastercard__insufficient_funds@24",
        "pm_card_radarBlock",
        "pm_card_cvcCheckFail",
    ] {
        let (customer, method) = world.customer_with(name).await;
        let intent = world.intent_for(&customer).await;
        world.confirm(&intent, &method).await;
        let path = format!("/v1/payment_intents/{intent}?expand[]=latest_charge");
        decodes::<PaymentIntent>(&world.get(&path).await.text);
    }
}

#[tokio::test]
async fn a_decline_decodes_with_its_payment() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_sbx_mastercard__do_not_honor@03").await;
    let intent = world.intent_for(&customer).await;
    let declined = world.confirm(&intent, &method).await.json();
    let error: ApiErrors = decodes(&declined["error"].to_string());
    assert_eq!(error.network_advice_code.as_deref(), Some("03"));
    let intent = error.payment_intent.unwrap();
    assert_eq!(intent.status.as_str(), "requires_payment_method");
    let last = intent.last_payment_error.unwrap();
    assert_eq!(last.decline_code.as_deref(), Some("do_not_honor"));
}
