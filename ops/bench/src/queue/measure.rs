//! What is measured, and how it is printed.

use std::{collections::BTreeMap, fs};

use perennial_postgres::Server;

use super::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Drain,
    Backlog,
    OwnTransaction,
    SingleOne,
    SingleSixteen,
    Bulk,
    PickupHalf,
    PickupNinetyNine,
    Cpu,
    CpuWorker,
    CpuServer,
}

impl Row {
    const ALL: [(Self, &'static str, usize); 11] = [
        (Self::Drain, "drained jobs/s", 0),
        (Self::Backlog, "drained jobs/s, 1,000,000 waiting", 0),
        (Self::OwnTransaction, "jobs/s, effect and ack in one transaction", 0),
        (Self::SingleOne, "single enqueues/s, 1 connection", 0),
        (Self::SingleSixteen, "single enqueues/s, 16 connections", 0),
        (Self::Bulk, "bulk enqueue rows/s", 0),
        (Self::PickupHalf, "idle pickup p50, ms", 2),
        (Self::PickupNinetyNine, "idle pickup p99, ms", 2),
        (Self::Cpu, "CPU seconds per 10,000 jobs", 3),
        (Self::CpuWorker, "  of it the worker", 3),
        (Self::CpuServer, "  of it PostgreSQL", 3),
    ];
}

/// Every figure of every round.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<(Row, &'static str), Vec<f64>>);

impl Figures {
    pub(crate) fn add(&mut self, contender: &'static str, row: Row, value: f64) {
        self.0.entry((row, contender)).or_default().push(value);
    }

    fn median(&self, row: Row, contender: &'static str) -> Option<f64> {
        let mut values = self.0.get(&(row, contender))?.clone();
        Some(percentile(&mut values, 50))
    }

    #[expect(clippy::print_stdout, reason = "the figures are this program's data")]
    pub(crate) fn print(&self) {
        const OURS: &str = super::Ours::NAME;
        const PEER: &str = super::Graphile::NAME;
        const BARE: &str = super::Bare::NAME;
        use super::Contender as _;
        println!("{:<42} {OURS:>12} {PEER:>16} {BARE:>12} {:>10} {:>10}", "", "× peer", "× bare");
        for (row, title, digits) in Row::ALL {
            let figure = |name| self.median(row, name);
            let shown =
                |value: Option<f64>| value.map_or("–".into(), |v| format!("{v:.digits$}"));
            let (ours, peer, bare) = (figure(OURS), figure(PEER), figure(BARE));
            let ratio = |other: Option<f64>| match (ours, other) {
                (Some(ours), Some(other)) if other > 0.0 => format!("{:.2}", ours / other),
                _ => "–".into(),
            };
            println!(
                "{title:<42} {:>12} {:>16} {:>12} {:>10} {:>10}",
                shown(ours),
                shown(peer),
                shown(bare),
                ratio(peer),
                ratio(bare)
            );
        }
    }
}

pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last * percent).div_ceil(100)).copied().unwrap_or(f64::NAN)
}

/// CPU seconds used so far, by this process and by the server with its sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) worker: f64,
    pub(crate) server: f64,
}

impl Cpu {
    pub(crate) fn now(server: &Server) -> Result<Self> {
        let worker = Ticks::of("self")?;
        let postmaster = server.pid().ok_or("the server's process is not known")?;
        let mut ticks = Ticks::of(&postmaster.to_string())?.with_ended_children();
        for entry in fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let Some(process) = name.to_str().filter(|name| name.parse::<u32>().is_ok()) else {
                continue;
            };
            if let Ok(child) = Ticks::of(process)
                && child.parent == postmaster
            {
                ticks += child.own;
            }
        }
        Ok(Self { worker: seconds(worker.own), server: seconds(ticks) })
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self { worker: self.worker - before.worker, server: self.server - before.server }
    }
}

/// Linux counts a hundred to the second.
fn seconds(ticks: u32) -> f64 {
    f64::from(ticks) / 100.0
}

struct Ticks {
    parent: u32,
    own: u32,
    ended_children: u32,
}

impl Ticks {
    fn of(process: &str) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no process status")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let field = |n: usize| fields.get(n).and_then(|f| f.parse::<u32>().ok()).unwrap_or(0);
        Ok(Self {
            parent: field(1),
            own: field(11) + field(12),
            ended_children: field(13) + field(14),
        })
    }

    fn with_ended_children(&self) -> u32 {
        self.own + self.ended_children
    }
}
