//! Dunning policies: versions that never change once they are there.

use perennial_core::dunning::DunningPolicy;
use sqlx::PgConnection;
use uuid::Uuid;

use super::CorruptRow;

/// A policy version.
///
/// # Errors
/// When there is none of this id, its document cannot be read, or the database does not answer.
pub async fn load(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<DunningPolicy> {
    let document =
        sqlx::query_scalar!("select document from perennial.dunning_policies where id = $1", id)
            .fetch_one(conn)
            .await?;
    serde_json::from_value(document).map_err(|error| {
        let problem = error.to_string();
        CorruptRow { table: "dunning_policies", column: "document", id: id.to_string(), problem }
            .into()
    })
}

/// The latest version of a policy.
///
/// # Errors
/// When the database does not answer.
pub async fn latest(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select id from perennial.dunning_policies where name = $1 order by version desc limit 1",
        name
    )
    .fetch_optional(conn)
    .await
}

/// Whether a policy can downgrade to a plan of this code.
///
/// # Errors
/// When the database does not answer.
pub async fn is_plan(conn: &mut PgConnection, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from perennial.plans where code = $1 and active) as "known!""#,
        code
    )
    .fetch_one(conn)
    .await
}

/// Adds the next version of a policy; one that says the same as the latest is not added again.
/// Answers with its id.
///
/// # Errors
/// When the database does not answer.
pub async fn publish(conn: &mut PgConnection, policy: &DunningPolicy) -> sqlx::Result<Uuid> {
    if let Some(id) = latest(conn, &policy.name).await?
        && load(conn, id).await? == *policy
    {
        return Ok(id);
    }
    let document =
        serde_json::to_value(policy).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query_scalar!(
        "insert into perennial.dunning_policies (id, name, version, document)
         select $1, $2, coalesce(max(version), 0) + 1, $3 from perennial.dunning_policies where name = $2
         returning id",
        crate::ids::new(),
        policy.name,
        document
    )
    .fetch_one(conn)
    .await
}
