//! How many payments the provider takes: creates and confirms over kept-alive connections.
//!
//! `cargo run --release -p perennial-sandbox --example load -- [connections] [seconds]`

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use perennial_sandbox::{DEFAULT_KEY, Sandbox, SandboxOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut given = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let connections = given.next().transpose()?.unwrap_or(16);
    let seconds = given.next().transpose()?.unwrap_or(5);
    let sandbox = Sandbox::start(SandboxOptions::default()).await?;
    let (addr, began) = (sandbox.addr(), Instant::now());
    let until = began + Duration::from_secs(seconds);
    let workers: Vec<_> =
        (0..connections).map(|number| tokio::spawn(work(addr, number, until))).collect();
    let mut requests = 0;
    for worker in workers {
        requests += worker.await??;
    }
    let millis = began.elapsed().as_millis().max(1);
    let rate = u128::from(requests) * 1000 / millis;
    let charges = sandbox.ledger().entries.len();
    writeln!(std::io::stdout(), "{rate} requests/s ({requests} requests, {charges} charges)")?;
    Ok(())
}

async fn work(addr: SocketAddr, worker: u64, until: Instant) -> Result<u64, Failed> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let customer = post(&mut stream, "/v1/customers", "email=a@example.com", "").await?;
    let customer = id(&customer, "cus_");
    let attach = format!("customer={customer}");
    let method = post(&mut stream, "/v1/payment_methods/pm_card_visa/attach", &attach, "").await?;
    let method = id(&method, "pm_");
    let create = format!("amount=4900&currency=usd&customer={customer}&metadata[invoice]=inv_1");
    let confirm = format!("payment_method={method}&off_session=true&expand[]=latest_charge");
    let mut requests = 2;
    while Instant::now() < until {
        let key = format!("{worker}-{requests}");
        let intent = post(&mut stream, "/v1/payment_intents", &create, &key).await?;
        let path = format!("/v1/payment_intents/{}/confirm", id(&intent, "pi_"));
        let paid = post(&mut stream, &path, &confirm, &format!("{key}-confirm")).await?;
        assert!(paid.contains("\"status\":\"succeeded\""), "not paid: {paid}");
        requests += 2;
    }
    Ok(requests)
}

fn id(body: &str, prefix: &str) -> String {
    let marker = format!("\"id\":\"{prefix}");
    let rest = body.split_once(&marker).map_or("", |(_, rest)| rest);
    format!("{prefix}{}", rest.split('"').next().unwrap_or_default())
}

async fn post(stream: &mut TcpStream, path: &str, body: &str, key: &str) -> Result<String, Failed> {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer {DEFAULT_KEY}\r\n\
         idempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(8192);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the connection was closed".into());
        }
        let text = std::str::from_utf8(&answer)?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.unwrap_or("0").parse()? {
            return Ok(body.to_owned());
        }
    }
}
