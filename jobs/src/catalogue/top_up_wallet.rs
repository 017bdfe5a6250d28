//! Buys tokens for a wallet that ran low and is set to buy by itself.
//!
//! **Runs** when less is left than the wallet's owner wants, and when that may be so.
//! **Safe to repeat:** an order is named after the wallet, the month and its number in it, and
//! while one is pending, or was declined for good, there is no other.

use perennial_core::ids::CustomerId;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::orders::{self, PlaceError};
use crate::waiting;

/// A wallet may have to be topped up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUpWallet {
    /// Whose wallet.
    pub customer: CustomerId,
    /// What it holds.
    pub unit: String,
}

impl Job for TopUpWallet {
    const NAME: &'static str = "top_up_wallet";

    fn key(&self) -> String {
        format!("{}/{}", self.customer.0, self.unit)
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let _turn = cx.turn().await;
        let mut transaction = waiting::begin(&cx.pool).await?;
        let provider = cx.payments.name();
        orders::top_up(&mut transaction, provider, self.customer, &self.unit, Self::NAME).await?;
        crate::crash_point!("top_up_wallet.C2");
        transaction.commit().await?;
        Ok(())
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Database(error) => error.into(),
            refused => Self::give_up(refused),
        }
    }
}
