//! A world: a database, a provider, an inbox, worker processes, and business time that stands
//! until it is moved.

use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use perennial::database::{self, Role};
use perennial::simulation::Books;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_jobs::mail::{Sender, message_id};
use perennial_jobs::payments::{CustomerProfile, OpKey, PaymentProvider};
use perennial_jobs::store::methods;
use perennial_jobs::{clock, diary, invariants, sweep};
use perennial_sandbox::{DEFAULT_KEY, Fault, Inbox, InboxOptions, Sandbox, SandboxOptions};
use perennial_stripe::{StripeConfig, StripeProvider};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::process::{Child, Command};

use crate::cluster;

/// All work is done within this, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A world of real parts.
#[derive(Debug)]
pub struct World {
    /// The database, as its owner.
    pub pool: PgPool,
    /// Its URL.
    pub url: String,
    /// The provider.
    pub sandbox: Sandbox,
    /// The mail server.
    pub inbox: Inbox,
    executable: &'static str,
    provider: StripeProvider,
    workers: Vec<Child>,
    settings: Vec<(&'static str, &'static str)>,
}

/// A customer with one subscription.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// The customer.
    pub id: CustomerId,
    /// Its subscription.
    pub subscription: SubscriptionId,
}

/// How a worker of the world fails.
#[derive(Debug, Clone, Copy)]
pub enum Faults<'a> {
    /// It does not.
    None,
    /// It is killed when it passes this point.
    KilledAt(&'a str),
}

impl World {
    /// A world whose business time stands at `start`; `executable` is the worker under test.
    pub async fn at(start: &str, executable: &'static str) -> Self {
        Self::on(cluster::database().await, start, executable).await
    }

    /// A world on a database of one's own.
    pub async fn on(url: String, start: &str, executable: &'static str) -> Self {
        let pool = database::connect(&url, Role::Owner, 4).await.expect("the database is reached");
        let now: DateTime<Utc> = start.parse().expect("an instant");
        let options = SandboxOptions { clock: Some(now), ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let inbox = Inbox::start(InboxOptions::default()).await.expect("the inbox starts");
        let config = StripeConfig {
            api_base: sandbox.base_url(),
            ..StripeConfig::new(SecretString::from(DEFAULT_KEY))
        };
        let provider = StripeProvider::new(&config).expect("the provider is configured");
        let (workers, settings) = (Vec::new(), Vec::new());
        let world = Self { pool, url, sandbox, inbox, executable, provider, workers, settings };
        world.set_clock(now).await;
        world
    }

    /// A database without anything in it: its URL.
    pub async fn empty_database() -> String {
        cluster::empty_database().await
    }

    /// Adds a setting, for whatever is started from now on.
    pub fn set(&mut self, name: &'static str, value: &'static str) {
        self.settings.push((name, value));
    }

    /// The program, with the settings of this world.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.executable);
        command
            .env_clear()
            .env("PATH", perennial::settings::variable("PATH").unwrap_or_default())
            .env("DATABASE_URL", &self.url)
            .env("STRIPE_SECRET_KEY", DEFAULT_KEY)
            .env("PERENNIAL_STRIPE_API_BASE", self.sandbox.base_url())
            .env("PERENNIAL_STRIPE_TIMEOUT_MS", "1500")
            .env("PERENNIAL_SMTP_URL", format!("smtp://{}", self.inbox.smtp_addr()))
            .env("PERENNIAL_MAIL_FROM", "Acme <billing@acme.example>")
            .env("PERENNIAL_PROVIDER_CALLS_PER_SECOND", "10000")
            .env("PERENNIAL_LEASE_MS", "1000")
            .env("PERENNIAL_MAIL_RETRY_MS", "200")
            .envs(self.settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts a worker process.
    pub fn work(&mut self, faults: Faults<'_>) {
        let mut command = self.command();
        command.arg("work").stdout(Stdio::null()).stderr(Stdio::null());
        if let Faults::KilledAt(point) = faults {
            command.env("PERENNIAL_CRASH", point);
        }
        self.workers.push(command.spawn().expect("the worker starts"));
    }

    /// Kills all workers (SIGKILL).
    pub async fn kill_workers(&mut self) {
        for mut worker in self.workers.drain(..) {
            worker.kill().await.expect("a worker can be killed");
        }
    }

    /// Waits until the worker has died by itself.
    pub async fn wait_for_death(&mut self) {
        let mut worker = self.workers.pop().expect("a worker was started");
        let died = tokio::time::timeout(PATIENCE, worker.wait()).await;
        let status =
            died.expect("the worker reached its kill point").expect("the worker is waited for");
        assert!(status.code().is_none(), "the worker was to be killed, and ended with {status}");
    }

    /// Emits an event, as another service would.
    ///
    /// # Errors
    /// What the door says.
    pub async fn emit(
        &self,
        kind: &str,
        subject: uuid::Uuid,
        data: Value,
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

    /// Subscribes a customer to a plan, with payment methods of the sandbox (the first is tried first).
    pub async fn subscribe(&self, name: &str, methods: &[&str], wish: Value) -> Customer {
        let customer =
            Customer { id: CustomerId::derived(name), subscription: SubscriptionId::derived(name) };
        let profile = json!({ "email": format!("{name}@customers.example"), "name": name, "time_zone": "Europe/London" });
        self.emit("customer.upserted", customer.id.0, profile, &format!("{name}/new"))
            .await
            .expect("a customer");
        for method in methods.iter().rev() {
            self.attach(customer, name, method).await;
        }
        let mut data =
            json!({ "customer": customer.id.0, "plan": "professional", "interval": "month" });
        if let (Some(data), Value::Object(wish)) = (data.as_object_mut(), wish) {
            data.extend(wish);
        }
        let event_id = format!("{name}/subscription");
        let created =
            self.emit("subscription.created", customer.subscription.0, data, &event_id).await;
        created.expect("a subscription");
        customer
    }

    /// Attaches a payment method, as an application does when its customer enters a card.
    pub async fn attach(&self, customer: Customer, name: &str, method: &str) {
        let email = format!("{name}@customers.example");
        let profile = CustomerProfile { customer: customer.id, email, name: name.to_owned() };
        let mut conn = self.pool.acquire().await.expect("a connection");
        let known = methods::provider_customer(&mut conn, self.provider.name(), customer.id.0)
            .await
            .expect("an answer");
        let reference = match known {
            Some(known) => known,
            None => {
                let made =
                    self.provider.ensure_customer(&profile, &OpKey::customer(&profile, name)).await;
                made.expect("the provider takes the customer").value
            }
        };
        let attached = self
            .provider
            .attach_method(&reference, method, &OpKey::attach(customer.id, method))
            .await;
        let attached = attached.expect("the provider takes the method").value;
        let mut data = json!({ "provider_customer": reference, "reference": attached.reference });
        data["network"] = json!(attached.network);
        data["last4"] = json!(attached.last4);
        data["fingerprint"] = json!(attached.fingerprint);
        if let Some((month, year)) = attached.expires {
            data["exp_month"] = json!(month);
            data["exp_year"] = json!(year);
        }
        let event_id = format!("{name}/{method}");
        self.emit("payment_method.attached", customer.id.0, data, &event_id)
            .await
            .expect("a method");
    }

    /// Adds a fault of the provider.
    pub fn fault(&self, fault: Fault) {
        self.sandbox.add_fault(fault);
    }

    /// Moves business time to an instant, whatever is due before.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.sandbox.set_clock(now);
        let mut conn = self.pool.acquire().await.expect("a connection");
        clock::set(&mut conn, "global", now).await.expect("the clock moves");
    }

    /// Moves business time through every due instant up to this one, at rest after each.
    pub async fn live_until(&self, until: &str) {
        let until: DateTime<Utc> = until.parse().expect("an instant");
        while let Some(next) = self.next_due().await.filter(|next| *next <= until) {
            self.set_clock(next).await;
            self.rest().await;
        }
        self.set_clock(until).await;
        self.rest().await;
    }

    /// The next instant at which something is due.
    pub async fn next_due(&self) -> Option<DateTime<Utc>> {
        let mut conn = self.pool.acquire().await.expect("a connection");
        sweep::next_due(&mut conn).await.expect("an answer")
    }

    /// Moves business time to the next due instant, without waiting for what is done then.
    pub async fn set_clock_to_next_due(&self) {
        let next = self.next_due().await.expect("something is due");
        self.set_clock(next).await;
    }

    /// Moves business time forward, and waits for rest.
    pub async fn advance(&self, by: TimeDelta) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        let now = clock::business_now(&mut conn, clock::GLOBAL).await.expect("an answer");
        drop(conn);
        self.set_clock(now + by).await;
        self.rest().await;
    }

    /// Waits until nothing is due and nothing under way.
    pub async fn rest(&self) {
        let rested = self.wait_until("nothing is due and nothing under way", async |conn| {
            sweep::at_rest(conn).await.expect("an answer")
        });
        rested.await;
    }

    /// Waits for a condition.
    pub async fn wait_until(
        &self,
        what: &str,
        mut holds: impl AsyncFnMut(&mut sqlx::PgConnection) -> bool,
    ) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        let mut look = tokio::time::interval(LOOK_EVERY);
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds(&mut conn).await {
                look.tick().await;
            }
        });
        if waited.await.is_err() {
            panic!("waited in vain: {what}\n{}", self.unrest().await);
        }
    }

    /// What keeps the world from resting.
    async fn unrest(&self) -> String {
        let jobs: Vec<String> = sqlx::query_scalar(
            "select queue || ' ' || state || ' ' || coalesce(last_error, '') from perennial.jobs
             union all select 'dead ' || queue || ': ' || reason from perennial.dead_jobs
             union all select 'circuit of ' || provider || ': ' || reason from perennial.provider_circuits
                        where closed_at is null",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap_or_default();
        jobs.join("\n")
    }

    /// A number the database knows.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.expect("a number")
    }

    /// Checks what must always hold: the invariants, both books, and that no mail came twice
    /// unless it was handed over twice.
    pub async fn check(&self) {
        let mut conn = self.pool.acquire().await.expect("a connection");
        let violations = invariants::check(&mut conn).await.expect("an answer");
        assert!(violations.is_empty(), "{violations:#?}");
        let books = Books::compare(&mut conn, &self.sandbox.ledger()).await.expect("an answer");
        assert!(books.agree(), "{books:#?}");
        let rows: Vec<(String, i32)> = sqlx::query_as("select key, attempts from perennial.emails")
            .fetch_all(&self.pool)
            .await
            .expect("rows");
        let sender = Sender {
            address: "billing@acme.example".to_owned(),
            product_name: String::new(),
            billing_url: String::new(),
            support_address: String::new(),
            public_url: None,
        };
        let mails = self.inbox.mails();
        for (key, attempts) in rows {
            let id = message_id(&key, &sender);
            let id = id.trim_matches(['<', '>']);
            let of_this = |mail: &&_| {
                let mail: &std::sync::Arc<perennial_sandbox::Mail> = mail;
                mail.message_id.as_deref().is_some_and(|found| found.trim_matches(['<', '>']) == id)
            };
            let received = mails.iter().filter(of_this).count();
            assert!(
                received <= usize::try_from(attempts.max(1)).unwrap_or(1),
                "{key} came {received} times"
            );
        }
    }

    /// All diaries, in words that do not change from run to run.
    pub async fn diaries(&self) -> String {
        let subscriptions: Vec<uuid::Uuid> =
            sqlx::query_scalar("select id from perennial.subscriptions order by id")
                .fetch_all(&self.pool)
                .await
                .expect("subscriptions");
        let mut text = String::new();
        for subscription in subscriptions {
            text += &self.diary(subscription.into()).await;
        }
        text
    }

    /// One diary.
    pub async fn diary(&self, subscription: SubscriptionId) -> String {
        let mut conn = self.pool.acquire().await.expect("a connection");
        let lines = diary::of(&mut conn, subscription).await.expect("a diary");
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The status of a subscription.
    pub async fn status(&self, customer: Customer) -> String {
        sqlx::query_scalar("select status from perennial.subscriptions where id = $1")
            .bind(customer.subscription.0)
            .fetch_one(&self.pool)
            .await
            .expect("a subscription")
    }
}
