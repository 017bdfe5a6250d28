//! `perennial migrate`

use super::exit::{Error, talk};
use crate::database::{self, Role};
use crate::settings;

/// Bring the database's schema up to date.
///
/// That of DATABASE_URL. Running it again changes nothing.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  DATABASE_URL=postgres://user:password@host/database perennial migrate")]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::require_writable(&pool).await?;
        database::migrate(&pool).await?;
        talk("perennial: the schema is up to date");
        if let Some(roles) = database::missing_roles(&pool).await? {
            talk(format_args!("perennial: {roles}"));
        }
        Ok(())
    }
}
