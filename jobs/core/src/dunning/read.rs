//! Reads a policy so that whatever is wrong is named by its path.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{DunningPolicy, InvalidPolicy, Notices, Rung};

impl DunningPolicy {
    /// Reads a policy from TOML and checks it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn from_toml(text: &str) -> Result<Self, InvalidPolicy> {
        let table: toml::Table =
            toml::from_str(text).map_err(|error| invalid("toml", error.to_string().trim()))?;
        let value = serde_json::to_value(table).map_err(|error| invalid("toml", error))?;
        Self::from_json(value)
    }

    /// Reads a policy from JSON and checks it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn from_json(value: Value) -> Result<Self, InvalidPolicy> {
        let mut table = Table::of(value, "")?;
        let policy = Self {
            name: table.required("name")?,
            rungs: table.list("rungs", rung)?,
            access_ends_after: table.required("access_ends_after")?,
            restrict_after: table.optional("restrict_after")?,
            end: table.optional("end")?.unwrap_or_default(),
            trial_without_method: table.optional("trial_without_method")?.unwrap_or_default(),
            on_cancel: table.optional("on_cancel")?.unwrap_or_default(),
            notices: table.optional_table("notices", notices)?.unwrap_or_default(),
        };
        table.all_taken()?;
        policy.check()?;
        Ok(policy)
    }
}

fn rung(table: &mut Table) -> Result<Rung, InvalidPolicy> {
    let at_hour = |invalid: InvalidPolicy| InvalidPolicy {
        problem: "must be an hour from 0 to 23".to_owned(),
        ..invalid
    };
    Ok(Rung {
        after: table.optional("after")?,
        before_access_ends: table.optional("before_access_ends")?,
        at_hour: table.optional("at_hour").map_err(at_hour)?,
        email: table.optional("email")?.unwrap_or_default(),
    })
}

fn notices(table: &mut Table) -> Result<Notices, InvalidPolicy> {
    let usual = Notices::default();
    Ok(Notices {
        renewal_before: table.optional("renewal_before")?.unwrap_or(usual.renewal_before),
        renewal_of_intervals_from: table
            .optional("renewal_of_intervals_from")?
            .unwrap_or(usual.renewal_of_intervals_from),
        card_expiring_before: table
            .optional("card_expiring_before")?
            .unwrap_or(usual.card_expiring_before),
        trial_ending_before: table
            .optional("trial_ending_before")?
            .unwrap_or(usual.trial_ending_before),
        grace_ending_before: table
            .optional("grace_ending_before")?
            .unwrap_or(usual.grace_ending_before),
    })
}

/// A table whose keys are taken one by one, none of which may be left over.
struct Table {
    path: String,
    known: Vec<&'static str>,
    entries: Map<String, Value>,
}

impl Table {
    fn of(value: Value, path: &str) -> Result<Self, InvalidPolicy> {
        match value {
            Value::Object(entries) => {
                Ok(Self { path: path.to_owned(), known: Vec::new(), entries })
            }
            _ if path.is_empty() => Err(invalid("policy", "must be a table of fields")),
            _ => Err(invalid(path, "must be a table of fields")),
        }
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.entries.remove(key).filter(|value| !value.is_null())
    }

    fn optional<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
    ) -> Result<Option<T>, InvalidPolicy> {
        let Some(value) = self.take(key) else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|error| invalid(&self.path_to(key), error))
    }

    fn required<T: DeserializeOwned>(&mut self, key: &'static str) -> Result<T, InvalidPolicy> {
        self.optional(key)?.ok_or_else(|| invalid(&self.path_to(key), "is missing"))
    }

    fn optional_table<T>(
        &mut self,
        key: &'static str,
        read: fn(&mut Table) -> Result<T, InvalidPolicy>,
    ) -> Result<Option<T>, InvalidPolicy> {
        let Some(value) = self.take(key) else { return Ok(None) };
        read_table(value, &self.path_to(key), read).map(Some)
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        read: fn(&mut Table) -> Result<T, InvalidPolicy>,
    ) -> Result<Vec<T>, InvalidPolicy> {
        let path = self.path_to(key);
        match self.take(key) {
            None => Err(invalid(&path, "is missing: an empty list means no retries")),
            Some(Value::Array(values)) => values
                .into_iter()
                .enumerate()
                .map(|(index, value)| read_table(value, &format!("{path}[{index}]"), read))
                .collect(),
            Some(_) => Err(invalid(&path, "must be a list of rungs")),
        }
    }

    fn all_taken(&self) -> Result<(), InvalidPolicy> {
        match self.entries.keys().next() {
            None => Ok(()),
            Some(key) => {
                let problem = format!("is not known here: {}", self.known.join(", "));
                Err(invalid(&self.path_to(key), problem))
            }
        }
    }
}

fn read_table<T>(
    value: Value,
    path: &str,
    read: fn(&mut Table) -> Result<T, InvalidPolicy>,
) -> Result<T, InvalidPolicy> {
    let mut table = Table::of(value, path)?;
    let read = read(&mut table)?;
    table.all_taken()?;
    Ok(read)
}

fn invalid(field: &str, problem: impl ToString) -> InvalidPolicy {
    InvalidPolicy { field: field.to_owned(), problem: problem.to_string() }
}
