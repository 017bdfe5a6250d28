//! `perennial subscribe`

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_jobs::ids;
use perennial_jobs::mail::clean_display_name;
use perennial_jobs::payments::{AttachedMethod, CustomerProfile, NoAnswer, OpKey, PaymentProvider};
use perennial_jobs::store::methods;
use perennial_stripe::{StripeConfig, StripeProvider};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::exit::{Error, Exit, say, talk};
use super::moment::Moment;
use super::request::{Before, Request};
use super::values;
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
    /// The end of a trial: an instant, or a day (its first instant in UTC).
    #[arg(long)]
    trial_end: Option<Moment>,
    /// When the subscription begins: an instant that lies ahead, or a day. Default: now.
    #[arg(long)]
    starts_at: Option<Moment>,
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
    /// Names this request: repeating it does nothing more.
    #[arg(long)]
    key: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Subscribe {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 2).await?;
        database::check_schema(&pool).await?;
        self.check()?;
        if let Some(note) = self.trial_end.and_then(|end| end.note("trial_end")) {
            talk(note);
        }
        let key = self.key.clone().unwrap_or_else(|| ids::new().simple().to_string());
        let customer = CustomerId::derived(&self.email.trim().to_lowercase());
        let subscription = SubscriptionId::derived(&format!("subscribe/{key}"));
        let mut events =
            vec![self.customer(customer, &key), self.subscription(customer, subscription, &key)?];
        let before = events[1].before(&mut *pool.acquire().await?).await?;
        if before == Before::Emitted {
            return self.print(customer, subscription);
        }
        // All is checked before the provider hears of it: a bad request changes nothing anywhere.
        let mut trial = pool.begin().await?;
        emit(&mut trial, &events).await?;
        trial.rollback().await?;
        if let Some(method) = &self.payment_method {
            let mut conn = pool.acquire().await?;
            let known = methods::provider_customer(&mut conn, "stripe", customer.0).await?;
            let stripe = settings::of_this_database(&mut conn, settings::stripe()?).await?;
            drop(conn);
            events.insert(1, self.attach(&stripe, customer, known, method, &key).await?);
        }
        let mut transaction = pool.begin().await?;
        emit(&mut transaction, &events).await?;
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
        values::interval(&self.interval)?;
        self.time_zone.as_deref().map_or(Ok(()), values::zone)
    }

    fn customer(&self, customer: CustomerId, key: &str) -> Request {
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
        request(key, "customer.upserted", customer.0, data)
    }

    fn subscription(
        &self,
        customer: CustomerId,
        subscription: SubscriptionId,
        key: &str,
    ) -> Result<Request, Error> {
        let mut data = json!({
            "customer": customer.0,
            "plan": self.plan,
            "interval": self.interval,
            "interval_count": self.interval_count,
            "currency": values::currency(&self.currency)?,
            "seats": self.seats,
        });
        let optional = [
            ("time_zone", self.time_zone.as_ref().map(|zone| json!(zone))),
            ("anchor", self.anchor.as_ref().map(|anchor| json!(anchor))),
            ("trial_end", self.trial_end.map(|end| json!(end.at))),
            ("starts_at", self.starts_at.map(|start| json!(start.at))),
            ("policy", self.policy.as_ref().map(|policy| json!(policy))),
            ("negotiated_amount_minor", self.negotiated_amount_minor.map(|amount| json!(amount))),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                data[field] = value;
            }
        }
        Ok(request(key, "subscription.created", subscription.0, data))
    }

    /// Makes the customer known to the provider, and attaches the method there. Where the method is
    /// refused, a customer that was made for it is deleted again.
    /// The provider forgets keys: once `known`, a customer is never asked for again.
    async fn attach(
        &self,
        stripe: &StripeConfig,
        customer: CustomerId,
        known: Option<String>,
        method: &str,
        key: &str,
    ) -> Result<Request, Error> {
        let provider =
            StripeProvider::new(stripe).map_err(|error| Error::new(Exit::Config, error))?;
        let occasion = format!("{key}-{method}");
        let is_known = known.is_some();
        let reference = match known {
            Some(known) => known,
            None => self.make_customer(&provider, customer, &occasion).await?,
        };
        let attached =
            provider.attach_method(&reference, method, &OpKey::attach(customer, &occasion)).await;
        let attached = match attached {
            Ok(reply) => reply.value,
            Err((refused @ NoAnswer::Rejected { .. }, _)) if !is_known => {
                let discarded =
                    provider.discard_customer(&reference, &OpKey::discard(&reference)).await;
                return Err(match discarded {
                    Ok(_) => refusal("payment_method", &refused),
                    Err(_) => Error::data(format!(
                        "payment_method: {refused}; nothing was changed, but that the provider has a customer {reference} more"
                    )),
                });
            }
            Err((no_answer, _)) => return Err(refusal("payment_method", &no_answer)),
        };
        let data = attached_data(provider.name(), &reference, &attached);
        Ok(request(key, "payment_method.attached", customer.0, data))
    }

    async fn make_customer(
        &self,
        provider: &StripeProvider,
        customer: CustomerId,
        occasion: &str,
    ) -> Result<String, Error> {
        let profile = CustomerProfile {
            customer,
            email: self.email.trim().to_owned(),
            name: clean_display_name(&self.name),
        };
        let made = provider.ensure_customer(&profile, &OpKey::customer(&profile, occasion)).await;
        Ok(made.map_err(|(no_answer, _)| refusal("email", &no_answer))?.value)
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
    if let Some(fingerprint) = &method.fingerprint {
        data["fingerprint"] = json!(fingerprint);
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
        NoAnswer::Rejected { .. } | NoAnswer::Missing { .. } => {
            Error::data(format!("{field}: {no_answer}; nothing was changed"))
        }
        _ => Error::new(
            Exit::Unavailable,
            format!("the payment provider: {no_answer}; try again with the same --key"),
        ),
    }
}

/// One of the requests that a key stands for.
fn request(key: &str, kind: &'static str, subject: uuid::Uuid, data: Value) -> Request {
    Request { kind, subject, data, event_id: format!("subscribe/{key}/{kind}") }
}

async fn emit(conn: &mut PgConnection, requests: &[Request]) -> Result<(), Error> {
    for request in requests {
        request.emit_anew(&mut *conn).await?;
    }
    Ok(())
}
