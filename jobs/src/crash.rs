//! Kill points around external effects, compiled in only for tests (feature `crashpoints`).
//!
//! `PERENNIAL_CRASH=name` or `name:n` makes the n-th passage (the first by default) of the point
//! kill the process with SIGKILL: no destructor runs, as when a machine loses power. `panic@name`
//! makes it panic there instead.

/// A place at which a test may kill the process.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        #[cfg(feature = "crashpoints")]
        $crate::crash::pass($name);
    };
}

#[cfg(feature = "crashpoints")]
const PANIC: &str = "panic@";

/// Passes a kill point, perhaps not alive.
#[cfg(feature = "crashpoints")]
pub fn pass(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "test builds only: the point to die at")]
        let wanted = std::env::var("PERENNIAL_CRASH").ok()?;
        let (name, passages) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some((name.to_owned(), AtomicU32::new(passages.parse().ok()?)))
    });
    if let Some((wanted, left)) = &*WANTED
        && wanted.trim_start_matches(PANIC) == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        assert!(!wanted.starts_with(PANIC), "at {name}, as a test asked");
        // The shell's kill reaches the process before the next statement of any thread matters.
        let killed = std::process::Command::new("kill")
            .args(["-9", &std::process::id().to_string()])
            .status();
        drop(killed);
        loop {
            std::thread::park();
        }
    }
}
