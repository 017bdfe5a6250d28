//! Tries one way of installing a server, and then the server.
//!
//! ```sh
//! cargo run -p perennial-postgres --example install -- wheel /tmp/somewhere
//! ```

use std::path::PathBuf;

use perennial_postgres::install::{Way, install};
use perennial_postgres::{Discovery, Durability, Places, Server};

#[expect(clippy::print_stdout, reason = "it is a program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    // As any later run would find it: where the packages put it, or in the cache.
    let (way, places) = match args.next().as_deref() {
        Some("apt-package") => (Way::AptPackage, Places::Usual),
        Some("apt-unpacked") => (Way::AptUnpacked, Places::OnlyNamed),
        Some("wheel") => (Way::Wheel, Places::OnlyNamed),
        Some("node-package") => (Way::NodePackage, Places::OnlyNamed),
        _ => return Err("one of apt-package, apt-unpacked, wheel, node-package".into()),
    };
    let cache_dir = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let found = install(way, &cache_dir)?;
    let discovery = Discovery { cache_dir: Some(cache_dir), places, ..Discovery::default() };
    let server = Server::ephemeral(discovery, Durability::ForTests, 20)?;
    println!("{}", server.describe());
    let sql = "create extension btree_gist; select version()";
    if found.bin_dir.join("psql").exists() {
        found.command("psql").arg(server.url("postgres")).args(["-Atc", sql]).status()?;
    }
    Ok(())
}
