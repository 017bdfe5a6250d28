//! Backups of a world's database: whole copies, made while nobody is connected.

use perennial::database::{self, Role};

use crate::{World, cluster};

/// A copy of a database as it was.
#[derive(Debug, Clone)]
pub struct Backup {
    url: String,
}

impl World {
    /// Copies the database. Workers are gone afterwards.
    pub async fn back_up(&mut self) -> Backup {
        self.disconnect().await;
        let url = cluster::copy(&self.url).await;
        self.connect_to(self.url.clone()).await;
        Backup { url }
    }

    /// Goes on with a copy of the backup, as after a restore. Workers are gone afterwards.
    pub async fn restore(&mut self, backup: &Backup) {
        self.disconnect().await;
        let url = cluster::copy(&backup.url).await;
        self.connect_to(url).await;
    }

    async fn disconnect(&mut self) {
        self.kill_workers().await;
        self.pool.close().await;
    }

    async fn connect_to(&mut self, url: String) {
        self.pool = database::connect(&url, Role::Owner, 4).await.expect("the database is reached");
        self.url = url;
    }
}
