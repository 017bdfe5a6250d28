//! A second try with corrected data works, and a refusal has changed nothing.

use std::process::Output;

use perennial_tests::{Faults, World};

use super::world;

async fn run(world: &World, arguments: &[&str]) -> Output {
    world.command().args(arguments).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn subscribe(world: &World, name: &str, method: &str, key: &str) -> Output {
    let mut arguments = vec!["subscribe", "--email", "ada@customers.example", "--name", name];
    arguments.extend(["--plan", "professional", "--payment-method", method, "--key", key]);
    run(world, &arguments).await
}

#[tokio::test]
async fn a_subscription_that_was_refused_is_made_with_a_corrected_name_and_a_good_card() {
    let mut world = world().await;
    world.work(Faults::None);
    for (name, method) in
        [("Ada", "pm_nope"), ("Ada", "pm_card_chargeDeclined"), ("Ada", "pm_nope")]
    {
        let refused = subscribe(&world, name, method, "signup").await;
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(65), "{said}");
        assert!(said.contains("payment_method:") && said.contains("nothing was changed"), "{said}");
        assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 0);
    }
    let made = subscribe(&world, "Ada Lovelace", "pm_card_visa", "signup").await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    world.rest().await;
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'succeeded'").await,
        1
    );
    let kept = "select count(*) from perennial.customers where name = 'Ada Lovelace'";
    assert_eq!(world.count(kept).await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_refused_card_leaves_no_customer_at_the_provider() {
    let world = world().await;
    let refused = subscribe(&world, "Ada", "pm_card_chargeDeclined", "signup").await;
    assert_eq!(refused.status.code(), Some(65));
    // What was made for it was deleted again.
    let requests = world.sandbox.requests();
    let made = requests.iter().filter(|it| it.method == "POST" && it.path == "/v1/customers");
    let gone = requests.iter().filter(|it| it.method == "DELETE" && it.status == 200);
    assert_eq!((made.count(), gone.count()), (1, 1), "{requests:#?}");
}

#[tokio::test]
async fn a_key_that_stood_for_something_else_is_refused_for_every_request() {
    let mut world = world().await;
    world.work(Faults::None);
    assert!(subscribe(&world, "Ada", "pm_card_visa", "signup").await.status.success());
    world.rest().await;
    let buy = |quantity: &'static str| {
        ["buy", "ada@customers.example", "tokens_100", "--quantity", quantity, "--key", "k"]
    };
    assert!(run(&world, &buy("1")).await.status.success());
    assert!(run(&world, &buy("1")).await.status.success());
    let other = run(&world, &buy("2")).await;
    assert_eq!(other.status.code(), Some(65));
    assert!(text(&other.stderr).contains("used for another request"), "{}", text(&other.stderr));
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.orders").await, 1);
    let cancel = |how: &'static [&'static str]| {
        [&["cancel", "ada@customers.example", "--key", "c"], how].concat()
    };
    assert!(run(&world, &cancel(&[])).await.status.success());
    assert_eq!(run(&world, &cancel(&["--now"])).await.status.code(), Some(65));
}

#[tokio::test]
async fn a_cancellation_that_nobody_asked_for_cannot_be_undone() {
    let mut world = world().await;
    world.work(Faults::None);
    assert!(subscribe(&world, "Ada", "pm_card_visa", "signup").await.status.success());
    world.rest().await;
    let undo = ["cancel", "ada@customers.example", "--undo"];
    let refused = run(&world, &undo).await;
    assert_eq!(refused.status.code(), Some(65));
    assert!(text(&refused.stderr).contains("no cancellation of sub_"), "{}", text(&refused.stderr));
    assert!(run(&world, &["cancel", "ada@customers.example"]).await.status.success());
    let undone = run(&world, &undo).await;
    assert!(undone.status.success(), "{}", text(&undone.stderr));
    world.rest().await;
    assert!(run(&world, &["cancel", "ada@customers.example", "--now"]).await.status.success());
    world.rest().await;
    // Nothing of the customer's runs any more.
    assert_eq!(run(&world, &undo).await.status.code(), Some(65));
}

#[tokio::test]
async fn a_misspelt_value_is_refused_with_the_nearest_right_one() {
    let world = world().await;
    let file = std::env::temp_dir().join(format!("misspelt-{}.toml", std::process::id()));
    std::fs::write(&file, run(&world, &["policy", "example"]).await.stdout).unwrap();
    let preview = ["policy", "preview", file.to_str().unwrap()];
    let subscribe =
        ["subscribe", "--email", "a@b.example", "--name", "A", "--plan", "professional"];
    for (arguments, code, meant) in [
        ([&preview[..], &["--declines", "insufficent_funds"]].concat(), 64, "insufficient_funds"),
        ([&preview[..], &["--network", "mastercrd"]].concat(), 64, "mastercard"),
        ([&preview[..], &["--timezone", "Europe/Berln"]].concat(), 64, "Europe/Berlin"),
        ([&subscribe[..], &["--interval", "mnoth"]].concat(), 65, "month"),
        ([&subscribe[..], &["--currency", "USDD"]].concat(), 65, "USD"),
        ([&subscribe[..], &["--time-zone", "Europe/Londn"]].concat(), 65, "Europe/London"),
    ] {
        let refused = run(&world, &arguments).await;
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(&format!("did you mean `{meant}`?")), "{arguments:?}: {said}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn what_is_repeated_of_the_command_line_is_short_and_obeyed_by_no_terminal() {
    let world = world().await;
    let long = "x".repeat(50_000);
    for arguments in [
        vec!["explain", long.as_str()],
        vec!["clock", "advance", long.as_str()],
        vec!["clock", "set", "2026-03-01\u{1b}[2J"],
        vec!["explain", "\u{1b}]0;owned\u{7}"],
        vec!["simulate", "/dev/zero"],
    ] {
        let refused = run(&world, &arguments).await;
        let said = text(&refused.stderr);
        assert!(!refused.status.success());
        assert!(said.len() < 2_000, "{} bytes", said.len());
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");
    }
}
