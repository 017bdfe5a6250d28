//! Moves business time from one due instant to the next, and lets customers act.

mod customers;
mod usage;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use perennial_core::ids::SubscriptionId;
use perennial_jobs::payments::NoAnswer;
use perennial_jobs::{clock, sweep};
use perennial_sandbox::{Action as FaultAction, Fault};
use sqlx::PgConnection;

use super::cast::{Actor, cast};
use super::scenario::{Disturbance, Scenario};
use super::stack::{Stack, StackError};

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Business time.
    pub now: DateTime<Utc>,
    /// Days lived through.
    pub day: i64,
    /// Days in all.
    pub days: i64,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// A door refused what the scenario says.
    #[error("{actor}: {}", perennial_jobs::store::Said(.source))]
    Door {
        /// Who.
        actor: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A door refused usage.
    #[error("{event}: {error}")]
    Usage {
        /// Which event.
        event: String,
        /// Why.
        error: String,
    },
    /// The provider refused a method.
    #[error("{actor}: method: {source}")]
    Method {
        /// Whose.
        actor: String,
        /// Why.
        #[source]
        source: NoAnswer,
    },
    /// The database.
    #[error("{}", perennial_jobs::store::Said(.0))]
    Database(#[from] sqlx::Error),
    /// A part of the stack.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Work that never comes to rest.
    #[error(
        "work did not come to rest within {0:?} at {1}: see perennial.jobs and perennial.dead_jobs"
    )]
    Restless(Duration, DateTime<Utc>),
}

/// What a customer does.
#[derive(Debug, Clone)]
enum Cue {
    Subscribe(usize),
    Deed(usize, usize),
    /// Everybody uses what they use on that day.
    Use(i64),
}

/// What goes wrong.
#[derive(Debug, Clone)]
enum Trouble {
    KillWorker,
    TruncateQueue,
    /// The provider's faults come or go.
    Faults,
}

/// A run.
#[derive(Debug)]
pub struct Drive<'a> {
    scenario: &'a Scenario,
    stack: &'a mut Stack,
    /// Who takes part.
    pub actors: Vec<Actor>,
    /// The latest first, as below.
    cues: Vec<(DateTime<Utc>, Cue)>,
    troubles: Vec<(DateTime<Utc>, Trouble)>,
    /// Subscriptions whose charge was under way when a worker was killed, and when that was.
    pub struck: Vec<(SubscriptionId, DateTime<Utc>)>,
}

/// All work of one step is done within this, or something is wrong.
const REST_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether work has come to rest.
const LOOK_EVERY: Duration = Duration::from_millis(3);

impl<'a> Drive<'a> {
    /// A run of a scenario on a stack.
    #[must_use]
    pub fn new(scenario: &'a Scenario, stack: &'a mut Stack) -> Self {
        let actors = cast(scenario);
        let mut cues = Vec::new();
        for (index, actor) in actors.iter().enumerate() {
            cues.push((actor.subscribes_at, Cue::Subscribe(index)));
            cues.extend(
                actor.deeds.iter().enumerate().map(|(deed, (at, _))| (*at, Cue::Deed(index, deed))),
            );
        }
        let mut days = (1..i64::from(scenario.months) * 31).collect::<Vec<_>>();
        days.retain(|day| scenario.groups.iter().any(|group| group.uses_on(*day)));
        cues.extend(days.iter().map(|&day| (scenario.start + TimeDelta::days(day), Cue::Use(day))));
        let on = |day: &u32| scenario.start + TimeDelta::days((*day).into());
        let mut troubles: Vec<_> =
            scenario.kill_worker_on_days.iter().map(|day| (on(day), Trouble::KillWorker)).collect();
        troubles.extend(
            scenario.truncate_queue_on_days.iter().map(|day| (on(day), Trouble::TruncateQueue)),
        );
        for fault in &scenario.faults {
            troubles.extend([&fault.from_day, &fault.to_day].map(|day| (on(day), Trouble::Faults)));
        }
        cues.sort_by_key(|(at, _)| *at);
        cues.reverse();
        troubles.sort_by_key(|(at, _)| *at);
        troubles.reverse();
        Self { scenario, stack, actors, cues, troubles, struck: Vec::new() }
    }

    /// Lives through the scenario's months.
    ///
    /// # Errors
    /// [`DriveError`], naming who or what.
    pub async fn run(&mut self, mut report: impl FnMut(Progress)) -> Result<(), DriveError> {
        let pool = self.stack.pool.clone();
        let mut conn = pool.acquire().await?;
        let end = self.scenario.start
            + TimeDelta::days(31) * i32::try_from(self.scenario.months).unwrap_or(i32::MAX);
        self.set_clocks(&mut conn, self.scenario.start).await?;
        for _ in 0..self.scenario.workers {
            self.stack.hire()?;
        }
        let mut now = self.scenario.start;
        while now < end {
            self.trouble(&mut conn, now).await?;
            // What is due comes before what customers do at the same instant: in the same order each time.
            self.rest(&mut conn, Mail::Later, now).await?;
            self.act(&mut conn, now).await?;
            self.rest(&mut conn, Mail::Later, now).await?;
            let days = |span: TimeDelta| span.num_days();
            report(Progress {
                now,
                day: days(now - self.scenario.start),
                days: days(end - self.scenario.start),
            });
            let Some(next) = self.next(&mut conn, now).await? else { break };
            now = next.min(end);
            self.set_clocks(&mut conn, now).await?;
        }
        self.rest(&mut conn, Mail::Too, now).await
    }

    async fn set_clocks(
        &self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), DriveError> {
        self.stack.sandbox.set_clock(now);
        Ok(clock::set(conn, "global", now).await?)
    }

    /// The next instant at which anything happens, rounded up to the scenario's step.
    async fn next(
        &self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, DriveError> {
        let due = sweep::next_due(conn).await?;
        let cue = self.cues.last().map(|(at, _)| *at);
        let trouble = self.troubles.last().map(|(at, _)| *at);
        let Some(next) = due.into_iter().chain(cue).chain(trouble).min() else { return Ok(None) };
        let step = self.scenario.step.delta().num_seconds();
        let passed = (next.max(now + TimeDelta::seconds(1)) - self.scenario.start).num_seconds();
        let steps = passed.div_euclid(step) + i64::from(passed.rem_euclid(step) > 0);
        Ok(Some(self.scenario.start + TimeDelta::seconds(steps * step)))
    }

    /// Lets customers do what they do up to `now`.
    async fn act(&mut self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), DriveError> {
        while let Some((_, cue)) = self.cues.pop_if(|(at, _)| *at <= now) {
            match cue {
                Cue::Subscribe(actor) => self.subscribe(conn, &self.actors[actor]).await?,
                Cue::Deed(actor, deed) => self.deed(conn, &self.actors[actor], deed).await?,
                Cue::Use(day) => {
                    // Who has come in this very step has to be known before they can use anything.
                    self.rest(conn, Mail::Later, now).await?;
                    self.use_and_spend(conn, day).await?;
                }
            }
        }
        Ok(())
    }

    /// Lets go wrong what is to go wrong up to `now`, while what is due then is under way.
    async fn trouble(
        &mut self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), DriveError> {
        while let Some((_, trouble)) = self.troubles.pop_if(|(at, _)| *at <= now) {
            match trouble {
                Trouble::KillWorker => self.kill_worker(conn, now).await?,
                Trouble::TruncateQueue => {
                    sqlx::query!("truncate perennial.jobs").execute(&mut *conn).await?;
                }
                Trouble::Faults => self.set_faults(now),
            }
        }
        Ok(())
    }

    /// Leaves the faults of that day in force, and no others.
    fn set_faults(&self, now: DateTime<Utc>) {
        self.stack.sandbox.clear_faults();
        let day = (now - self.scenario.start).num_days();
        let of_today =
            |it: &&Disturbance| (i64::from(it.from_day)..i64::from(it.to_day)).contains(&day);
        for disturbance in self.scenario.faults.iter().filter(of_today) {
            self.stack.sandbox.add_fault(disturbance.fault.clone());
        }
    }

    /// Waits for a charge to be under way, and kills a worker in the middle of it.
    async fn kill_worker(
        &mut self,
        conn: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), DriveError> {
        let slow = Fault::new(FaultAction::Latency { latency_ms: 1_500 })
            .on("POST", "/v1/payment_intents/*/confirm");
        self.stack.sandbox.add_fault(slow);
        let mut look = tokio::time::interval(LOOK_EVERY);
        let waited = tokio::time::timeout(Duration::from_secs(2), async {
            loop {
                look.tick().await;
                let struck = sqlx::query_scalar!(
                    r#"select subscription_id as "subscription!" from perennial.payments
                        where status = 'executing' and subscription_id is not null"#
                )
                .fetch_all(&mut *conn)
                .await?;
                if !struck.is_empty() {
                    return Ok::<_, sqlx::Error>(struck);
                }
            }
        });
        let struck = waited.await;
        self.stack.replace_worker().await?;
        self.set_faults(now);
        match struck {
            Ok(struck) => {
                self.struck.extend(struck?.into_iter().map(|id| (SubscriptionId(id), now)))
            }
            // Nothing was being charged on that day: the next one will do.
            Err(_) => self.troubles.push((now + TimeDelta::seconds(1), Trouble::KillWorker)),
        }
        Ok(())
    }

    /// Waits until nothing is due and nothing under way.
    async fn rest(
        &self,
        conn: &mut PgConnection,
        mail: Mail,
        now: DateTime<Utc>,
    ) -> Result<(), DriveError> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let rested = tokio::time::timeout(REST_MAX, async {
            loop {
                look.tick().await;
                let at_rest = match mail {
                    Mail::Later => sweep::at_rest_but_for_mail(&mut *conn).await?,
                    Mail::Too => sweep::at_rest(&mut *conn).await?,
                };
                if at_rest {
                    return Ok::<_, sqlx::Error>(());
                }
            }
        });
        Ok(rested.await.map_err(|_| DriveError::Restless(REST_MAX, now))??)
    }
}

/// Whether mail has to be sent before time moves on. Its business time is that of its queueing.
#[derive(Debug, Clone, Copy)]
enum Mail {
    Later,
    Too,
}
