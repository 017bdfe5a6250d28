//! What the types of a policy cannot say.

use super::{DunningPolicy, EndAction, Rung, Span};

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidPolicy {
    /// The field, as one would write its path: `rungs[3].after`, counted from 0.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// A policy has at most this many rungs.
pub const RUNGS_MAX: usize = 30;
/// Access ends at most this long after the failure.
const ACCESS_ENDS_AFTER_MAX: Span = Span::days(366);

impl DunningPolicy {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        if self.name.trim().is_empty() {
            return wrong("name", "must not be empty");
        }
        self.check_end()?;
        if self.rungs.len() > RUNGS_MAX {
            let given = self.rungs.len();
            return wrong("rungs", format!("has {given}, at most {RUNGS_MAX} are allowed"));
        }
        let mut previous = Span::days(0);
        for (number, rung) in self.rungs.iter().enumerate() {
            let located = |InvalidPolicy { field, problem }| {
                let dot = if field.is_empty() { "" } else { "." };
                InvalidPolicy { field: format!("rungs[{number}]{dot}{field}"), problem }
            };
            previous = self.check_rung(rung, previous).map_err(located)?;
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), InvalidPolicy> {
        let ends = self.access_ends_after;
        if ends <= Span::days(0) || ends > ACCESS_ENDS_AFTER_MAX {
            let problem = format!("is {ends}, must be above 0 and at most {ACCESS_ENDS_AFTER_MAX}");
            return wrong("access_ends_after", problem);
        }
        if let Some(restrict) = self.restrict_after.filter(|restrict| *restrict >= ends) {
            let problem = format!("is {restrict}, must lie before access_ends_after ({ends})");
            return wrong("restrict_after", problem);
        }
        match &self.end {
            EndAction::Downgrade(plan) if plan.trim().is_empty() => {
                wrong("end.downgrade", "must name a plan")
            }
            _ => Ok(()),
        }
    }

    /// Answers with the rung's offset.
    fn check_rung(&self, rung: &Rung, previous: Span) -> Result<Span, InvalidPolicy> {
        let ends = self.access_ends_after;
        if rung.at_hour.is_some_and(|hour| hour > 23) {
            return wrong("at_hour", "must be an hour from 0 to 23");
        }
        let (field, offset) = match (rung.after, rung.before_access_ends) {
            (Some(after), None) => ("after", after),
            (None, Some(before)) => match ends.minus(before) {
                Some(offset) => ("before_access_ends", offset),
                None => {
                    let problem = format!("is {before}, longer than access lasts ({ends})");
                    return wrong("before_access_ends", problem);
                }
            },
            _ => return wrong("", "needs exactly one of `after` and `before_access_ends`"),
        };
        if offset >= ends {
            let problem = format!(
                "comes {offset} after the failure, when access has ended ({ends}): move the rung \
                 before that, or end access later"
            );
            return wrong(field, problem);
        }
        if offset <= previous {
            let problem = format!(
                "comes {offset} after the failure, which must be later than what precedes it \
                 ({previous})"
            );
            return wrong(field, problem);
        }
        Ok(offset)
    }
}

fn wrong<T>(field: &str, problem: impl Into<String>) -> Result<T, InvalidPolicy> {
    Err(InvalidPolicy { field: field.to_owned(), problem: problem.into() })
}
