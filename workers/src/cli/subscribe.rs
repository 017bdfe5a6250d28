//! `perennial subscribe`

use chrono::{DateTime, Utc};
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_jobs::ids;
use perennial_jobs::mail::clean_display_name;
use perennial_jobs::payments::{AttachedMethod, CustomerProfile, NoAnswer, OpKey, PaymentProvider};
use perennial_jobs::store::methods;
use perennial_stripe::{StripeConfig, StripeProvider};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use super::exit::{Error, Exit, say};
use crate::database::{self, Role};
use crate::settings;

/// Subscribe a customer.
///
/// Attaches the payment method at the provider, then emits the events that a running worker acts upon.
/// Prints the ids. With the same --key it is one subscription, however often it is called.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial subscribe --email ada@example.com --name 'Ada Lovelace' --plan professional \\
      --interval month --payment-method pm_card_visa --time-zone Europe/London --key signup-42")]
pub(super) struct Subscribe {
    /// The customer's mail address; the same address is the same customer.
    #[arg(long)]
    email: String,
    /// The customer's name.
    #[arg(long)]
    name: String,
    /// The plan's code: free, pro, professional, enterprise, custom, or one of your own.
    #[arg(long)]
    plan: String,
    /// Billed every day, week, month or year.
    #[arg(long, default_value = "month")]
    interval: String,
    /// … times this.
    #[arg(long, default_value_t = 1)]
    interval_count: i64,
    /// An ISO 4217 code.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Seats, for plans sold by the seat.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seats: i64,
    /// A payment method of the provider (pm_…); without one there is nothing to charge.
    #[arg(long)]
    payment_method: Option<String>,
    /// Boundary 0 of the billing periods: a date (local midnight) or an instant. Default: now, or
    /// the end of the trial.
    #[arg(long)]
    anchor: Option<String>,
    /// The end of a trial, as an instant.
    #[arg(long)]
    trial_end: Option<DateTime<Utc>>,
    /// The customer's IANA time zone. Default: what is known of them, else UTC.
    #[arg(long)]
    time_zone: Option<String>,
    /// The customer's language and country, for numbers and dates. Default: what is known of them,
    /// else en-US.
    #[arg(long)]
    locale: Option<String>,
    /// A dunning policy of the database.
    #[arg(long)]
    policy: Option<String>,
    /// The price per interval that was negotiated (plan custom), in minor units.
    #[arg(long)]
    negotiated_amount_minor: Option<i64>,
    /// A test clock for this customer (see `perennial clock set --clock`).
    #[arg(long)]
    clock: Option<String>,
    /// Names this wish: repeating it does nothing more.
    #[arg(long)]
    key: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// An event to emit.
struct Emission {
    kind: &'static str,
    subject: uuid::Uuid,
    data: Value,
}

impl Subscribe {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 2).await?;
        database::check_schema(&pool).await?;
        self.check()?;
        let key = self.key.clone().unwrap_or_else(|| ids::new().simple().to_string());
        let customer = CustomerId::derived(&self.email.trim().to_lowercase());
        let subscription = SubscriptionId::derived(&format!("subscribe/{key}"));
        let mut events = vec![self.customer(customer), self.subscription(customer, subscription)];
        if let Some(known) = emitted(&pool, &event_id(&key, "subscription.created")).await? {
            return self.repeat(&key, &known, &events[1], customer, subscription);
        }
        // All is checked before the provider hears of it: a bad wish changes nothing anywhere.
        let mut trial = pool.begin().await?;
        emit(&mut trial, &key, &events).await?;
        trial.rollback().await?;
        if let Some(method) = &self.payment_method {
            let mut conn = pool.acquire().await?;
            let known = methods::provider_customer(&mut conn, "stripe", customer.0).await?;
            let stripe = settings::of_this_database(&mut conn, settings::stripe()?).await?;
            drop(conn);
            events.insert(1, self.attach(&stripe, customer, known, method, &key).await?);
        }
        let mut transaction = pool.begin().await?;
        emit(&mut transaction, &key, &events).await?;
        transaction.commit().await?;
        self.print(customer, subscription)
    }

    /// What the doors cannot see.
    fn check(&self) -> Result<(), Error> {
        if self.key.as_deref().is_some_and(|key| key.is_empty() || key.len() > 120) {
            return Err(Error::data("key: must have 1 to 120 characters"));
        }
        if clean_display_name(&self.name).is_empty() {
            return Err(Error::data("name: is empty once control characters are taken out"));
        }
        perennial_core::currency::Currency::parse(&self.currency)
            .map_err(|error| Error::data(format!("currency: {error}")))?;
        if let Some(zone) = &self.time_zone {
            zone.parse::<chrono_tz::Tz>().map_err(|_| {
                Error::data(format!("time_zone: `{zone}` is not an IANA zone such as Europe/Paris"))
            })?;
        }
        Ok(())
    }

    fn customer(&self, customer: CustomerId) -> Emission {
        let mut data = json!({
            "email": self.email.trim(),
            "name": clean_display_name(&self.name),
        });
        let optional =
            [("locale", &self.locale), ("time_zone", &self.time_zone), ("clock", &self.clock)];
        for (field, value) in optional {
            if let Some(value) = value {
                data[field] = json!(value);
            }
        }
        Emission { kind: "customer.upserted", subject: customer.0, data }
    }

    fn subscription(&self, customer: CustomerId, subscription: SubscriptionId) -> Emission {
        let mut data = json!({
            "customer": customer.0,
            "plan": self.plan,
            "interval": self.interval,
            "interval_count": self.interval_count,
            "currency": self.currency.to_uppercase(),
            "seats": self.seats,
        });
        let optional = [
            ("time_zone", self.time_zone.as_ref().map(|zone| json!(zone))),
            ("anchor", self.anchor.as_ref().map(|anchor| json!(anchor))),
            ("trial_end", self.trial_end.map(|end| json!(end))),
            ("policy", self.policy.as_ref().map(|policy| json!(policy))),
            ("negotiated_amount_minor", self.negotiated_amount_minor.map(|amount| json!(amount))),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                data[field] = value;
            }
        }
        Emission { kind: "subscription.created", subject: subscription.0, data }
    }

    /// Makes the customer known to the provider, and attaches the method there.
    /// The provider forgets keys: once `known`, a customer is never asked for again.
    async fn attach(
        &self,
        stripe: &StripeConfig,
        customer: CustomerId,
        known: Option<String>,
        method: &str,
        key: &str,
    ) -> Result<Emission, Error> {
        let provider =
            StripeProvider::new(stripe).map_err(|error| Error::new(Exit::Config, error))?;
        let profile = CustomerProfile {
            customer,
            email: self.email.trim().to_owned(),
            name: clean_display_name(&self.name),
        };
        let made = match known {
            Some(known) => Ok(known),
            None => provider
                .ensure_customer(&profile, &OpKey::customer(customer))
                .await
                .map(|reply| reply.value),
        };
        let reference = made.map_err(|(no_answer, _)| refusal("email", &no_answer))?;
        let attached = provider
            .attach_method(&reference, method, &OpKey::attach(customer, &format!("{key}-{method}")))
            .await
            .map_err(|(no_answer, _)| refusal("payment_method", &no_answer))?
            .value;
        Ok(Emission {
            kind: "payment_method.attached",
            subject: customer.0,
            data: attached_data(provider.name(), &reference, &attached),
        })
    }

    /// The same key again: the same answer, if it is the same wish.
    fn repeat(
        &self,
        key: &str,
        known: &Value,
        wanted: &Emission,
        customer: CustomerId,
        subscription: SubscriptionId,
    ) -> Result<(), Error> {
        if *known != wanted.data {
            return Err(Error::data(format!(
                "key: `{key}` was used for another subscription; take a new one"
            )));
        }
        self.print(customer, subscription)
    }

    fn print(&self, customer: CustomerId, subscription: SubscriptionId) -> Result<(), Error> {
        if self.json {
            say(
                json!({ "customer": customer.to_string(), "subscription": subscription.to_string() }),
            )
        } else {
            say(format_args!("customer      {customer}"))?;
            say(format_args!("subscription  {subscription}"))
        }
    }
}

/// The event that says what the provider said of a method.
fn attached_data(provider: &str, customer: &str, method: &AttachedMethod) -> Value {
    let mut data = json!({
        "provider": provider,
        "provider_customer": customer,
        "reference": method.reference,
        "kind": method.kind,
    });
    if let Some(network) = &method.network {
        data["network"] = json!(network);
    }
    if let Some(last4) = &method.last4 {
        data["last4"] = json!(last4);
    }
    if let Some((month, year)) = method.expires {
        data["exp_month"] = json!(month);
        data["exp_year"] = json!(year);
    }
    data
}

fn refusal(field: &str, no_answer: &NoAnswer) -> Error {
    match no_answer {
        NoAnswer::Rejected { .. } => {
            Error::data(format!("{field}: {no_answer}; nothing was changed"))
        }
        _ => Error::new(
            Exit::Unavailable,
            format!("the payment provider: {no_answer}; try again with the same --key"),
        ),
    }
}

fn event_id(key: &str, kind: &str) -> String {
    format!("subscribe/{key}/{kind}")
}

async fn emit(conn: &mut PgConnection, key: &str, events: &[Emission]) -> Result<(), Error> {
    for event in events {
        sqlx::query_scalar!(
            "select perennial.emit($1, $2, $3, $4)",
            event.kind,
            event.subject,
            event.data,
            event_id(key, event.kind)
        )
        .fetch_one(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn emitted(pool: &PgPool, event_id: &str) -> Result<Option<Value>, Error> {
    Ok(sqlx::query_scalar!(
        "select data from perennial.lifecycle_events where event_id = $1",
        event_id
    )
    .fetch_optional(pool)
    .await?)
}
