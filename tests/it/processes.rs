//! How processes start, speak and end: settings, logs, signals.

use std::process::{ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use perennial_sandbox::{Action, Fault};
use perennial_tests::World;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use super::{CONFIRM, world};

const PATIENCE: Duration = Duration::from_secs(90);

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn run(world: &World, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = world.command();
    command.args(arguments).envs(settings.iter().copied()).output().await.unwrap()
}

/// A worker whose words are heard, at work.
async fn at_work(mut command: Command) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut worker = command.arg("work").stdout(Stdio::null()).spawn().unwrap();
    let mut words = BufReader::new(worker.stderr.take().unwrap()).lines();
    hear(&mut words, "is at work").await;
    (worker, words)
}

async fn hear(words: &mut Lines<BufReader<ChildStderr>>, wanted: &str) {
    let heard = tokio::time::timeout(PATIENCE, async {
        while let Some(line) = words.next_line().await.unwrap() {
            if line.contains(wanted) {
                return;
            }
        }
        panic!("never said: {wanted}");
    });
    heard.await.unwrap();
}

async fn send(signal: &str, worker: &Child) {
    let pid = worker.id().unwrap().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
}

async fn ended(worker: &mut Child) -> ExitStatus {
    tokio::time::timeout(PATIENCE, worker.wait()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_hangup_ends_a_worker_in_order_as_a_termination_does() {
    let world = world().await;
    for signal in ["-HUP", "-TERM", "-INT"] {
        let (mut worker, mut words) = at_work(world.command()).await;
        send(signal, &worker).await;
        hear(&mut words, "finishing what runs").await;
        assert_eq!(ended(&mut worker).await.code(), Some(0), "{signal}");
        assert_eq!(world.count("select count(*) from perennial.job_workers").await, 0, "{signal}");
    }
}

#[tokio::test]
async fn a_worker_under_nohup_does_not_hear_the_hangup() {
    let world = world().await;
    let plain = world.command();
    let mut command = Command::new("nohup");
    command.arg(plain.as_std().get_program()).env_clear().kill_on_drop(true);
    for (name, value) in plain.as_std().get_envs() {
        command.env(name, value.unwrap());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let (mut worker, mut words) = at_work(command).await;
    send("-HUP", &worker).await;
    // Signals of two kinds arrive in no order: the first one would have ended it.
    send("-TERM", &worker).await;
    hear(&mut words, "finishing what runs").await;
    let mut rest = vec![];
    ended(&mut worker).await;
    while let Some(line) = words.next_line().await.unwrap() {
        rest.push(line);
    }
    assert_eq!(rest, Vec::<String>::new(), "a second signal would have been named");
}

#[tokio::test]
async fn a_second_termination_does_not_wait_for_what_runs() {
    let world = world().await;
    world.fault(Fault::new(Action::Hang).on("POST", CONFIRM));
    let mut command = world.command();
    command.env("PERENNIAL_STRIPE_TIMEOUT_MS", "300000");
    let (mut worker, mut words) = at_work(command).await;
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world
        .wait_until("the charge is under way", async |conn| {
            let executing =
                "select exists (select from perennial.payments where status = 'executing')";
            sqlx::query_scalar(executing).fetch_one(conn).await.unwrap()
        })
        .await;
    send("-TERM", &worker).await;
    hear(&mut words, "finishing what runs").await;
    assert!(worker.try_wait().unwrap().is_none(), "it waits for the charge");
    let since = Instant::now();
    send("-TERM", &worker).await;
    hear(&mut words, "not all jobs were finished").await;
    assert_eq!(ended(&mut worker).await.code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

#[tokio::test]
async fn nothing_that_goes_into_a_pipe_is_coloured() {
    let world = world().await;
    let logged = run(&world, &["check"], &[("PERENNIAL_LOG", "trace")]).await;
    assert!(said(&logged).contains("DEBUG"), "{}", said(&logged));
    assert!(!said(&logged).contains('\u{1b}'), "{}", said(&logged));
    let usage = run(&world, &["work", "--nonsense"], &[]).await;
    assert!(!said(&usage).contains('\u{1b}'), "{}", said(&usage));
}

#[tokio::test]
async fn with_json_logs_every_line_is_json_whatever_goes_wrong() {
    let world = world().await;
    let json = ("PERENNIAL_LOG_FORMAT", "json");
    for (arguments, settings, code) in [
        (&["check"][..], &[json, ("PERENNIAL_LOG", "debug")][..], 0),
        (&["check"], &[json, ("DATABASE_URL", "postgres://127.0.0.1:1/none")], 69),
        (&["work"], &[json, ("STRIPE_SECRET_KEY", "pk_test_x")], 78),
        (&["work"], &[json, ("PERENNIAL_CONCURENCY", "3")], 78),
        (&["work"], &[json, ("PERENNIAL_LOG", "inof")], 78),
        (&["work", "--nonsense"], &[json], 64),
        (&["--log-format", "json", "nonsense"], &[], 64),
        (&["--log-format=json", "db", "status", "--home", "/no/such/folder"], &[], 1),
    ] {
        let output = run(&world, arguments, settings).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        for line in said(&output).lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        }
        assert!(code == 0 || !said(&output).is_empty(), "{arguments:?} says why");
    }
}

#[tokio::test]
async fn a_panic_is_a_line_of_json_too() {
    let world = world().await;
    let mut command = world.command();
    command.env("PERENNIAL_LOG_FORMAT", "json").env("PERENNIAL_CRASH", "panic@C3");
    let (worker, mut words) = at_work(command).await;
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    send("-TERM", &worker).await;
    let mut panics = 0;
    while let Some(line) = words.next_line().await.unwrap() {
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        let message = line["fields"]["message"].as_str().unwrap_or_default();
        panics += usize::from(message.contains("panicked") && message.contains("as a test asked"));
    }
    assert_eq!(panics, 1);
}

#[tokio::test]
async fn a_log_filter_that_says_nothing_is_refused() {
    let world = world().await;
    for filter in ["inof", "info,perennial=loud", "=="] {
        let refused = run(&world, &["check"], &[("PERENNIAL_LOG", filter)]).await;
        assert_eq!(refused.status.code(), Some(78), "{filter}: {}", said(&refused));
        assert!(said(&refused).contains("PERENNIAL_LOG"), "{}", said(&refused));
    }
}

#[tokio::test]
async fn a_database_that_refuses_is_reported_at_once_and_in_its_own_words() {
    let world = world().await;
    let since = Instant::now();
    let no_server = "postgres://127.0.0.1:1/none";
    let no_database = world.url.replace("/test_", "/nowhere_");
    for command in ["work", "check", "migrate"] {
        let refused = run(&world, &[command], &[("DATABASE_URL", no_server)]).await;
        assert_eq!(refused.status.code(), Some(69), "{command}: {}", said(&refused));
        assert!(said(&refused).contains("Connection refused"), "{}", said(&refused));
        assert!(!said(&refused).contains("timed out"), "{}", said(&refused));
        let missing = run(&world, &[command], &[("DATABASE_URL", &no_database)]).await;
        assert_eq!(missing.status.code(), Some(69), "{command}: {}", said(&missing));
        assert!(said(&missing).contains("does not exist (SQLSTATE 3D000)"), "{}", said(&missing));
        assert!(!said(&missing).contains("at line"), "{}", said(&missing));
    }
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_misspelt_setting_is_refused_with_the_nearest_right_name() {
    let world = world().await;
    for command in ["work", "check"] {
        let refused = run(&world, &[command], &[("PERENNIAL_CONCURENCY", "3")]).await;
        assert_eq!(refused.status.code(), Some(78), "{command}: {}", said(&refused));
        assert!(
            said(&refused).contains("did you mean PERENNIAL_CONCURRENCY?"),
            "{}",
            said(&refused)
        );
    }
}

#[tokio::test]
async fn a_number_below_its_least_is_refused_by_name() {
    let world = world().await;
    for (name, value) in [
        ("PERENNIAL_LEASE_MS", "0"),
        ("PERENNIAL_LEASE_MS", "499"),
        ("PERENNIAL_CONCURRENCY", "0"),
        ("PERENNIAL_PROVIDER_CALLS_PER_SECOND", "0"),
        ("PERENNIAL_STRIPE_TIMEOUT_MS", "0"),
        ("PERENNIAL_CONNECTIONS", "11"),
        ("PERENNIAL_CONCURRENCY", "-1"),
        ("PERENNIAL_CONCURRENCY", "99999999999"),
        ("PERENNIAL_STRIPE_API_BASE", "http://stripe.example.com"),
    ] {
        let refused = run(&world, &["work"], &[(name, value)]).await;
        assert_eq!(refused.status.code(), Some(78), "{name}={value}: {}", said(&refused));
        assert!(said(&refused).contains(name), "{name}={value}: {}", said(&refused));
    }
}
