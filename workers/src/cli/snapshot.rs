//! `perennial snapshot`

use chrono::NaiveDate;
use perennial_jobs::snapshot::{self, Books, Method, Taken};
use sqlx::PgConnection;

use super::exit::{Error, Exit, say, talk};
use crate::database::{self, Role};
use crate::settings;

/// Take the snapshot of a day that is over: the business's numbers.
///
/// What was told of a day stays, even where something came late: `--restate` tells it anew, and the
/// days after it that this reaches, and keeps what was told before. Reads from PERENNIAL_ANALYTICS_URL (a replica) where that is set.
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:
  perennial snapshot                          yesterday, in the business's zone
  perennial snapshot --from 2026-01-01        every day since then that was not told of
  perennial snapshot --date 2026-03-01 --check")]
pub(super) struct Snapshot {
    /// The day, in the business's zone; yesterday if not given.
    #[arg(long)]
    date: Option<NaiveDate>,
    /// Every day from this one to `--date`.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Tell anew what was told before, with what came late, and later days that go on from it.
    #[arg(long)]
    restate: bool,
    /// Take none: compare with a full recomputation, and name what differs. Exit code 1 if anything.
    #[arg(long, conflicts_with = "restate")]
    check: bool,
}

impl Snapshot {
    pub(super) async fn run(self) -> Result<(), Error> {
        let url = settings::database_url()?;
        let pool = database::connect(&url, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let replica = settings::analytics_url();
        let replicas =
            database::connect(replica.as_deref().unwrap_or(&url), Role::Owner, 1).await?;
        let mut primary = pool.acquire().await?;
        let mut reader = replicas.acquire().await?;
        let last = match self.date {
            Some(date) => date,
            None => snapshot::last_day(&mut primary).await?,
        };
        let first = self.from.unwrap_or(last);
        if first > last {
            return Err(Error::data(format!("from: {first} lies after {last}")));
        }
        if self.restate {
            let mut books = Books { reader: &mut reader, primary: &mut primary };
            for (day, taken) in books.restate(first, last).await? {
                tell(day, taken)?;
            }
            return Ok(());
        }
        let mut differing = 0;
        for day in first.iter_days().take_while(|day| *day <= last) {
            if self.check {
                differing += compare(&mut reader, day).await?;
                continue;
            }
            let mut books = Books { reader: &mut reader, primary: &mut primary };
            tell(day, books.take(day, Method::Manual).await?)?;
        }
        match differing {
            0 => Ok(()),
            count => Err(Error::new(Exit::DoesNotHold, format!("{count} figures differ"))),
        }
    }
}

/// Names what differs. Answers with how much that is.
async fn compare(conn: &mut PgConnection, day: NaiveDate) -> Result<usize, Error> {
    let differences = snapshot::check(conn, day).await?;
    for found in &differences {
        say(format_args!(
            "{day}  {}  {}  {}  {}  told {}  recomputed {}",
            found.metric,
            found.currency,
            found.breakdown,
            found.key,
            found.told.as_deref().unwrap_or("nothing"),
            found.recomputed.as_deref().unwrap_or("nothing")
        ))?;
    }
    Ok(differences.len())
}

fn tell(day: NaiveDate, taken: Taken) -> Result<(), Error> {
    if taken.stood {
        say(format_args!("{day}  stands as it was told"))?;
    } else {
        say(format_args!("{day}  {} figures", taken.figures))?;
    }
    if taken.stood && taken.late != 0 {
        talk(format_args!(
            "perennial: {} facts of {day} came after it was told: `perennial snapshot --date {day} --restate` tells it \
             anew, and keeps what was told",
            taken.late
        ));
    }
    Ok(())
}
