//! Words of the command line that have to be one of a few.

use chrono_tz::{TZ_VARIANTS, Tz};
use perennial_core::currency::Currency;
use perennial_core::decline;
use perennial_core::nearest::suggestion;
use perennial_core::network::Network;
use perennial_core::quote::quoted;

use super::exit::Error;

/// The code of a currency, in capitals.
pub(super) fn currency(text: &str) -> Result<String, Error> {
    let parsed = Currency::parse(text.trim());
    let code = parsed.as_ref().map(|currency| currency.code().to_owned());
    code.map_err(|error| {
        let known: Vec<_> = Currency::all().collect();
        let meant = suggestion(text, known.iter().map(Currency::code));
        Error::data(format!("currency: {error}{meant}"))
    })
}

/// A billing interval.
pub(super) fn interval(text: &str) -> Result<(), Error> {
    one_of("interval", text, &["day", "week", "month", "year"])
}

/// An IANA time zone.
pub(super) fn zone(text: &str) -> Result<(), Error> {
    parse_zone(text).map(drop).map_err(|problem| Error::data(format!("time_zone: {problem}")))
}

/// An IANA time zone, for an option.
pub(super) fn parse_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| {
        let meant = suggestion(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
        format!("`{}` is not an IANA zone such as Europe/Paris{meant}", quoted(text))
    })
}

/// A card network, for an option.
pub(super) fn parse_network(text: &str) -> Result<Network, String> {
    if Network::NAMES.contains(&text.to_ascii_lowercase().as_str()) {
        return Ok(Network::parse(text));
    }
    Err(none_of(text, Network::NAMES))
}

/// A decline code, or `succeeded`, for an option.
pub(super) fn parse_outcome(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text == "succeeded" || decline::is_known(text) {
        return Ok(text.to_owned());
    }
    let meant = suggestion(text, decline::codes().chain(["succeeded"]));
    Err(format!("`{}` is neither a decline code nor `succeeded`{meant}", quoted(text)))
}

fn one_of(field: &str, text: &str, known: &[&'static str]) -> Result<(), Error> {
    if known.contains(&text) {
        return Ok(());
    }
    Err(Error::data(format!("{field}: {}", none_of(text, known))))
}

fn none_of(text: &str, known: &[&'static str]) -> String {
    let meant = suggestion(text, known.iter().copied());
    format!("`{}` is none of {}{meant}", quoted(text), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_refused_with_the_nearest_right_one() {
        for (said, meant) in [
            (parse_outcome("insufficent_funds").unwrap_err(), "insufficient_funds"),
            (parse_outcome("suceeded").unwrap_err(), "succeeded"),
            (parse_network("mastercrd").unwrap_err(), "mastercard"),
            (parse_zone("Europe/Belin").unwrap_err(), "Europe/Berlin"),
        ] {
            assert!(said.ends_with(&format!("did you mean `{meant}`?")), "{said}");
        }
        assert_eq!(parse_network("JCB"), Ok(Network::Other));
        assert_eq!(parse_outcome(" lost_card "), Ok("lost_card".to_owned()));
    }
}
