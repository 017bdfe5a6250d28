//! Processor time and memory, as Linux counts them.
#![expect(clippy::float_arithmetic, reason = "figures of a benchmark, not money")]

use std::fs;

use perennial_postgres::Server;

use crate::queue::Result;

/// Processor seconds used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// By PostgreSQL: the postmaster, its sessions, and those that have ended.
    pub(crate) server: f64,
    /// By this process: the worker.
    pub(crate) worker: f64,
    /// By everybody, strangers included.
    pub(crate) machine: f64,
}

impl Cpu {
    pub(crate) fn now(server: &Server) -> Result<Self> {
        let postmaster = server.pid().ok_or("the server's process is not known")?;
        let (_, own, ended) = ticks(&postmaster.to_string())?;
        let mut used = own + ended;
        for entry in fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let process = name.to_str().filter(|name| name.parse::<u32>().is_ok());
            // A process that has just ended is counted by its parent next time.
            if let Some(Ok((parent, own, _))) = process.map(ticks)
                && parent == postmaster
            {
                used += own;
            }
        }
        let (_, own, _) = ticks("self")?;
        Ok(Self { server: seconds(used), worker: seconds(own), machine: seconds(machine()?) })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server: self.server - before.server,
            worker: self.worker - before.worker,
            machine: self.machine - before.machine,
        }
    }

    pub(crate) fn per(self, of: f64) -> Self {
        Self { server: self.server / of, worker: self.worker / of, machine: self.machine / of }
    }
}

/// Ticks of all processors that were not idle: user, nice, system, interrupts.
fn machine() -> Result<u32> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("no processor status")?;
    let fields: Vec<u32> =
        line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    Ok([0, 1, 2, 5, 6].iter().filter_map(|&field| fields.get(field)).sum())
}

/// Parent, own ticks and ticks of reaped children.
fn ticks(process: &str) -> Result<(u32, u32, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no process status")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |n: usize| fields.get(n).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
    Ok((field(1), field(11) + field(12), field(13) + field(14)))
}

/// Linux counts a hundred to the second.
fn seconds(ticks: u32) -> f64 {
    f64::from(ticks) / 100.0
}

/// The most memory this process ever had, in MiB.
pub(crate) fn memory_peak() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: u32 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(f64::from(kibibytes) / 1024.0)
}
