//! The SMTP server's sockets. What is said is in `conversation`.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::conversation::{Conversation, Next};
use super::store::Store;

/// A client that sends more than this without ending a mail is cut off.
const BUFFER_BYTES_MAX: usize = 32 << 20;

/// Takes mail until dropped, and with it every connection.
pub(crate) async fn take(listener: TcpListener, store: Arc<Store>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, store.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, store: Arc<Store>) {
    if let Err(error) = converse(stream, store).await {
        tracing::debug!(%error, "a mail connection ended early");
    }
}

async fn converse(mut stream: TcpStream, store: Arc<Store>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    acknowledge_at_once(&stream)?;
    let mut conversation = Conversation::new(store);
    let mut input = BytesMut::with_capacity(16 * 1024);
    let mut output = String::new();
    let mut next = conversation.greet(&mut output);
    loop {
        match next {
            Next::More => {}
            Next::Close => {
                stream.write_all(output.as_bytes()).await?;
                return stream.shutdown().await;
            }
            Next::Stall => return stall(stream, &output).await,
        }
        // Replies to pipelined commands leave together, once the input is used up.
        match conversation.unit(&mut input) {
            Some(unit) => next = conversation.hear(unit, &mut output).await,
            None => {
                stream.write_all(output.as_bytes()).await?;
                output.clear();
                if input.len() > BUFFER_BYTES_MAX || stream.read_buf(&mut input).await? == 0 {
                    return Ok(());
                }
                acknowledge_at_once(&stream)?;
            }
        }
    }
}

/// Says what was left to say, then nothing more, until the client gives up.
async fn stall(mut stream: TcpStream, output: &str) -> std::io::Result<()> {
    stream.write_all(output.as_bytes()).await?;
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// A client that writes the mail and its final dot apart, with Nagle's algorithm on, sends the dot
/// only when the mail is acknowledged, which the kernel likes to put off for 40 ms. It forgets this
/// setting at will, so it is renewed after each read.
fn acknowledge_at_once(stream: &TcpStream) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    stream.set_quickack(true)?;
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
    Ok(())
}

/// The mail in `input` up to the line with a single dot, without the dots that SMTP added.
pub(crate) fn until_dot(input: &mut BytesMut, from: &mut usize) -> Option<Bytes> {
    if input.starts_with(b".\r\n") {
        let _ = input.split_to(3);
        return Some(Bytes::new());
    }
    let start = from.saturating_sub(4);
    let Some(at) = find(&input[start..], b"\r\n.\r\n") else {
        *from = input.len();
        return None;
    };
    *from = 0;
    let raw = input.split_to(start + at + 5);
    Some(unstuff(&raw[..raw.len() - 3]))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn unstuff(mail: &[u8]) -> Bytes {
    if !mail.starts_with(b".") && find(mail, b"\r\n.").is_none() {
        return Bytes::copy_from_slice(mail);
    }
    let mut out = Vec::with_capacity(mail.len());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_ends_at_the_lonely_dot_and_loses_the_added_ones() {
        let mut input = BytesMut::from("a\r\n..b\r\n.\r\nQUIT\r\n");
        let mut from = 0;
        assert_eq!(until_dot(&mut input, &mut from).unwrap(), "a\r\n.b\r\n");
        assert_eq!(input, "QUIT\r\n");
    }

    #[test]
    fn a_dot_split_over_two_reads_is_found() {
        let mut input = BytesMut::from("a\r\n.");
        let mut from = 0;
        assert_eq!(until_dot(&mut input, &mut from), None);
        input.extend_from_slice(b"\r\n");
        assert_eq!(until_dot(&mut input, &mut from).unwrap(), "a\r\n");
    }
}
