//! Objects of one kind in the order they were made, found by id or by customer.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

/// What a shelf can hold.
pub(crate) trait Kept {
    /// How error messages call it.
    const NOUN: &'static str;
    fn id(&self) -> &str;
    fn created(&self) -> DateTime<Utc>;
    fn customer(&self) -> Option<&str>;
    fn set_customer(&mut self, customer: Option<String>);
}

/// Objects of one kind. Nothing is ever removed: a deleted object stays, marked.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    items: Vec<T>,
    by_id: HashMap<String, usize>,
    by_customer: HashMap<String, Vec<usize>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: Vec::new(), by_id: HashMap::new(), by_customer: HashMap::new() }
    }
}

impl<T: Kept> Shelf<T> {
    pub(crate) fn insert(&mut self, item: T) {
        let at = self.items.len();
        self.by_id.insert(item.id().to_owned(), at);
        if let Some(customer) = item.customer() {
            self.by_customer.entry(customer.to_owned()).or_default().push(at);
        }
        self.items.push(item);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id).map(|at| &self.items[*at])
    }

    /// For changes that leave the customer alone; see [`Shelf::assign`].
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.by_id.get(id).map(|at| &mut self.items[*at])
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Moves an object to a customer, or away from any.
    pub(crate) fn assign(&mut self, id: &str, customer: Option<&str>) {
        let Some(at) = self.position(id) else { return };
        let former = self.items[at].customer().map(str::to_owned);
        if let Some(list) = former.and_then(|former| self.by_customer.get_mut(&former)) {
            list.retain(|other| *other != at);
        }
        if let Some(customer) = customer {
            let list = self.by_customer.entry(customer.to_owned()).or_default();
            let place = list.partition_point(|other| *other < at);
            list.insert(place, at);
        }
        self.items[at].set_customer(customer.map(str::to_owned));
    }

    /// Newest first, those before `cursor` only.
    pub(crate) fn older_than(
        &self,
        customer: Option<&str>,
        cursor: Option<usize>,
    ) -> Box<dyn Iterator<Item = &T> + '_> {
        let end = cursor.unwrap_or(self.items.len());
        match customer {
            None => Box::new(self.items[..end].iter().rev()),
            Some(customer) => {
                let list = self.of(customer);
                let end = list.partition_point(|at| *at < end);
                Box::new(list[..end].iter().rev().map(|at| &self.items[*at]))
            }
        }
    }

    /// Oldest first, those after `cursor` only.
    pub(crate) fn newer_than(
        &self,
        customer: Option<&str>,
        cursor: usize,
    ) -> Box<dyn Iterator<Item = &T> + '_> {
        match customer {
            None => Box::new(self.items[cursor + 1..].iter()),
            Some(customer) => {
                let list = self.of(customer);
                let start = list.partition_point(|at| *at <= cursor);
                Box::new(list[start..].iter().map(|at| &self.items[*at]))
            }
        }
    }

    fn of(&self, customer: &str) -> &[usize] {
        self.by_customer.get(customer).map_or(&[], Vec::as_slice)
    }
}
