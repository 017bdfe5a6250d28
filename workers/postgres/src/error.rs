//! What can keep a local server from running.

use std::io;
use std::path::PathBuf;

/// Why there is no running server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable installation on this machine.
    #[error(
        "no PostgreSQL {} or newer was found on this machine. Three ways out:\n  \
         apt-get install postgresql           the packaged server (as root)\n  \
         perennial db install --yes           fetch one into your cache, no root needed\n  \
         export DATABASE_URL=postgres://…     use a server of your own",
        crate::MAJOR_MIN
    )]
    NotFound,

    /// The named folder of programs cannot be used.
    #[error("PostgreSQL was not found in {}: {reason}", bin_dir.display())]
    NotUsable {
        /// The folder that was named.
        bin_dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The data was written by another major version than any installed here.
    #[error(
        "the data in {} was written by PostgreSQL {major}, which was not found here. \
         Install postgresql-{major}, or choose another data directory: nothing is upgraded by itself",
        home.display()
    )]
    OtherMajor {
        /// The home of the cluster.
        home: PathBuf,
        /// The major version that wrote the data.
        major: u32,
    },

    /// A file, folder or process could not be handled.
    #[error("could not {action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it did not work.
        #[source]
        source: io::Error,
    },

    /// `initdb` refused.
    #[error("no new cluster could be created: {0}")]
    Initdb(String),

    /// The server did not become ready.
    #[error("PostgreSQL did not start: {0}")]
    DidNotStart(String),

    /// A way of installing was tried and failed.
    #[error("PostgreSQL was not installed: {0}")]
    Install(String),
}

/// Says what was tried when an `io::Error` came back.
pub(crate) trait Trying<T> {
    fn trying(self, action: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Trying<T> for Result<T, E> {
    fn trying(self, action: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action: action(), source: source.into() })
    }
}
