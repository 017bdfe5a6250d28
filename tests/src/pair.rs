//! A primary and a standby that streams from it: two servers of this test's own.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use perennial_postgres::{Discovery, Durability, Options, Server};
use sqlx::{Connection, PgConnection};

use crate::cluster;

/// A primary with a migrated database, and its standby.
#[derive(Debug)]
pub struct Pair {
    /// The database on the primary.
    pub url: String,
    /// The same on the standby.
    pub standby_url: String,
    _standby: Server,
    _primary: Server,
    _home: Home,
}

/// A folder for both, removed when they are gone.
#[derive(Debug)]
struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const DATABASE: &str = "business";

impl Pair {
    /// Starts both; the standby is a copy of the primary, made while that was stopped: all it takes
    /// is the server itself.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(|| {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name = format!(
                "perennial-pair-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            );
            let home = Home(std::env::temp_dir().join(name));
            let (first, second) = (home.0.join("primary"), home.0.join("standby"));
            let primary = start(&first, None);
            cluster::migrate(&primary, DATABASE);
            primary.stop();
            make_copy(&first, &second);
            fs::write(second.join("data/standby.signal"), "").expect("a standby's sign");
            let primary = start(&first, None);
            let url = primary.url(DATABASE);
            let socket = url.split_once("?host=").expect("the folder of a socket").1;
            let standby = start(&second, Some(format!("host={socket} port=5432 user=perennial")));
            let standby_url = standby.url(DATABASE);
            Self { url, standby_url, _standby: standby, _primary: primary, _home: home }
        })
        .await
        .expect("two servers start")
    }

    /// A connection to the standby.
    pub async fn standby(&self) -> PgConnection {
        PgConnection::connect(&self.standby_url).await.expect("the standby is reached")
    }
}

fn start(home: &Path, follows: Option<String>) -> Server {
    let settings = follows.map(|primary| ("primary_conninfo".to_owned(), primary));
    let options = Options {
        durability: Durability::ForTests,
        settings: settings.into_iter().collect(),
        ..Options::new(Discovery::from_environment(), home)
    };
    Server::start(&options).expect("PostgreSQL starts")
}

/// Copies the data of a server that is stopped, for the same user: a server does not run as root.
fn make_copy(from: &Path, to: &Path) {
    let owner = fs::metadata(from.join("data")).expect("data");
    fs::DirBuilder::new().mode(0o700).create(to).expect("a home");
    copy(&from.join("data"), &to.join("data"), &owner);
}

fn copy(from: &Path, to: &Path, owner: &fs::Metadata) {
    if from.is_dir() {
        fs::DirBuilder::new().mode(0o700).create(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let name = entry.expect("an entry").file_name();
            copy(&from.join(&name), &to.join(&name), owner);
        }
    } else {
        fs::copy(from, to).expect("a file");
    }
    chown(to, Some(owner.uid()), Some(owner.gid())).expect("it is given to the server's user");
}
