//! The command line: what it refuses, and with which exit code.

use std::process::Output;

use perennial_tests::{Faults, World};
use sqlx::Connection;

use super::{EXECUTABLE, world};

async fn run(world: &World, arguments: &[&str]) -> Output {
    world.command().args(arguments).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SUBSCRIBE: &[&str] = &[
    "subscribe",
    "--email",
    "ada@customers.example",
    "--name",
    "Ada",
    "--plan",
    "professional",
    "--payment-method",
    "pm_card_visa",
    "--key",
    "signup",
];

#[tokio::test]
async fn subscribing_twice_with_a_key_is_one_subscription() {
    let world = world().await;
    let first = run(&world, SUBSCRIBE).await;
    let second = run(&world, SUBSCRIBE).await;
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert_eq!(text(&first.stdout), text(&second.stdout));
    assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 3);
    let mut other = SUBSCRIBE.to_vec();
    other[6] = "enterprise";
    let refused = run(&world, &other).await;
    assert_eq!(refused.status.code(), Some(65));
    assert!(text(&refused.stderr).contains("key:"), "{}", text(&refused.stderr));
}

#[tokio::test]
async fn a_bad_wish_names_its_field_and_changes_nothing() {
    let world = world().await;
    let with = |field: &'static str, value: &'static str| {
        let mut arguments = SUBSCRIBE.to_vec();
        match arguments.iter().position(|argument| *argument == field) {
            Some(at) => arguments[at + 1] = value,
            None => arguments.extend([field, value]),
        }
        arguments
    };
    for (option, value, field) in [
        ("--plan", "gold", "plan"),
        ("--time-zone", "Mars/Olympus", "time_zone"),
        ("--currency", "XXQ", "currency"),
        ("--interval", "fortnight", "interval"),
        ("--seats", "-2", "seats"),
        ("--payment-method", "pm_card_chargeDeclined", "payment_method"),
        ("--payment-method", "pm_nonsense", "payment_method"),
        ("--name", "\n\t", "name"),
    ] {
        let refused = run(&world, &with(option, value)).await;
        assert_eq!(refused.status.code(), Some(65), "{option} {value}: {}", text(&refused.stderr));
        let said = text(&refused.stderr);
        assert!(said.contains(&format!("{field}:")), "{option} {value}: {said}");
        assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 0);
    }
}

#[tokio::test]
async fn work_refuses_to_start_on_a_missing_or_unsafe_setting_and_says_which() {
    let world = world().await;
    for (name, value) in [
        ("DATABASE_URL", None),
        ("STRIPE_SECRET_KEY", None),
        ("STRIPE_SECRET_KEY", Some("sk_live_51abc")),
        ("STRIPE_SECRET_KEY", Some("pk_test_51abc")),
        ("PERENNIAL_SMTP_URL", None),
        ("PERENNIAL_SMTP_URL", Some("smtp://mail.example.com")),
        ("PERENNIAL_MAIL_FROM", None),
        ("PERENNIAL_MAIL_FROM", Some("nobody")),
        ("PERENNIAL_LEASE_MS", Some("soon")),
    ] {
        let mut command = world.command();
        command.arg("work");
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
        let refused = command.output().await.unwrap();
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(78), "{name}={value:?}: {said}");
        assert!(said.contains(name), "{name}={value:?}: {said}");
        assert!(!said.contains("51abc"), "a secret is repeated: {said}");
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_a_newer_database_is_left_alone() {
    let world = world().await;
    let url = World::empty_database().await;
    let on_it = async |arguments: &[&str]| {
        world.command().args(arguments).env("DATABASE_URL", &url).output().await.unwrap()
    };
    let early = on_it(&["check"]).await;
    assert_eq!(early.status.code(), Some(69));
    assert!(text(&early.stderr).contains("perennial migrate"), "{}", text(&early.stderr));
    for _ in 0..2 {
        let migrated = on_it(&["migrate"]).await;
        assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    }
    let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query(
        "insert into public._sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'from the future', true, '', 0)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    for command in ["migrate", "check", "work"] {
        let refused = on_it(&[command]).await;
        assert_eq!(refused.status.code(), Some(69), "{command}: {}", text(&refused.stderr));
        assert!(
            text(&refused.stderr).contains("newer version"),
            "{command}: {}",
            text(&refused.stderr)
        );
    }
}

#[tokio::test]
async fn check_finds_what_does_not_hold() {
    let mut world = world().await;
    world.work(perennial_tests::Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], serde_json::json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    assert!(run(&world, &["check"]).await.status.success());
    for (invariant, damage) in [
        ("I2", "delete from perennial.ledger_entries where account = 'cash'"),
        ("I3", "delete from perennial.invoices"),
        (
            "I4",
            "update perennial.ledger_entries set amount_minor = amount_minor + 1 where position = 1",
        ),
        ("I6", "update perennial.subscription_history set edge = 'expired'"),
        ("I6", "update perennial.subscriptions set status = 'paused'"),
        ("I7", "delete from perennial.audit_log where version = 1"),
        ("I13", "update perennial.invoice_items set amount_minor = 1"),
        ("I13", "update perennial.invoice_series set last_number = 9"),
        ("I16", "update perennial.payments set amount_minor = 1"),
    ] {
        let mut transaction = world.pool.begin().await.unwrap();
        let sql =
            sqlx::AssertSqlSafe(format!("set local session_replication_role = replica; {damage}"));
        sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
        let found: Vec<String> =
            sqlx::query_scalar("select invariant from perennial.check_invariants()")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert!(found.iter().any(|found| found == invariant), "{damage}: {found:?}");
    }
    sqlx::raw_sql("set session_replication_role = replica; update perennial.invoice_items set amount_minor = 1")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(run(&world, &["check"]).await.status.code(), Some(1));
}

#[tokio::test]
async fn calc_answers_each_line_and_says_at_the_end_that_one_was_bad() {
    use tokio::io::AsyncWriteExt;
    let mut calc = tokio::process::Command::new(EXECUTABLE)
        .arg("calc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = calc.stdin.take().unwrap();
    lines.write_all(b"{\"op\":\"currency\",\"code\":\"KWD\"}\nnonsense\n").await.unwrap();
    drop(lines);
    let answered = calc.wait_with_output().await.unwrap();
    let answers = text(&answered.stdout);
    let answers: Vec<_> = answers.lines().collect();
    assert_eq!(answers[0], r#"{"exponent":3,"provider_exponent":3,"min_charge_minor":null}"#);
    assert!(answers[1].starts_with(r#"{"error":{"field":"#), "{}", answers[1]);
    assert_eq!(answered.status.code(), Some(65));
}

#[tokio::test]
async fn a_policy_that_downgrades_to_no_plan_is_not_published() {
    let world = world().await;
    let file = std::env::temp_dir().join(format!("policy-{}.toml", std::process::id()));
    let example = text(&run(&world, &["policy", "example"]).await.stdout);
    let ours = example.replacen("end = \"cancel\"", "end = { downgrade = \"nope\" }", 1);
    assert_ne!(example, ours);
    std::fs::write(&file, ours).unwrap();
    let refused = run(&world, &["policy", "publish", file.to_str().unwrap()]).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(refused.status.code(), Some(65));
    assert!(
        text(&refused.stderr).contains("end: there is no plan `nope`"),
        "{}",
        text(&refused.stderr)
    );
}

#[tokio::test]
async fn help_of_each_command_leads_with_examples_and_names_the_workers_settings() {
    let world = world().await;
    let help = text(&run(&world, &["--help"]).await.stdout);
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let commands: Vec<_> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"work") && commands.len() > 15, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let help = text(&run(&world, &[command, "--help"]).await.stdout);
        assert!(help.starts_with("Example"), "{command}: {help}");
    }
    let work = text(&run(&world, &["work", "--help"]).await.stdout);
    assert!(work.contains("STRIPE_SECRET_KEY") && work.contains("PERENNIAL_DIGEST_TO"), "{work}");
}

#[tokio::test]
async fn what_is_not_said_again_of_a_customer_stays_as_it_is() {
    let mut world = world().await;
    world.work(Faults::None);
    let mut berlin = SUBSCRIBE.to_vec();
    berlin.extend(["--time-zone", "Europe/Berlin", "--locale", "de-DE"]);
    assert!(run(&world, &berlin).await.status.success());
    world.rest().await;
    let mut again = SUBSCRIBE.to_vec();
    *again.last_mut().unwrap() = "another";
    assert!(run(&world, &again).await.status.success());
    world.rest().await;
    let kept = "select count(*) from perennial.customers where time_zone = 'Europe/Berlin' and locale = 'de-DE'";
    assert_eq!(world.count(kept).await, 1);
}
