//! One PostgreSQL per test run, one database per test, cloned from a migrated template.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use perennial::database::{self, Role};
use perennial_postgres::{Discovery, Durability, Server, install};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const TEMPLATE: &str = "template_migrated";

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let discovery = Discovery::from_environment();
        if perennial::settings::variable("PERENNIAL_YES").is_some() {
            install::find_or_install(&discovery).expect("PostgreSQL is found or installed");
        }
        let server =
            Server::ephemeral(discovery, Durability::ForTests, 300).expect("PostgreSQL starts");
        // A runtime of its own: the first test's ends with that test.
        std::thread::scope(|scope| {
            scope.spawn(|| migrate(&server, TEMPLATE)).join().expect("the template is migrated");
        });
        server
    })
}

/// Makes a database with the whole schema. Outside of any runtime.
pub(crate) fn migrate(server: &Server, name: &str) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        execute(&server.url("postgres"), format!("create database {name}")).await;
        let pool = database::connect(&server.url(name), Role::Owner, 1)
            .await
            .expect("the database is reached");
        database::migrate(&pool).await.expect("migrations apply");
        // The provider's ids follow from keys: the same in every run.
        sqlx::raw_sql("update perennial.installation set tag = '000000000001'")
            .execute(&pool)
            .await
            .expect("the tag is set");
        pool.close().await;
    });
}

async fn execute(url: &str, sql: String) {
    let mut conn = PgConnection::connect(url).await.expect("the server is reached");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect("the statement is done");
}

/// A fresh database with the whole schema: its URL.
pub(crate) async fn database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = tokio::task::spawn_blocking(server).await.expect("PostgreSQL starts");
    execute(
        &server.url("postgres"),
        format!("create database {name} template {TEMPLATE} strategy wal_log"),
    )
    .await;
    server.url(&name)
}

/// A database without anything in it: its URL.
pub(crate) async fn empty_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("empty_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = tokio::task::spawn_blocking(server).await.expect("PostgreSQL starts");
    execute(&server.url("postgres"), format!("create database {name}")).await;
    server.url(&name)
}

/// A copy of a database that nobody is connected to: its URL.
pub(crate) async fn copy(url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let path = url.split_once('?').map_or(url, |(path, _)| path);
    let (_, source) = path.rsplit_once('/').expect("a database's name");
    let name = format!("{source}_copy_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = tokio::task::spawn_blocking(server).await.expect("PostgreSQL starts");
    execute(
        &server.url("postgres"),
        format!("create database {name} template {source} strategy wal_log"),
    )
    .await;
    server.url(&name)
}
