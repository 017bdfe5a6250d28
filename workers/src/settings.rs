//! Settings: read from the environment here and nowhere else, checked before anything starts.

mod declared;

use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use perennial_core::email::Address;
use perennial_stripe::{LiveKeys, StripeConfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

use crate::scheduler::{InvalidSchedule, Periodic, Timetable};
use crate::smtp::{EhloName, SmtpServer};
pub use declared::{Reader, SETTINGS, Setting, help};

/// The periodic jobs unless a file says otherwise: every key, with what it means.
const DEFAULT_SCHEDULES: &str = include_str!("settings/schedules.toml");

/// What is added to them where somebody gets the digest.
const DIGEST_SCHEDULE: &str = include_str!("settings/digest.toml");

/// The least number of connections that a worker works with.
pub const CONNECTIONS_MIN: u32 = 12;

/// A setting that is missing or unsafe.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// It has to be there.
    #[error("{name} is not set: {cure}")]
    Missing {
        /// Which.
        name: &'static str,
        /// How to set it.
        cure: &'static str,
    },
    /// It is wrong.
    #[error("{name} {problem}")]
    Wrong {
        /// Which.
        name: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is no such setting.
    #[error("{name} is no setting of Perennial{}; `perennial work --help` lists them all", .nearest.map_or_else(String::new, |nearest| format!(": did you mean {nearest}?")))]
    Unknown {
        /// As it was written.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A schedule is wrong.
    #[error("PERENNIAL_SCHEDULES: {0}")]
    Schedule(#[from] InvalidSchedule),
}

/// All that `perennial work` needs to know. Not shown, for it holds addresses.
pub struct WorkSettings {
    /// Where the database is.
    pub database_url: String,
    /// A replica of it, for the numbers of the business.
    pub analytics_url: Option<String>,
    /// How the payment provider is reached.
    pub stripe: StripeConfig,
    /// Calls per second to each of the provider's endpoints, all workers together.
    pub provider_calls_per_second: u32,
    /// Charges of one customer within an hour before an operator has to look.
    pub charges_per_customer_hour: u32,
    /// The mail server.
    pub smtp: SmtpServer,
    /// The wait after the first attempt that the mail server put off.
    pub mail_retry: TimeDelta,
    /// Who the mail is from.
    pub sender: perennial_jobs::mail::Sender,
    /// Who gets the weekly digest; none: nobody.
    pub digest_to: Option<perennial_jobs::mail::Mailbox>,
    /// How the process works.
    pub pace: crate::runner::Pace,
    /// Connections to the database.
    pub connections: u32,
    /// The periodic jobs.
    pub timetables: Vec<Timetable>,
    /// Where our own pages are served; none: nowhere.
    pub http_listen: Option<SocketAddr>,
}

/// What the environment says of `name`, if anything.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads settings")]
    let value = std::env::var(name).ok();
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Refuses a variable that has our prefix and that nothing reads: it is misspelt.
///
/// # Errors
/// The first such variable, and the setting that was probably meant.
pub fn check_names() -> Result<(), SettingError> {
    let names: Vec<String> =
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    match declared::misspelt(names.iter().map(String::as_str)) {
        Some((name, nearest)) => Err(SettingError::Unknown { name: name.to_owned(), nearest }),
        None => Ok(()),
    }
}

fn required(name: &'static str, cure: &'static str) -> Result<String, SettingError> {
    variable(name).ok_or(SettingError::Missing { name, cure })
}

/// A certificate authority that is trusted beside the system's, for the database, the provider and
/// the mail server alike.
#[derive(Debug, Clone)]
pub struct CaFile {
    /// As it is in the file.
    pub pem: Vec<u8>,
    /// Its certificates.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// The authority that `PERENNIAL_CA_FILE` names, if any.
///
/// # Errors
/// When the file cannot be read, or holds no certificate.
pub fn ca_file() -> Result<Option<CaFile>, SettingError> {
    let Some(path) = variable("PERENNIAL_CA_FILE") else { return Ok(None) };
    let wrong = |problem| SettingError::Wrong { name: "PERENNIAL_CA_FILE", problem };
    let pem =
        std::fs::read(&path).map_err(|error| wrong(format!("cannot be read: {path}: {error}")))?;
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("is not PEM: {path}: {error}")))?;
    // One that cannot be an authority would be noticed only at the first connection.
    let mut roots = rustls::RootCertStore::empty();
    for authority in &authorities {
        let taken = roots.add(authority.clone());
        taken.map_err(|error| {
            wrong(format!("holds no certificate of an authority: {path}: {error}"))
        })?;
    }
    if authorities.is_empty() {
        return Err(wrong(format!("holds no certificate: {path}")));
    }
    Ok(Some(CaFile { pem, authorities }))
}

fn authorities() -> Result<Vec<CertificateDer<'static>>, SettingError> {
    Ok(ca_file()?.map(|file| file.authorities).unwrap_or_default())
}

/// The database of this installation.
///
/// # Errors
/// When `DATABASE_URL` is not set.
pub fn database_url() -> Result<String, SettingError> {
    required("DATABASE_URL", "set it to postgres://user:password@host/database")
}

/// Whether this environment moves real money.
#[must_use]
pub fn has_live_keys() -> bool {
    let live = |key: String| key.starts_with("sk_live_") || key.starts_with("rk_live_");
    variable("PERENNIAL_ENV").as_deref() == Some("live")
        || variable("STRIPE_SECRET_KEY").is_some_and(live)
}

/// Where the numbers of the business are read from, if not from the database itself: a replica.
#[must_use]
pub fn analytics_url() -> Option<String> {
    variable("PERENNIAL_ANALYTICS_URL")
}

impl WorkSettings {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// The first setting that is missing or unsafe, and what to do about it.
    pub fn from_environment() -> Result<Self, SettingError> {
        let address = required(
            "PERENNIAL_MAIL_FROM",
            "set it to the address mail comes from: Acme <billing@acme.example>",
        )?;
        Ok(Self {
            database_url: database_url()?,
            analytics_url: analytics_url(),
            stripe: stripe()?,
            provider_calls_per_second: number(&declared::PROVIDER_CALLS_PER_SECOND)?,
            charges_per_customer_hour: number(&declared::CHARGES_PER_CUSTOMER_HOUR)?,
            smtp: smtp()?,
            mail_retry: TimeDelta::milliseconds(number(&declared::MAIL_RETRY_MS)?.into()),
            sender: sender(&address)?,
            digest_to: variable("PERENNIAL_DIGEST_TO").map(|to| digest_to(&to)).transpose()?,
            pace: crate::runner::Pace {
                concurrency: usize::try_from(number(&declared::CONCURRENCY)?).unwrap_or(usize::MAX),
                lease: Duration::from_millis(number(&declared::LEASE_MS)?.into()),
            },
            connections: number(&declared::CONNECTIONS)?,
            timetables: timetables()?,
            http_listen: http_listen()?,
        })
    }
}

/// How the payment provider is reached.
///
/// # Errors
/// When the key is missing or unsafe.
pub fn stripe() -> Result<StripeConfig, SettingError> {
    let key = required("STRIPE_SECRET_KEY", "set it to your restricted or secret key (sk_test_…)")?;
    let live = variable("PERENNIAL_ENV").as_deref() == Some("live");
    let timeout = Duration::from_millis(number(&declared::STRIPE_TIMEOUT_MS)?.into());
    let config = StripeConfig {
        timeout,
        api_base: variable("PERENNIAL_STRIPE_API_BASE")
            .unwrap_or_else(|| StripeConfig::API_BASE.to_owned()),
        live_keys: if live { LiveKeys::Allowed } else { LiveKeys::Refused },
        authorities: authorities()?,
        ..StripeConfig::new(SecretString::from(key))
    };
    // The provider checks the rest; what it says names the setting.
    match perennial_stripe::StripeProvider::new(&config) {
        Ok(_) => Ok(config),
        Err(error) => {
            Err(SettingError::Wrong { name: "the payment provider:", problem: error.to_string() })
        }
    }
}

/// The same as the database of `conn` uses it: under keys of its own.
///
/// # Errors
/// When the database does not answer.
pub async fn of_this_database(
    conn: &mut sqlx::PgConnection,
    provider: StripeConfig,
) -> sqlx::Result<StripeConfig> {
    let installation = Some(perennial_jobs::store::installation::tag(conn).await?);
    Ok(StripeConfig { installation, ..provider })
}

fn smtp() -> Result<SmtpServer, SettingError> {
    let url = required("PERENNIAL_SMTP_URL", "set it to smtps://user:password@host:465")?;
    let server = SmtpServer::parse(&url).map_err(|error| SettingError::Wrong {
        name: "PERENNIAL_SMTP_URL",
        problem: error.to_string(),
    })?;
    let server = server.trusting(&authorities()?).map_err(|error| SettingError::Wrong {
        name: "PERENNIAL_CA_FILE",
        problem: error.to_string(),
    })?;
    let Some(name) = variable("PERENNIAL_EHLO_NAME") else { return Ok(server) };
    let name = EhloName::parse(&name).ok_or_else(|| SettingError::Wrong {
        name: "PERENNIAL_EHLO_NAME",
        problem: format!("is no host name: `{name}`; write mail.acme.example or [192.0.2.1]"),
    })?;
    Ok(server.greeting_as(name))
}

/// Reads `Name <address>` or a bare address, of the setting `setting`.
fn mailbox<'a>(setting: &'static str, text: &'a str) -> Result<(&'a str, &'a str), SettingError> {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None => ("", text.trim()),
    };
    let wrong = |problem: String| SettingError::Wrong { name: setting, problem };
    Address::parse(address)
        .map_err(|error| wrong(format!("{error}: `{text}`; write Acme <billing@acme.example>")))?;
    if text.contains(char::is_control) {
        return Err(wrong("has control characters in it".to_owned()));
    }
    Ok((name, address))
}

fn digest_to(text: &str) -> Result<perennial_jobs::mail::Mailbox, SettingError> {
    let (name, address) = mailbox("PERENNIAL_DIGEST_TO", text)?;
    let name = perennial_jobs::mail::clean_display_name(name.trim_matches('"'));
    Ok(perennial_jobs::mail::Mailbox { name, address: address.to_owned() })
}

fn sender(text: &str) -> Result<perennial_jobs::mail::Sender, SettingError> {
    let (name, address) = mailbox("PERENNIAL_MAIL_FROM", text)?;
    let product_name = variable("PERENNIAL_PRODUCT_NAME").unwrap_or_else(|| match name {
        "" => address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_owned(),
        name => name.trim_matches('"').to_owned(),
    });
    let domain = address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    Ok(perennial_jobs::mail::Sender {
        address: address.to_owned(),
        product_name,
        billing_url: variable("PERENNIAL_BILLING_URL")
            .unwrap_or_else(|| format!("https://{domain}/billing")),
        support_address: match variable("PERENNIAL_SUPPORT_ADDRESS") {
            Some(text) => mailbox("PERENNIAL_SUPPORT_ADDRESS", &text)?.1.to_owned(),
            None => address.to_owned(),
        },
        public_url: variable("PERENNIAL_PUBLIC_URL").map(|url| public_url(&url)).transpose()?,
    })
}

fn http_listen() -> Result<Option<SocketAddr>, SettingError> {
    let Some(text) = variable("PERENNIAL_HTTP_LISTEN") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| SettingError::Wrong {
        name: "PERENNIAL_HTTP_LISTEN",
        problem: format!("is no address and port: `{text}`; write 127.0.0.1:8080"),
    })
}

/// The base of the links in letters, without a slash at its end. A link holds a secret, so it goes
/// over HTTPS unless it stays on the machine.
fn public_url(text: &str) -> Result<String, SettingError> {
    let wrong = |problem: &str| SettingError::Wrong {
        name: "PERENNIAL_PUBLIC_URL",
        problem: format!("{problem}: `{text}`; write https://billing.acme.example"),
    };
    let url = url::Url::parse(text).map_err(|_| wrong("is no URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(wrong("is not https")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("is more than scheme, host and path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A whole number, not below the setting's least.
fn number(setting: &Setting) -> Result<u32, SettingError> {
    let (name, least) = (setting.name, setting.least.unwrap_or_default());
    let wrong = |problem| SettingError::Wrong { name, problem };
    let given = variable(name).or_else(|| setting.default.map(str::to_owned)).unwrap_or_default();
    let number: u32 = given.parse().map_err(|_| wrong(format!("is no whole number: `{given}`")))?;
    if number < least {
        return Err(wrong(format!("is {number}; it is at least {least}")));
    }
    Ok(number)
}

fn timetables() -> Result<Vec<Timetable>, SettingError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        schedule: Vec<Periodic>,
    }
    let wrong = |problem: String| SettingError::Wrong { name: "PERENNIAL_SCHEDULES", problem };
    let text = match variable("PERENNIAL_SCHEDULES") {
        None if variable("PERENNIAL_DIGEST_TO").is_some() => {
            format!("{DEFAULT_SCHEDULES}\n{DIGEST_SCHEDULE}")
        }
        None => DEFAULT_SCHEDULES.to_owned(),
        Some(path) => crate::files::read_text(path.as_ref())
            .map_err(|error| wrong(format!("cannot be read: {path}: {error}")))?,
    };
    let file: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(file.schedule.into_iter().map(Timetable::try_from).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_schedules_can_be_read() {
        assert_eq!(timetables().unwrap().len(), 7);
    }

    #[test]
    fn the_digests_schedule_can_be_read_beside_them() {
        let all: toml::Table =
            toml::from_str(&format!("{DEFAULT_SCHEDULES}\n{DIGEST_SCHEDULE}")).unwrap();
        let last = all["schedule"].as_array().unwrap().last().unwrap().clone();
        assert!(Timetable::try_from(last.try_into::<Periodic>().unwrap()).is_ok());
    }

    #[test]
    fn links_go_over_https_unless_they_stay_on_the_machine() {
        for (given, kept) in [
            ("https://billing.acme.example/", "https://billing.acme.example"),
            ("https://acme.example/perennial", "https://acme.example/perennial"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(public_url(given).unwrap(), kept);
        }
        for wrong in [
            "http://billing.acme.example",
            "http://localhost.acme.example",
            "billing.acme.example",
            "ftp://acme.example",
            "mailto:billing@acme.example",
            "https://acme.example/?a=b",
            "https://acme.example/#a",
            "https://user:secret@acme.example",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sender_is_a_name_and_an_address_or_an_address_alone() {
        let named = sender("Acme <billing@acme.example>").unwrap();
        assert_eq!(
            (named.product_name.as_str(), named.address.as_str()),
            ("Acme", "billing@acme.example")
        );
        assert_eq!(sender("billing@acme.example").unwrap().product_name, "acme.example");
        for wrong in ["Acme", "a b@c", "@", "a\n@b", "Acme <a,b@acme.example>"] {
            assert!(sender(wrong).is_err(), "{wrong}");
        }
    }
}
