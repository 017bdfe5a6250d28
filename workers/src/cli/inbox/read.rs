//! Reading a running inbox over HTTP.

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::cli::exit::{Error, Exit, say};

/// List the mails of a running inbox: number, time, recipient, subject.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Where the inbox shows its mail.
    #[arg(long, default_value = "http://127.0.0.1:8025")]
    url: String,
    /// Only mail to this address.
    #[arg(long)]
    to: Option<String>,
    /// The JSON of the inbox, as it is.
    #[arg(long)]
    json: bool,
}

/// Print one mail of a running inbox as text.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Its number, as listed.
    number: u64,
    /// Where the inbox shows its mail.
    #[arg(long, default_value = "http://127.0.0.1:8025")]
    url: String,
}

#[derive(Debug, Deserialize)]
struct Mail {
    number: u64,
    to: Vec<String>,
    received_at: chrono::DateTime<chrono::Utc>,
    subject: Option<String>,
    text: Option<String>,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Error> {
        let filter = self.to.map_or_else(String::new, |to| format!("?to={}", encode(&to)));
        let answer = get(&self.url, &format!("/inbox{filter}")).await?;
        if self.json {
            return say(answer.trim_end());
        }
        for mail in decode::<Vec<Mail>>(&answer)? {
            say(format_args!(
                "{:>5}  {}  {}  {}",
                mail.number,
                mail.received_at.format("%H:%M:%S"),
                mail.to.join(", "),
                mail.subject.unwrap_or_default()
            ))?;
        }
        Ok(())
    }
}

impl Show {
    pub(super) async fn run(self) -> Result<(), Error> {
        let mail: Mail = decode(&get(&self.url, &format!("/inbox/{}", self.number)).await?)?;
        say(format_args!("To: {}", mail.to.join(", ")))?;
        say(format_args!("Subject: {}\n", mail.subject.unwrap_or_default()))?;
        say(mail.text.unwrap_or_default().trim_end())
    }
}

fn decode<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, Error> {
    serde_json::from_str(answer)
        .map_err(|error| Error::data(format!("url: this is not our inbox: {error}")))
}

/// Everything that is not plain is percent-encoded.
fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn get(base: &str, path: &str) -> Result<String, Error> {
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let url = url.parse().map_err(|error| Error::data(format!("url: {error}")))?;
    let client: Client<HttpConnector, Empty<&[u8]>> =
        Client::builder(TokioExecutor::new()).build_http();
    let unreachable = |error: String| {
        Error::new(Exit::Unavailable, format!("no inbox answers at {base}: {error}"))
    };
    let answer = client.get(url).await.map_err(|error| unreachable(error.to_string()))?;
    let status = answer.status();
    let body =
        answer.into_body().collect().await.map_err(|error| unreachable(error.to_string()))?;
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    if status.is_success() { Ok(text) } else { Err(Error::data(text.trim_end())) }
}
