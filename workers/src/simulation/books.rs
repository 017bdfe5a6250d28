//! Our books beside the provider's own, and what happened in numbers.

use std::collections::BTreeMap;

use perennial_core::currency::Currency;
use perennial_core::money::Money;
use perennial_sandbox::Ledger;
use sqlx::PgConnection;

/// What happened, counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Name and count, in the order to print.
    pub counts: Vec<(&'static str, i64)>,
    /// Mails that may have come twice: their row says that they were handed over more than once.
    pub handed_over_twice: i64,
    /// Mails by template.
    pub mails: Vec<(String, i64)>,
}

/// Money captured, by currency: ours and theirs; and what one has and the other has not.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Currency, ours, theirs, in minor units.
    pub captured: Vec<(String, i64, i64)>,
    /// In words, each difference between single payments.
    pub differences: Vec<String>,
}

impl Tally {
    /// Counts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(conn: &mut PgConnection) -> sqlx::Result<Self> {
        let row = sqlx::query!(
            r#"select (select count(*) from perennial.subscriptions) as "subscriptions!",
                      (select count(*) from perennial.subscription_history where edge = 'renewed') as "renewals!",
                      (select count(*) from perennial.invoices) as "invoices!",
                      (select count(*) from perennial.payments where status = 'succeeded') as "charges!",
                      (select count(*) from perennial.payments where status = 'declined') as "declines!",
                      (select count(*) from perennial.payments where inquiries > 0 or status in ('unknown', 'processing')) as "unknown!",
                      (select count(*) from perennial.subscription_history where edge = 'recovered') as "recovered!",
                      (select count(*) from perennial.subscription_history where to_status = 'expired') as "expired!",
                      (select count(*) from perennial.subscription_history where to_status = 'canceled') as "canceled!",
                      (select coalesce(sum(quantity), 0)::bigint from perennial.usage_events) as "used!",
                      (select count(*) from perennial.usage_warnings where outcome = 'told') as "warned!",
                      (select count(*) from perennial.usage_closings) as "resets!",
                      (select coalesce(sum(overage_units), 0)::bigint from perennial.usage_closings) as "over!",
                      (select coalesce(sum(amount), 0)::bigint from perennial.wallet_entries where kind = 'grant') as "granted!",
                      (select coalesce(-sum(amount), 0)::bigint from perennial.wallet_entries where kind = 'burn') as "burned!",
                      (select coalesce(-sum(amount), 0)::bigint from perennial.wallet_entries where kind = 'expire') as "lapsed!",
                      (select count(*) from perennial.orders where status = 'paid') as "orders!",
                      (select count(*) from perennial.dead_jobs) as "dead!",
                      (select count(*) from perennial.emails where attempts > 1) as "twice!""#
        )
        .fetch_one(&mut *conn)
        .await?;
        let mails = sqlx::query!(
            r#"select template, count(*) as "count!" from perennial.emails where status = 'sent' group by template order by template"#
        )
        .fetch_all(conn)
        .await?;
        Ok(Self {
            handed_over_twice: row.twice,
            counts: vec![
                ("subscriptions", row.subscriptions),
                ("renewals", row.renewals),
                ("invoices", row.invoices),
                ("charges", row.charges),
                ("declines", row.declines),
                ("outcomes asked for", row.unknown),
                ("recovered", row.recovered),
                ("expired", row.expired),
                ("canceled", row.canceled),
                ("units used", row.used),
                ("warnings of usage", row.warned),
                ("usage periods closed", row.resets),
                ("units beyond a limit", row.over),
                ("tokens granted", row.granted),
                ("tokens used", row.burned),
                ("tokens expired", row.lapsed),
                ("packages bought", row.orders),
                ("dead jobs", row.dead),
            ],
            mails: mails.into_iter().map(|row| (row.template, row.count)).collect(),
        })
    }
}

impl Books {
    /// Compares, payment by payment, in both directions.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn compare(conn: &mut PgConnection, theirs: &Ledger) -> sqlx::Result<Self> {
        let ours = sqlx::query!(
            r#"select l.invoice_id as "invoice!", l.amount_minor, l.currency from perennial.ledger_entries l
                where l.account = 'cash' and l.kind in ('payment_received', 'late_payment')"#
        )
        .fetch_all(conn)
        .await?;
        let mut captured: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        let mut by_invoice: BTreeMap<String, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
        for row in &ours {
            captured.entry(row.currency.clone()).or_default().0 += row.amount_minor;
            let invoice = perennial_core::ids::InvoiceId(row.invoice).to_string();
            by_invoice.entry(invoice).or_default().0.push(row.amount_minor);
        }
        for entry in &theirs.entries {
            let currency = entry.currency.to_uppercase();
            let minor = Currency::parse(&currency)
                .ok()
                .and_then(|known| known.from_provider_amount(entry.amount).ok());
            let minor = minor.unwrap_or(entry.amount);
            captured.entry(currency).or_default().1 += minor;
            // The invoice, and the tag of its database.
            let label = entry.metadata.get("invoice").unwrap_or(&entry.payment_intent);
            let invoice = label.split('@').next().unwrap_or_default().to_owned();
            by_invoice.entry(invoice).or_default().1.push(minor);
        }
        let differences = by_invoice
            .into_iter()
            .filter(|(_, (ours, theirs))| ours != theirs || ours.len() != 1)
            .map(|(invoice, (ours, theirs))| {
                format!("{invoice}: we booked {ours:?}, the provider captured {theirs:?}")
            })
            .collect();
        let captured = captured
            .into_iter()
            .map(|(currency, (ours, theirs))| (currency, ours, theirs))
            .collect();
        Ok(Self { captured, differences })
    }

    /// Whether both say the same.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.differences.is_empty() && self.captured.iter().all(|(_, ours, theirs)| ours == theirs)
    }

    /// Currency, ours and theirs as text.
    pub fn lines(&self) -> impl Iterator<Item = (String, String, String)> + '_ {
        self.captured.iter().map(|(currency, ours, theirs)| {
            let text = |minor: i64| match Currency::parse(currency) {
                Ok(known) => Money::new(minor, known).to_string(),
                Err(_) => minor.to_string(),
            };
            (currency.clone(), text(*ours), text(*theirs))
        })
    }
}
