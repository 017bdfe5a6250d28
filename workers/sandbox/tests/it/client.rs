//! A small HTTP client that shows what a program would see, lost connections included.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use perennial_sandbox::{DEFAULT_KEY, Sandbox, SandboxOptions};
use serde_json::Value;

pub type Lost = Box<dyn std::error::Error + Send + Sync>;

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// A text inside the answer, by JSON pointer.
    pub fn at(&self, pointer: &str) -> String {
        match self.json().pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            other => other.map_or_else(|| "absent".to_owned(), Value::to_string),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A running provider and a client of it.
pub struct World {
    pub sandbox: Sandbox,
    http: Hyper<HttpConnector, Full<Bytes>>,
}

impl World {
    pub async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        Self { sandbox, http: Hyper::builder(TokioExecutor::new()).build_http() }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, Lost> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sandbox.base_url()))
            .header("authorization", format!("Bearer {DEFAULT_KEY}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.http.request(request.body(Full::from(body.to_owned()))?).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, headers, text: String::from_utf8(text.to_vec())? })
    }

    /// The status of a request built by hand.
    pub async fn raw(&self, request: hyper::http::request::Builder) -> u16 {
        let request = request.body(Full::default()).unwrap();
        self.http.request(request).await.unwrap().status().as_u16()
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, body, &[]).await.unwrap()
    }

    /// With an idempotency key; the connection may be lost.
    pub async fn keyed(&self, key: &str, path: &str, body: &str) -> Result<Answer, Lost> {
        self.send(Method::POST, path, body, &[("idempotency-key", key)]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", &[]).await.unwrap()
    }

    /// A call to the control plane.
    pub async fn control(&self, method: Method, path: &str, body: &str) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(method, &format!("/_sandbox/{path}"), body, &json).await.unwrap()
    }

    /// A customer with this payment method attached: both ids.
    pub async fn customer_with(&self, method: &str) -> (String, String) {
        let customer = self.post("/v1/customers", "email=ann@example.com").await.at("/id");
        let path = format!("/v1/payment_methods/{method}/attach");
        let attached = self.post(&path, &format!("customer={customer}")).await;
        assert_eq!(attached.status, 200, "{}", attached.text);
        (customer, attached.at("/id"))
    }

    /// An unconfirmed payment of 49 dollars.
    pub async fn intent_for(&self, customer: &str) -> String {
        let body = format!("amount=4900&currency=usd&customer={customer}&metadata[invoice]=inv_1");
        self.post("/v1/payment_intents", &body).await.at("/id")
    }

    pub async fn confirm(&self, intent: &str, method: &str) -> Answer {
        let path = format!("/v1/payment_intents/{intent}/confirm");
        self.post(&path, &format!("payment_method={method}&off_session=true")).await
    }

    /// Creates and confirms a payment; its status, or the decline code.
    pub async fn pay(&self, customer: &str, method: &str) -> String {
        let intent = self.intent_for(customer).await;
        let answer = self.confirm(&intent, method).await;
        match answer.status {
            200 => answer.at("/status"),
            _ if answer.at("/error/decline_code") != "absent" => answer.at("/error/decline_code"),
            _ => answer.at("/error/code"),
        }
    }
}

/// The body at a URL.
pub async fn fetch(url: String) -> String {
    let http: Hyper<HttpConnector, Full<Bytes>> = Hyper::builder(TokioExecutor::new()).build_http();
    let answer = http.get(url.parse().unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
