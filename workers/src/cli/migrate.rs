//! `perennial migrate`

use super::exit::{Error, talk};
use crate::database::{self, Role};
use crate::settings;

/// Bring the schema of DATABASE_URL up to date. Running it again changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::migrate(&pool).await?;
        talk("perennial: the schema is up to date");
        Ok(())
    }
}
