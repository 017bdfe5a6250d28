//! `perennial inbox`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::exit::{Error, Exit, say, talk};

/// Run the development inbox: an SMTP server that keeps all mail and shows it at an HTTP address.
/// Prints both addresses. Delivers nothing to anybody.
#[derive(Debug, clap::Args)]
pub(super) struct Inbox {
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

impl Inbox {
    pub(super) async fn run(self) -> Result<(), Error> {
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
        tokio::signal::ctrl_c().await?;
        Ok(())
    }
}
