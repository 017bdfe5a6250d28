//! Starts the provider and the inbox and prints where they are, one `name=url` per line.
//!
//! `cargo run -p perennial-sandbox --example serve`

use std::io::Write;

use perennial_sandbox::{Inbox, InboxOptions, Sandbox, SandboxOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await?;
    let inbox = Inbox::start(InboxOptions::default()).await?;
    let mut out = std::io::stdout();
    writeln!(out, "api={}", sandbox.base_url())?;
    writeln!(out, "smtp=smtp://{}", inbox.smtp_addr())?;
    writeln!(out, "inbox=http://{}", inbox.http_addr())?;
    out.flush()?;
    std::future::pending().await
}
