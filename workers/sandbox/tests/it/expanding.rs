//! What the sandbox does not serve is refused in the provider's words, and never ignored.

use crate::client::World;

#[tokio::test]
async fn a_path_that_cannot_be_expanded_is_refused_even_where_nothing_would_be_found() {
    let world = World::new().await;
    for (url, said) in [
        ("charges?expand[]=data.nonsense", "This property cannot be expanded (data.nonsense)."),
        (
            "customers?expand[]=default_source",
            "This property cannot be expanded (default_source). You may want to try expanding 'data.default_source' instead.",
        ),
        ("charges?expand=data.customer", "Invalid array"),
    ] {
        let refused = world.get(&format!("/v1/{url}")).await;
        assert_eq!((refused.status, refused.at("/error/message").as_str()), (400, said), "{url}");
        assert_eq!(refused.at("/error/type"), "invalid_request_error");
        assert_eq!(refused.at("/error/param"), "expand");
    }
    let null = world.post("/v1/customers", "expand[]=default_source").await;
    assert_eq!((null.status, null.at("/default_source").as_str()), (200, "null"));
}

#[tokio::test]
async fn a_charge_whose_answer_cannot_be_expanded_is_not_made() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_visa").await;
    let intent = world.intent_for(&customer).await;
    let path = format!("/v1/payment_intents/{intent}/confirm");
    let body = format!("payment_method={method}&off_session=true&expand[]=latest_charge.metadata");
    let refused = world.post(&path, &body).await;
    assert_eq!(refused.status, 400);
    assert!(refused.at("/error/message").contains("(latest_charge.metadata)"), "{}", refused.text);
    assert!(world.sandbox.ledger().entries.is_empty());
}

#[tokio::test]
async fn a_search_and_an_empty_id_are_urls_that_are_not_served() {
    let world = World::new().await;
    for (url, hint) in [
        ("/v1/customers/search?query=email", "It has no search"),
        ("/v1/payment_intents/search?query=metadata", "It has no search"),
        ("/v1/charges/search", "It has no search"),
        ("/v1/customers/", "remove the trailing slash"),
        ("/v1/refunds", "The sandbox serves customers"),
    ] {
        let refused = world.get(url).await;
        let said = refused.at("/error/message");
        assert_eq!(refused.status, 404, "{url}: {said}");
        let path = url.split('?').next().unwrap();
        assert!(said.starts_with(&format!("Unrecognized request URL (GET: {path}).")), "{said}");
        assert!(said.contains(hint), "{said}");
        assert_eq!(refused.at("/error/type"), "invalid_request_error");
    }
}
