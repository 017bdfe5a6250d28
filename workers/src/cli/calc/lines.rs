//! Lines of bounded length, whatever bytes they hold.

use std::io::{self, BufRead, ErrorKind};

use super::BadField;

/// A request is a few hundred bytes; nothing longer is kept in memory.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// The lines of a reader; one that is not a request's text says why.
pub(super) struct Lines<R> {
    input: R,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn of(input: R) -> Lines<R> {
        Lines { input }
    }

    /// The next line without its line feed, and its length; of a line that is
    /// too long, only the beginning. `None` at the end.
    fn read(&mut self) -> io::Result<Option<(Vec<u8>, usize)>> {
        let (mut line, mut length) = (Vec::new(), 0);
        loop {
            let available = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if available.is_empty() {
                return Ok((length > 0).then_some((line, length)));
            }
            let feed = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..feed.unwrap_or(available.len())];
            let room = LINE_BYTES_MAX.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len();
            let used = part.len() + usize::from(feed.is_some());
            self.input.consume(used);
            if feed.is_some() {
                return Ok(Some((line, length)));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Result<String, BadField>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map(|line| line.map(|(line, length)| text(line, length))).transpose()
    }
}

fn text(line: Vec<u8>, length: usize) -> Result<String, BadField> {
    if length > LINE_BYTES_MAX {
        let message = format!("the line has {length} bytes, more than {LINE_BYTES_MAX}");
        return Err(BadField::line(message));
    }
    String::from_utf8(line).map_err(|error| BadField::line(format!("not UTF-8: {error}")))
}
