//! The mails that arrived.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::faults::MailFaults;
use super::mail::{Envelope, Mail};
use crate::clock::Clock;

#[derive(Debug)]
pub(crate) struct Store {
    mails: Mutex<VecDeque<Arc<Mail>>>,
    /// How many have ever arrived.
    count: watch::Sender<u64>,
    faults: Mutex<MailFaults>,
    max: usize,
    folder: Option<PathBuf>,
}

impl Store {
    pub(crate) fn new(max: usize, folder: Option<PathBuf>) -> Self {
        let count = watch::Sender::new(0);
        Self { mails: Mutex::default(), count, faults: Mutex::default(), max, folder }
    }

    /// Keeps one mail; on disk too before anybody is told, if there is a folder.
    pub(crate) async fn keep(&self, envelope: Envelope, raw: Bytes) -> std::io::Result<u64> {
        let number = {
            let mut mails = self.lock();
            let number = *self.count.borrow() + 1;
            let now = Clock::default().now();
            mails.push_back(Arc::new(Mail::read(number, envelope, raw.clone(), now)));
            if mails.len() > self.max {
                mails.pop_front();
            }
            self.count.send_replace(number);
            number
        };
        if let Some(folder) = &self.folder {
            tokio::fs::write(folder.join(format!("{number}.eml")), &raw).await?;
        }
        Ok(number)
    }

    pub(crate) fn mails(&self) -> Vec<Arc<Mail>> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn mail(&self, number: u64) -> Option<Arc<Mail>> {
        self.lock().iter().find(|mail| mail.number == number).cloned()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, MailFaults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Mail>>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
