//! Which jobs this installation knows, for the doors that other services enqueue through.

use sqlx::PgPool;

/// Who may enqueue a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Only Perennial itself.
    Internal,
    /// Other services too, through the SQL function `perennial.enqueue`.
    Schedulable,
}

/// Writes the catalogue. Workers do this when they start; jobs of newer workers stay.
///
/// # Errors
/// The statement failed.
pub async fn publish(pool: &PgPool, jobs: &[(&str, Door)]) -> sqlx::Result<()> {
    let names: Vec<&str> = jobs.iter().map(|(name, _)| *name).collect();
    let schedulable: Vec<bool> = jobs.iter().map(|(_, door)| *door == Door::Schedulable).collect();
    sqlx::query!(
        "insert into perennial.job_catalogue (name, schedulable)
         select * from unnest($1::text[], $2::boolean[])
         on conflict (name) do update set schedulable = excluded.schedulable
          where job_catalogue.schedulable <> excluded.schedulable",
        &names as &[&str],
        &schedulable,
    )
    .execute(pool)
    .await?;
    Ok(())
}
