//! A second, much smaller opinion of the lifecycle, to compare the real one with.
//!
//! One weekly plan at 100.00, hours as whole numbers, one method at a time, retries after 24 and 72
//! hours, access until 240 hours after the failure. It shares no code with what it checks.

mod agreement;

use crate::lifecycle::{Access, Status};

const WEEK: i64 = 168;
/// An hour of it is more than the least that is charged.
const PRICE: i64 = 10_000;
const RUNGS: [i64; 2] = [24, 72];
const ACCESS_ENDS: i64 = 240;

#[derive(Debug, Clone)]
struct Model {
    hour: i64,
    status: Status,
    week: i64,
    /// What each open invoice is for, the oldest first.
    owed: Vec<i64>,
    charged_at: Option<i64>,
    card_works: bool,
    /// Attached while another was being charged.
    card_waits: bool,
    cancel: bool,
    failed_at: i64,
    rung: usize,
    until: i64,
    warned: bool,
    suspends: bool,
    stops: bool,
}

#[derive(Debug, Clone)]
enum Move {
    /// Punctual work for some hours.
    Run(i64),
    /// No work for some hours, and then all of it.
    Outage(i64),
    Succeed,
    Decline {
        hard: bool,
    },
    Attach,
    CancelAtPeriodEnd,
    CancelNow,
    Undo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Abandon,
    Expire,
    End,
    Retry,
    Renew,
    Warn,
}

impl Model {
    fn period_end(&self) -> i64 {
        (self.week + 1) * WEEK
    }

    fn ended(&self) -> bool {
        matches!(self.status, Status::Canceled | Status::Expired)
    }

    fn due(&self) -> Option<(i64, Due)> {
        let idle = self.charged_at.is_none();
        let boundary = (self.period_end(), if self.cancel { Due::End } else { Due::Renew });
        let rung = self.failed_at + RUNGS.get(self.rung).copied().unwrap_or(0);
        let all = match self.status {
            Status::Incomplete => vec![(idle, (23, Due::Abandon))],
            Status::Active => vec![(true, boundary)],
            Status::PastDue => vec![(true, boundary), (idle, (rung, Due::Retry))],
            Status::Grace => vec![
                (true, boundary),
                (idle, (self.until, Due::Expire)),
                (idle && !self.warned, (self.until - 24, Due::Warn)),
            ],
            _ => vec![],
        };
        all.into_iter().filter(|(applies, _)| *applies).map(|(_, due)| due).min()
    }

    fn act(&mut self, due: Due) {
        match due {
            Due::Abandon => self.end(Status::Expired),
            Due::End => self.end(Status::Canceled),
            Due::Expire if self.stopped() => self.end(Status::Canceled),
            Due::Expire if self.suspends && !self.cancel => self.status = Status::Unpaid,
            Due::Expire => self.end(Status::Expired),
            Due::Warn => {
                self.until = self.until.max(self.hour + 12);
                self.warned = true;
            }
            Due::Renew => {
                while self.period_end() <= self.hour {
                    self.week += 1;
                    self.owed.push(PRICE);
                }
                self.collect_if_active();
            }
            Due::Retry if self.cancel && self.period_end() <= self.hour => {
                self.end(Status::Canceled);
            }
            Due::Retry if self.rung >= RUNGS.len() => self.enter_grace(),
            Due::Retry => {
                while self.rung + 1 < RUNGS.len()
                    && self.failed_at + RUNGS[self.rung + 1] <= self.hour
                {
                    self.rung += 1;
                }
                self.rung += 1;
                if !self.charge() {
                    self.failed();
                }
            }
        }
    }

    fn charge(&mut self) -> bool {
        if self.card_works && self.charged_at.is_none() && !self.owed.is_empty() {
            self.charged_at = Some(self.hour);
        }
        self.charged_at.is_some()
    }

    fn collect_if_active(&mut self) {
        if self.status == Status::Active && !self.owed.is_empty() && !self.charge() {
            self.begin_ladder(self.hour);
        }
    }

    fn begin_ladder(&mut self, failed_at: i64) {
        (self.status, self.failed_at, self.rung) = (Status::PastDue, failed_at, 0);
        self.failed();
    }

    fn stopped(&self) -> bool {
        self.cancel && self.stops
    }

    fn failed(&mut self) {
        if self.status == Status::PastDue && (self.rung >= RUNGS.len() || self.stopped()) {
            self.enter_grace();
        }
    }

    fn enter_grace(&mut self) {
        self.status = Status::Grace;
        self.until = (self.failed_at + ACCESS_ENDS).max(self.hour + 24);
        self.warned = self.until - self.hour <= 24;
        if self.stopped() {
            self.until = self.until.min(self.period_end());
            self.warned = true;
        }
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.owed.truncate(usize::from(self.charged_at.is_some()));
    }

    fn succeed(&mut self) {
        self.charged_at = None;
        self.card_waits = false;
        self.owed.remove(0);
        match (self.owed.is_empty(), self.status) {
            (_, Status::Canceled | Status::Expired) => self.owed.clear(),
            (false, Status::Active) => self.collect_if_active(),
            (false, _) if self.stopped() => {}
            (false, _) => {
                self.charge();
            }
            (true, Status::Unpaid) if self.period_end() <= self.hour => {
                self.status = Status::Active;
                self.week = self.hour.div_euclid(WEEK);
                let left = self.period_end() - self.hour;
                // Half up.
                self.owed.push((2 * PRICE * left + WEEK) / (2 * WEEK));
                self.collect_if_active();
            }
            (true, _) => self.status = Status::Active,
        }
    }

    fn decline(&mut self, hard: bool) {
        let charged_at = self.charged_at.take().unwrap();
        let waited = std::mem::take(&mut self.card_waits);
        self.card_works &= !hard || waited;
        let backed = [Status::Incomplete, Status::Active, Status::PastDue];
        if waited && !self.stopped() && backed.contains(&self.status) {
            self.charge();
            return;
        }
        match self.status {
            Status::Canceled | Status::Expired => self.owed.clear(),
            Status::Active => self.begin_ladder(charged_at),
            _ => self.failed(),
        }
    }

    fn cancel_at_period_end(&mut self) {
        match self.status {
            Status::Canceled | Status::Expired => {}
            Status::Incomplete | Status::Unpaid => self.end(Status::Canceled),
            _ if self.period_end() <= self.hour => self.end(Status::Canceled),
            _ if self.cancel => {}
            _ => {
                self.cancel = true;
                match self.status {
                    Status::PastDue if self.stops => self.enter_grace(),
                    Status::Grace if self.stops => {
                        self.until = self.until.min(self.period_end());
                        self.warned = true;
                    }
                    _ => {}
                }
            }
        }
    }

    fn undo(&mut self) {
        let stopped = self.stopped();
        self.cancel = false;
        if stopped && self.status == Status::Grace {
            if self.rung < RUNGS.len() {
                self.status = Status::PastDue;
                self.warned = false;
            } else {
                self.enter_grace();
            }
        }
    }

    fn access(&self) -> Access {
        let over = self.cancel && self.period_end() <= self.hour;
        let grace_over = self.until <= self.hour && self.warned && self.charged_at.is_none();
        match self.status {
            Status::Active | Status::PastDue if !over => Access::Full,
            Status::Grace if !over && !grace_over => Access::Full,
            _ => Access::None,
        }
    }
}
