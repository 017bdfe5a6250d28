//! How facts are written in a letter: the filters its templates use.
//!
//! An email is in one language: its words are English, and so are its dates and amounts, written
//! as English is written where the recipient lives. Instants are in the recipient's zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, State};
use perennial_core::calendar::Interval;
use perennial_core::locale::Locale;
use perennial_core::money::Money;

use super::facts::{AccessEnd, Method, Reason, Restriction};

type Instant = Serde<DateTime<Utc>>;

/// Makes the filters known to the templates.
pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("money", money);
    environment.add_filter("number", number);
    environment.add_filter("percent", percent);
    environment.add_filter("bar", bar);
    environment.add_filter("per", |interval: Serde<Interval>| per(*interval));
    environment.add_filter("date", date);
    environment.add_filter("moment", moment);
    environment.add_filter("method", |method: Serde<Method>| method.words());
    environment.add_filter("noun", noun);
    environment.add_filter("sentence", |reason: Serde<Reason>| reason.sentence());
    environment.add_filter("outcome", |end: Serde<AccessEnd>| end.words());
    environment.add_filter("kept", kept);
    environment.add_filter("invoices", invoices);
    environment.add_filter("link", link);
}

/// `€49.00`
fn money(state: &State<'_, '_>, Serde(amount): Serde<Money>) -> Result<String, Error> {
    Ok(locale(state)?.money(amount))
}

/// `10,000`
fn number(state: &State<'_, '_>, number: i64) -> Result<String, Error> {
    Ok(locale(state)?.number(number))
}

/// How much of a limit is used, rounded down, so that 100 means all of it. A limit of nothing is
/// always used up.
fn percent(used: i64, limit: i64) -> i64 {
    let exact = i128::from(used.max(0)) * 100 / i128::from(limit.max(1));
    if limit > 0 { i64::try_from(exact).unwrap_or(i64::MAX) } else { 100 }
}

/// `[########--]`
fn bar(percent: i64) -> String {
    let tenths = usize::try_from(percent.clamp(0, 100) / 10).unwrap_or(0);
    format!("[{}{}]", "#".repeat(tenths), "-".repeat(10 - tenths))
}

/// `per month`, `every 3 months`
fn per(interval: Interval) -> String {
    let how = if interval.count() == 1 { "per" } else { "every" };
    format!("{how} {interval}")
}

/// `2 March 2026`
fn date(state: &State<'_, '_>, Serde(instant): Instant) -> Result<String, Error> {
    Ok(locale(state)?.date(instant, zone(state)?))
}

/// `2 March 2026 at 09:00 CET`
fn moment(state: &State<'_, '_>, Serde(instant): Instant) -> Result<String, Error> {
    let (locale, zone) = (locale(state)?, zone(state)?);
    let time = instant.with_timezone(&zone);
    let clock = if tells_noon(locale) { "%-I:%M\u{a0}%p" } else { "%H:%M" };
    let abbreviation = time.format("%Z").to_string();
    // Zones without a name of their own come as `-03`.
    let gmt = if abbreviation.starts_with(['+', '-']) { "GMT" } else { "" };
    Ok(format!("{} at {} {gmt}{abbreviation}", locale.date(instant, zone), time.format(clock)))
}

/// Whether the locale divides the day at noon (9:00 PM) rather than counting to 24.
fn tells_noon(locale: &Locale) -> bool {
    locale.language() == "en" && !matches!(locale.tag(), "en-GB" | "en-IE")
}

/// `full access until 2 March 2026 at 09:00 CET`, or what is left of it.
fn kept(
    state: &State<'_, '_>,
    Serde(restriction): Serde<Restriction>,
    until: Instant,
) -> Result<String, Error> {
    let until = moment(state, until)?;
    Ok(match restriction {
        Restriction::None => format!("full access until {until}"),
        Restriction::Already => format!("restricted access until {until}"),
        Restriction::From { at } => {
            let from = moment(state, Serde(at))?;
            format!("full access until {from}, and restricted access from then until {until}")
        }
    })
}

/// `card`; what is not on file is a `payment method`.
fn noun(Serde(method): Serde<Option<Method>>) -> &'static str {
    method.map_or("payment method", |method| method.noun())
}

/// What a list of invoice numbers is called.
fn invoices(numbers: Vec<Value>) -> &'static str {
    if numbers.len() == 1 { "Invoice" } else { "Invoices" }
}

/// An address to go to, readable in the source: only quotes and angle brackets are escaped.
/// Nothing but our own pages is linked.
fn link(value: &str) -> Result<Value, Error> {
    if !value.starts_with("https://") && !value.starts_with("http://") {
        let told = "a letter links only to web pages";
        return Err(Error::new(ErrorKind::InvalidOperation, told));
    }
    let escaped = value
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    Ok(Value::from_safe_string(escaped))
}

fn locale(state: &State<'_, '_>) -> Result<&'static Locale, Error> {
    Ok(Locale::english(setting(state, "locale")?.as_str().unwrap_or_default()))
}

fn zone(state: &State<'_, '_>) -> Result<Tz, Error> {
    let zone = setting(state, "zone")?;
    let unknown = |_| Error::new(ErrorKind::InvalidOperation, "the zone is not an IANA zone");
    zone.as_str().unwrap_or_default().parse().map_err(unknown)
}

fn setting(state: &State<'_, '_>, name: &'static str) -> Result<Value, Error> {
    state.lookup(name).ok_or_else(|| Error::new(ErrorKind::UndefinedError, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(template: &str, locale: &str, zone: &str) -> String {
        let mut environment = Environment::new();
        add_to(&mut environment);
        let at = "2026-03-02T20:05:00Z";
        environment.render_str(template, minijinja::context! { at, locale, zone }).unwrap()
    }

    #[test]
    fn an_instant_is_told_in_the_readers_zone_and_clock() {
        let cases = [
            ("en-US", "America/New_York", "March 2, 2026 at 3:05\u{a0}PM EST"),
            ("en-GB", "Europe/London", "2 March 2026 at 20:05 GMT"),
            ("en-GB", "Asia/Tokyo", "3 March 2026 at 05:05 JST"),
            ("en-GB", "America/Sao_Paulo", "2 March 2026 at 17:05 GMT-03"),
            ("en-GB", "UTC", "2 March 2026 at 20:05 UTC"),
        ];
        for (locale, zone, expected) in cases {
            assert_eq!(written("{{ at | moment }}", locale, zone), expected);
        }
    }

    #[test]
    fn a_bar_is_full_only_when_all_is_used() {
        let drawn = |used, limit| format!("{} {}", bar(percent(used, limit)), percent(used, limit));
        assert_eq!(drawn(8, 10), "[########--] 80");
        assert_eq!(drawn(9_999, 10_000), "[#########-] 99");
        assert_eq!(drawn(10, 10), "[##########] 100");
        assert_eq!(drawn(25, 10), "[##########] 250");
        assert_eq!(drawn(0, 10), "[----------] 0");
        assert_eq!(drawn(0, 0), "[##########] 100");
        assert_eq!(percent(i64::MAX, 1), i64::MAX);
    }

    #[test]
    fn a_price_is_per_month_or_every_few() {
        assert_eq!(per(Interval::YEAR), "per year");
        let quarter = Interval::new(perennial_core::calendar::Unit::Month, 3).unwrap();
        assert_eq!(per(quarter), "every 3 months");
    }

    #[test]
    fn a_link_leads_to_a_web_page_and_stays_inside_its_attribute() {
        assert_eq!(
            link("https://x.example/a?b=1&c=\"").unwrap().as_str(),
            Some("https://x.example/a?b=1&amp;c=&quot;")
        );
        assert!(link("javascript:alert(1)").is_err());
    }
}
