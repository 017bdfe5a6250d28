//! Which server, and how it is spoken to: read from `smtp://…` or `smtps://…`.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use perennial_core::email::{Address, Step};
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::dialogue::{Halt, halted};

/// A server, how safely it is reached, and as whom.
#[derive(Clone)]
pub struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    /// Certificate authorities that are trusted beside the system's.
    authorities: Vec<Certificate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// In the clear.
    None,
    /// STARTTLS if it is offered.
    Opportunistic,
    /// STARTTLS or nothing.
    Required,
    /// TLS from the first byte.
    Wrapped,
}

/// Why a text does not name a server that mail may go through. Never quotes it: it may hold a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    /// It does not parse.
    #[error("is not of the form smtp://user:password@host:port?tls=required or smtps://…: {0}")]
    NotAUrl(String),
    /// The scheme is something else.
    #[error("begins with `{0}://`; it must be smtp:// or smtps://")]
    Scheme(String),
    /// There is no host.
    #[error("names no host")]
    NoHost,
    /// A query that we do not know.
    #[error("has the unknown option `{0}`; there is only tls=required, opportunistic or none")]
    Option(String),
    /// The way to the server is open to anybody.
    #[error(
        "would send mail in the clear to another machine; use smtps://, or add ?tls=required \
         (?tls=none says that the network is your own)"
    )]
    InTheClear,
    /// The password's way to the server is open to anybody.
    #[error("would send its password in the clear; use smtps:// or add ?tls=required")]
    PasswordInTheClear,
}

impl SmtpServer {
    /// Reads `smtps://user:password@host:port/our-name` (port 465) or
    /// `smtp://…?tls=required|opportunistic|none` (port 587, or 25 without TLS). Plain `smtp://`
    /// is for this machine alone; a password goes to another one only under TLS.
    pub fn parse(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let url = Url::parse(text).map_err(|error| InvalidSmtpUrl::NotAUrl(error.to_string()))?;
        let security = security(&url)?;
        let (host, here) = host(&url)?;
        let credentials = credentials(&url);
        if !here && security.is_open_to_others() {
            if credentials.is_some() {
                return Err(InvalidSmtpUrl::PasswordInTheClear);
            }
            if url.query().is_none() {
                return Err(InvalidSmtpUrl::InTheClear);
            }
        }
        let port = url.port().unwrap_or(security.default_port());
        let (hello, authorities) = (hello(&url), vec![]);
        Ok(Self { host, port, security, credentials, hello, authorities })
    }

    /// Trusts these authorities beside the system's.
    ///
    /// # Errors
    /// When one of them is no certificate.
    pub fn trusting(mut self, authorities: &[CertificateDer<'_>]) -> Result<Self, SmtpError> {
        let read = |der: &CertificateDer<'_>| Certificate::from_der(der.to_vec());
        self.authorities = authorities.iter().map(read).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The same, greeting with this name.
    #[must_use]
    pub fn greeting_as(self, name: EhloName) -> Self {
        Self { hello: name.0, ..self }
    }

    /// A connection on which mail can be sent.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, Halt> {
        let mut connection = match self.security {
            Security::Wrapped => self.connect_wrapped().await?,
            _ => self.connect_plain().await?,
        };
        let upgrades = match self.security {
            Security::Required => true,
            Security::Opportunistic => connection.can_starttls(),
            Security::None | Security::Wrapped => false,
        };
        if upgrades {
            let upgrade = connection.starttls(self.tls()?, &self.hello).await;
            upgrade.map_err(|error| halted(Step::Greeting, "STARTTLS", &error))?;
        }
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            login.map_err(|error| halted(Step::Login, "AUTH", &error))?;
        }
        Ok(connection)
    }

    async fn connect_plain(&self) -> Result<AsyncSmtpConnection, Halt> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| Halt::broken(format!("connection: {error}")))?;
        stream.set_nodelay(true).map_err(|error| Halt::broken(format!("connection: {error}")))?;
        let connection =
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await;
        connection.map_err(|error| halted(Step::Greeting, "greeting", &error))
    }

    async fn connect_wrapped(&self) -> Result<AsyncSmtpConnection, Halt> {
        let address = (self.host.as_str(), self.port);
        // The whole opening has its own deadline; this one is for a single address.
        let each = Some(Duration::from_secs(10));
        let tls = Some(self.tls()?);
        let connection =
            AsyncSmtpConnection::connect_tokio1(address, each, &self.hello, tls, None).await;
        connection.map_err(|error| halted(Step::Greeting, "greeting", &error))
    }

    fn tls(&self) -> Result<TlsParameters, Halt> {
        let parameters = self.authorities.iter().cloned().fold(
            TlsParameters::builder(self.host.clone()),
            TlsParametersBuilder::add_root_certificate,
        );
        parameters.build().map_err(|error| halted(Step::Greeting, "TLS", &error))
    }
}

/// The name we greet mail servers with: a host name, or an address in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EhloName(ClientId);

impl EhloName {
    /// Reads `mail.acme.example`, `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let id = match literal {
            Some(address) => match address.strip_prefix("IPv6:") {
                Some(v6) => ClientId::Ipv6(v6.parse().ok()?),
                None => ClientId::Ipv4(address.parse().ok()?),
            },
            None => {
                let host = Address::parse(&format!("x@{text}")).ok()?;
                ClientId::Domain(host.domain().to_owned())
            }
        };
        Some(Self(id))
    }
}

/// Without the credentials.
impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({}:{}, {:?})", self.host, self.port, self.security)
    }
}

impl Security {
    fn is_open_to_others(self) -> bool {
        matches!(self, Self::None | Self::Opportunistic)
    }

    fn default_port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::Opportunistic | Self::Required => 587,
            Self::Wrapped => 465,
        }
    }
}

/// The host, and whether it is this machine.
fn host(url: &Url) -> Result<(String, bool), InvalidSmtpUrl> {
    // For a scheme it does not know, the parser takes even a dotted quad for a name.
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        _ => return Err(InvalidSmtpUrl::NoHost),
    };
    let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    Ok((host, here))
}

fn security(url: &Url) -> Result<Security, InvalidSmtpUrl> {
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("tls", "required") => tls = Some(Security::Required),
            ("tls", "opportunistic") => tls = Some(Security::Opportunistic),
            ("tls", "none") => tls = Some(Security::None),
            _ => return Err(InvalidSmtpUrl::Option(name.into_owned())),
        }
    }
    match url.scheme() {
        "smtps" => Ok(Security::Wrapped),
        "smtp" => Ok(tls.unwrap_or(Security::None)),
        other => Err(InvalidSmtpUrl::Scheme(other.to_owned())),
    }
}

fn credentials(url: &Url) -> Option<Credentials> {
    let name = decoded(url.username());
    let password = url.password().map(decoded).unwrap_or_default();
    (!name.is_empty()).then(|| Credentials::new(name, password))
}

/// The name we greet with, if the URL's path gives one.
fn hello(url: &Url) -> ClientId {
    match url.path().trim_matches('/') {
        "" => ClientId::default(),
        name => ClientId::Domain(name.to_owned()),
    }
}

/// Undoes percent-encoding. A form's parser can do it, if a plus sign is kept from being a space.
fn decoded(text: &str) -> String {
    let form = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(form.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_from_its_url() {
        let cases = [
            ("smtp://127.0.0.1:2525", "SmtpServer(127.0.0.1:2525, None)"),
            ("smtp://localhost", "SmtpServer(localhost:25, None)"),
            ("smtp://[::1]:2525", "SmtpServer(::1:2525, None)"),
            ("smtps://u:p@mail.example/us.example", "SmtpServer(mail.example:465, Wrapped)"),
            ("smtp://u:p@mail.example?tls=required", "SmtpServer(mail.example:587, Required)"),
            (
                "smtp://mail.example?tls=opportunistic",
                "SmtpServer(mail.example:587, Opportunistic)",
            ),
            ("smtp://mail.example:26?tls=none", "SmtpServer(mail.example:26, None)"),
        ];
        for (url, expected) in cases {
            assert_eq!(format!("{:?}", SmtpServer::parse(url).unwrap()), expected);
        }
        let server = SmtpServer::parse("smtps://a%40b:p%2B+%3D%26:@mail.example").unwrap();
        let expected = Credentials::new("a@b".to_owned(), "p++=&:".to_owned());
        assert!(server.credentials == Some(expected));
    }

    #[test]
    fn a_name_to_greet_with_is_a_host_or_an_address_in_brackets() {
        let name = |text| EhloName::parse(text).map(|name| name.0.to_string());
        assert_eq!(name("mail.acme.example").as_deref(), Some("mail.acme.example"));
        assert_eq!(name("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(name("[192.0.2.1]").as_deref(), Some("[192.0.2.1]"));
        assert_eq!(name("[IPv6:2001:db8::1]").as_deref(), Some("[IPv6:2001:db8::1]"));
        for wrong in ["", "a b", "[acme.example]", "x@y", "mail_1.acme.example", "a\r\nb"] {
            assert_eq!(name(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_unsafe_or_unknown_url_is_refused_without_quoting_its_password() {
        let cases = [
            ("mail.example:25", "begins with `mail.example://`"),
            ("", "is not of the form"),
            ("https://mail.example", "begins with `https://`"),
            ("smtp://", "names no host"),
            ("smtp://mail.example", "mail in the clear"),
            ("smtp://u:secret@mail.example", "password in the clear"),
            ("smtp://u:secret@mail.example?tls=none", "password in the clear"),
            ("smtp://u:secret@mail.example?tls=opportunistic", "password in the clear"),
            ("smtp://mail.example?tls=maybe", "unknown option `tls`"),
            ("smtp://mail.example?tsl=required", "unknown option `tsl`"),
        ];
        for (url, expected) in cases {
            let told = SmtpServer::parse(url).unwrap_err().to_string();
            assert!(told.contains(expected) && !told.contains("secret"), "{url}: {told}");
        }
    }
}
