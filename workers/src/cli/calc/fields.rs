//! The fields of one request: each is taken once, and none may be left over.

mod object;

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use chrono_tz::Tz;
use perennial_core::calendar::{Anchor, midnight_of};
use perennial_core::currency::Currency;
use serde_json::{Map, Value, json};

/// What is wrong with a line, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadField {
    field: String,
    message: String,
}

impl BadField {
    pub(super) fn new(field: &str, message: impl Display) -> BadField {
        BadField { field: field.chars().take(100).collect(), message: message.to_string() }
    }

    /// The same about a field of the object `parent`: `grants[0].id`.
    pub(super) fn within(self, parent: &str) -> BadField {
        BadField::new(&format!("{parent}.{}", self.field), self.message)
    }

    /// Wrong as a whole.
    pub(super) fn line(message: impl Display) -> BadField {
        BadField::new("line", message)
    }

    pub(super) fn to_json(&self) -> String {
        json!({"error": {"field": self.field, "message": self.message}}).to_string()
    }
}

/// A text in an error message: quoted and short.
pub(super) fn quoted(text: &str) -> String {
    let shortened: String = text.chars().take(60).collect();
    format!("{shortened:?}")
}

/// The fields not yet taken, in the order of the line.
#[derive(Debug)]
pub(super) struct Fields(Vec<(String, Value)>);

/// An instant or a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Instant(DateTime<Utc>),
    Date(NaiveDate),
}

impl Moment {
    /// The instant, or the first one of the day in `zone`.
    pub(super) fn instant(self, field: &str, zone: Tz) -> Result<DateTime<Utc>, BadField> {
        match self {
            Moment::Instant(instant) => Ok(instant),
            Moment::Date(date) => midnight_of(date, zone).ok_or_else(|| out_of_range(field)),
        }
    }

    /// The wall time it names as an anchor: an instant's in the zone, or a day's midnight.
    pub(super) fn anchor(self, zone: Tz) -> Anchor {
        match self {
            Moment::Instant(instant) => Anchor::at(instant, zone),
            Moment::Date(date) => Anchor::on(date, zone),
        }
    }
}

impl Fields {
    pub(super) fn parse(line: &str) -> Result<Fields, BadField> {
        object::entries(line).map(Fields)
    }

    /// The fields of an object within the line.
    pub(super) fn of(object: Map<String, Value>) -> Fields {
        Fields(object.into_iter().collect())
    }

    /// Refuses what no operation asked for.
    pub(super) fn all_taken(&self) -> Result<(), BadField> {
        match self.0.first() {
            Some((field, _)) => Err(BadField::new(field, "is not a field of this operation")),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, value)| name == field && !value.is_null())
    }

    pub(super) fn text(&mut self, field: &str) -> Result<String, BadField> {
        self.optional_text(field)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_text(&mut self, field: &str) -> Result<Option<String>, BadField> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(not_a(field, "a string", &other)),
        }
    }

    pub(super) fn integer(&mut self, field: &str) -> Result<i64, BadField> {
        self.optional_integer(field)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_integer(&mut self, field: &str) -> Result<Option<i64>, BadField> {
        let Some(value) = self.take(field) else { return Ok(None) };
        value.as_i64().map(Some).ok_or_else(|| not_a(field, "an integer", &value))
    }

    /// An integer from `min` to `max`.
    pub(super) fn integer_within(
        &mut self,
        field: &str,
        min: u32,
        max: u32,
    ) -> Result<u32, BadField> {
        self.optional_integer_within(field, min, max)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_integer_within(
        &mut self,
        field: &str,
        min: u32,
        max: u32,
    ) -> Result<Option<u32>, BadField> {
        let Some(given) = self.optional_integer(field)? else { return Ok(None) };
        let within = u32::try_from(given).ok().filter(|integer| (min..=max).contains(integer));
        let wrong = || BadField::new(field, format!("{given} is not within {min} to {max}"));
        within.map(Some).ok_or_else(wrong)
    }

    /// A list, each entry of which is an object that is read under its own name: `events[0].at`.
    pub(super) fn objects<T>(
        &mut self,
        field: &str,
        entries_max: usize,
        read: impl Fn(&mut Fields) -> Result<T, BadField>,
    ) -> Result<Vec<T>, BadField> {
        let list = match self.take(field) {
            Some(Value::Array(list)) if list.len() <= entries_max => list,
            Some(Value::Array(_)) => {
                return Err(BadField::new(field, format!("has more than {entries_max} entries")));
            }
            Some(other) => return Err(not_a(field, "a list", &other)),
            None => return Err(missing(field)),
        };
        let entry = |(position, value)| {
            let at = format!("{field}[{position}]");
            let Value::Object(entries) = value else {
                return Err(BadField::new(&at, "must be an object"));
            };
            let mut fields = Fields::of(entries);
            let entry = read(&mut fields).map_err(|wrong| wrong.within(&at))?;
            fields.all_taken().map_err(|wrong| wrong.within(&at))?;
            Ok(entry)
        };
        list.into_iter().enumerate().map(entry).collect()
    }

    pub(super) fn optional_flag(&mut self, field: &str) -> Result<Option<bool>, BadField> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(not_a(field, "true or false", &other)),
        }
    }

    /// An integer that is not negative.
    pub(super) fn amount(&mut self, field: &str) -> Result<i64, BadField> {
        self.optional_amount(field)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_amount(&mut self, field: &str) -> Result<Option<i64>, BadField> {
        match self.optional_integer(field)? {
            Some(given) if given < 0 => Err(BadField::new(field, "is negative")),
            given => Ok(given),
        }
    }

    /// A text that is parsed.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, field: &str) -> Result<T, BadField> {
        self.text(field)?.parse().map_err(|error| BadField::new(field, error))
    }

    pub(super) fn currency(&mut self, field: &str) -> Result<Currency, BadField> {
        self.parsed(field)
    }

    pub(super) fn zone(&mut self, field: &str) -> Result<Tz, BadField> {
        self.optional_zone(field)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_zone(&mut self, field: &str) -> Result<Option<Tz>, BadField> {
        let Some(name) = self.optional_text(field)? else { return Ok(None) };
        let unknown = |_| BadField::new(field, format!("{} is not an IANA zone", quoted(&name)));
        name.parse().map(Some).map_err(unknown)
    }

    pub(super) fn moment(&mut self, field: &str) -> Result<Moment, BadField> {
        self.optional_moment(field)?.ok_or_else(|| missing(field))
    }

    pub(super) fn optional_moment(&mut self, field: &str) -> Result<Option<Moment>, BadField> {
        self.optional_text(field)?.map(|text| moment(field, &text)).transpose()
    }

    /// Whatever is there, for an operation that reads it itself.
    pub(super) fn optional_value(&mut self, field: &str) -> Option<Value> {
        self.take(field)
    }

    /// The field's value; `null` is the same as no field.
    fn take(&mut self, field: &str) -> Option<Value> {
        let at = self.0.iter().position(|(name, _)| name == field)?;
        Some(self.0.remove(at).1).filter(|value| !value.is_null())
    }
}

pub(super) fn moment(field: &str, text: &str) -> Result<Moment, BadField> {
    let parsed = match text.len() {
        10 => text.parse().ok().map(Moment::Date),
        _ => DateTime::parse_from_rfc3339(text).ok().map(|at| Moment::Instant(at.to_utc())),
    };
    let year = |moment: &Moment| match moment {
        Moment::Instant(instant) => instant.year(),
        Moment::Date(date) => date.year(),
    };
    let leap_second = |moment: &Moment| match moment {
        Moment::Instant(instant) => instant.nanosecond() >= 1_000_000_000,
        Moment::Date(_) => false,
    };
    match parsed {
        None => Err(BadField::new(
            field,
            format!("{} is neither 2026-01-31T00:00:00Z nor 2026-01-31", quoted(text)),
        )),
        Some(moment) if leap_second(&moment) => {
            Err(BadField::new(field, "there are no leap seconds here"))
        }
        Some(moment) if (1..=9999).contains(&year(&moment)) => Ok(moment),
        Some(_) => Err(out_of_range(field)),
    }
}

/// An instant as every answer writes it.
pub(super) fn rfc3339(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn missing(field: &str) -> BadField {
    BadField::new(field, "is missing")
}

fn out_of_range(field: &str) -> BadField {
    BadField::new(field, "outside the years 1 to 9999")
}

fn not_a(field: &str, wanted: &str, given: &Value) -> BadField {
    let kind = match given {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() => "a number",
        Value::Number(_) => "a fraction or a number beyond 64 bits",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    BadField::new(field, format!("must be {wanted}, not {kind}"))
}
