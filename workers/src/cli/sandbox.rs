//! `perennial sandbox`

use std::net::{Ipv4Addr, SocketAddr};

use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, talk};

/// Run the sandbox payment provider alone.
///
/// Stripe's wire format on 127.0.0.1, with test cards. Prints its address; its control plane is under
/// /_sandbox.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial sandbox --port 12111              then PERENNIAL_STRIPE_API_BASE=http://127.0.0.1:12111")]
pub(super) struct Sandbox {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 12111)]
    port: u16,
}

impl Sandbox {
    pub(super) async fn run(self) -> Result<(), Error> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let options = perennial_sandbox::SandboxOptions { addr, ..Default::default() };
        let sandbox = perennial_sandbox::Sandbox::start(options)
            .await
            .map_err(|error| Error::new(Exit::Unavailable, error))?;
        say(sandbox.base_url())?;
        talk("perennial: the sandbox takes any key sk_test_…; Ctrl-C ends it");
        wait_for_the_end().await
    }
}
