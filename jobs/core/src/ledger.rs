//! Double entry: what moves between accounts, always in balance.
//!
//! A [`Posting`] that does not balance in every currency cannot be made. Posted
//! entries never change; a correction is a new posting, such as
//! [`Posting::reversal`].

mod postings;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::money::Money;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// What customers owe.
    AccountsReceivable,
    /// What was earned.
    Revenue,
    /// Money at the payment provider.
    Cash,
    /// What we owe customers: credits, amounts carried over.
    CustomerCredit,
    /// Given up.
    BadDebt,
    /// Paid back.
    Refunds,
    /// Units that a provider's rounding left over.
    Rounding,
}

/// Left or right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Raises what we own and what we spent.
    Debit,
    /// Raises what we owe and what we earned.
    Credit,
}

/// One line of a posting; the amount is positive, the side says where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The account.
    pub account: AccountKind,
    /// The side.
    pub side: Side,
    /// How much: more than zero.
    pub amount: Money,
}

/// Entries that balance per currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Posting {
    entries: Vec<Entry>,
}

/// Why entries are not a posting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Nothing to post.
    #[error("a posting has entries")]
    Empty,
    /// An amount of zero or less.
    #[error("the entry on {account} is {amount}, not more than zero")]
    NotPositive {
        /// Where.
        account: AccountKind,
        /// How much.
        amount: Money,
    },
    /// Debits and credits differ.
    #[error("the posting is {difference} {currency} minor units out of balance")]
    Unbalanced {
        /// In which currency.
        currency: Currency,
        /// Debits less credits.
        difference: i128,
    },
}

impl Posting {
    /// A posting of these entries, if they balance.
    pub fn new(entries: Vec<Entry>) -> Result<Posting, LedgerError> {
        if entries.is_empty() {
            return Err(LedgerError::Empty);
        }
        let mut difference: BTreeMap<Currency, i128> = BTreeMap::new();
        for Entry { account, side, amount } in &entries {
            if !amount.is_positive() {
                return Err(LedgerError::NotPositive { account: *account, amount: *amount });
            }
            // A sum of 64-bit amounts fits 128 bits however many there are.
            *difference.entry(amount.currency).or_default() += side.signed(*amount);
        }
        match difference.into_iter().find(|(_, difference)| *difference != 0) {
            Some((currency, difference)) => Err(LedgerError::Unbalanced { currency, difference }),
            None => Ok(Posting { entries }),
        }
    }

    /// One amount from the credited account to the debited one.
    pub fn transfer(
        debit: AccountKind,
        credit: AccountKind,
        amount: Money,
    ) -> Result<Posting, LedgerError> {
        Posting::new(vec![
            Entry { account: debit, side: Side::Debit, amount },
            Entry { account: credit, side: Side::Credit, amount },
        ])
    }

    /// The entries, in the order given.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The posting that undoes this one.
    pub fn reversal(&self) -> Posting {
        let undo = |entry: &Entry| Entry { side: entry.side.other(), ..*entry };
        Posting { entries: self.entries.iter().map(undo).collect() }
    }

    /// Debits less credits of one account.
    pub fn change_of(&self, account: AccountKind, currency: Currency) -> i128 {
        let counts = |entry: &&Entry| entry.account == account && entry.amount.currency == currency;
        self.entries.iter().filter(counts).map(|entry| entry.side.signed(entry.amount)).sum()
    }
}

impl Side {
    /// Its name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Debit => "debit",
            Side::Credit => "credit",
        }
    }

    fn other(self) -> Side {
        match self {
            Side::Debit => Side::Credit,
            Side::Credit => Side::Debit,
        }
    }

    fn signed(self, amount: Money) -> i128 {
        match self {
            Side::Debit => amount.minor.into(),
            Side::Credit => -i128::from(amount.minor),
        }
    }
}

impl AccountKind {
    /// Every account.
    pub const ALL: [AccountKind; 7] = [
        AccountKind::AccountsReceivable,
        AccountKind::Revenue,
        AccountKind::Cash,
        AccountKind::CustomerCredit,
        AccountKind::BadDebt,
        AccountKind::Refunds,
        AccountKind::Rounding,
    ];

    /// Its name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            AccountKind::AccountsReceivable => "accounts_receivable",
            AccountKind::Revenue => "revenue",
            AccountKind::Cash => "cash",
            AccountKind::CustomerCredit => "customer_credit",
            AccountKind::BadDebt => "bad_debt",
            AccountKind::Refunds => "refunds",
            AccountKind::Rounding => "rounding",
        }
    }
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<Vec<Entry>> for Posting {
    type Error = LedgerError;

    fn try_from(entries: Vec<Entry>) -> Result<Posting, LedgerError> {
        Posting::new(entries)
    }
}

impl From<Posting> for Vec<Entry> {
    fn from(posting: Posting) -> Vec<Entry> {
        posting.entries
    }
}

#[cfg(test)]
mod tests;
