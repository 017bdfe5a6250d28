//! A job queue on PostgreSQL: an apalis backend that loses nothing and runs nothing twice while
//! its worker lives.
//!
//! A [`Process`] is one worker process: it has a name no other process ever had, one connection
//! that listens, one task that keeps leases alive and tasks that acknowledge in batches. Each
//! [`Queue`] of it is an apalis `Backend`; [`Process::work`] wires one with a typed handler:
//!
//! ```no_run
//! # use perennial_queue::{Config, Ending, JobContext, NewJob, Process, catalogue, enqueue};
//! # #[derive(serde::Serialize, serde::Deserialize)] struct Renew { subscription: uuid::Uuid }
//! # async fn renew(_: Renew) -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example(pool: sqlx::PgPool) -> Result<(), sqlx::Error> {
//! let renew_entry = catalogue::Entry {
//!     name: "renew",
//!     door: catalogue::Door::Internal,
//!     scope: catalogue::Scope::Subject,
//! };
//! catalogue::publish(&pool, &[renew_entry]).await?;
//! let process = Process::start(pool.clone(), "worker").await?;
//! process.work("renew", Config::default(), |job: Renew, cx: JobContext| async move {
//!     match renew(job).await {
//!         Ok(()) => Ending::Done,
//!         Err(fault) => Ending::RetryIn(None, format!("{} failed: {fault}", cx.name())),
//!     }
//! });
//! let mut transaction = pool.begin().await?;
//! let job = NewJob::new("renew", &serde_json::json!({"subscription": "…"})).key("sub_1#7");
//! let added = enqueue(&mut transaction, &job).await?;
//! transaction.commit().await?;
//! # assert!(added);
//! process.run_until_idle().await; // tests and demonstrations
//! process.drain().await; // SIGTERM: finish what runs, give back what has not begun
//! # Ok(()) }
//! ```
//!
//! This crate knows nothing of what the jobs do. It must never end a worker or cancel a handler
//! because the database is away, never acknowledge for another worker, and never wait in a
//! transaction.

mod backend;
pub mod catalogue;
mod codec;
mod config;
mod context;
mod ending;
mod enqueue;
mod lease;
mod process;
mod store;
mod suspect;
pub mod ticks;
mod tokens;

pub use backend::{AckLayer, AckService, Queue};
pub use codec::JsonCodec;
pub use config::{Backoff, Config};
pub use context::{JobContext, LeaseLost, NotAJob};
pub use ending::Ending;
pub use enqueue::{NewJob, enqueue, enqueue_all};
pub use process::{CONNECTIONS_MAX, Process};
pub use suspect::{Suspect, next_suspect};
pub use tokens::{Rate, take_tokens};
