//! Customers, and the users or organizations behind them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::audit::{self, AuditRow, AuditRows};

/// A customer, as far as jobs need it.
#[derive(Debug, Clone)]
pub(crate) struct CustomerRow {
    pub(crate) clock_id: Uuid,
    pub(crate) time_zone: String,
    pub(crate) version: i64,
}

/// A customer who signs up, locked.
#[derive(Debug, Clone)]
pub(crate) struct SignUpRow {
    pub(crate) id: Uuid,
    pub(crate) clock_id: Uuid,
    pub(crate) time_zone: String,
    pub(crate) now: DateTime<Utc>,
}

/// Locks those of these customers that exist and that nobody holds.
pub(crate) async fn lock_free(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> sqlx::Result<Vec<SignUpRow>> {
    sqlx::query_as!(
        SignUpRow,
        r#"select id, clock_id, time_zone, perennial.business_now(clock_id) as "now!"
             from perennial.customers where id = any($1) order by id for no key update skip locked"#,
        ids
    )
    .fetch_all(conn)
    .await
}

/// Locks customers against their credits being spent twice: those that nobody else has locked, who
/// may be a caller (rule X9).
pub(crate) async fn lock_holders(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from perennial.customers where id = any($1) order by id for no key update skip locked",
        ids
    )
    .fetch_all(conn)
    .await
}

/// Locks a customer.
pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<CustomerRow>> {
    sqlx::query_as!(
        CustomerRow,
        "select clock_id, time_zone, version from perennial.customers where id = $1 for no key update",
        id
    )
    .fetch_optional(conn)
    .await
}

/// What is known of a customer from now on.
#[derive(Debug, Clone)]
pub(crate) struct Profile<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) locale: Option<&'a str>,
    pub(crate) time_zone: Option<&'a str>,
    pub(crate) clock: Option<&'a str>,
}

/// Who stands behind a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person.
    User,
    /// A company or team.
    Organization,
}

/// Adds a customer or changes what is known of it; locale, zone and clock stay where not given.
pub(crate) async fn upsert(conn: &mut PgConnection, profile: &Profile<'_>) -> sqlx::Result<()> {
    let (user, organization) = match profile.kind {
        Kind::User => (Some(find_or_add_user(conn, profile).await?), None),
        Kind::Organization => (None, Some(upsert_organization(conn, profile).await?)),
    };
    sqlx::query!(
        "insert into perennial.customers (id, user_id, organization_id, email, name, locale, time_zone, clock_id)
         values ($1, $2, $3, $4, $5, coalesce($6, 'en-US'), coalesce($7, 'UTC'),
                 coalesce((select id from perennial.clocks where name = $8), '00000000-0000-0000-0000-000000000000'))
         on conflict (id) do update
            set email = excluded.email, name = excluded.name,
                locale = coalesce($6, customers.locale), time_zone = coalesce($7, customers.time_zone)",
        profile.id,
        user,
        organization,
        profile.email,
        profile.name,
        profile.locale,
        profile.time_zone,
        profile.clock
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn find_or_add_user(conn: &mut PgConnection, profile: &Profile<'_>) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into perennial.users (id, email, name) values ($1, $2, $3)
         on conflict (email) do update set name = excluded.name returning id",
        crate::ids::new(),
        profile.email,
        profile.name
    )
    .fetch_one(conn)
    .await
}

async fn upsert_organization(conn: &mut PgConnection, profile: &Profile<'_>) -> sqlx::Result<Uuid> {
    // An organization has no name of its own beside its customer's: it shares the id.
    sqlx::query_scalar!(
        "insert into perennial.organizations (id, name) values ($1, $2)
         on conflict (id) do update set name = excluded.name returning id",
        profile.id,
        profile.name
    )
    .fetch_one(conn)
    .await
}

/// A decision about a customer.
#[derive(Debug, Clone)]
pub(crate) struct Act<'a> {
    pub(crate) name: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) facts: serde_json::Value,
}

/// Adds a decision about a locked customer to the audit log; answers with its number.
pub(crate) async fn note(
    conn: &mut PgConnection,
    id: Uuid,
    customer: &CustomerRow,
    act: &Act<'_>,
) -> sqlx::Result<i64> {
    let version = customer.version + 1;
    let at = crate::clock::business_now(&mut *conn, customer.clock_id).await?;
    let mut rows = AuditRows::default();
    rows.push(AuditRow {
        subject_id: id,
        subject_kind: "customer".to_owned(),
        version,
        act: act.name.to_owned(),
        at,
        actor: act.actor.to_owned(),
        facts: act.facts.clone(),
    });
    audit::insert(&mut *conn, &rows).await?;
    sqlx::query!("update perennial.customers set version = $2 where id = $1", id, version)
        .execute(conn)
        .await?;
    Ok(version)
}
