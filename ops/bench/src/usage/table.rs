//! The figures of all rounds, and how they are printed.

use super::{Figures, Result, Side};

/// Every figure of every round, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<(String, Side, Vec<Figures>)>);

impl Table {
    pub(super) fn add(&mut self, title: &str, side: Side, figures: Figures) {
        super::say(&format!("  {title}, {side:?}: {:.0}/s", figures.per_second));
        match self.0.iter_mut().find(|row| row.0 == title && row.1 == side) {
            Some(row) => row.2.push(figures),
            None => self.0.push((title.to_owned(), side, vec![figures])),
        }
    }

    fn median(&self, title: &str, side: Side, pick: fn(&Figures) -> f64) -> f64 {
        let row = self.0.iter().find(|row| row.0 == title && row.1 == side);
        let mut values: Vec<f64> = row.iter().flat_map(|row| &row.2).map(pick).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    #[expect(clippy::print_stdout, reason = "the figures are this program's data")]
    pub(super) fn print(&self) -> Result<()> {
        let processors = f64::from(u32::try_from(std::thread::available_parallelism()?.get())?);
        println!(
            "{:<44} {:>10} {:>10} {:>6} {:>8} {:>8}  bound by",
            "per second", "perennial", "pgbench", "ratio", "CPU s", "peer's"
        );
        for (title, ..) in self.0.iter().filter(|row| row.1 == Side::Ours) {
            let rate = |side| self.median(title, side, |run| run.per_second);
            let cpu = |side| self.median(title, side, |run| run.cpu);
            let busy = self.median(title, Side::Ours, |run| run.busy);
            println!(
                "{title:<44} {:>10.0} {:>10.0} {:>6.2} {:>8.3} {:>8.3}  {}",
                rate(Side::Ours),
                rate(Side::Peer),
                rate(Side::Ours) / rate(Side::Peer),
                cpu(Side::Ours),
                cpu(Side::Peer),
                if busy > 0.8 * processors { "processors" } else { "waiting" },
            );
        }
        println!(
            "CPU s: processor seconds of PostgreSQL per 10,000. Bound by processors: more than 80 % of the\n\
             {processors} were busy, other programs included; by waiting: for commits, locks, round trips or one session."
        );
        Ok(())
    }
}
