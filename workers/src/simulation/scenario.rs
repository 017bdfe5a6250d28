//! What is to happen: read from TOML, checked before anything starts.

use chrono::{DateTime, Utc};
use perennial_core::dunning::Span;
use perennial_sandbox::Fault;
use serde::Deserialize;

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Ids and offsets follow from it: the same seed gives the same diaries.
    pub seed: u64,
    /// When business time begins.
    pub start: DateTime<Utc>,
    /// How many months of 31 days are lived through.
    pub months: u32,
    /// Business time moves in multiples of this.
    #[serde(default = "one_day")]
    pub step: Span,
    /// Worker processes at the same time.
    #[serde(default = "one")]
    pub workers: u32,
    /// Days on which a worker is killed while a charge is under way.
    #[serde(default)]
    pub kill_worker_on_days: Vec<u32>,
    /// Days on which the queue is truncated.
    #[serde(default)]
    pub truncate_queue_on_days: Vec<u32>,
    /// What goes wrong at the provider.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Disturbance>,
    /// The customers.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
}

/// A fault of the provider that lasts for some days.
#[derive(Debug, Clone, Deserialize)]
pub struct Disturbance {
    /// The first day.
    pub from_day: u32,
    /// The first day without it.
    pub to_day: u32,
    /// Which requests suffer what: `action`, `method`, `path`, `probability` … as the sandbox's
    /// control plane has them.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Customers that are alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they are called.
    pub name: String,
    /// How many.
    pub count: u32,
    /// The plan's code.
    pub plan: String,
    /// Billed every day, week, month or year.
    #[serde(default = "month")]
    pub interval: String,
    /// Seats, for plans sold by the seat.
    #[serde(default = "one")]
    pub seats: u32,
    /// The price per interval in minor units, for plans without a list price.
    pub negotiated_amount_minor: Option<i64>,
    /// The payment method at the provider; none: nothing to charge. The sandbox's own methods say
    /// how they behave: `pm_sbx_visa__ok3__insufficient_funds2__ok`.
    pub method: Option<String>,
    /// A second method, tried after the first.
    pub backup: Option<String>,
    /// Days of trial.
    #[serde(default)]
    pub trial_days: u32,
    /// The boundary that periods are counted from: a date such as 2026-01-31. Default: the start.
    pub anchor: Option<String>,
    /// Where they live; taken in turn.
    #[serde(default = "utc")]
    pub zones: Vec<String>,
    /// What they read; taken in turn.
    #[serde(default = "english")]
    pub locales: Vec<String>,
    /// They subscribe one after the other over so many days.
    #[serde(default = "four_weeks")]
    pub spread_days: u32,
    /// What they do later.
    #[serde(default, rename = "deed")]
    pub deeds: Vec<Deed>,
    /// What they use, day by day.
    #[serde(default, rename = "use")]
    pub uses: Vec<Use>,
    /// What they spend from wallets.
    #[serde(default, rename = "spend")]
    pub spends: Vec<Spend>,
}

/// Usage of a metric that comes again and again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The metric's code.
    pub metric: String,
    /// Units each time.
    pub quantity: u32,
    /// On each day of the story that is a multiple of this.
    #[serde(default = "one")]
    pub every_days: u32,
}

/// Tokens that are spent again and again, as long as there are any.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    /// The unit's code.
    pub unit: String,
    /// Tokens each time.
    pub amount: u32,
    /// On each day of the story that is a multiple of this.
    #[serde(default = "one")]
    pub every_days: u32,
}

/// Something customers of a group do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// So many days after subscribing.
    pub day: u32,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// For `attach`: the new method.
    pub method: Option<String>,
    /// For `buy`: the package's code.
    pub package: Option<String>,
}

/// What a customer can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Attach another payment method.
    Attach,
    /// Cancel with the period.
    Cancel,
    /// Cancel now, with a credit for unused time.
    CancelNow,
    /// Take a cancellation back.
    Undo,
    /// Buy a package of tokens.
    Buy,
}

/// What is wrong with a scenario.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidScenario {
    /// Where.
    pub field: String,
    /// What.
    pub problem: String,
}

fn one_day() -> Span {
    Span::days(1)
}

fn one() -> u32 {
    1
}

fn month() -> String {
    "month".to_owned()
}

fn utc() -> Vec<String> {
    vec!["UTC".to_owned()]
}

fn english() -> Vec<String> {
    vec!["en-US".to_owned()]
}

fn four_weeks() -> u32 {
    28
}

/// More customers than this are a load test, not a story.
const CUSTOMERS_MAX: u64 = 20_000;

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn from_toml(text: &str) -> Result<Self, InvalidScenario> {
        let scenario: Self = toml::from_str(text).map_err(|error| InvalidScenario {
            field: "scenario".to_owned(),
            problem: error.to_string().trim().to_owned(),
        })?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), InvalidScenario> {
        let wrong = |field: String, problem: String| Err(InvalidScenario { field, problem });
        if !(1..=60).contains(&self.months) {
            return wrong("months".to_owned(), format!("is {}, must be 1 to 60", self.months));
        }
        if !(1..=8).contains(&self.workers) {
            return wrong("workers".to_owned(), format!("is {}, must be 1 to 8", self.workers));
        }
        if self.step.delta() <= chrono::TimeDelta::zero() {
            return wrong("step".to_owned(), "must be above zero".to_owned());
        }
        for (number, fault) in self.faults.iter().enumerate() {
            if fault.from_day >= fault.to_day {
                return wrong(
                    format!("fault[{number}].to_day"),
                    format!("must be after from_day ({})", fault.from_day),
                );
            }
        }
        let customers: u64 = self.groups.iter().map(|group| u64::from(group.count)).sum();
        if customers == 0 || customers > CUSTOMERS_MAX {
            return wrong(
                "group".to_owned(),
                format!("{customers} customers, must be 1 to {CUSTOMERS_MAX}"),
            );
        }
        for (number, group) in self.groups.iter().enumerate() {
            group.check().map_err(|(field, problem)| InvalidScenario {
                field: format!("group[{number}].{field}"),
                problem,
            })?;
        }
        Ok(())
    }
}

impl Group {
    /// Whether something is used or spent on a day of the story.
    #[must_use]
    pub fn uses_on(&self, day: i64) -> bool {
        let uses = self.uses.iter().map(|it| it.every_days);
        let spends = self.spends.iter().map(|it| it.every_days);
        uses.chain(spends).any(|every_days| day % i64::from(every_days) == 0)
    }

    fn check(&self) -> Result<(), (String, String)> {
        let wrong = |field: &str, problem: String| Err((field.to_owned(), problem));
        for zone in &self.zones {
            if zone.parse::<chrono_tz::Tz>().is_err() {
                return wrong("zones", format!("`{zone}` is not an IANA time zone"));
            }
        }
        if self.zones.is_empty() || self.locales.is_empty() {
            return wrong("zones", "zones and locales need at least one each".to_owned());
        }
        for (number, deed) in self.deeds.iter().enumerate() {
            if (deed.action == Action::Attach) != deed.method.is_some() {
                return wrong(
                    &format!("deed[{number}].method"),
                    "goes with `attach`, and only with it".to_owned(),
                );
            }
            if (deed.action == Action::Buy) != deed.package.is_some() {
                return wrong(
                    &format!("deed[{number}].package"),
                    "goes with `buy`, and only with it".to_owned(),
                );
            }
        }
        let uses = self.uses.iter().map(|it| ("use", it.quantity, it.every_days));
        let spends = self.spends.iter().map(|it| ("spend", it.amount, it.every_days));
        for (field, amount, every_days) in uses.chain(spends) {
            if amount == 0 || every_days == 0 {
                return wrong(field, "amounts and days must be above zero".to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_comes_along_can_be_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/scenarios");
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let read = Scenario::from_toml(&std::fs::read_to_string(&path).unwrap());
            assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
        }
    }

    #[test]
    fn a_scenario_that_is_wrong_names_its_field() {
        let with = |line: &str| {
            format!(
                "seed = 1\nstart = \"2026-01-01T00:00:00Z\"\nmonths = 2\n[[group]]\nname = \"a\"\ncount = 1\nplan = \"free\"\n{line}"
            )
        };
        assert!(Scenario::from_toml(&with("")).is_ok());
        let field = |line: &str| Scenario::from_toml(&with(line)).unwrap_err().to_string();
        assert!(field("zones = [\"Mars\"]").starts_with("group[0].zones"));
        assert!(field("seats = -1").contains("seats"));
        assert!(field("plans = \"pro\"").contains("plans"));
        let fault = "[[fault]]\nfrom_day = 3\nto_day = 3\naction = \"drop_after\"";
        assert!(field(fault).starts_with("fault[0].to_day"));
        assert!(
            field("[[group.deed]]\nday = 3\ndo = \"attach\"")
                .starts_with("group[0].deed[0].method")
        );
    }
}
