//! Certificates of a private authority, for the database, the provider and the mail server alike.

use perennial_postgres::{Discovery, Durability, Options, Server};
use perennial_tests::{Authority, Faults, TlsFront, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{EXECUTABLE, world};

#[tokio::test]
async fn provider_and_mail_server_are_trusted_once_their_authority_is_named() {
    let mut world = world().await;
    let authority = Authority::new("provider");
    let provider = TlsFront::before(world.sandbox.addr(), &authority).await;
    let mail = TlsFront::before(world.inbox.smtp_addr(), &authority).await;
    world.set("PERENNIAL_STRIPE_API_BASE", leak(format!("https://{}", provider.host())));
    world.set("PERENNIAL_SMTP_URL", leak(format!("smtps://{}", mail.host())));

    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world
        .wait_until("the provider is not trusted", async |conn| {
            let reasons: Vec<String> = sqlx::query_scalar(
                "select last_error from perennial.jobs where last_error is not null",
            )
            .fetch_all(conn)
            .await
            .unwrap();
            reasons.iter().any(|reason| reason.contains("UnknownIssuer"))
        })
        .await;
    world.kill_workers().await;
    assert_eq!(world.inbox.mails().len(), 0);

    world.set("PERENNIAL_CA_FILE", leak(authority.file().display().to_string()));
    world.work(Faults::None);
    sqlx::query("update perennial.jobs set run_at = now()").execute(&world.pool).await.unwrap();
    world.rest().await;
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    assert_eq!(world.inbox.mails().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn the_database_is_trusted_once_its_authority_is_named() {
    let authority = Authority::new("database");
    let home = std::env::temp_dir().join(format!("tls-{}", std::process::id()));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut options = Options::new(Discovery::from_environment(), &home);
    options.durability = Durability::ForTests;
    options.settings =
        vec![("listen_addresses".into(), "localhost".into()), ("port".into(), port.to_string())];
    let server = tokio::task::spawn_blocking(move || Server::start(&options)).await.unwrap();
    let server = server.unwrap();
    let url = format!("{}&port={port}", server.url("postgres"));
    serve_tls(&url, &authority).await;

    let world = world().await;
    let over_tls =
        format!("postgres://perennial:secret@localhost:{port}/postgres?sslmode=verify-full");
    let migrate = async |certificates: Option<&Authority>| {
        let mut command = world.command();
        command.arg("migrate").env("DATABASE_URL", &over_tls);
        if let Some(authority) = certificates {
            command.env("PERENNIAL_CA_FILE", authority.file());
        }
        command.output().await.unwrap()
    };
    for untrusted in [None, Some(&Authority::new("other"))] {
        let refused = migrate(untrusted).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(69), "{said}");
        assert!(said.contains("PERENNIAL_CA_FILE"), "{said}");
    }
    let done = migrate(Some(&authority)).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn a_file_that_holds_no_authority_is_refused_by_name() {
    let world = World::at("2026-01-31T12:00:00Z", EXECUTABLE).await;
    let file = std::env::temp_dir().join(format!("no-ca-{}.pem", std::process::id()));
    std::fs::write(&file, "nothing").unwrap();
    for path in [file.to_str().unwrap(), "/no/such/file"] {
        let refused =
            world.command().arg("work").env("PERENNIAL_CA_FILE", path).output().await.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(said.contains("PERENNIAL_CA_FILE") && said.contains(path), "{said}");
    }
    std::fs::remove_file(file).unwrap();
}

/// The server writes its own key, so that it belongs to whoever it runs as.
async fn serve_tls(url: &str, authority: &Authority) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    for (name, pem) in [("server.crt", &authority.certificate), ("server.key", &authority.key)] {
        // Line by line: COPY would escape a line break within a value.
        let sql = format!(
            "copy (select line from regexp_split_to_table('{pem}', '\\n') with ordinality t (line, n) order by n)
               to program 'umask 077 && cat > {name}'"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    }
    for sql in [
        "alter role perennial password 'secret'",
        "alter system set ssl = on",
        "select pg_reload_conf()",
    ] {
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }
    let mut on = false;
    while !on {
        let mut next = PgConnection::connect(url).await.unwrap();
        on = sqlx::query_scalar("select current_setting('ssl')::boolean")
            .fetch_one(&mut next)
            .await
            .unwrap();
    }
}

/// Settings of a world live as long as the process.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
