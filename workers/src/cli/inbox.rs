//! `perennial inbox`

mod read;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, talk};

/// Run the development inbox, or read it.
///
/// It takes mail by SMTP, keeps it, and shows it over HTTP; it delivers nothing to anybody.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_help = "Examples:
  perennial inbox                      take mail on port 1025, show it on port 8025
  perennial inbox list --to ada@example.com
  perennial inbox show 3"
)]
pub(super) struct Inbox {
    #[command(subcommand)]
    read: Option<Read>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// The port mail is taken on; 0 takes a free one.
    #[arg(long, default_value_t = 1025)]
    smtp_port: u16,
    /// The port mail is shown on; 0 takes a free one.
    #[arg(long, default_value_t = 8025)]
    http_port: u16,
    /// A folder to write each mail to as well, as an .eml file.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Read {
    /// List the mails of a running inbox.
    List(read::List),
    /// Print one mail as text.
    Show(read::Show),
}

impl Inbox {
    pub(super) async fn run(self) -> Result<(), Error> {
        match self.read {
            Some(Read::List(list)) => list.run().await,
            Some(Read::Show(show)) => show.run().await,
            None => self.serve.run().await,
        }
    }
}

impl Serve {
    async fn run(self) -> Result<(), Error> {
        let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let options = perennial_sandbox::InboxOptions {
            smtp_addr: on(self.smtp_port),
            http_addr: on(self.http_port),
            folder: self.folder,
            ..Default::default()
        };
        let inbox = perennial_sandbox::Inbox::start(options)
            .await
            .map_err(|error| Error::new(Exit::Unavailable, error))?;
        say(format_args!("smtp://{}", inbox.smtp_addr()))?;
        say(format_args!("http://{}", inbox.http_addr()))?;
        talk("perennial: mail is kept, not delivered; Ctrl-C ends the inbox");
        wait_for_the_end().await
    }
}
