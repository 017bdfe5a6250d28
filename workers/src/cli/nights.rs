//! Tells the figures of each day while business time passes, as a schedule does each night.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use perennial_jobs::snapshot::{self, Books, Method};
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;

/// What happened on a day is on record this much later, whatever else is under way.
const MARGIN: Days = Days::new(3);
/// Business time passes by some days meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Nights {
    next: Option<NaiveDate>,
}

impl Nights {
    /// Tells of days as they pass, for as long as it is polled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn keep_telling(&mut self, pool: &PgPool) -> sqlx::Result<Infallible> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.tell(pool, MARGIN).await?;
        }
    }

    /// Tells of all days that are over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn tell_the_rest(&mut self, pool: &PgPool) -> sqlx::Result<()> {
        self.tell(pool, Days::new(0)).await
    }

    async fn tell(&mut self, pool: &PgPool, margin: Days) -> sqlx::Result<()> {
        let (mut primary, mut reader) = (pool.acquire().await?, pool.acquire().await?);
        let first = match self.next {
            Some(next) => next,
            None => match snapshot::first_day(&mut primary).await? {
                Some(first) => first,
                None => return Ok(()),
            },
        };
        let last = snapshot::last_day(&mut primary).await? - margin;
        for day in first.iter_days().take_while(|day| *day <= last) {
            let mut books = Books { reader: &mut reader, primary: &mut primary };
            books.take(day, Method::Scheduled).await?;
            self.next = day.succ_opt();
        }
        Ok(())
    }
}
