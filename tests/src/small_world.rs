//! A world within this process: a database and business time, no workers, nothing on a wire. Its
//! jobs are the real ones; a year of it takes seconds.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use perennial::database::{self, Role};
use perennial_jobs::catalogue::{self, Visitor};
use perennial_jobs::job::{Failure, Job};
use perennial_jobs::mail::Sender;
use perennial_jobs::{Cx, clock, invariants, sweep};
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::cluster;
use crate::scripted::{Mail, Scripted};

/// Work that has not come to rest after so many rounds never will.
const ROUNDS_MAX: usize = 200;

/// A world without a wire.
pub struct SmallWorld {
    /// The database, as its owner.
    pub pool: PgPool,
    cx: Cx,
    turns: Turns,
}

/// How jobs that are due at the same instant run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// At once: decisions are taken together.
    Together,
    /// One after the other.
    InOrder,
}

impl SmallWorld {
    /// A world whose business time stands at `start`.
    pub async fn at(start: DateTime<Utc>, turns: Turns) -> Self {
        Self::with_connections(4, start, turns).await
    }

    /// A world in which all work goes over one connection, which lives as long as the world.
    pub async fn on_one_connection(start: DateTime<Utc>) -> Self {
        Self::with_connections(1, start, Turns::InOrder).await
    }

    async fn with_connections(connections: u32, start: DateTime<Utc>, turns: Turns) -> Self {
        let url = cluster::database().await;
        let pool = database::connect(&url, Role::Owner, connections).await;
        let pool = pool.expect("the database is reached");
        let sender = Sender {
            address: "billing@acme.example".to_owned(),
            product_name: "Acme".to_owned(),
            billing_url: "https://acme.example/billing".to_owned(),
            support_address: "help@acme.example".to_owned(),
            public_url: None,
        };
        let cx = Cx::new(pool.clone(), Arc::new(Scripted::default()), Arc::new(Mail), sender);
        let world = Self { pool, cx, turns };
        world.set_clock(start).await;
        world
    }

    /// Tells an event, as another service would.
    ///
    /// # Errors
    /// What the door says.
    pub async fn emit(
        &self,
        kind: &str,
        subject: uuid::Uuid,
        data: &Value,
        event_id: &str,
    ) -> sqlx::Result<i64> {
        sqlx::query_scalar("select perennial.emit($1, $2, $3, $4)")
            .bind(kind)
            .bind(subject)
            .bind(data)
            .bind(event_id)
            .fetch_one(&self.pool)
            .await
    }

    /// Moves business time to an instant, whatever is due before.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        clock::set(&mut conn, "global", now).await.expect("the clock moves");
    }

    /// The next instant at which something is due.
    pub async fn next_due(&self) -> Option<DateTime<Utc>> {
        let mut conn = self.pool.acquire().await.expect("a connection");
        sweep::next_due(&mut conn).await.expect("an answer")
    }

    /// Moves business time through every due instant before this one, at rest after each, and on to
    /// it: what is due then is still to be done.
    pub async fn live_up_to(&self, until: DateTime<Utc>) {
        while let Some(next) = self.next_due().await.filter(|next| *next < until) {
            self.set_clock(next).await;
            self.rest().await;
        }
        self.set_clock(until).await;
    }

    /// Does all that is due.
    pub async fn rest(&self) {
        let mut last = vec![];
        for _ in 0..ROUNDS_MAX {
            let mut conn = self.pool.acquire().await.expect("a connection");
            sweep::sweep(&mut conn).await.expect("a sweep");
            let jobs: Vec<(String, Value)> =
                sqlx::query_as("delete from perennial.jobs returning queue, payload")
                    .fetch_all(&mut *conn)
                    .await
                    .expect("jobs");
            drop(conn);
            if jobs.is_empty() {
                return;
            }
            last.clone_from(&jobs);
            self.work(jobs).await;
        }
        panic!("work does not come to rest: {last:?}");
    }

    /// Does a job that nothing made due.
    pub async fn perform(&self, queue: &str, payload: Value) {
        self.work(vec![(queue.to_owned(), payload)]).await;
    }

    async fn work(&self, jobs: Vec<(String, Value)>) {
        let mut all = JoinSet::new();
        for (queue, payload) in jobs {
            let mut doing = Doing { queue: &queue, payload, cx: &self.cx, job: None };
            catalogue::each(&mut doing);
            let job = doing.job.expect("a job of the catalogue");
            match self.turns {
                Turns::Together => {
                    all.spawn(job);
                }
                Turns::InOrder => done(job.await),
            }
        }
        while let Some(ended) = all.join_next().await {
            done(ended.expect("a job that does not panic"));
        }
    }

    /// Checks what must always hold.
    pub async fn check(&self) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        let violations = invariants::check(&mut conn).await.expect("an answer");
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// The next sweep finds again what is not done yet.
fn done(ended: Result<(), Failure>) {
    match ended {
        Ok(()) | Err(Failure::NotYet { .. }) => {}
        Err(failure) => panic!("{failure}"),
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// Finds the job of a queue.
struct Doing<'a> {
    queue: &'a str,
    payload: Value,
    cx: &'a Cx,
    job: Option<Running>,
}

impl Visitor for Doing<'_> {
    fn visit<J: Job>(&mut self) {
        if J::NAME == self.queue {
            let job: J = serde_json::from_value(self.payload.take()).expect("a payload");
            let cx = self.cx.clone();
            self.job = Some(Box::pin(async move { job.run(&cx).await }));
        }
    }
}
