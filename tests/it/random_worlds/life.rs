//! What happens in a random world: written down before it is lived, so that it can be cut short.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::Turns;
use perennial_tests::naive::day_start;
use serde_json::{Value, json};

/// Days that a world lasts.
pub(super) const DAYS: u64 = 366;

/// Chance that is the same in every run.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.throw(2);
        dice
    }

    pub(crate) fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        let place = self.throw(u64::try_from(these.len()).expect("a few"));
        these[usize::try_from(place).expect("a few")]
    }
}

/// An event that another service tells.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) subject: uuid::Uuid,
    pub(super) data: Value,
}

/// A world to be lived.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) seed: u64,
    pub(super) zone: Tz,
    pub(super) turns: Turns,
    pub(super) first: NaiveDate,
    /// Days whose snapshots are taken where they end.
    pub(super) told: Vec<NaiveDate>,
    pub(super) deeds: Vec<Deed>,
}

/// Where the business is: most of these put their clocks forward and back, some at midnight.
const ZONES: &[(Tz, &str)] = &[
    (chrono_tz::Europe::Berlin, "2025-12-20"),
    (chrono_tz::Australia::Lord_Howe, "2026-01-05"),
    (chrono_tz::America::Sao_Paulo, "2018-01-10"),
    (chrono_tz::Asia::Beirut, "2026-01-30"),
    (chrono_tz::America::Havana, "2026-02-01"),
    (chrono_tz::America::New_York, "2025-06-30"),
    (chrono_tz::Pacific::Auckland, "2027-02-27"),
    (chrono_tz::UTC, "2027-12-31"),
];
const HOMES: &[&str] = &[
    "UTC",
    "Europe/London",
    "America/Los_Angeles",
    "Asia/Beirut",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
];
const LOCALES: &[&str] = &["en-US", "de-DE", "pt-BR", "fr", "en-NZ"];
/// The last letter of a card is for ever: `p` is paid, `f` lacks funds, `s` was stolen.
const CARDS: &[&str] = &["p", "p", "p", "pf", "ppffp", "pfp", "pps", "pffffffffp", "f", "ppppfp"];

fn wish(dice: &mut Dice) -> Value {
    match dice.throw(12) {
        0 => json!({ "plan": "pro", "interval": "month", "seats": 1 + dice.throw(9) }),
        1 => json!({ "plan": "enterprise", "interval": "month", "policy": "lenient" }),
        2 => {
            json!({ "plan": "professional", "interval": "week", "interval_count": 2, "currency": "EUR" })
        }
        3 => {
            json!({ "plan": "enterprise", "interval": "month", "interval_count": 3, "currency": "EUR", "policy": "lenient" })
        }
        4 => json!({ "plan": "professional", "interval": "year" }),
        5 => {
            json!({ "plan": "professional", "interval": "day", "interval_count": 11, "policy": "to nothing" })
        }
        6 => json!({ "plan": "free", "interval": "month" }),
        7 => json!({ "plan": "professional", "interval": "month", "policy": "suspending" }),
        8 => json!({ "plan": "professional", "interval": "month", "currency": "HUF" }),
        9 => json!({ "plan": "professional", "interval": "week", "currency": "JPY" }),
        10 => {
            json!({ "plan": "professional", "interval": "month", "currency": "KWD", "policy": "strict" })
        }
        _ => json!({ "plan": "professional", "interval": "month", "policy": "strict" }),
    }
}

impl Life {
    /// The world of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let place = usize::try_from(seed).expect("a small seed") % ZONES.len();
        let (zone, first) = ZONES[place];
        let first: NaiveDate = first.parse().expect("a date");
        let turns = dice.one_of(&[Turns::Together, Turns::InOrder]);
        let mut life = Self { seed, zone, turns, first, told: vec![], deeds: vec![] };
        for person in 0..=dice.throw(6) {
            life.person(&mut dice, person);
        }
        life.deeds.sort_by_key(|deed| deed.at);
        life.told = life.days_to_tell(&mut dice);
        life
    }

    /// The ends of the months, the days before them, and some others.
    fn days_to_tell(&self, dice: &mut Dice) -> Vec<NaiveDate> {
        let last = self.first + Days::new(DAYS);
        let ends = self.first.iter_days().take_while(|day| *day < last);
        let ends = ends
            .filter(|day| day.succ_opt().is_some_and(|next| next.format("%d").to_string() == "01"));
        let mut days: Vec<_> = ends.flat_map(|day| [day - Days::new(1), day]).collect();
        days.extend((0..4).map(|_| self.first + Days::new(dice.throw(DAYS - 2))));
        days.retain(|day| *day >= self.first);
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Any instant of these days; often exactly a midnight.
    fn instant(&self, dice: &mut Dice, from: u64, days: u64) -> DateTime<Utc> {
        let day = self.first + Days::new(from + dice.throw(days));
        let seconds = i64::try_from(dice.throw(86_400)).expect("a day");
        match dice.throw(4) {
            0 => day_start(day, self.zone),
            1 => day_start(day, self.zone) - TimeDelta::microseconds(1),
            _ => day_start(day, self.zone) + TimeDelta::seconds(seconds),
        }
    }

    fn person(&mut self, dice: &mut Dice, number: u64) {
        let customer = CustomerId::derived(&format!("{}/{number}", self.seed)).0;
        let came = self.instant(dice, 1, 200);
        let tell = |life: &mut Self, at, kind, subject, data| {
            life.deeds.push(Deed { at, kind, subject, data });
        };
        let profile = |dice: &mut Dice| {
            json!({ "email": format!("{number}@customers.example"), "name": format!("No {number}"),
                    "locale": dice.one_of(LOCALES), "time_zone": dice.one_of(HOMES) })
        };
        tell(self, came, "customer.upserted", customer, profile(dice));
        for (card, at) in
            [(0, came), (1, came + TimeDelta::days(30)), (2, came + TimeDelta::days(200))]
        {
            if card == 0 || dice.throw(3) == 0 {
                let reference = format!("pm_{}_{number}_{card}_{}", self.seed, dice.one_of(CARDS));
                let data = json!({ "provider_customer": format!("cus_{number}"), "reference": reference,
                                   "network": "visa", "exp_month": 12, "exp_year": 2040 });
                tell(self, at, "payment_method.attached", customer, data);
            }
        }
        if dice.throw(3) == 0 {
            let at = came + TimeDelta::days(50);
            tell(self, at, "customer.upserted", customer, profile(dice));
        }
        for which in 0..=dice.throw(3) {
            let at = if which == 0 { came } else { self.instant(dice, 20, 330) };
            self.subscription(dice, customer, at.max(came), which);
        }
    }

    fn subscription(
        &mut self,
        dice: &mut Dice,
        customer: uuid::Uuid,
        at: DateTime<Utc>,
        which: u64,
    ) {
        let subscription = SubscriptionId::derived(&format!("{customer}/{which}")).0;
        let mut data = wish(dice);
        data["customer"] = json!(customer);
        if dice.throw(4) == 0 {
            let days = i64::try_from(1 + dice.throw(40)).expect("some");
            data["trial_end"] = json!(at + TimeDelta::days(days));
        }
        let mut deeds = vec![(at, "subscription.created", data)];
        let later = |dice: &mut Dice| {
            at + TimeDelta::hours(i64::try_from(dice.throw(300 * 24)).expect("some"))
        };
        if dice.throw(2) == 0 {
            let asked = later(dice);
            let when = dice.one_of(&["now", "period_end", "period_end"]);
            deeds.push((asked, "subscription.cancel_requested", json!({ "when": when })));
            if dice.throw(2) == 0 {
                let undone =
                    asked + TimeDelta::hours(i64::try_from(dice.throw(20 * 24)).expect("some"));
                deeds.push((undone, "subscription.cancel_undone", json!({})));
            }
        }
        self.deeds.extend(deeds.into_iter().map(|(at, kind, data)| Deed {
            at,
            kind,
            subject: subscription,
            data,
        }));
    }
}
