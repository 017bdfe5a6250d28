//! `perennial sandbox`

use std::net::{Ipv4Addr, SocketAddr};

use perennial_sandbox::{EXAMPLE, GRAMMAR, STEPS, TestMethod, brands, decline_codes, methods};
use serde_json::json;

use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, talk};

/// Run the sandbox payment provider alone, or list its payment methods.
///
/// Stripe's wire format on 127.0.0.1, with test cards. Prints its address; its control plane is under
/// /_sandbox.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    before_help = "Examples:
  perennial sandbox --port 12111              then PERENNIAL_STRIPE_API_BASE=http://127.0.0.1:12111
  perennial sandbox methods                   what to give to `subscribe --payment-method`"
)]
pub(super) struct Sandbox {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 12111)]
    port: u16,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the payment methods that the sandbox knows, and what each does.
    Methods {
        /// One JSON object per method.
        #[arg(long)]
        json: bool,
    },
}

impl Sandbox {
    pub(super) async fn run(self) -> Result<(), Error> {
        match self.command {
            Some(Command::Methods { json: true }) => list_as_json(),
            Some(Command::Methods { json: false }) => list(),
            None => serve(self.port).await,
        }
    }
}

async fn serve(port: u16) -> Result<(), Error> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = perennial_sandbox::SandboxOptions { addr, ..Default::default() };
    let sandbox = perennial_sandbox::Sandbox::start(options)
        .await
        .map_err(|error| Error::new(Exit::Unavailable, error))?;
    say(sandbox.base_url())?;
    talk("perennial: the sandbox takes any key sk_test_…; Ctrl-C ends it");
    wait_for_the_end().await
}

fn list_as_json() -> Result<(), Error> {
    for TestMethod { name, does } in methods() {
        say(json!({ "name": name, "does": does }))?;
    }
    Ok(())
}

fn list() -> Result<(), Error> {
    say("Stripe's test payment methods:")?;
    let methods = methods();
    let width = methods.iter().map(|method| method.name.len()).max().unwrap_or_default();
    for TestMethod { name, does } in methods {
        say(format_args!("  {name:width$}  {does}"))?;
    }
    say(format_args!("\nMethods that describe themselves: {GRAMMAR}"))?;
    say(format_args!("  {}\n      {}", EXAMPLE.name, EXAMPLE.does))?;
    say(format_args!("\nbrands: {}", brands().join(", ")))?;
    say("\na step says what becomes of a charge attempt:")?;
    for (step, does) in STEPS {
        say(format_args!("  {step:22}{does}"))?;
    }
    say(format_args!("\ndecline codes: {}", decline_codes().join(", ")))
}
