//! Tells a customer that a wallet is running low.
//!
//! **Runs** when no more than the wallet's threshold is left, whether by use or by expiry, and when
//! that may be so.
//! **Safe to repeat:** the wallet remembers that its customer was told until the balance has been
//! above the threshold again.

use perennial_core::currency::Currency;
use perennial_core::ids::CustomerId;
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::mail::{Letter, LowBalance, TopUp};
use crate::store::customers::{self, Act};
use crate::store::emails::{self, Decided, QueuedEmail, QueuedEmails};
use crate::store::orders;
use crate::store::wallets::{self, WalletRow};
use crate::waiting;

/// A wallet may be running low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarnLowBalance {
    /// Whose wallet.
    pub customer: CustomerId,
    /// What it holds.
    pub unit: String,
}

impl Job for WarnLowBalance {
    const NAME: &'static str = "warn_low_balance";

    fn key(&self) -> String {
        format!("{}/{}", self.customer.0, self.unit)
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut transaction = waiting::begin(&cx.pool).await?;
        self.look(&mut transaction).await?;
        crate::crash_point!("warn_low_balance.C2");
        transaction.commit().await?;
        Ok(())
    }
}

impl WarnLowBalance {
    async fn look(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        // The customer before the wallet: the order in which everybody locks them.
        let Some(customer) = customers::lock(&mut *conn, self.customer.0).await? else {
            return Ok(());
        };
        let Some(wallet) = wallets::lock(&mut *conn, self.customer.0, &self.unit).await? else {
            return Ok(());
        };
        if let Some(threshold) = untold(&wallet) {
            let act = Act {
                name: "low_balance_told",
                actor: Self::NAME,
                facts: serde_json::json!({ "unit": wallet.unit, "balance": wallet.balance }),
            };
            let decision = customers::note(&mut *conn, self.customer.0, &customer, &act).await?;
            let mut mails = QueuedEmails::default();
            let top_up = self.offer(&mut *conn).await?;
            mails.push(self.mail(&wallet, threshold, top_up, decision));
            emails::queue(&mut *conn, &mails).await?;
            wallets::told(&mut *conn, self.customer.0, &self.unit, wallet.now).await?;
        }
        wallets::tend(conn, &[self.customer.0], std::slice::from_ref(&self.unit)).await
    }

    async fn offer(&self, conn: &mut PgConnection) -> sqlx::Result<Option<TopUp>> {
        let offer = orders::offer(conn, self.customer.0, &self.unit, None).await?;
        Ok(offer.and_then(|offer| {
            let currency = Currency::parse(&offer.currency).ok()?;
            Some(TopUp { amount: offer.tokens, price: Money::new(offer.amount_minor, currency) })
        }))
    }

    fn mail(
        &self,
        wallet: &WalletRow,
        threshold: i64,
        top_up: Option<TopUp>,
        decision: i64,
    ) -> QueuedEmail {
        let letter = Letter::from(LowBalance {
            unit: wallet.unit_name.clone(),
            balance: wallet.balance,
            threshold,
            top_up,
        });
        let key = format!("{}/{}/{}/{decision}", letter.template(), self.customer, self.unit);
        let decided = Decided { clock_id: wallet.clock_id, at: wallet.now, decision };
        QueuedEmail::to(self.customer.0, key, &letter, decided)
    }
}

/// The threshold that the balance has fallen to, if the customer has not heard of it yet.
fn untold(wallet: &WalletRow) -> Option<i64> {
    wallet
        .low_balance_at
        .filter(|threshold| wallet.balance <= *threshold && wallet.low_balance_told_at.is_none())
}
