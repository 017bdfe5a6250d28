//! Where a credit goes.

use serde::{Deserialize, Serialize};

use super::{Part, ProrationError, not_negative, of};
use crate::money::Money;

/// A credit, divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditSplit {
    /// Lowers what is owed on the open invoice.
    pub to_open_invoice: Money,
    /// Goes to the customer's balance; never refunded by itself.
    pub to_balance: Money,
}

/// The open invoice first: nobody gets a credit for what they have not paid.
pub fn credit_open_invoice_first(
    credit: Money,
    open_invoice_due: Money,
) -> Result<CreditSplit, ProrationError> {
    not_negative(Part::Credit, credit)?;
    let due = not_negative(Part::Credit, open_invoice_due)?;
    let to_open_invoice = credit.at_most(due).map_err(of(Part::Credit))?;
    let to_balance = credit.minus(to_open_invoice).map_err(of(Part::Credit))?;
    Ok(CreditSplit { to_open_invoice, to_balance })
}
