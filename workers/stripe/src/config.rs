//! Where Stripe is and who we are there, checked before the first request.
//!
//! Must never print the key: errors say which setting is wrong and how, not what it holds.

use std::net::IpAddr;
use std::time::Duration;

use hyper::Uri;
use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret, SecretString};

/// The setting that holds the secret key.
const KEY: &str = "STRIPE_SECRET_KEY";
/// The setting that holds the address.
const BASE: &str = "PERENNIAL_STRIPE_API_BASE";

/// Whether a key that moves real money may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LiveKeys {
    /// Test keys only.
    #[default]
    Refused,
    /// The operator has said that this is production.
    Allowed,
}

/// What it takes to talk to Stripe, or to a sandbox that speaks like it.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// The address before `/v1`, with or without a trailing slash; it may have a path.
    pub api_base: String,
    /// The secret or restricted key.
    pub secret_key: SecretString,
    /// The deadline of one operation: waiting for the throttle, dialling, and the whole answer.
    pub timeout: Duration,
    /// Whether a live key is accepted.
    pub live_keys: LiveKeys,
    /// Certificate authorities that are trusted beside the system's.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The tag of the database that is worked for, which tells its keys from those of others.
    pub installation: Option<String>,
}

impl StripeConfig {
    /// Stripe itself.
    pub const API_BASE: &str = "https://api.stripe.com";
    /// The deadline unless another is set.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// Stripe itself, test keys only, 30 seconds.
    #[must_use]
    pub fn new(secret_key: SecretString) -> Self {
        Self {
            api_base: Self::API_BASE.to_owned(),
            secret_key,
            timeout: Self::TIMEOUT,
            live_keys: LiveKeys::Refused,
            authorities: vec![],
            installation: None,
        }
    }

    /// The address without its trailing slash.
    pub(crate) fn base(&self) -> Result<Base, ConfigError> {
        self.check_key()?;
        self.check_timeout()?;
        let base = Base::parse(&self.api_base)?;
        let problem = match base.scheme {
            Scheme::Https => None,
            Scheme::Http if self.is_live() => {
                Some("is plain http, and a live key must not travel in the open; use https")
            }
            Scheme::Http if base.is_public => Some(
                "is plain http to a public host, and a key must not travel in the open; use https",
            ),
            Scheme::Http => None,
        };
        if let Some(problem) = problem {
            return Err(ConfigError::ApiBase { problem });
        }
        Ok(base)
    }

    fn check_key(&self) -> Result<(), ConfigError> {
        let key = self.secret_key.expose_secret();
        if key.is_empty() {
            return Err(ConfigError::SecretKey { problem: "is empty" });
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConfigError::SecretKey {
                problem: "contains a space, a line break or a character that is not ASCII",
            });
        }
        if !(key.starts_with("sk_") || key.starts_with("rk_")) {
            return Err(ConfigError::SecretKey {
                problem: "begins neither with sk_ nor with rk_; a publishable key (pk_) cannot charge",
            });
        }
        match self.live_keys {
            LiveKeys::Refused if self.is_live() => Err(ConfigError::LiveKey),
            _ => Ok(()),
        }
    }

    fn check_timeout(&self) -> Result<(), ConfigError> {
        if self.timeout.is_zero() { Err(ConfigError::Timeout) } else { Ok(()) }
    }

    fn is_live(&self) -> bool {
        let key = self.secret_key.expose_secret();
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }
}

/// Why a provider was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The key cannot be a secret key.
    #[error("{KEY} {problem}; expected sk_test_… or rk_test_… from the provider's dashboard")]
    SecretKey {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The key moves real money, and nobody said that it may.
    #[error(
        "{KEY} is a live key and moves real money; set PERENNIAL_ENV=live to allow that, or use a test key (sk_test_…, rk_test_…)"
    )]
    LiveKey,
    /// The address is not one.
    #[error(
        "{BASE} {problem}; expected something like https://api.stripe.com or http://127.0.0.1:12111"
    )]
    ApiBase {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No call could end in time.
    #[error("the timeout of calls to the payment provider is zero; expected at least a second")]
    Timeout,
    /// Nobody is trusted.
    #[error(
        "this machine has no certificate authorities, so that the payment provider cannot be \
         trusted: install the package ca-certificates, or set PERENNIAL_CA_FILE"
    )]
    NoAuthorities,
    /// TLS could not be set up.
    #[error("TLS was not set up")]
    Tls(#[source] rustls::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// An address that requests can be appended to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    /// Scheme, authority and path, without a trailing slash.
    pub(crate) prefix: String,
    /// Whether the way there leads out of this machine and its own network.
    is_public: bool,
}

impl Base {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::ApiBase { problem };
        let prefix = text.trim_end_matches('/');
        let uri: Uri = prefix.parse().map_err(|_| wrong("is not a URL"))?;
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            _ => return Err(wrong("begins neither with https:// nor with http://")),
        };
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(wrong("contains a user name or a password; the key has its own setting"));
        }
        if uri.query().is_some() || prefix.contains('#') {
            return Err(wrong("contains a query or a fragment"));
        }
        if uri.path().ends_with("/v1") {
            return Err(wrong("ends in /v1, which is added to it; leave that out"));
        }
        let is_public = uri.host().is_none_or(is_public);
        Ok(Self { scheme, prefix: prefix.to_owned(), is_public })
    }
}

/// Names of one label and those under a private suffix are a network's own, as the names of
/// services in Docker and Kubernetes are.
fn is_public(host: &str) -> bool {
    const PRIVATE: [&str; 5] = [".localhost", ".local", ".internal", ".svc", ".test"];
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match host.parse() {
        Ok(IpAddr::V4(ip)) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        Ok(IpAddr::V6(ip)) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
        Err(_) => host.contains('.') && !PRIVATE.iter().any(|suffix| host.ends_with(suffix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "sk_live_canary_9f3a";

    fn config(key: &str, base: &str) -> StripeConfig {
        StripeConfig { api_base: base.to_owned(), ..StripeConfig::new(key.into()) }
    }

    #[test]
    fn an_address_works_with_and_without_trailing_slash_and_with_a_path() {
        let bases = [
            "http://127.0.0.1:9",
            "http://127.0.0.1:9/",
            "https://proxy.example/stripe",
            "https://proxy.example/stripe/",
        ];
        let prefixes = bases.map(|base| config("sk_test_x", base).base().unwrap().prefix);
        assert_eq!(
            prefixes,
            [
                "http://127.0.0.1:9",
                "http://127.0.0.1:9",
                "https://proxy.example/stripe",
                "https://proxy.example/stripe"
            ]
        );
    }

    #[test]
    fn an_address_that_cannot_be_one_is_refused_by_name() {
        for base in [
            "",
            "api.stripe.com",
            "ftp://x",
            "https://u:p@x",
            "https://x/?a=b",
            "https://api.stripe.com/v1/",
            "http://x#y",
        ] {
            let refused = config("sk_test_x", base).base().unwrap_err().to_string();
            assert!(refused.starts_with("PERENNIAL_STRIPE_API_BASE "), "{base}: {refused}");
        }
    }

    #[test]
    fn a_live_key_is_refused_unless_the_operator_allows_it() {
        for key in [CANARY, "rk_live_x"] {
            assert_eq!(config(key, StripeConfig::API_BASE).base(), Err(ConfigError::LiveKey));
            let allowed = StripeConfig {
                live_keys: LiveKeys::Allowed,
                ..config(key, StripeConfig::API_BASE)
            };
            assert!(allowed.base().is_ok());
        }
        assert!(ConfigError::LiveKey.to_string().contains("PERENNIAL_ENV=live"));
    }

    #[test]
    fn a_live_key_does_not_travel_over_plain_http() {
        let open = StripeConfig {
            live_keys: LiveKeys::Allowed,
            ..config(CANARY, "http://stripe.example")
        };
        assert!(matches!(open.base(), Err(ConfigError::ApiBase { .. })));
    }

    #[test]
    fn no_key_travels_over_plain_http_to_a_public_host() {
        for base in
            ["http://stripe.example.com", "http://203.0.113.7:12111", "http://[2001:db8::1]"]
        {
            let refused = config("sk_test_x", base).base();
            assert!(matches!(refused, Err(ConfigError::ApiBase { .. })), "{base}: {refused:?}");
        }
        for base in [
            "http://localhost:12111",
            "http://127.0.0.1:12111",
            "http://[::1]:12111",
            "http://10.0.0.7",
            "http://192.168.1.2",
            "http://sandbox:12111",
            "http://sandbox.billing.svc",
            "http://stripe.internal",
        ] {
            assert!(config("sk_test_x", base).base().is_ok(), "{base}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_a_secret_key_is_refused_by_name() {
        for key in ["", "pk_test_x", "sk_test_x\n", "whsec_x", "sk_test x"] {
            let refused = config(key, StripeConfig::API_BASE).base().unwrap_err().to_string();
            assert!(refused.starts_with("STRIPE_SECRET_KEY "), "{refused}");
        }
    }

    #[test]
    fn no_error_and_no_debug_text_shows_the_key() {
        let config = config(CANARY, StripeConfig::API_BASE);
        let texts = [
            format!("{config:?}"),
            format!("{:?}", config.base()),
            ConfigError::LiveKey.to_string(),
        ];
        assert!(texts.iter().all(|text| !text.contains("canary")), "{texts:?}");
    }
}
