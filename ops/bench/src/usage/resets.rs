//! Meters that are due at once: closed as the job `reset_quota` does, and the bare insert.

use perennial_postgres::Server;
use sqlx::{Connection, Executor, PgConnection};

use super::{Result, Side, Watch, table::Table};

/// As the job has it.
const BATCH: i32 = 20_000;

pub(super) async fn measure(server: &Server, meters: u32, table: &mut Table) -> Result<()> {
    let title = format!("resets of {meters} meters due at once");
    let mut conn = PgConnection::connect(&server.url("bench")).await?;
    // It reads what is still due, so it comes first.
    sqlx::raw_sql(include_str!("bare.sql")).execute(&mut conn).await?;
    let watch = Watch::start(server)?;
    conn.execute(include_str!("bare_resets.sql")).await?;
    table.add(&title, Side::Peer, watch.stop(server, meters)?);
    sqlx::raw_sql("drop table peer.usage_meters, peer.usage_closings; checkpoint")
        .execute(&mut conn)
        .await?;

    let watch = Watch::start(server)?;
    let closed = close(&mut conn).await?;
    table.add(&title, Side::Ours, watch.stop(server, meters)?);
    if closed == i64::from(meters) {
        return Ok(());
    }
    Err(format!("{closed} of {meters} meters were closed").into())
}

async fn close(conn: &mut PgConnection) -> Result<i64> {
    let mut all = 0;
    loop {
        let closed: i64 = sqlx::query_scalar(
            "select closed from perennial.close_periods('00000000-0000-0000-0000-000000000000', null, $1)",
        )
        .bind(BATCH)
        .fetch_one(&mut *conn)
        .await?;
        if closed == 0 {
            return Ok(all);
        }
        all += closed;
    }
}
