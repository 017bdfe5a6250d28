//! Every setting that Perennial reads from the environment, declared once: `perennial work --help`,
//! the defaults, the limits and the refusal of misspelt names follow from this list.

use perennial_core::nearest::distance;

/// One variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it sets, for `--help`.
    pub about: &'static str,
    /// The value unless it is set.
    pub default: Option<&'static str>,
    /// The smallest whole number it takes.
    pub least: Option<u32>,
    /// Who reads it.
    pub reader: Reader,
}

/// Who reads a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// `perennial work`, which does not start without it.
    WorkNeeds,
    /// `perennial work`.
    Work,
    /// Any command.
    Any,
    /// The project's own tests.
    Tests,
}

const fn text(name: &'static str, about: &'static str, reader: Reader) -> Setting {
    Setting { name, about, default: None, least: None, reader }
}

const fn number(
    name: &'static str,
    default: &'static str,
    least: u32,
    about: &'static str,
) -> Setting {
    Setting { name, about, default: Some(default), least: Some(least), reader: Reader::Work }
}

/// Calls per second to the provider.
pub(super) const PROVIDER_CALLS_PER_SECOND: Setting = number(
    "PERENNIAL_PROVIDER_CALLS_PER_SECOND",
    "20",
    1,
    "calls to each of the provider's endpoints, all workers together",
);
/// A burst of charges waits for an operator.
pub(super) const CHARGES_PER_CUSTOMER_HOUR: Setting = number(
    "PERENNIAL_CHARGES_PER_CUSTOMER_HOUR",
    "20",
    1,
    "charges of one customer within an hour, but for the first of each subscription, that are made; more wait for you",
);
/// The deadline of a call to the provider.
pub(super) const STRIPE_TIMEOUT_MS: Setting =
    number("PERENNIAL_STRIPE_TIMEOUT_MS", "30000", 1, "the deadline of one call to the provider");
/// Handlers per queue.
pub(super) const CONCURRENCY: Setting =
    number("PERENNIAL_CONCURRENCY", "64", 1, "jobs of one queue that run at the same time");
/// Connections of one worker to the database: its queue's, and those that jobs share.
pub(super) const CONNECTIONS: Setting = number(
    "PERENNIAL_CONNECTIONS",
    "30",
    super::CONNECTIONS_MIN,
    "connections of this worker to the database",
);
/// How long a job is held.
pub(super) const LEASE_MS: Setting = number(
    "PERENNIAL_LEASE_MS",
    "30000",
    500,
    "the jobs of a worker that died run again after this",
);

/// How long an email waits that was put off.
pub(super) const MAIL_RETRY_MS: Setting = number(
    "PERENNIAL_MAIL_RETRY_MS",
    "60000",
    1,
    "the wait after a mail server put an email off; it doubles with each attempt, up to 6 hours",
);

/// All of them, in the order in which `--help` shows them.
pub const SETTINGS: &[Setting] = &[
    text("DATABASE_URL", "postgres://user:password@host/database", Reader::WorkNeeds),
    text(
        "STRIPE_SECRET_KEY",
        "sk_test_… (live keys only with PERENNIAL_ENV=live)",
        Reader::WorkNeeds,
    ),
    text("PERENNIAL_SMTP_URL", "smtps://user:password@host:465", Reader::WorkNeeds),
    text("PERENNIAL_MAIL_FROM", "Acme <billing@acme.example>", Reader::WorkNeeds),
    text("PERENNIAL_ENV", "`live` allows live keys", Reader::Work),
    text(
        "PERENNIAL_STRIPE_API_BASE",
        "another address of the provider (the sandbox)",
        Reader::Work,
    ),
    STRIPE_TIMEOUT_MS,
    PROVIDER_CALLS_PER_SECOND,
    CHARGES_PER_CUSTOMER_HOUR,
    CONCURRENCY,
    CONNECTIONS,
    LEASE_MS,
    MAIL_RETRY_MS,
    text(
        "PERENNIAL_EHLO_NAME",
        "mail.acme.example: how this worker greets the mail server; unset: with its host name",
        Reader::Work,
    ),
    text("PERENNIAL_SCHEDULES", "a file that replaces the schedules", Reader::Work),
    text("PERENNIAL_PRODUCT_NAME", "the product's name in emails", Reader::Work),
    text("PERENNIAL_BILLING_URL", "where customers manage their subscription", Reader::Work),
    text(
        "PERENNIAL_SUPPORT_ADDRESS",
        "where customers write to: Reply-To and the foot of emails; unset: the sender",
        Reader::Work,
    ),
    text(
        "PERENNIAL_PUBLIC_URL",
        "https://billing.acme.example: base of the links that stop usage warnings; unset: no links",
        Reader::Work,
    ),
    text(
        "PERENNIAL_HTTP_LISTEN",
        "127.0.0.1:8080: where this worker answers those links; unset: nowhere",
        Reader::Work,
    ),
    text(
        "PERENNIAL_DIGEST_TO",
        "who gets the week's figures by email, on Mondays; unset: nobody",
        Reader::Work,
    ),
    text("PERENNIAL_ANALYTICS_URL", "a replica to read snapshots' figures from", Reader::Work),
    text(
        "PERENNIAL_CA_FILE",
        "certificates (PEM) to trust beside the system's: database, provider, mail server",
        Reader::Any,
    ),
    text("PERENNIAL_LOG", "the log's filter, as --log", Reader::Any),
    text("PERENNIAL_LOG_FORMAT", "`text` or `json`, as --log-format", Reader::Any),
    text(
        "PERENNIAL_PG_BIN",
        "the folder of PostgreSQL's programs, for `db` and `demo`",
        Reader::Any,
    ),
    text("PERENNIAL_YES", "agrees to install PostgreSQL, as --yes", Reader::Any),
    text("PERENNIAL_CRASH", "a kill point of the tests' worker", Reader::Tests),
    text("PERENNIAL_TEST_HOME", "a folder for the supervisor's own tests", Reader::Tests),
];

const PREFIX: &str = "PERENNIAL_";

/// The first of `names` that has our prefix and is none of our settings, with the setting that is
/// nearest to it.
pub(super) fn misspelt<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, Option<&'static str>)> {
    let mut unknown: Vec<&str> = names
        .into_iter()
        .filter(|name| name.starts_with(PREFIX) && !is_service_link(name))
        .filter(|name| SETTINGS.iter().all(|setting| setting.name != *name))
        .collect();
    unknown.sort_unstable();
    let first = unknown.first().copied()?;
    Some((first, nearest(first)))
}

/// Kubernetes and Docker add such variables to every container beside a service that is called
/// `perennial…`: `PERENNIAL_SERVICE_HOST`, `PERENNIAL_PORT_8080_TCP_ADDR`.
fn is_service_link(name: &str) -> bool {
    name.ends_with("_PORT")
        || name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT_")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| {
            rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len() < rest.len()
        })
}

/// The setting that was probably meant.
fn nearest(name: &str) -> Option<&'static str> {
    let own = |name: &'static str| name.strip_prefix(PREFIX);
    let given = name.strip_prefix(PREFIX)?;
    let users = SETTINGS.iter().filter(|setting| setting.reader != Reader::Tests);
    users
        .filter_map(|setting| Some((distance(given, own(setting.name)?), setting.name)))
        .filter(|(distance, name)| {
            let begun = given.len() >= 3 && name[PREFIX.len()..].starts_with(given);
            begun || *distance <= (name.len() - PREFIX.len()) / 3 + 1
        })
        .min()
        .map(|(_, name)| name)
}

/// The settings of `perennial work`, a line each, for its `--help`.
#[must_use]
pub fn help() -> String {
    let lines = |reader: Reader| {
        SETTINGS
            .iter()
            .filter(move |setting| setting.reader == reader)
            .map(line)
            .collect::<String>()
    };
    format!(
        "Settings, from the environment. It does not start without these:\n{}and takes these:\n{}{}",
        lines(Reader::WorkNeeds),
        lines(Reader::Work),
        lines(Reader::Any),
    )
}

fn line(setting: &Setting) -> String {
    let Setting { name, about, .. } = setting;
    let limits = match (setting.default, setting.least) {
        (Some(default), Some(least)) => format!(" (default {default}, at least {least})"),
        (Some(default), None) => format!(" (default {default})"),
        _ => String::new(),
    };
    format!("  {name:<36}{about}{limits}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_found_with_the_name_that_was_meant() {
        for (given, meant) in [
            ("PERENNIAL_CONCURENCY", Some("PERENNIAL_CONCURRENCY")),
            ("PERENNIAL_LEASE", Some("PERENNIAL_LEASE_MS")),
            ("PERENNIAL_SMTP", Some("PERENNIAL_SMTP_URL")),
            ("PERENNIAL_MAILFROM", Some("PERENNIAL_MAIL_FROM")),
            ("PERENNIAL_DIGEST", Some("PERENNIAL_DIGEST_TO")),
            ("PERENNIAL_FLUX_COMPENSATOR_AND_MORE", None),
        ] {
            assert_eq!(misspelt([given, "PATH"]), Some((given, meant)));
        }
    }

    #[test]
    fn known_settings_other_programs_variables_and_service_links_are_left_alone() {
        let names = SETTINGS.iter().map(|setting| setting.name);
        assert_eq!(misspelt(names), None);
        let others = [
            "PATH",
            "PERENNIALLY",
            "PERENNIAL_SERVICE_HOST",
            "PERENNIAL_SERVICE_PORT",
            "PERENNIAL_SERVICE_PORT_HTTP",
            "PERENNIAL_PORT",
            "PERENNIAL_PORT_8080_TCP",
            "PERENNIAL_WORKER_PORT_8080_TCP_ADDR",
        ];
        assert_eq!(misspelt(others), None);
    }

    #[test]
    fn every_default_is_a_number_it_takes() {
        for setting in SETTINGS {
            if let (Some(default), Some(least)) = (setting.default, setting.least) {
                assert!(default.parse::<u32>().unwrap() >= least, "{}", setting.name);
            }
        }
    }
}
