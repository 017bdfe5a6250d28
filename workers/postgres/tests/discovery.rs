//! Looking for programs: what is found, and what is said when nothing is.

use std::path::{Path, PathBuf};
use std::process::Command;

use perennial_postgres::{Discovery, Error, Places};

fn nowhere() -> Discovery {
    Discovery { places: Places::OnlyNamed, ..Discovery::default() }
}

/// A folder with programs that only know their version.
fn pretend(version: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("postgres-{version}"));
    // By a process of its own: a file that another thread's child still holds open for writing
    // cannot be run.
    let script = "mkdir -p \"$1\" && cd \"$1\" && for name in postgres initdb; do
        printf '#!/bin/sh\\necho postgres \"(PostgreSQL)\" %s Pretence' \"$2\" > new.$$.$name &&
        chmod +x new.$$.$name && mv new.$$.$name $name || exit 1; done";
    let mut shell = Command::new("sh");
    let made = shell.args(["-c", script, "sh"]).arg(&folder).arg(version).status().unwrap();
    assert!(made.success());
    folder
}

#[test]
fn without_any_postgresql_three_ways_out_are_named() {
    let error = nowhere().find().unwrap_err();
    assert!(matches!(error, Error::NotFound));
    let text = error.to_string();
    for way in ["apt-get install postgresql", "perennial db install --yes", "DATABASE_URL"] {
        assert!(text.contains(way), "{text}");
    }
}

#[test]
fn this_machine_has_one_that_is_new_enough() {
    let found = Discovery::default().find().unwrap();
    assert!(found.major >= 15);
    assert!(found.version.starts_with(&found.major.to_string()));
    let named = Discovery { bin_dir: Some(found.bin_dir.clone()), ..nowhere() };
    assert_eq!(named.find().unwrap(), found);
}

#[test]
fn a_named_folder_is_used_or_refused_but_never_replaced() {
    let named = Discovery { bin_dir: Some(PathBuf::from("/nowhere")), ..Discovery::default() };
    assert!(matches!(named.find(), Err(Error::NotUsable { .. })));
    let old = Discovery { bin_dir: Some(pretend("14.9")), ..Discovery::default() };
    assert!(old.find().unwrap_err().to_string().contains("version 14.9 is older than 15"));
    let beta = Discovery { bin_dir: Some(pretend("19beta2")), ..Discovery::default() };
    assert_eq!(beta.find().unwrap().major, 19);
}

#[test]
fn the_highest_of_one_place_is_chosen_and_an_exact_major_when_asked() {
    let path = std::env::join_paths([pretend("14.1"), pretend("16.2"), pretend("17.3")]).unwrap();
    let discovery = Discovery { path: Some(path), ..nowhere() };
    assert_eq!(discovery.find().unwrap().version, "17.3");
    assert_eq!(discovery.find_major(16).unwrap().unwrap().version, "16.2");
    assert_eq!(discovery.find_major(15).unwrap(), None);
}
