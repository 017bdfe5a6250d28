//! Databases whose owner is no superuser, as managed services have them.

use perennial_postgres::{Discovery, Durability, Server};
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{EXECUTABLE, world};

/// A server of its own, since roles are a server's, with a database of `owner`.
struct Managed {
    server: Server,
    url: String,
}

impl Managed {
    async fn with_owner(owner: &str, may: &str) -> Self {
        let discovery = Discovery::from_environment();
        let start = move || Server::ephemeral(discovery, Durability::ForTests, 100).unwrap();
        let server = tokio::task::spawn_blocking(start).await.unwrap();
        let mut managed = Self { server, url: String::new() };
        managed.as_administrator(&format!("create role {owner} login {may}")).await;
        managed.as_administrator(&format!("create database app owner {owner}")).await;
        managed.url = managed.url_of(owner);
        managed
    }

    /// Sockets trust whoever they say they are.
    fn url_of(&self, user: &str) -> String {
        self.server.url("app").replace("perennial@localhost", &format!("{user}@localhost"))
    }

    async fn as_administrator(&self, sql: &str) {
        let mut conn = PgConnection::connect(&self.server.url("postgres")).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    }

    /// What `migrate` says.
    async fn migrate(&self, world: &World) -> String {
        let migrated =
            world.command().arg("migrate").env("DATABASE_URL", &self.url).output().await.unwrap();
        let said = String::from_utf8_lossy(&migrated.stderr).into_owned();
        assert!(migrated.status.success(), "{said}");
        said
    }

    /// Another service lets something happen, and a worker that logs in as `user` does it.
    async fn works_as(&self, user: &str) {
        self.as_administrator("create role service login; grant perennial_ingest to service").await;
        let mut world = World::on(self.url.clone(), "2026-01-31T12:00:00Z", EXECUTABLE).await;
        world.url = self.url_of(user);
        world.work(Faults::None);
        let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
        world.rest().await;
        assert_eq!(world.status(ada).await, "active");
        let mut service = PgConnection::connect(&self.url_of("service")).await.unwrap();
        let cancel = "select perennial.emit('subscription.cancel_requested', $1, '{\"when\": \"now\"}', 'cancel-1')";
        sqlx::query(cancel).bind(ada.subscription.0).execute(&mut service).await.unwrap();
        world.rest().await;
        assert_eq!(world.status(ada).await, "canceled");
        world.check().await;
        world.kill_workers().await;
    }
}

const UP_TO_DATE: &str = "perennial: the schema is up to date\n";

#[tokio::test]
async fn an_owner_who_may_not_create_roles_is_told_once_what_to_ask_for_and_doing_it_works() {
    let (world, managed) = (world().await, Managed::with_owner("acme", "nosuperuser").await);
    let said = managed.migrate(&world).await;
    let (first, advice) = said.split_at(UP_TO_DATE.len());
    assert_eq!(first, UP_TO_DATE);
    assert!(advice.starts_with("perennial: there is no role perennial_worker"), "{advice}");
    assert!(!said.contains("WARN"), "{said}");

    // What it says is what the administrator does.
    let statements: Vec<_> = advice.lines().filter(|line| line.starts_with("    ")).collect();
    assert_eq!(statements.len(), 3, "{advice}");
    managed.as_administrator(&statements.concat()).await;
    assert_eq!(managed.migrate(&world).await, UP_TO_DATE);
    managed.works_as("acme").await;
}

#[tokio::test]
async fn an_owner_without_the_roles_works_without_them() {
    let (world, managed) = (world().await, Managed::with_owner("acme", "nosuperuser").await);
    managed.migrate(&world).await;
    let mut own = World::on(managed.url.clone(), "2026-01-31T12:00:00Z", EXECUTABLE).await;
    own.work(Faults::None);
    let ada = own.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    own.rest().await;
    assert_eq!(own.status(ada).await, "active");
    own.check().await;
}

#[tokio::test]
async fn an_owner_who_may_create_roles_hears_nothing_and_has_them() {
    let (world, managed) = (world().await, Managed::with_owner("acme", "createrole").await);
    assert_eq!(managed.migrate(&world).await, UP_TO_DATE);
    assert_eq!(managed.migrate(&world).await, UP_TO_DATE);
    managed.works_as("acme").await;
}

#[tokio::test]
async fn a_worker_may_log_in_as_somebody_who_is_granted_nothing_but_its_role() {
    let (world, managed) = (world().await, Managed::with_owner("acme", "createrole").await);
    managed.migrate(&world).await;
    managed.as_administrator("create role plain login; grant perennial_worker to plain").await;
    managed.works_as("plain").await;
}

#[tokio::test]
async fn a_worker_works_with_the_least_number_of_connections_and_not_with_fewer() {
    let (world, managed) = (world().await, Managed::with_owner("acme", "createrole").await);
    managed.migrate(&world).await;
    managed
        .as_administrator(
            "create role few login connection limit 11; grant perennial_worker to few",
        )
        .await;
    let mut work = world.command();
    let refused =
        work.arg("work").env("DATABASE_URL", managed.url_of("few")).output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(69), "{said}");
    assert!(said.contains("takes 11 more connections") && said.contains("needs 12"), "{said}");
    managed.as_administrator("alter role few connection limit 12").await;
    managed.works_as("few").await;
}
