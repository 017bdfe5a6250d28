//! One click in a mail program stops warnings about usage, and nothing else does.

use std::net::SocketAddr;

use perennial::http::Server;
use perennial_core::ids::CustomerId;
use perennial_tests::World;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

use super::world;

const CLICK: &str = "List-Unsubscribe=One-Click";
const MUTED: &str = "select count(*) from perennial.mail_preferences where muted_at is not null";

/// Sends one request; answers with its status and all that came back.
async fn request(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

async fn customer(world: &World) -> CustomerId {
    let id = CustomerId::derived("ada");
    sqlx::query(
        "with them as (insert into perennial.users (id, email, name)
                       values ($1, 'ada@customers.example', 'Ada') returning *)
         insert into perennial.customers (id, user_id, email, name) select id, id, email, name from them",
    )
    .bind(id.0)
    .execute(&world.pool)
    .await
    .unwrap();
    id
}

/// The customer's token, once there is one.
async fn token(world: &World) -> String {
    sqlx::query_scalar("select token from perennial.mail_preferences")
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

async fn set(world: &World, customer: uuid::Uuid, stream: &str, to: &str) -> sqlx::Result<()> {
    sqlx::query("select perennial.set_mail_preference($1, $2, $3)")
        .bind(customer)
        .bind(stream)
        .bind(to)
        .execute(&world.pool)
        .await
        .map(drop)
}

/// Queues a letter, as a decision does.
async fn queue(world: &World, customer: CustomerId, key: &str, letter: serde_json::Value) {
    sqlx::query(
        "insert into perennial.emails
             (id, key, customer_id, clock_id, template, letter, status, queued_at, due_at, decision)
         select gen_random_uuid(), $2, c.id, c.clock_id, $3 ->> 'template', $3, 'queued', d.at, d.at, 0
           from perennial.customers c, perennial.business_now(c.clock_id) d (at) where c.id = $1",
    )
    .bind(customer.0)
    .bind(key)
    .bind(letter)
    .execute(&world.pool)
    .await
    .unwrap();
    sqlx::query("select pg_notify('perennial_due', '')").execute(&world.pool).await.unwrap();
}

fn warning() -> serde_json::Value {
    json!({"template": "usage_warning", "unit": "AI operations", "used": 80, "limit": 100,
           "threshold_percent": 80, "period_start": "2026-01-31T12:00:00Z",
           "resets_at": "2026-02-28T12:00:00Z", "beyond": "refused", "upgrade": null})
}

fn low_balance() -> serde_json::Value {
    json!({"template": "low_balance", "unit": "tokens", "balance": 1, "threshold": 3,
           "top_up": null})
}

/// A worker that serves its pages on a port of its own.
async fn worker_with_pages(world: &World) -> (Child, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = world.command();
    command
        .arg("work")
        .env("PERENNIAL_HTTP_LISTEN", address.to_string())
        .env("PERENNIAL_PUBLIC_URL", format!("http://{address}/"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    (command.spawn().unwrap(), address)
}

#[tokio::test]
async fn a_post_mutes_and_a_get_does_not() {
    let world = world().await;
    let id = customer(&world).await;
    set(&world, id.0, "usage_warning", "all").await.unwrap();
    let server = Server::start("127.0.0.1:0".parse().unwrap(), world.pool.clone()).await.unwrap();
    let path = format!("/unsubscribe/{}", token(&world).await);

    for method in ["GET", "HEAD"] {
        let (status, page) = request(server.address(), method, &path, "").await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(page.contains("<form method=\"post\">"), method == "GET");
        assert!(page.contains("referrer-policy: no-referrer"), "{page}");
    }
    let oversized = format!("{CLICK}&{}", "x".repeat(5_000));
    for (body, expected) in [("", 400), ("List-Unsubscribe=No", 400), (oversized.as_str(), 413)] {
        assert_eq!(request(server.address(), "POST", &path, body).await.0, expected);
    }
    assert_eq!(world.count(MUTED).await, 0, "nothing so far was a click");

    for _ in 0..2 {
        let (status, page) = request(server.address(), "POST", &path, CLICK).await;
        assert_eq!(status, 200, "{page}");
    }
    assert_eq!(world.count(MUTED).await, 1);
}

#[tokio::test]
async fn a_token_that_is_not_ours_leads_nowhere() {
    let world = world().await;
    let id = customer(&world).await;
    set(&world, id.0, "usage_warning", "all").await.unwrap();
    let server = Server::start("127.0.0.1:0".parse().unwrap(), world.pool.clone()).await.unwrap();
    let foreign = "0".repeat(64);
    let cut = &token(&world).await[..63];
    for token in [foreign.as_str(), cut, "%00", "'", "é"] {
        for method in ["GET", "POST"] {
            let path = format!("/unsubscribe/{token}");
            assert_eq!(request(server.address(), method, &path, CLICK).await.0, 404, "{token}");
        }
    }
    assert_eq!(request(server.address(), "GET", "/", "").await.0, 404);
    assert_eq!(world.count(MUTED).await, 0);
}

#[tokio::test]
async fn the_link_of_a_warning_mutes_the_warnings_after_it_and_no_other_letter() {
    let world = world().await;
    let id = customer(&world).await;
    let (mut worker, address) = worker_with_pages(&world).await;
    queue(&world, id, "first", warning()).await;
    world.rest().await;
    let mails = world.inbox.mails();
    assert_eq!(mails.len(), 1);
    let url = mails[0].header("List-Unsubscribe").unwrap();
    let url = url.trim_matches(['<', '>']).to_owned();
    assert_eq!(mails[0].header("List-Unsubscribe-Post"), Some(CLICK));
    assert!(mails[0].text.as_ref().unwrap().contains(&url));
    assert!(mails[0].text.as_ref().unwrap().contains("[########--] 80 %"));
    let raw = String::from_utf8_lossy(&mails[0].raw).into_owned();
    assert!(raw.contains(&format!("\r\nList-Unsubscribe: <{url}>\r\n")), "{raw}");

    let path = url.strip_prefix(&format!("http://{address}")).unwrap();
    assert_eq!(request(address, "POST", path, CLICK).await.0, 200);
    queue(&world, id, "second", warning()).await;
    queue(&world, id, "third", low_balance()).await;
    world.rest().await;
    let mails = world.inbox.mails();
    assert_eq!(mails.len(), 2, "the second warning was not sent");
    assert_eq!(mails[1].header("List-Unsubscribe"), None);

    set(&world, id.0, "usage_warning", "all").await.unwrap();
    queue(&world, id, "fourth", warning()).await;
    world.rest().await;
    assert_eq!(world.inbox.mails().len(), 3);
    let stored = "select count(*) from perennial.emails e, perennial.mail_preferences p
                   where position(p.token in e.letter::text) > 0";
    assert_eq!(world.count(stored).await, 0, "no queue row holds the secret");

    worker.kill().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the pages end with the worker");
}

#[tokio::test]
async fn a_preference_that_cannot_be_is_refused_with_the_name_of_its_field() {
    let world = world().await;
    let id = customer(&world).await.0;
    let stranger = uuid::Uuid::from_u128(99);
    for (customer, stream, to, field) in [
        (stranger, "usage_warning", "muted", "customer"),
        (id, "receipt", "muted", "stream"),
        (id, "usage_warning", "some", "preference"),
    ] {
        let error = set(&world, customer, stream, to).await.unwrap_err();
        let message = error.as_database_error().unwrap().message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
    set(&world, id, "usage_warning", "muted").await.unwrap();
    let since = "select extract(epoch from muted_at)::bigint from perennial.mail_preferences";
    let first = world.count(since).await;
    world.live_until("2026-02-01T12:00:00Z").await;
    set(&world, id, "usage_warning", "muted").await.unwrap();
    assert_eq!(world.count(since).await, first, "muted again: since the first time");
    set(&world, id, "usage_warning", "all").await.unwrap();
    assert_eq!(world.count(MUTED).await, 0);
}
