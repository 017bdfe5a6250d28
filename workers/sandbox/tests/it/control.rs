//! The control plane over HTTP, and who may speak to the provider at all.

use hyper::Method;
use perennial_sandbox::{Sandbox, SandboxOptions, StartError};

use crate::client::World;

#[tokio::test]
async fn faults_are_added_and_removed_over_http() {
    let world = World::new().await;
    let fault = r#"{"method":"GET","path":"/v1/customers","action":"status","status":503}"#;
    assert_eq!(world.control(Method::POST, "faults", fault).await.status, 200);
    assert_eq!(world.get("/v1/customers").await.status, 503);
    assert_eq!(world.get("/v1/charges").await.status, 200);
    assert_eq!(world.control(Method::DELETE, "faults", "").await.status, 200);
    assert_eq!(world.get("/v1/customers").await.status, 200);
    let typo = r#"{"pathh":"/v1","action":"drop_before"}"#;
    let refused = world.control(Method::POST, "faults", typo).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("pathh"), "{}", refused.text);
}

#[tokio::test]
async fn ledger_and_requests_can_be_read_and_forgotten() {
    let world = World::new().await;
    let (customer, method) = world.customer_with("pm_card_visa").await;
    world.pay(&customer, &method).await;
    let ledger = world.control(Method::GET, "ledger", "").await;
    assert_eq!((ledger.at("/totals/usd"), ledger.at("/attempts")), ("4900".into(), "1".into()));
    assert_eq!(ledger.at("/entries/0/metadata/invoice"), "inv_1");
    assert_eq!(ledger.at("/entries/0/customer"), customer);
    let requests = world.control(Method::GET, "requests?key=sk_test_sandbox", "").await;
    assert_eq!(requests.at("/0/path"), "/v1/customers");
    assert_eq!(requests.json().as_array().unwrap().len(), 4);
    world.control(Method::POST, "reset", "").await;
    assert_eq!(world.control(Method::GET, "ledger", "").await.at("/attempts"), "0");
    assert_eq!(world.get(&format!("/v1/customers/{customer}")).await.status, 404);
}

#[tokio::test]
async fn accounts_do_not_see_one_another() {
    let world = World::new().await;
    let customer = world.post("/v1/customers", "").await.at("/id");
    let path = format!("/v1/customers/{customer}");
    for (credentials, status) in [
        ("Bearer sk_test_other", 404),
        ("Basic c2tfdGVzdF9zYW5kYm94Og==", 200),
        ("Bearer sk_live_x", 401),
        ("", 401),
    ] {
        let uri = format!("{}{path}", world.sandbox.base_url());
        let request = hyper::Request::get(uri).header("authorization", credentials);
        assert_eq!(world.raw(request).await, status, "{credentials}");
    }
}

#[tokio::test]
async fn unknown_paths_say_what_there_is() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/invoices").await.status, 404);
    assert_eq!(world.control(Method::GET, "nonsense", "").await.status, 404);
}

#[tokio::test]
async fn only_loopback_is_served() {
    let addr = "0.0.0.0:0".parse().unwrap();
    let refused = Sandbox::start(SandboxOptions { addr, ..SandboxOptions::default() }).await;
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
}
