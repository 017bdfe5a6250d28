//! A preview as a table that one reads from top to bottom.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use comfy_table::{Table, presets};
use perennial_core::dunning::EndAction;
use perennial_core::lifecycle::preview::{Attempt, AttemptOutcome, Mail, Preview};

struct Row {
    at: DateTime<Utc>,
    what: String,
    mails: Vec<String>,
}

/// The timeline, on the customer's clock.
pub(super) fn table(preview: &Preview, zone: Tz) -> String {
    let failed_at = preview.failure.as_ref().map(|failure| failure.at);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["When", "After", "What happens", "Mail"]);
    for row in rows(preview) {
        let after = failed_at.map(|failed_at| span(row.at - failed_at)).unwrap_or_default();
        let when = row.at.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string();
        table.add_row([when, after, row.what, row.mails.join(", ")]);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// What happens, each with the mails of its instant.
fn rows(preview: &Preview) -> Vec<Row> {
    let mut rows = events(preview);
    rows.sort_by_key(|row| row.at);
    for mail in &preview.mails {
        match rows.iter_mut().find(|row| row.at == mail.at) {
            Some(row) => row.mails.push(letter(mail)),
            None => rows.push(Row { at: mail.at, what: String::new(), mails: vec![letter(mail)] }),
        }
    }
    rows.sort_by_key(|row| row.at);
    rows
}

fn events(preview: &Preview) -> Vec<Row> {
    let row = |at, what: String| Row { at, what, mails: vec![] };
    let mut rows = Vec::new();
    if let Some(failure) = &preview.failure {
        let again = if failure.retry { "" } else { ", never again with this method" };
        rows.push(row(failure.at, format!("attempt 1: declined ({}){again}", failure.code)));
    }
    rows.extend(preview.attempts.iter().map(|attempt| row(attempt.at, made(attempt))));
    rows.extend(
        preview
            .not_made
            .iter()
            .map(|rung| row(rung.at, format!("rung {}: no attempt: {}", rung.rung, rung.reason))),
    );
    let marks = [
        (preview.restricted_at, "access is restricted"),
        (preview.recovered_at, "all is paid"),
        (preview.grace_started_at, "attempts are over, grace begins"),
    ];
    rows.extend(marks.into_iter().filter_map(|(at, what)| Some(row(at?, what.to_owned()))));
    rows.extend(preview.end.iter().map(|end| row(end.at, ended(&end.action))));
    rows
}

fn made(attempt: &Attempt) -> String {
    let outcome = match (attempt.outcome, &attempt.code) {
        (AttemptOutcome::Succeeded, _) => "paid".to_owned(),
        (AttemptOutcome::Declined, Some(code)) => format!("declined ({code})"),
        (AttemptOutcome::Declined, None) => "declined".to_owned(),
    };
    let waited = match attempt.at > attempt.planned_at {
        true => format!(", {} late by the network's rules", span(attempt.at - attempt.planned_at)),
        false => String::new(),
    };
    format!("attempt {} (rung {}): {outcome}{waited}", attempt.number, attempt.rung)
}

fn ended(action: &EndAction) -> String {
    match action {
        EndAction::Cancel => "access ends: the subscription expires".to_owned(),
        EndAction::Suspend => "access ends: suspended until all is paid".to_owned(),
        EndAction::Downgrade(plan) => format!("access ends: goes on with the plan `{plan}`"),
    }
}

fn letter(mail: &Mail) -> String {
    match (mail.attempt, mail.of) {
        (Some(attempt), Some(of)) if attempt > 0 => format!("{} {attempt}/{of}", mail.template),
        _ => mail.template.to_owned(),
    }
}

/// `2d 18h`
fn span(delta: TimeDelta) -> String {
    let (days, hours, minutes) =
        (delta.num_days(), delta.num_hours() % 24, delta.num_minutes() % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "m")];
    let words: Vec<_> = parts
        .into_iter()
        .filter(|(number, _)| *number != 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if words.is_empty() { "0".to_owned() } else { words.join(" ") }
}
