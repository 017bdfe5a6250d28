//! The postings of a subscription's life, by what happened.

use super::AccountKind::{
    AccountsReceivable, BadDebt, Cash, CustomerCredit, Refunds, Revenue, Rounding,
};
use super::{LedgerError, Posting};
use crate::money::Money;

impl Posting {
    /// An invoice was finalised: it is owed and earned.
    pub fn invoice_finalised(total: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(AccountsReceivable, Revenue, total)
    }

    /// A payment was captured.
    pub fn payment_received(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(Cash, AccountsReceivable, amount)
    }

    /// Part of the customer's credit paid for an invoice.
    pub fn credit_applied(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(CustomerCredit, AccountsReceivable, amount)
    }

    /// Unused time was credited on an invoice that is still open.
    pub fn invoice_credited(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(Revenue, AccountsReceivable, amount)
    }

    /// Unused time, already paid, was credited to the customer's balance.
    pub fn balance_credited(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(Revenue, CustomerCredit, amount)
    }

    /// An amount too small to charge will be asked for with a later invoice:
    /// the customer's balance goes into debt.
    pub fn carried_to_balance(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(CustomerCredit, AccountsReceivable, amount)
    }

    /// A payment exceeded what was due.
    pub fn surplus_to_balance(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(AccountsReceivable, CustomerCredit, amount)
    }

    /// What is owed was given up.
    pub fn written_off(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(BadDebt, AccountsReceivable, amount)
    }

    /// Money went back to the customer.
    pub fn refunded(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(Refunds, Cash, amount)
    }

    /// A unit the provider cannot express was let go.
    pub fn rounded_off(amount: Money) -> Result<Posting, LedgerError> {
        Posting::transfer(Rounding, AccountsReceivable, amount)
    }
}
