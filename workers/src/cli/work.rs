//! `perennial work`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use perennial_jobs::Cx;
use perennial_queue::Rate;
use perennial_stripe::StripeProvider;
use sqlx::PgPool;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{Error, Exit, talk};
use crate::database::{self, Role};
use crate::settings::WorkSettings;
use crate::smtp::SmtpMailer;
use crate::throttle::SharedThrottle;
use crate::{http, runner, scheduler};

/// Run the worker: sweep what is due, renew, collect, write to customers.
///
/// It needs these settings, and refuses to start without:
///   DATABASE_URL               postgres://user:password@host/database
///   STRIPE_SECRET_KEY          sk_test_… (live keys only with PERENNIAL_ENV=live)
///   PERENNIAL_SMTP_URL         smtps://user:password@host:465
///   PERENNIAL_MAIL_FROM        Acme <billing@acme.example>
/// and takes these:
///   PERENNIAL_STRIPE_API_BASE  another address of the provider (the sandbox)
///   PERENNIAL_PROVIDER_CALLS_PER_SECOND (20), PERENNIAL_STRIPE_TIMEOUT_MS (30000),
///   PERENNIAL_CONCURRENCY (64), PERENNIAL_LEASE_MS (30000),
///   PERENNIAL_PRODUCT_NAME, PERENNIAL_BILLING_URL, PERENNIAL_SUPPORT_ADDRESS, PERENNIAL_SCHEDULES (a file)
///   PERENNIAL_DIGEST_TO        who gets the week's figures by mail, on Mondays
///   PERENNIAL_PUBLIC_URL       https://billing.acme.example: base of the links with which a customer
///                              stops warnings about usage; without it they have none
///   PERENNIAL_ANALYTICS_URL    a replica to read snapshots' numbers from
///   PERENNIAL_HTTP_LISTEN      127.0.0.1:8080: where this worker answers those links; without it, nowhere
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    before_help = "Examples:
  perennial work
  perennial work --name eu-1 --log info --log-format json"
)]
pub(super) struct Work {
    /// A name for people, in logs and in the list of workers.
    #[arg(long, default_value = "worker")]
    name: String,
}

/// What runs is given this long to finish after SIGTERM.
const DRAIN_MAX: Duration = Duration::from_secs(60);
/// Jobs of all queues share these connections.
const CONNECTIONS_MAX: u32 = 24;

impl Work {
    pub(super) async fn run(self) -> Result<(), Error> {
        let settings = WorkSettings::from_environment()?;
        let pool = database::connect(&settings.database_url, Role::Worker, CONNECTIONS_MAX).await?;
        database::check_schema(&pool).await?;
        let rate = Rate {
            per_second: f64::from(settings.provider_calls_per_second),
            burst: i32::try_from(settings.provider_calls_per_second).unwrap_or(i32::MAX),
        };
        let throttle = Arc::new(SharedThrottle::new(pool.clone(), rate));
        let pages = match settings.http_listen {
            Some(address) => Some(serve_pages(address, &pool).await?),
            None => None,
        };
        let provider = StripeProvider::with_throttle(&settings.stripe, throttle)
            .map_err(|error| Error::new(Exit::Config, error))?;
        let mailer = Arc::new(SmtpMailer::new(settings.smtp));
        let cx = Cx::new(pool.clone(), Arc::new(provider), mailer, settings.sender);
        let cx = match &settings.analytics_url {
            Some(url) => cx.with_analytics(database::connect(url, Role::Worker, 2).await?),
            None => cx,
        };
        let cx = match settings.digest_to {
            Some(team) => cx.with_digest_to(team),
            None => cx,
        };
        let process = runner::start(&cx, &pool, &self.name, settings.pace).await?;
        let stop = CancellationToken::new();
        let sweeping =
            tokio::spawn(scheduler::run(pool.clone(), settings.timetables, stop.clone()));
        talk(format!(
            "perennial: worker `{}` is at work; SIGTERM or Ctrl-C ends it in order",
            self.name
        ));
        wait_for_the_end().await?;
        talk("perennial: finishing what runs");
        stop.cancel();
        drop(pages);
        if tokio::time::timeout(DRAIN_MAX, process.drain()).await.is_err() {
            tracing::warn!("not all jobs were finished in time: they will run again elsewhere");
        }
        sweeping.abort();
        Ok(())
    }
}

async fn serve_pages(address: SocketAddr, pool: &PgPool) -> Result<http::Server, Error> {
    let server = http::Server::start(address, pool.clone()).await;
    server.map_err(|error| {
        Error::new(
            Exit::Config,
            format!("PERENNIAL_HTTP_LISTEN is not to be had: {address}: {error}"),
        )
    })
}

pub(super) async fn wait_for_the_end() -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
