//! A mail inbox for development: a small SMTP server that keeps what it gets, and pages to read it.
//!
//! It accepts everything for everybody and sends nothing on.

mod conversation;
mod faults;
mod mail;
mod pages;
mod smtp;
mod store;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::http::Server;
use crate::sandbox::{StartError, listen};

pub use faults::{MailAction, MailFault, Stage};
pub use mail::Mail;
use store::Store;

/// How an inbox starts.
#[derive(Debug, Clone)]
pub struct InboxOptions {
    /// Where it takes mail. Port 0 takes a free one.
    pub smtp_addr: SocketAddr,
    /// Where it shows mail. Port 0 takes a free one.
    pub http_addr: SocketAddr,
    /// Where to write each mail as `<number>.eml` too.
    pub folder: Option<PathBuf>,
    /// Most mails kept in memory; the oldest go first.
    pub mails_max: usize,
}

impl Default for InboxOptions {
    fn default() -> Self {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { smtp_addr: addr, http_addr: addr, folder: None, mails_max: 100_000 }
    }
}

/// A running inbox. Dropping it closes it.
#[derive(Debug)]
pub struct Inbox {
    smtp_addr: SocketAddr,
    taking: JoinHandle<()>,
    pages: Server,
    store: Arc<Store>,
}

impl Inbox {
    /// Starts on the current runtime.
    pub async fn start(options: InboxOptions) -> Result<Self, StartError> {
        if let Some(folder) = &options.folder {
            let failed = |source| StartError::Folder { folder: folder.clone(), source };
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        let smtp = listen(options.smtp_addr).await?;
        let http = listen(options.http_addr).await?;
        let failed = |addr| move |source| StartError::Listen { addr, source };
        let smtp_addr = smtp.local_addr().map_err(failed(options.smtp_addr))?;
        let store = Arc::new(Store::new(options.mails_max, options.folder));
        let router = pages::router(store.clone());
        let pages = Server::start(http, move |request| crate::http::route(router.clone(), request))
            .map_err(failed(options.http_addr))?;
        let taking = tokio::spawn(smtp::take(smtp, store.clone()));
        Ok(Self { smtp_addr, taking, pages, store })
    }

    /// Where it takes mail.
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp_addr
    }

    /// Where it shows mail.
    pub fn http_addr(&self) -> SocketAddr {
        self.pages.addr
    }

    /// Every mail kept, oldest first. A mail delivered twice is there twice.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.store.mails()
    }

    /// The mails for one address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<Arc<Mail>> {
        self.store.mails().into_iter().filter(|mail| mail.is_to(address)).collect()
    }

    /// The first mail that `wanted` accepts, waiting for it if it is not there yet.
    pub async fn wait_for(
        &self,
        patience: Duration,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Option<Arc<Mail>> {
        let mut count = self.store.watch();
        let search = async {
            loop {
                count.mark_unchanged();
                if let Some(mail) = self.store.mails().into_iter().find(|mail| wanted(mail)) {
                    return Some(mail);
                }
                count.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, search).await.ok().flatten()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.store.clear();
    }

    /// Adds a fault. Of several that strike, the first wins.
    pub fn add_fault(&self, fault: MailFault) {
        self.store.faults().add(fault);
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.store.faults().clear();
    }

    /// Closes the listeners and every connection. Dropping does the same.
    pub fn shutdown(self) {}
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.taking.abort();
    }
}
