//! Where the log goes: stderr, as lines for people or as JSON for machines.
//!
//! With JSON, every line on stderr is JSON: also what commands say, errors before the log is set
//! up, and panics.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use perennial_core::nearest::distance;
use perennial_core::quote::printable;
use perennial_jobs::clock::machine_now;
use tracing_subscriber::EnvFilter;

use crate::settings::variable;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// A log filter that says nothing, or not what it seems to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the log filter (--log, PERENNIAL_LOG) cannot be read: `{directive}` {problem}; write for \
     example info,perennial_jobs=debug"
)]
pub struct InvalidFilter {
    directive: String,
    problem: String,
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Starts logging. `filter` is a tracing filter such as `info,perennial_jobs=debug`.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(format: LogFormat, filter: &str) -> Result<(), InvalidFilter> {
    // Set before the filter is read, so that its error has the right form.
    FORMAT.get_or_init(|| format);
    let filter = parse(filter)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal() && variable("NO_COLOR").is_none())
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => {
            std::panic::set_hook(Box::new(|panic| say("ERROR", &panic.to_string())));
            log.json().try_init()
        }
    };
    // A second start keeps the first.
    drop(started);
    Ok(())
}

/// Says something on stderr, in the form of the log. Nobody is left to read it if stderr is gone.
pub fn say(level: &str, message: &str) {
    let message = &*printable(message);
    let mut stderr = std::io::stderr().lock();
    drop(match format() {
        LogFormat::Text => writeln!(stderr, "{message}"),
        LogFormat::Json => writeln!(stderr, "{}", json_line(level, message)),
    });
}

/// The same fields as those of the log's own lines.
fn json_line(level: &str, message: &str) -> serde_json::Value {
    serde_json::json!({
        "timestamp": machine_now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "level": level,
        "fields": { "message": message },
        "target": "perennial",
    })
}

/// The format that was set, or that the command line asks for where it was not read yet: it may
/// be the command line itself that is wrong.
pub fn format() -> LogFormat {
    FORMAT.get().copied().unwrap_or_else(|| {
        let arguments: Vec<String> =
            std::env::args_os().filter_map(|argument| argument.into_string().ok()).collect();
        let split = arguments.windows(2).any(|pair| pair == ["--log-format", "json"]);
        let joined = arguments.iter().any(|argument| argument == "--log-format=json");
        let set = variable("PERENNIAL_LOG_FORMAT").as_deref() == Some("json");
        if split || joined || set { LogFormat::Json } else { LogFormat::Text }
    })
}

/// Reads a filter. A directive without `=` must be a level: tracing takes any other word for the
/// name of a module, so that `PERENNIAL_LOG=inof` would log nothing at all.
fn parse(filter: &str) -> Result<EnvFilter, InvalidFilter> {
    for directive in filter.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        check(directive)
            .map_err(|problem| InvalidFilter { directive: directive.to_owned(), problem })?;
    }
    EnvFilter::try_new(quiet(filter))
        .map_err(|error| InvalidFilter { directive: filter.to_owned(), problem: error.to_string() })
}

/// The queue's library says at info that each worker starts and stops: that is for debug, unless
/// somebody asks for the library by name.
fn quiet(filter: &str) -> String {
    let mut directives = filter.split(',').map(str::trim);
    let is_info = |directive: &str| directive.eq_ignore_ascii_case("info") || directive == "3";
    let at_info = directives.clone().any(is_info);
    if at_info && !directives.any(|directive| directive.starts_with("apalis")) {
        return format!("{filter},apalis=warn,apalis_core=warn");
    }
    filter.to_owned()
}

fn check(directive: &str) -> Result<(), String> {
    let level = match directive.rsplit_once('=') {
        // A filter of spans may hold an `=` of its own.
        Some((_, level)) if !level.contains([']', '}']) => level,
        Some(_) => return Ok(()),
        None if directive.contains('[') => return Ok(()),
        None => directive,
    };
    let known = LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level));
    if known || matches!(level, "0" | "1" | "2" | "3" | "4" | "5") {
        return Ok(());
    }
    let nearest = LEVELS.iter().min_by_key(|known| distance(level, known));
    match nearest.filter(|known| distance(level, known) <= 2) {
        Some(nearest) => Err(format!("names no level: did you mean `{nearest}`?")),
        None => Err(format!("names no level; these are {}", LEVELS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_levels_targets_and_spans_can_be_read() {
        for filter in [
            "warn",
            "INFO",
            "off",
            "3",
            "info,perennial_jobs=debug",
            "warn,sqlx=off",
            "",
            "[job]=trace",
        ] {
            assert!(parse(filter).is_ok(), "{filter}");
        }
    }

    #[test]
    fn the_queues_library_is_quiet_at_info_unless_it_is_asked_for() {
        assert_eq!(quiet("info"), "info,apalis=warn,apalis_core=warn");
        assert_eq!(quiet("INFO, sqlx=off"), "INFO, sqlx=off,apalis=warn,apalis_core=warn");
        for as_it_is in ["warn", "debug", "", "info,apalis_core=info", "perennial_jobs=info"] {
            assert_eq!(quiet(as_it_is), as_it_is);
        }
    }

    #[test]
    fn a_filter_that_would_log_nothing_is_refused_with_the_level_that_was_meant() {
        for (filter, said) in [
            ("inof", "`inof` names no level: did you mean `info`?"),
            ("info,perennial_jobs=debgu", "did you mean `debug`?"),
            ("perennial_jobs", "names no level; these are error"),
            ("warn,=", "names no level"),
        ] {
            let refused = parse(filter).unwrap_err().to_string();
            assert!(refused.contains(said) && refused.contains("PERENNIAL_LOG"), "{refused}");
        }
    }

    #[test]
    fn a_line_in_json_has_the_fields_of_the_logs_own_lines() {
        let line = json_line("ERROR", "two\nlines");
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["fields"]["message"], "two\nlines");
        assert!(!line.to_string().contains('\n'));
    }
}
