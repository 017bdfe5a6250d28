//! Carries mail over SMTP: the mail port, on lettre.
//!
//! lettre's own transport says what went wrong but not how far it had got, and the difference
//! matters: before the message is on its way nothing can have been delivered, afterwards it may
//! have been. So its connection is driven here, command by command. The message and its final dot
//! go out in one write: in two, each waits for the other's acknowledgement (about 45 ms).

mod dialogue;
mod message;
mod server;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use perennial_jobs::mail::{Delivery, Mailer, OutgoingMail};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use self::dialogue::Halt;
use self::message::Message;
pub use self::server::{EhloName, InvalidSmtpUrl, SmtpServer};

/// How long things may take, and how much is kept open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpLimits {
    /// Connections open at once: so many mails are under way together.
    pub connections_max: usize,
    /// From the call to the server's readiness for the message, waiting for a connection included.
    pub opening: Duration,
    /// From the message's first byte to the reply that takes it. Servers filter while we wait.
    pub handing_over: Duration,
    /// A connection idle for longer is not used again.
    pub idle: Duration,
    /// A connection is closed after so many messages, as many servers wish.
    pub messages_per_connection: u32,
}

impl Default for SmtpLimits {
    fn default() -> Self {
        Self {
            connections_max: 16,
            opening: Duration::from_secs(30),
            handing_over: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            messages_per_connection: 100,
        }
    }
}

/// Sends mail through one SMTP server, over a few connections that it keeps.
#[derive(Debug)]
pub struct SmtpMailer {
    server: SmtpServer,
    limits: SmtpLimits,
    permits: Semaphore,
    idle: Mutex<Vec<Line>>,
}

/// An open connection and how much it has been used.
struct Line {
    connection: AsyncSmtpConnection,
    messages: u32,
    used_at: Instant,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("messages", &self.messages).finish_non_exhaustive()
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> BoxFuture<'a, Delivery> {
        self.deliver(mail).boxed()
    }
}

impl SmtpMailer {
    /// A mailer that connects when there is something to send.
    #[must_use]
    pub fn new(server: SmtpServer) -> Self {
        Self::with_limits(server, SmtpLimits::default())
    }

    /// The same with limits of one's own.
    #[must_use]
    pub fn with_limits(server: SmtpServer, limits: SmtpLimits) -> Self {
        let permits = Semaphore::new(limits.connections_max);
        Self { server, limits, permits, idle: Mutex::default() }
    }

    /// Says goodbye on all idle connections.
    pub async fn close(&self) {
        let lines = std::mem::take(&mut *self.idle_lines());
        for mut line in lines {
            let _ = timeout(Duration::from_secs(1), line.connection.quit()).await;
        }
    }

    async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let message = match Message::format(mail) {
            Ok(message) => message,
            Err(reason) => return Delivery::Unsendable { reason },
        };
        let opening = async {
            let permit =
                self.permits.acquire().await.map_err(|_| not_reached("the mailer is closed"))?;
            Ok((permit, self.open(&message).await?))
        };
        match timeout(self.limits.opening, opening).await {
            Err(_) => not_reached("the server was not ready for the message in time"),
            Ok(Err(delivery)) => delivery,
            Ok(Ok((_permit, line))) => self.hand_over(line, &message).await,
        }
    }

    /// Brings a connection to where the server waits for the message.
    async fn open(&self, message: &Message) -> Result<Line, Delivery> {
        if let Some(mut line) = self.take_idle() {
            match dialogue::announce(&mut line.connection, message).await {
                Ok(()) => return Ok(line),
                Err(Halt::Answered(delivery)) => {
                    self.reset_and_keep(line).await;
                    return Err(delivery);
                }
                // The server had closed it; nothing was sent, so a fresh one is tried at once.
                Err(Halt::Broken(_)) => {}
            }
        }
        let connection = self.server.connect().await.map_err(Halt::into_delivery)?;
        let mut line = Line { connection, messages: 0, used_at: Instant::now() };
        match dialogue::announce(&mut line.connection, message).await {
            Ok(()) => Ok(line),
            Err(Halt::Answered(delivery)) => {
                self.reset_and_keep(line).await;
                Err(delivery)
            }
            Err(broken) => Err(broken.into_delivery()),
        }
    }

    /// From here on, silence means that nobody knows.
    async fn hand_over(&self, mut line: Line, message: &Message) -> Delivery {
        let reply = dialogue::hand_over(&mut line.connection, message);
        match timeout(self.limits.handing_over, reply).await {
            Err(_) => Delivery::Uncertain { reason: "no reply to the message in time".to_owned() },
            Ok(Err(Halt::Broken(delivery))) => delivery,
            Ok(Ok(delivery)) | Ok(Err(Halt::Answered(delivery))) => {
                self.keep(line);
                delivery
            }
        }
    }

    fn take_idle(&self) -> Option<Line> {
        let mut lines = self.idle_lines();
        lines.retain(|line| line.used_at.elapsed() < self.limits.idle);
        lines.pop()
    }

    fn keep(&self, line: Line) {
        let messages = line.messages + 1;
        if !line.connection.has_broken() && messages < self.limits.messages_per_connection {
            self.idle_lines().push(Line { messages, used_at: Instant::now(), ..line });
        }
    }

    async fn reset_and_keep(&self, mut line: Line) {
        if dialogue::reset(&mut line.connection).await {
            self.keep(line);
        }
    }

    fn idle_lines(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_reached(reason: &str) -> Delivery {
    Delivery::NotReached { reason: reason.to_owned() }
}
