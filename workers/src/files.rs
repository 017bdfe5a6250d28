//! Reading files that somebody names.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// What people write by hand is far smaller.
const BYTES_MAX: u64 = 1 << 20;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or has more than a mebibyte (as `/dev/zero` has).
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read > BYTES_MAX) {
        let problem = format!("it has more than {BYTES_MAX} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_refused() {
        let refused = read_text(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::FileTooLarge, "{refused}");
    }
}
