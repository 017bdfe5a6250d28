//! What an application's own backend, or a customer, does at the provider without telling us.

use perennial_sandbox::DEFAULT_KEY;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::World;

impl World {
    /// Sends a form to the provider: its answer.
    pub async fn at_provider(&self, path: &str, form: &str) -> Value {
        let mut stream = TcpStream::connect(self.sandbox.addr()).await.expect("the provider");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer {DEFAULT_KEY}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).await.expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    }

    /// The customer pays the latest invoice that is not paid, at the provider, with this method.
    pub async fn pay_at_provider(&self, method: &str) -> String {
        let intent: String = sqlx::query_scalar(
            "select intent_reference from perennial.invoices
              where status <> 'paid' and intent_reference is not null order by number desc limit 1",
        )
        .fetch_one(&self.pool)
        .await
        .expect("an intent");
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let answer = self.at_provider(&path, &format!("payment_method={method}")).await;
        assert_eq!(answer["status"], "succeeded", "{answer}");
        intent
    }

    /// The provider's reference of a customer's first method.
    pub async fn method_reference(&self, customer: Uuid) -> String {
        let sql = "select reference from perennial.payment_methods where customer_id = $1 order by position limit 1";
        sqlx::query_scalar(sql).bind(customer).fetch_one(&self.pool).await.expect("a method")
    }
}
