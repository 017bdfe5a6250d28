//! Benchmarks. Each prints a ratio to a peer that is measured in the same run.

mod processor;
mod queue;
mod renewals;
mod snapshot;
mod usage;

use std::process::ExitCode;

const USAGE: &str = "usage: perennial-bench queue | renewals [subscriptions] | usage [meters] | snapshot [subscriptions]";

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["queue"] => queue::run().await,
        ["renewals"] => renewals::run(10_000).await,
        ["renewals", count] => match count.parse() {
            Ok(count) => renewals::run(count).await,
            Err(_) => Err(USAGE.into()),
        },
        ["usage"] => usage::run(1_000_000).await,
        ["usage", meters] => match meters.parse() {
            Ok(meters) => usage::run(meters).await,
            Err(_) => Err(USAGE.into()),
        },
        ["snapshot"] => snapshot::run(1_000_000).await,
        ["snapshot", subscriptions] => match subscriptions.parse() {
            Ok(subscriptions) => snapshot::run(subscriptions).await,
            Err(_) => Err(USAGE.into()),
        },
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one place where an error is told")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("perennial-bench: {error}");
}
