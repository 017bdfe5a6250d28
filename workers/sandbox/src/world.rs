//! All accounts, by API key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::account::{Account, Birth};
use crate::clock::Clock;

/// One account behind its lock. The lock is never held across an `await`.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Account>);

impl Shared {
    /// A panic in one request must not take the provider away from the others.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The provider: accounts come into being when their key is first used.
#[derive(Debug)]
pub(crate) struct World {
    accounts: RwLock<HashMap<String, Arc<Shared>>>,
    birth: Mutex<Birth>,
}

impl World {
    pub(crate) fn new(birth: Birth) -> Self {
        Self { accounts: RwLock::default(), birth: Mutex::new(birth) }
    }

    pub(crate) fn account(&self, api_key: &str) -> Arc<Shared> {
        let known = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = known.get(api_key) {
            return account.clone();
        }
        drop(known);
        let mut known = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let born = || Arc::new(Shared(Mutex::new(Account::new(api_key, self.birth().clone()))));
        known.entry(api_key.to_owned()).or_insert_with(born).clone()
    }

    fn birth(&self) -> MutexGuard<'_, Birth> {
        self.birth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock of one account; without a key, that of accounts to come.
    pub(crate) fn clock(&self, api_key: Option<&str>) -> Clock {
        match api_key {
            Some(api_key) => self.account(api_key).lock().clock,
            None => self.birth().clock,
        }
    }

    /// Changes the clock of one account, or of all there are and will be.
    pub(crate) fn set_clock(&self, api_key: Option<&str>, change: impl Fn(Clock) -> Clock) {
        let apply = |shared: &Shared| {
            let mut account = shared.lock();
            account.clock = change(account.clock);
            account.catch_up();
        };
        if let Some(api_key) = api_key {
            apply(&self.account(api_key));
            return;
        }
        // Held throughout, so that no account is born in between with the old time.
        let accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        let mut birth = self.birth();
        birth.clock = change(birth.clock);
        accounts.values().for_each(|shared| apply(shared));
    }

    /// Forgets one account, or all.
    pub(crate) fn reset(&self, api_key: Option<&str>) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        match api_key {
            Some(api_key) => drop(accounts.remove(api_key)),
            None => accounts.clear(),
        }
    }

    /// The account that has an object with this id.
    pub(crate) fn owner(&self, id: &str) -> Option<Arc<Shared>> {
        self.all().into_iter().find(|shared| shared.lock().view(id).is_some())
    }

    fn all(&self) -> Vec<Arc<Shared>> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.values().cloned().collect()
    }
}
