//! Finds what somebody asks about, by any name that it has: an id of ours with or without its
//! prefix, the provider's, an invoice's number, an event's id, an email address.

mod facts;

use perennial_core::ids::{
    ApiKeyId, CustomerId, DisputeId, EmailId, InvoiceId, MembershipId, OrderId, PaymentId,
    PaymentMethodId, RefundId, SubscriptionId,
};
use sqlx::PgConnection;
use uuid::Uuid;

pub use facts::{Fact, facts};

/// The prefixes of the ids that can be asked about.
const PREFIXES: [&str; 11] = [
    CustomerId::PREFIX,
    SubscriptionId::PREFIX,
    InvoiceId::PREFIX,
    PaymentId::PREFIX,
    OrderId::PREFIX,
    PaymentMethodId::PREFIX,
    RefundId::PREFIX,
    DisputeId::PREFIX,
    EmailId::PREFIX,
    MembershipId::PREFIX,
    ApiKeyId::PREFIX,
];

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Subject {
    /// What it is: `customer`, `subscription`, `invoice`, `payment`, `order`, `payment_method`,
    /// `refund`, `dispute`, `email`, `membership`, `api_key` or `event`.
    pub kind: String,
    /// Its name as it is printed.
    pub name: String,
    /// Its id; of an event, that of its subject.
    pub id: Uuid,
    /// Whose it is. (An event may be about a customer that does not exist yet.)
    pub customer: Uuid,
    /// The subscription it belongs to, if it does.
    pub subscription: Option<Uuid>,
}

/// The names that `text` can be.
struct Names {
    id: Option<Uuid>,
    /// The kind of id, where a prefix names it.
    prefix: Option<String>,
    /// An invoice's series and number.
    series: Option<String>,
    number: Option<i64>,
}

impl Names {
    fn read(text: &str) -> Self {
        let prefixed = text.rsplit_once('_').and_then(|(prefix, rest)| {
            let known = PREFIXES.contains(&prefix);
            Some((prefix.to_owned(), Uuid::try_parse(rest).ok().filter(|_| known)?))
        });
        let numbered = text
            .rsplit_once('-')
            .and_then(|(series, number)| Some((series.to_owned(), number.parse::<i64>().ok()?)));
        let (series, number) = numbered.unzip();
        match prefixed {
            Some((prefix, id)) => Self { id: Some(id), prefix: Some(prefix), series, number },
            None => Self { id: Uuid::try_parse(text).ok(), prefix: None, series, number },
        }
    }
}

/// All that has this name; nothing where nobody knows it.
///
/// # Errors
/// When the database does not answer.
pub async fn find(conn: &mut PgConnection, text: &str) -> sqlx::Result<Vec<Subject>> {
    let text = text.trim();
    let Names { id, prefix, series, number } = Names::read(text);
    sqlx::query_as!(
        Subject,
        r#"with found (kind, prefix, id, customer, subscription, called) as (
               select 'customer', 'cus', c.id, c.id, null::uuid,
                      case when position('@' in $2) > 0 then lower(c.email) = lower($2)
                           else c.id in (select customer_id from perennial.provider_customers where reference = $2) end
                 from perennial.customers c
                where c.id = $1 or position('@' in $2) > 0 and lower(c.email) = lower($2)
                   or c.id in (select customer_id from perennial.provider_customers where reference = $2)
               union all
               select 'subscription', 'sub', id, customer_id, id, false from perennial.subscriptions where id = $1
               union all
               select 'invoice', 'inv', id, customer_id, subscription_id, id is distinct from $1
                 from perennial.invoices
                where id = $1 or intent_reference = $2 or series = $4 and number = $5
               union all
               select 'payment', 'pay', id, customer_id, subscription_id, id is distinct from $1
                 from perennial.payments
                where id = $1 or charge_reference = $2 or request_id = $2 or idempotency_key = $2
               union all
               select 'order', 'ord', id, customer_id, null, id is distinct from $1
                 from perennial.orders where id = $1 or key = $2
               union all
               select 'payment_method', 'pm', id, customer_id, null, id is distinct from $1
                 from perennial.payment_methods where id = $1 or reference = $2
               union all
               select 'refund', 're', r.id, r.customer_id, p.subscription_id, r.id is distinct from $1
                 from perennial.refunds r join perennial.payments p on p.id = r.payment_id
                where r.id = $1 or r.reference = $2
               union all
               select 'dispute', 'dp', d.id, d.customer_id, p.subscription_id, d.id is distinct from $1
                 from perennial.disputes d join perennial.payments p on p.id = d.payment_id
                where d.id = $1 or d.reference = $2
               union all
               select 'email', 'mail', id, customer_id, subscription_id, id is distinct from $1
                 from perennial.emails where id = $1 or key = $2
               union all
               select 'membership', 'mbr', m.id, coalesce(s.customer_id, u.id), m.subscription_id, false
                 from perennial.user_memberships m
                 left join perennial.subscriptions s on s.id = m.subscription_id
                 left join perennial.customers u on u.user_id = m.user_id
                where m.id = $1
               union all
               select 'api_key', 'key', id, customer_id, null, false from perennial.api_keys where id = $1)
           select f.kind as "kind!", f.prefix || '_' || replace(f.id::text, '-', '') as "name!", f.id as "id!",
                  f.customer as "customer!", f.subscription as "subscription?"
             from found f
            where (f.called or $3::text is null or f.prefix = $3) and f.customer is not null
           union all
           select 'event', e.event_id, e.subject, e.customer_id,
                  (select s.id from perennial.subscriptions s
                    where s.id in (e.subject, (select i.subscription_id from perennial.invoices i where i.id = e.subject),
                                   (select p.subscription_id from perennial.payments p where p.id = e.subject)))
             from perennial.lifecycle_events e where e.event_id = $2
            order by 1, 2 limit 100"#,
        id,
        text,
        prefix,
        series,
        number
    )
    .fetch_all(conn)
    .await
}

/// The subscriptions of a customer, the running ones first, then the latest.
///
/// # Errors
/// When the database does not answer.
pub async fn subscriptions_of(
    conn: &mut PgConnection,
    customer: CustomerId,
) -> sqlx::Result<Vec<SubscriptionId>> {
    let ids = sqlx::query_scalar!(
        "select id from perennial.subscriptions where customer_id = $1
          order by ended_at is not null, started_at desc, id",
        customer.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(SubscriptionId).collect())
}

/// Those of them that have not ended.
///
/// # Errors
/// When the database does not answer.
pub async fn running_subscriptions_of(
    conn: &mut PgConnection,
    customer: CustomerId,
) -> sqlx::Result<Vec<SubscriptionId>> {
    let ids = sqlx::query_scalar!(
        "select id from perennial.subscriptions where customer_id = $1 and ended_at is null order by id",
        customer.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(SubscriptionId).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_every_kind_of_name_that_it_can_be() {
        let id = SubscriptionId::derived("x");
        for text in [id.to_string(), format!("sub_{}", id.0)] {
            let names = Names::read(&text);
            assert_eq!((names.id, names.prefix.as_deref()), (Some(id.0), Some("sub")), "{text}");
        }
        let bare = Names::read(&id.0.to_string());
        assert_eq!((bare.id, bare.prefix), (Some(id.0), None));
        let theirs = Names::read("cus_OaBcDeFgHiJkLm");
        assert_eq!((theirs.id, theirs.prefix), (None, None));
        let invoice = Names::read("INV-000042");
        assert_eq!((invoice.series.as_deref(), invoice.number), (Some("INV"), Some(42)));
    }
}
