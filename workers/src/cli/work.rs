//! `perennial work`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use perennial_jobs::Cx;
use perennial_queue::{Rate, Suspect};
use perennial_stripe::StripeProvider;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::ending::Endings;
use super::exit::{Error, Exit, talk};
use crate::database::{self, Role};
use crate::runner::Pace;
use crate::settings::{self, WorkSettings};
use crate::smtp::SmtpMailer;
use crate::throttle::SharedThrottle;
use crate::{http, prober, runner, scheduler};

/// Run the worker: sweep what is due, renew, collect, write to customers.
///
/// It refuses to start on a setting that is missing, unsafe or misspelt. SIGTERM, SIGINT and SIGHUP end
/// it in order; a second one ends it at once.
#[derive(Debug, clap::Args)]
#[command(
    after_help = settings::help(),
    before_help = "Examples:
  perennial work
  perennial work --name eu-1 --log info --log-format json"
)]
pub(super) struct Work {
    /// A name for people, in logs and in the list of workers.
    #[arg(long, default_value = "worker")]
    name: String,
    /// Run this one job, whose process died before, and nothing else.
    #[arg(long, hide = true, value_parser = prober::parse)]
    run_alone: Option<Suspect>,
}

/// What runs is given this long to finish after SIGTERM.
const DRAIN_MAX: Duration = Duration::from_secs(60);

impl Work {
    pub(super) async fn run(self) -> Result<(), Error> {
        let settings = WorkSettings::from_environment()?;
        let mut endings = Endings::listen()?;
        let pool = database::connect_worker(&settings.database_url, settings.connections).await?;
        database::check_schema(&pool).await?;
        database::require_writable(&pool).await?;
        let rate = Rate {
            per_second: f64::from(settings.provider_calls_per_second),
            burst: i32::try_from(settings.provider_calls_per_second).unwrap_or(i32::MAX),
        };
        let stripe =
            settings::of_this_database(&mut *pool.acquire().await?, settings.stripe).await?;
        let throttle = Arc::new(SharedThrottle::new(pool.clone(), rate));
        let pages = match settings.http_listen.filter(|_| self.run_alone.is_none()) {
            Some(address) => Some(serve_pages(address, &pool).await?),
            None => None,
        };
        let provider = StripeProvider::with_throttle(&stripe, throttle)
            .map_err(|error| Error::new(Exit::Config, error))?;
        let mailer = Arc::new(SmtpMailer::new(settings.smtp));
        let cx = Cx::new(pool.clone(), Arc::new(provider), mailer, settings.sender)
            .with_charges_per_customer_hour(settings.charges_per_customer_hour)
            .with_mail_retry(settings.mail_retry);
        let cx = match &settings.analytics_url {
            Some(url) => cx.with_analytics(database::connect(url, Role::Worker, 2).await?),
            None => cx,
        };
        let cx = match settings.digest_to {
            Some(team) => cx.with_digest_to(team),
            None => cx,
        };
        if let Some(suspect) = &self.run_alone {
            return run_alone(&cx, &pool, settings.pace, suspect).await;
        }
        perennial_jobs::reconcile::notice_rewind(&cx)
            .await
            .map_err(|error| Error::new(Exit::Unavailable, error))?;
        let process = runner::start(&cx, &pool, &self.name, settings.pace).await?;
        let stop = CancellationToken::new();
        let sweeping =
            tokio::spawn(scheduler::run(pool.clone(), settings.timetables, stop.clone()));
        let probing = tokio::spawn(prober::run(pool.clone(), stop.clone()));
        talk(format!(
            "perennial: worker `{}` is at work; SIGTERM or Ctrl-C ends it in order, a second one at once",
            self.name
        ));
        endings.next().await;
        talk("perennial: finishing what runs");
        stop.cancel();
        drop(pages);
        let drained = tokio::select! {
            drained = tokio::time::timeout(DRAIN_MAX, process.drain()) => drained.is_ok(),
            () = endings.next() => false,
        };
        if !drained {
            tracing::warn!("not all jobs were finished: they run again when their leases are over");
        }
        sweeping.abort();
        probing.abort();
        Ok(())
    }
}

/// Runs a suspect. Ends with the worker that started this process, whose death closes our input.
async fn run_alone(cx: &Cx, pool: &PgPool, pace: Pace, suspect: &Suspect) -> Result<(), Error> {
    let name = format!("alone with {}", suspect.queue);
    let (alive, orphaned) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: the runtime would wait for it at the end.
    std::thread::spawn(move || {
        let _alive = alive;
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    });
    tokio::select! {
        ran = runner::run_alone(cx, pool, &name, pace, suspect) => {
            ran?;
        }
        _ = orphaned => tracing::warn!("the worker is gone: so is this process"),
    }
    Ok(())
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
