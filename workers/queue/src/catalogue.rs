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

/// How much depends on one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One subject: others go on without it.
    Subject,
    /// Many: it is never quarantined.
    Set,
}

/// A job as the catalogue has it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its durable name.
    pub name: &'a str,
    /// Who may enqueue it.
    pub door: Door,
    /// How much depends on it.
    pub scope: Scope,
}

/// Writes the catalogue. Workers do this when they start; jobs of newer workers stay.
///
/// # Errors
/// The statement failed.
pub async fn publish(pool: &PgPool, jobs: &[Entry<'_>]) -> sqlx::Result<()> {
    let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
    let schedulable: Vec<bool> = jobs.iter().map(|job| job.door == Door::Schedulable).collect();
    let set_wide: Vec<bool> = jobs.iter().map(|job| job.scope == Scope::Set).collect();
    sqlx::query!(
        "insert into perennial.job_catalogue (name, schedulable, set_wide)
         select * from unnest($1::text[], $2::boolean[], $3::boolean[])
         on conflict (name) do update set schedulable = excluded.schedulable, set_wide = excluded.set_wide
          where (job_catalogue.schedulable, job_catalogue.set_wide)
                <> (excluded.schedulable, excluded.set_wide)",
        &names as &[&str],
        &schedulable,
        &set_wide,
    )
    .execute(pool)
    .await?;
    Ok(())
}
