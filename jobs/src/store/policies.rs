//! Dunning policies: versions that never change once they are there.

use std::collections::HashMap;

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

/// The latest versions of policies, by name.
pub(crate) async fn latest_of(
    conn: &mut PgConnection,
    names: &[String],
) -> sqlx::Result<HashMap<String, Uuid>> {
    let rows = sqlx::query!(
        "select distinct on (name) name, id from perennial.dunning_policies
          where name = any($1) order by name, version desc",
        names
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}

/// What stands in the way of a policy that ends with a lesser plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LesserPlan {
    /// There is no such plan; these are.
    Unknown {
        /// Codes of plans that are sold.
        known: Vec<String>,
    },
    /// It has no list price at all.
    Unpriced,
    /// Subscriptions that are billed like this cannot have the policy: `EUR every 1 week`.
    Fits {
        /// None: every subscription can.
        not: Vec<String>,
    },
}

/// Looks at the plan that a policy is to end with.
///
/// # Errors
/// When the database does not answer.
pub async fn lesser_plan(conn: &mut PgConnection, code: &str) -> sqlx::Result<LesserPlan> {
    let plan = sqlx::query!(
        r#"select p.id, perennial.is_free_plan(p.id) as "free!",
                  exists (select from perennial.prices r
                           where r.plan_id = p.id and r.customer_id is null and r.active) as "priced!"
             from perennial.plans p where p.code = $1 and p.active"#,
        code
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(plan) = plan else {
        let known = sqlx::query_scalar!(
            "select code from perennial.plans where active order by tier, code"
        );
        return Ok(LesserPlan::Unknown { known: known.fetch_all(conn).await? });
    };
    if !plan.priced {
        return Ok(LesserPlan::Unpriced);
    }
    let not = sqlx::query_scalar!(
        r#"select distinct r.currency || ' every ' || r.interval_count || ' ' || r.interval_unit as "billed!"
             from perennial.prices r
            where r.active and not perennial.is_offered($1, r.currency, r.interval_unit, r.interval_count)
            order by 1"#,
        plan.id
    );
    Ok(LesserPlan::Fits { not: not.fetch_all(conn).await? })
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
