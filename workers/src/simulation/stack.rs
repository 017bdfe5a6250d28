//! The parts, all real, each on a socket or port of its own; they end with this process.

use std::path::PathBuf;
use std::process::Stdio;

use chrono::{DateTime, Utc};
use perennial_postgres::{Discovery, Durability, Server};
use perennial_sandbox::{DEFAULT_KEY, Inbox, InboxOptions, Sandbox, SandboxOptions, StartError};
use perennial_stripe::{ConfigError, StripeConfig, StripeProvider};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::process::{Child, Command};

use crate::database::{self, DatabaseError, Role};
use crate::settings;

/// A database, a provider, an inbox and workers.
#[derive(Debug)]
pub struct Stack {
    server: Server,
    /// The database.
    pub pool: PgPool,
    /// The provider.
    pub sandbox: Sandbox,
    /// The mail server.
    pub inbox: Inbox,
    /// How we talk to the provider ourselves, to attach methods.
    pub provider: StripeProvider,
    /// The program whose `work` is run: this one, unless somebody says otherwise.
    pub program: PathBuf,
    workers: Vec<Child>,
    hired: u32,
}

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// No PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] perennial_postgres::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The sandbox or the inbox.
    #[error(transparent)]
    Sandbox(#[from] StartError),
    /// The provider's client.
    #[error(transparent)]
    Provider(#[from] ConfigError),
    /// A worker process.
    #[error("a worker was not started: {0}")]
    Worker(#[from] std::io::Error),
}

const DATABASE: &str = "postgres";

impl Stack {
    /// Starts everything but the workers.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(
        discovery: Discovery,
        clock: DateTime<Utc>,
        seed: u64,
    ) -> Result<Self, StackError> {
        let server =
            tokio::task::spawn_blocking(|| Server::ephemeral(discovery, Durability::Full, 100))
                .await
                .map_err(std::io::Error::other)??;
        let pool = database::connect(&server.url(DATABASE), Role::Owner, 4).await?;
        database::migrate(&pool).await?;
        // The provider's ids follow from keys: the same in every run.
        sqlx::raw_sql("update perennial.installation set tag = '000000000000'")
            .execute(&pool)
            .await
            .map_err(DatabaseError::from)?;
        let options = SandboxOptions { clock: Some(clock), seed, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await?;
        let inbox = Inbox::start(InboxOptions::default()).await?;
        let config = StripeConfig {
            api_base: sandbox.base_url(),
            ..StripeConfig::new(SecretString::from(DEFAULT_KEY))
        };
        let mut conn = pool.acquire().await.map_err(DatabaseError::from)?;
        let config = settings::of_this_database(&mut conn, config).await;
        drop(conn);
        let provider = StripeProvider::new(&config.map_err(DatabaseError::from)?)?;
        let program = std::env::current_exe()?;
        let workers = Vec::new();
        Ok(Self { server, pool, sandbox, inbox, provider, program, workers, hired: 0 })
    }

    /// One line about the database.
    #[must_use]
    pub fn database(&self) -> String {
        self.server.describe()
    }

    /// Where the database is.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.server.url(DATABASE)
    }

    /// Starts a worker process: the program, `work`.
    ///
    /// # Errors
    /// When the process does not start.
    pub fn hire(&mut self) -> Result<(), StackError> {
        self.hired += 1;
        let worker = Command::new(&self.program)
            .args(["work", "--name", &format!("worker-{}", self.hired)])
            .env("DATABASE_URL", self.database_url())
            .env("STRIPE_SECRET_KEY", DEFAULT_KEY)
            .env("PERENNIAL_STRIPE_API_BASE", self.sandbox.base_url())
            .env("PERENNIAL_SMTP_URL", format!("smtp://{}", self.inbox.smtp_addr()))
            .env("PERENNIAL_MAIL_FROM", "Acme <billing@acme.example>")
            .env("PERENNIAL_PROVIDER_CALLS_PER_SECOND", "100000")
            .env("PERENNIAL_LEASE_MS", "1000")
            .env("PERENNIAL_MAIL_RETRY_MS", "1000")
            .env("PERENNIAL_LOG", "error")
            .env_remove("PERENNIAL_SCHEDULES")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        self.workers.push(worker);
        Ok(())
    }

    /// Kills a worker (SIGKILL), and starts another one.
    ///
    /// # Errors
    /// When the process cannot be killed, or the new one does not start.
    pub async fn replace_worker(&mut self) -> Result<(), StackError> {
        if let Some(mut worker) = self.workers.pop() {
            worker.kill().await?;
        }
        self.hire()
    }

    /// Ends the workers.
    pub async fn dismiss(&mut self) {
        for mut worker in self.workers.drain(..) {
            // One that has ended already cannot be killed.
            drop(worker.kill().await);
        }
    }

    /// Ends everything in order.
    pub async fn close(mut self) {
        self.dismiss().await;
        self.pool.close().await;
    }
}
