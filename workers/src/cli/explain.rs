//! `perennial explain`

mod subscription;

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_jobs::explain;
use perennial_jobs::subjects::{self, Fact, Subject};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::exit::{Error, say};
use super::lookup;
use crate::database::{self, Role};
use crate::settings;
use subscription::{Detail, Explanation};

/// Explain a subscription, or anything else that has an id: where it stands, what happened, what
/// comes next, and what is in the way.
///
/// Takes an id of Perennial's with or without its prefix (sub_…, cus_…, inv_…, pay_…, ord_…, mail_…),
/// the provider's (pi_…, ch_…, cus_…, pm_…, re_…, dp_…), an event's id, an invoice's number or an
/// email address.
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:
  perennial explain sub_0197… --detail
  perennial explain ada@example.com
  perennial explain pi_3Q…")]
pub(super) struct Explain {
    /// What: any id, a number, or an email address.
    subject: String,
    /// Name the rows behind each line: ids, invoice numbers, the provider's request ids.
    #[arg(long)]
    detail: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Something that was asked about, with what there is to say of it.
struct Answer {
    subject: Subject,
    facts: Vec<Fact>,
    hindrances: Vec<String>,
    subscriptions: Vec<SubscriptionId>,
    /// Of its one subscription; of several, the outlook alone is printed.
    explanation: Option<Explanation>,
}

impl Explain {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        for subject in lookup::any(&mut conn, "subject", &self.subject).await? {
            let answer = Answer::of(&mut conn, subject).await?;
            if self.json {
                say(answer.json())?;
            } else {
                let detail = if self.detail { Detail::Named } else { Detail::LeftOut };
                answer.print(&mut conn, detail).await?;
            }
        }
        Ok(())
    }
}

impl Answer {
    async fn of(conn: &mut PgConnection, subject: Subject) -> Result<Self, Error> {
        let customer = CustomerId(subject.customer);
        let subscriptions = match (subject.kind.as_str(), subject.subscription) {
            ("customer", _) => subjects::subscriptions_of(&mut *conn, customer).await?,
            (_, subscription) => subscription.map(SubscriptionId).into_iter().collect(),
        };
        let explanation = match subscriptions.as_slice() {
            [only] => Some(Explanation::of(&mut *conn, *only).await?),
            _ => None,
        };
        let hindrances = match explanation {
            Some(_) => vec![],
            None => explain::hindrances(&mut *conn, customer, None).await?,
        };
        let facts = subjects::facts(conn, &subject).await?;
        Ok(Self { subject, facts, hindrances, subscriptions, explanation })
    }

    /// The explanation, with the subject beside it.
    fn json(&self) -> Value {
        let mut all = match &self.explanation {
            Some(explanation) => explanation.json(),
            None => json!({ "hindrances": self.hindrances }),
        };
        let subscriptions = self.subscriptions.iter().map(ToString::to_string);
        all["subject"] = json!({
            "kind": self.subject.kind, "name": self.subject.name,
            "customer": CustomerId(self.subject.customer).to_string(),
            "facts": self.facts,
            "subscriptions": subscriptions.collect::<Vec<_>>(),
        });
        all
    }

    async fn print(&self, conn: &mut PgConnection, detail: Detail) -> Result<(), Error> {
        if self.subject.kind != "subscription" {
            say(format_args!("{}  ({})", self.subject.name, self.subject.kind.replace('_', " ")))?;
            if self.subject.kind != "customer" {
                say(format_args!("customer     {}", CustomerId(self.subject.customer)))?;
            }
            for Fact { label, value } in &self.facts {
                say(format_args!("{label:<12} {value}"))?;
            }
        }
        match &self.explanation {
            Some(explanation) => {
                if self.subject.kind != "subscription" {
                    say("")?;
                }
                explanation.print(detail)
            }
            None => self.print_outlooks(conn).await,
        }
    }

    async fn print_outlooks(&self, conn: &mut PgConnection) -> Result<(), Error> {
        for subscription in &self.subscriptions {
            if let Some(standing) = explain::standing(&mut *conn, *subscription).await? {
                let (status, plan) = (&standing.status, &standing.plan);
                say(format_args!("\n{subscription}  {status}  ({plan})"))?;
                say(format_args!("next: {}", standing.outlook()))?;
            }
        }
        for sentence in &self.hindrances {
            say(format_args!("but:  {sentence}"))?;
        }
        Ok(())
    }
}
