//! `perennial calc`: the rules as a pipe.
//!
//! One JSON object per line in, one per line out, in the same order. A line that
//! cannot be answered is answered with what is wrong with it, and the lines
//! after it are answered all the same. Knows no file, clock or database.
//!
//! ```text
//! {"op":"currency","code":"KWD"}
//! {"exponent":3,"provider_exponent":3,"min_charge_minor":null}
//! {"op":"currency","code":"XXL"}
//! {"error":{"field":"code","message":"\"XXL\" is not an ISO 4217 currency code"}}
//! ```

mod currency;
mod decline;
mod fields;
mod format_money;
mod ladder;
mod lines;
mod movements;
mod mrr;
mod periods;
mod proration;
mod quota_reset;
mod wallet;

use std::io::{self, BufRead, Write};

use perennial_core::nearest::suggestion;
use serde::Serialize;

use fields::{BadField, Fields};
use lines::Lines;

/// One operation: takes its fields and answers with one line of JSON.
type Op = fn(&mut Fields) -> Result<String, BadField>;

/// Every operation by its name. To add one: a file with an `answer`, and a line here.
const OPS: &[(&str, Op)] = &[
    ("currency", |fields| json(currency::answer(fields)?)),
    ("decline", |fields| json(decline::answer(fields)?)),
    ("format_money", |fields| json(format_money::answer(fields)?)),
    ("ladder", |fields| json(ladder::answer(fields)?)),
    ("movements", |fields| json(movements::answer(fields)?)),
    ("mrr", |fields| json(mrr::answer(fields)?)),
    ("periods", |fields| json(periods::answer(fields)?)),
    ("proration", |fields| json(proration::answer(fields)?)),
    ("quota_reset", |fields| json(quota_reset::answer(fields)?)),
    ("wallet", |fields| json(wallet::answer(fields)?)),
];

/// What went through the pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Lines read, which is lines written.
    pub lines: u64,
    /// How many of them were answered with an error.
    pub errors: u64,
}

/// Answers every line of `input` on `output`.
///
/// Fails only if reading or writing does.
pub fn run(input: impl BufRead, mut output: impl Write) -> io::Result<Summary> {
    let mut summary = Summary { lines: 0, errors: 0 };
    for line in Lines::of(input) {
        let answer = line?.and_then(|line| answer(&line));
        summary.lines += 1;
        summary.errors += u64::from(answer.is_err());
        writeln!(output, "{}", answer.unwrap_or_else(|wrong| wrong.to_json()))?;
    }
    output.flush()?;
    Ok(summary)
}

/// The answer to one line.
fn answer(line: &str) -> Result<String, BadField> {
    let mut fields = Fields::parse(line)?;
    let name = fields.text("op")?;
    let (_, op) = OPS.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown_op(&name))?;
    let answer = op(&mut fields)?;
    fields.all_taken()?;
    Ok(answer)
}

fn unknown_op(name: &str) -> BadField {
    let known: Vec<&str> = OPS.iter().map(|(known, _)| *known).collect();
    let meant = suggestion(name, known.iter().copied());
    let name = fields::quoted(name);
    BadField::new("op", format!("{name} is not one of {}{meant}", known.join(", ")))
}

fn json(answer: impl Serialize) -> Result<String, BadField> {
    serde_json::to_string(&answer).map_err(|error| BadField::new("op", error))
}

#[cfg(test)]
mod tests;
