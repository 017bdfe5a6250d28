//! Single calls, each a transaction, sent by pgbench for both sides.

use std::process::Command;

use perennial_postgres::Server;

use super::{Figures, Result, Side, Watch, table::Table};

const SECONDS: u32 = 2;
const CLIENTS: [u32; 3] = [1, 8, 32];

/// What is called, by us and by the peer.
const CALLS: [(&str, &str, &str); 2] = [
    ("record_usage", include_str!("record.sql"), include_str!("record_peer.sql")),
    ("consume, hard limit", include_str!("consume.sql"), include_str!("consume_peer.sql")),
];

/// Which customer a client calls for: one of 150 of its own, or the one that all call for.
const CUSTOMERS: [(&str, &str); 2] =
    [("distinct customers", ":client_id * 150 + random(0, 149)"), ("one hot customer", "4999")];

pub(super) fn measure(server: &Server, table: &mut Table) -> Result<()> {
    for (name, ours, peer) in CALLS {
        for (whose, customer) in CUSTOMERS {
            for clients in CLIENTS {
                let title = format!("{name}, {whose}, {clients:>2} clients");
                for (side, script) in [(Side::Ours, ours), (Side::Peer, peer)] {
                    let script = script.replace("$CUSTOMER", customer);
                    table.add(&title, side, pgbench(server, &script, clients)?);
                }
            }
        }
    }
    Ok(())
}

fn pgbench(server: &Server, script: &str, clients: u32) -> Result<Figures> {
    let file = std::env::temp_dir().join(format!("perennial-usage-{}.sql", std::process::id()));
    std::fs::write(&file, script)?;
    let watch = Watch::start(server)?;
    let output = Command::new(server.bin_dir().join("pgbench"))
        .args(["-n", "-M", "prepared", "-j", "2"])
        .args(["-c", &clients.to_string(), "-T", &SECONDS.to_string(), "-f"])
        .arg(&file)
        .arg(server.url("bench"))
        .output()?;
    std::fs::remove_file(&file)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let told = |label: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(label));
        line.and_then(|rest| rest.split(' ').find(|word| !word.is_empty()))
    };
    let (Some(done), Some(rate), true) = (
        told("number of transactions actually processed:"),
        told("tps = "),
        output.status.success(),
    ) else {
        return Err(format!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)).into());
    };
    // Its own rate, which leaves out the time to connect.
    Ok(Figures { per_second: rate.parse()?, ..watch.stop(server, done.parse()?)? })
}
