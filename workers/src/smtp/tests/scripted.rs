//! An SMTP server that says what a test tells it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does once instead of its ordinary answer.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Say(&'static str),
    /// Answers nothing, and keeps the connection.
    Hang,
    /// Answers nothing, and closes the connection.
    Close,
}

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    messages: Vec<String>,
}

pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// A server whose next answers at `greeting`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`,
    /// `message` or `RSET` are those of the script; afterwards it is an ordinary one.
    pub(super) async fn start(script: &[(&'static str, Act)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut acts: HashMap<&str, Vec<Act>> = HashMap::new();
        for (step, act) in script.iter().rev() {
            acts.entry(step).or_default().push(*act);
        }
        let acts = Arc::new(Mutex::new(acts));
        tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    seen.lock().unwrap().connections += 1;
                    tokio::spawn(talk(stream, Arc::clone(&acts), Arc::clone(&seen)));
                }
            }
        });
        Self { url, seen }
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// Messages it took, as they came over the wire.
    pub(super) fn messages(&self) -> Vec<String> {
        self.seen.lock().unwrap().messages.clone()
    }
}

type Acts = Arc<Mutex<HashMap<&'static str, Vec<Act>>>>;

async fn talk(stream: TcpStream, acts: Acts, seen: Arc<Mutex<Seen>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    answer(&mut stream, &acts, "greeting", "220 ready").await?;
    loop {
        let line = line(&mut stream).await?;
        match line.split_whitespace().next().unwrap_or_default() {
            "EHLO" => answer(&mut stream, &acts, "EHLO", "250-here\r\n250 AUTH PLAIN").await?,
            "AUTH" => answer(&mut stream, &acts, "AUTH", "235 welcome").await?,
            "MAIL" => answer(&mut stream, &acts, "MAIL", "250 ok").await?,
            "RCPT" => answer(&mut stream, &acts, "RCPT", "250 ok").await?,
            "DATA" => {
                if answer(&mut stream, &acts, "DATA", "354 go on").await? == "354 go on" {
                    let mut message = String::new();
                    while !message.ends_with("\r\n.\r\n") {
                        message += &line_with_end(&mut stream).await?;
                    }
                    if answer(&mut stream, &acts, "message", "250 queued as 7")
                        .await?
                        .starts_with('2')
                    {
                        seen.lock().unwrap().messages.push(message);
                    }
                    continue;
                }
                "".to_owned()
            }
            "RSET" => answer(&mut stream, &acts, "RSET", "250 ok").await?,
            _ => answer(&mut stream, &acts, "QUIT", "221 bye").await?,
        };
    }
}

/// Says what the script wants, or else the usual; none ends the conversation.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    acts: &Acts,
    step: &'static str,
    usual: &str,
) -> Option<String> {
    let act = acts.lock().unwrap().get_mut(step).and_then(Vec::pop);
    let said = match act {
        Some(Act::Hang) => std::future::pending().await,
        Some(Act::Close) => return None,
        Some(Act::Say(said)) => said,
        None => usual,
    };
    stream.write_all(format!("{said}\r\n").as_bytes()).await.ok()?;
    Some(said.to_owned())
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    Some(line_with_end(stream).await?.trim_end().to_owned())
}

async fn line_with_end(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then_some(line)
}
