//! Rules of the house that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use perennial_core::dunning::DunningPolicy;
use perennial_core::lifecycle::status::TRANSITIONS;
use perennial_jobs::catalogue::{self, Visitor};
use perennial_jobs::job::Job;

use super::world;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn each_job_is_named_after_its_file_and_says_when_it_runs_and_why_it_is_safe_to_repeat() {
    for (name, _) in catalogue::NAMES {
        let text = read(&format!("jobs/src/catalogue/{name}.rs"));
        assert!(text.contains("//! **Runs** "), "{name}");
        assert!(text.contains("//! **Safe to repeat:** "), "{name}");
    }
}

#[test]
fn the_readme_lists_every_job() {
    let readme = read("README.md");
    for (name, _) in catalogue::NAMES {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

struct Golden(Vec<&'static str>);

impl Visitor for Golden {
    fn visit<J: Job>(&mut self) {
        let text = read(&format!("tests/it/golden/{}/v1.json", J::NAME));
        let job: J =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", J::NAME));
        assert!(!job.key().is_empty());
        let again = serde_json::to_value(&job).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(&text).unwrap(), "{}", J::NAME);
        self.0.push(J::NAME);
    }
}

#[test]
fn every_released_payload_still_decodes_and_holds_ids_only() {
    let mut golden = Golden(vec![]);
    catalogue::each(&mut golden);
    assert_eq!(golden.0.len(), catalogue::NAMES.len());
}

#[tokio::test]
async fn the_database_knows_the_same_edges_as_the_core() {
    let world = world().await;
    let stored: Vec<(Option<String>, String, String)> =
        sqlx::query_as("select from_status, edge, to_status from perennial.transitions")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let stored: BTreeSet<_> = stored.into_iter().collect();
    let known: BTreeSet<_> = TRANSITIONS
        .iter()
        .map(|(from, edge, to)| {
            (from.map(|from| from.to_string()), edge.to_string(), to.to_string())
        })
        .collect();
    assert_eq!(stored, known);
}

#[tokio::test]
async fn the_standard_policy_in_the_database_is_the_default() {
    let world = world().await;
    let document: serde_json::Value = sqlx::query_scalar(
        "select document from perennial.dunning_policies where name = 'standard'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(
        serde_json::from_value::<DunningPolicy>(document).unwrap(),
        DunningPolicy::default()
    );
}

/// Every Rust file of the crates, tests aside.
fn sources() -> Vec<(PathBuf, String)> {
    let mut waiting = vec![root().join("jobs"), root().join("workers")];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                waiting.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Names of settings in a text, as `PERENNIAL_LEASE_MS`.
fn settings_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("PERENNIAL_").map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn every_setting_that_the_code_and_the_readme_name_is_declared() {
    let declared: BTreeSet<_> = perennial::settings::SETTINGS.iter().map(|it| it.name).collect();
    let readme = (root().join("README.md"), read("README.md"));
    for (path, text) in sources().into_iter().chain([readme]) {
        // The list itself, whose tests misspell names.
        if path.ends_with("workers/src/settings/declared.rs") {
            continue;
        }
        for name in settings_in(&text).filter(|name| !name.ends_with('_')) {
            assert!(declared.contains(name), "{name} in {}: declare it", path.display());
        }
    }
}

#[test]
fn whoever_talks_to_the_provider_does_so_under_keys_of_the_database() {
    for (path, text) in sources() {
        let provider = path.starts_with(root().join("workers/stripe"));
        // Settings make one only to check them.
        let checks = path.ends_with("workers/src/settings.rs");
        let talks = text.contains("StripeProvider::new(") || text.contains("::with_throttle(");
        let tagged = text.contains("of_this_database(");
        assert!(provider || checks || !talks || tagged, "{}", path.display());
    }
}

#[test]
fn sql_is_never_put_together_from_strings_outside_the_one_place() {
    for (path, text) in sources() {
        let allowed = path.ends_with("workers/src/database/functions.rs");
        assert!(allowed || !text.contains("AssertSqlSafe"), "{}", path.display());
    }
}

#[test]
fn no_request_to_the_provider_is_retried_with_a_random_key() {
    for (path, text) in sources() {
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let tolerated = path.ends_with("workers/stripe/src/transport.rs");
        let banned = code.contains("RequestStrategy::Retry(")
            || code.contains("RequestStrategy::ExponentialBackoff(");
        assert!(tolerated || !banned, "{}", path.display());
    }
}

/// The functions that tables need, and those with which versioned migrations make them.
const BASELINE_HELPERS: [&str; 3] = ["refuse_change", "make_append_only", "business_now"];

/// The SQL files of a folder: name and text without comments.
fn sql_files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let sql = entries.filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    sql.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, code.collect::<Vec<_>>().join("\n"))
    })
    .collect()
}

/// What a file defines: kind, and name with arguments (of a trigger: with its table).
fn definitions(code: &str) -> Vec<(&'static str, String)> {
    let statements = format!("\n{code}");
    let created = statements.split("\ncreate ").skip(1);
    created
        .filter_map(|statement| definition(statement.trim_start_matches("or replace ")))
        .collect()
}

fn definition(statement: &str) -> Option<(&'static str, String)> {
    let kinds = ["function", "procedure", "aggregate", "view", "trigger"];
    let kind = kinds.into_iter().find(|kind| statement.starts_with(&format!("{kind} ")))?;
    let named = &statement[kind.len()..];
    let name = match kind {
        "view" => named.split_once(" as\n").unwrap().0.to_owned(),
        "trigger" => {
            let (name, rest) = named.trim_start().split_once(' ').unwrap();
            let table = rest.split_once(" on ").unwrap().1.split_whitespace().next().unwrap();
            format!("{name} on {table}")
        }
        _ => named.split_once(')').unwrap().0.to_owned(),
    };
    Some((kind, name.split_whitespace().collect::<Vec<_>>().join(" ")))
}

#[test]
fn each_sql_function_view_and_trigger_has_one_definition_which_can_be_applied_again() {
    let mut seen = BTreeSet::new();
    for (file, code) in sql_files("migrations/functions") {
        assert!(
            read("workers/src/database/functions.rs").contains(&format!("\n    \"{file}\",\n")),
            "{file}.sql is applied: it is in the list of workers/src/database/functions.rs"
        );
        for (kind, name) in definitions(&code) {
            assert!(!code.contains(&format!("\ncreate {kind} ")), "{file}: without `or replace`");
            assert!(seen.insert((kind, name.clone())), "{file}: a second {kind} {name}");
        }
    }
    assert!(seen.len() > 200, "only {} were found", seen.len());
}

#[test]
fn versioned_migrations_define_and_call_the_baseline_helpers_alone() {
    for (file, code) in sql_files("migrations") {
        for (kind, name) in definitions(&code) {
            let helper = BASELINE_HELPERS
                .iter()
                .any(|helper| name.starts_with(&format!("perennial.{helper}(")));
            assert!(
                kind == "function" && helper && file.starts_with("0001_"),
                "{file}: {kind} {name} belongs into migrations/functions"
            );
        }
        for (at, _) in code.match_indices("perennial.") {
            let word = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
            let name = code[at + "perennial.".len()..].split(word).next().unwrap();
            let called = code[at + "perennial.".len() + name.len()..].starts_with('(');
            assert!(
                !called || BASELINE_HELPERS.contains(&name),
                "{file}: calls {name}, which is applied later"
            );
        }
    }
}
