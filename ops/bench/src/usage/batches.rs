//! Batches of events over 1,000 customers, sent by two clients.

use std::time::{Duration, Instant};

use perennial_postgres::Server;
use sqlx::{Connection, Executor, PgConnection, Row as _};
use tokio::task::JoinSet;

use super::{Result, Side, Watch, table::Table};

const CLIENTS: u32 = 2;
const CUSTOMERS: u32 = 1000;
const SIZES: [u32; 2] = [1000, 10_000];
const MEASURED: Duration = Duration::from_secs(2);

pub(super) async fn measure(server: &Server, table: &mut Table) -> Result<()> {
    for size in SIZES {
        for side in [Side::Ours, Side::Peer] {
            let mut senders = JoinSet::new();
            let watch = Watch::start(server)?;
            for client in 0..CLIENTS {
                let url = server.url("bench");
                senders.spawn(async move { send(&url, side, client, size).await });
            }
            let mut sent = 0;
            while let Some(joined) = senders.join_next().await {
                sent += joined??;
            }
            let figures = watch.stop(server, sent)?;
            table.add(&format!("events in batches of {size:>6}, {CLIENTS} clients"), side, figures);
        }
    }
    Ok(())
}

/// Sends batches until the time is over; answers with how many events they had.
async fn send(url: &str, side: Side, client: u32, size: u32) -> Result<u32> {
    let mut conn = PgConnection::connect(url).await?;
    let customers: Vec<String> = sqlx::query_scalar(
        "select customer::text from peer.numbered where plan = 2 and n < $1 order by n",
    )
    .bind(i32::try_from(CUSTOMERS)?)
    .fetch_all(&mut conn)
    .await?;
    let (started, mut sent) = (Instant::now(), 0);
    while started.elapsed() < MEASURED {
        let batch = batch(&customers, client, sent, size);
        match side {
            Side::Ours => record(&mut conn, batch).await?,
            Side::Peer => {
                let insert = sqlx::query(include_str!("batch_peer.sql")).bind(batch);
                conn.execute(insert).await?;
            }
        }
        sent += size;
    }
    Ok(sent)
}

async fn record(conn: &mut PgConnection, batch: serde_json::Value) -> Result<()> {
    let answers = sqlx::query("select * from perennial.record_usage_batch($1)")
        .bind(batch)
        .fetch_all(conn)
        .await?;
    for answer in answers {
        if !answer.try_get::<bool, _>("recorded")? {
            return Err(format!("not recorded: {:?}", answer.try_get::<String, _>("error")).into());
        }
    }
    Ok(())
}

fn batch(customers: &[String], client: u32, sent: u32, size: u32) -> serde_json::Value {
    let events = customers.iter().cycle().zip(sent..sent + size).map(|(customer, number)| {
        serde_json::json!({
            "customer": customer, "metric": "ai_decisions", "quantity": 1,
            "event_id": format!("{size}-{client}-{number}-of-a-batch"),
        })
    });
    events.collect()
}
