use chrono::TimeDelta;

use super::*;
use crate::dunning::{EndAction, Rung, RungEmail, Span};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn declines(codes: &[&str]) -> Vec<Meeting> {
    let meeting = |code: &&str| match *code {
        "succeeded" => Meeting::Success,
        code => Meeting::Decline(Decline::new(code, Network::Visa)),
    };
    codes.iter().map(meeting).collect()
}

fn seen(policy: &DunningPolicy, codes: &[&str]) -> Preview {
    let failed_at = at("2026-03-02T15:00:00Z");
    let zone = "America/New_York".parse().unwrap();
    preview(policy, failed_at, zone, &declines(codes), Network::Visa).unwrap()
}

fn mails(preview: &Preview) -> Vec<(&'static str, String)> {
    let text = |mail: &Mail| (mail.template, mail.at.format("%m-%d %H:%M").to_string());
    preview.mails.iter().map(text).collect()
}

fn mail(template: &'static str, at: &str) -> (&'static str, String) {
    (template, at.to_owned())
}

#[test]
fn a_card_that_stays_declined_ends_the_subscription_after_grace() {
    let preview = seen(&DunningPolicy::default(), &["insufficient_funds"]);
    let attempts: Vec<_> = preview.attempts.iter().map(|a| (a.number, a.rung, a.at)).collect();
    assert_eq!(
        attempts,
        [
            (2, 1, at("2026-03-03T15:00:00Z")),
            (3, 2, at("2026-03-05T14:00:00Z")),
            (4, 3, at("2026-03-07T14:00:00Z")),
            // Daylight saving time has begun the day before.
            (5, 4, at("2026-03-09T13:00:00Z")),
        ]
    );
    assert_eq!(
        mails(&preview),
        [
            mail("payment_failed", "03-02 15:00"),
            mail("payment_failed", "03-03 15:00"),
            mail("payment_failed", "03-05 14:00"),
            mail("payment_failed", "03-07 14:00"),
            mail("grace_started", "03-09 13:00"),
            mail("grace_ending", "03-15 15:00"),
            mail("expired", "03-16 15:00"),
        ]
    );
    assert_eq!(preview.grace_started_at, Some(at("2026-03-09T13:00:00Z")));
    assert_eq!(
        preview.end,
        Some(End { at: at("2026-03-16T15:00:00Z"), action: EndAction::Cancel })
    );
    assert_eq!(preview.not_made, []);
}

#[test]
fn each_mail_counts_the_attempts_and_names_the_next_one() {
    let preview = seen(&DunningPolicy::default(), &["insufficient_funds"]);
    let counts: Vec<_> =
        preview.mails.iter().filter_map(|mail| mail.attempt.zip(mail.of)).collect();
    assert_eq!(counts, [(1, 5), (2, 5), (3, 5), (4, 5)]);
    let announced: Vec<_> = preview.mails.iter().filter_map(|mail| mail.next_attempt_at).collect();
    let made: Vec<_> = preview.attempts.iter().map(|attempt| attempt.at).collect();
    assert_eq!(announced, made);
}

#[test]
fn a_hard_decline_is_never_tried_again_but_the_ladder_and_its_mails_go_on() {
    let preview = seen(&DunningPolicy::default(), &["stolen_card"]);
    assert_eq!(preview.attempts, []);
    let reasons: Vec<_> = preview.not_made.iter().map(|rung| rung.reason.as_str()).collect();
    assert_eq!(reasons, ["hard decline (stolen_card)"; 4]);
    let templates: Vec<_> = preview.mails.iter().map(|mail| mail.template).collect();
    assert_eq!(templates.iter().filter(|name| **name == "payment_failed").count(), 4);
    assert!(preview.mails.iter().all(|mail| mail.next_attempt_at.is_none()));
    assert_eq!(preview.end.unwrap().at, at("2026-03-16T15:00:00Z"));
}

#[test]
fn a_success_ends_the_ladder_without_another_word_of_dunning() {
    let preview =
        seen(&DunningPolicy::default(), &["insufficient_funds", "do_not_honor", "succeeded"]);
    assert_eq!(preview.recovered_at, Some(at("2026-03-05T14:00:00Z")));
    assert_eq!(
        mails(&preview)[2..],
        [mail("receipt", "03-05 14:00"), mail("recovered", "03-05 14:00")]
    );
    let left: Vec<_> = preview.not_made.iter().map(|r| (r.rung, r.reason.as_str())).collect();
    assert_eq!(left, [(3, "paid already"), (4, "paid already")]);
    assert_eq!((preview.grace_started_at, preview.end), (None, None));
}

fn advised(code: &str) -> Meeting {
    Meeting::Decline(Decline {
        network_advice_code: Some(code.to_owned()),
        ..Decline::new("insufficient_funds", Network::Mastercard)
    })
}

#[test]
fn advice_to_wait_moves_a_rung_or_skips_those_before_it() {
    let failed_at = at("2026-03-02T15:00:00Z");
    // Six days: the rungs of days 1, 3 and 5 come too early (day 5 would have to wait for day 6,
    // which is before the rung of day 7).
    let meetings =
        [advised("28"), Meeting::Decline(Decline::new("do_not_honor", Network::Mastercard))];
    let preview =
        preview(&DunningPolicy::default(), failed_at, Tz::UTC, &meetings, Network::Mastercard)
            .unwrap();
    let attempts: Vec<_> = preview.attempts.iter().map(|a| (a.rung, a.at)).collect();
    assert_eq!(attempts, [(3, failed_at + TimeDelta::days(6)), (4, at("2026-03-09T09:00:00Z"))]);
    assert_eq!(preview.mails[0].next_attempt_at, Some(failed_at + TimeDelta::days(6)));
    let skipped: Vec<_> = preview.not_made.iter().map(|rung| rung.rung).collect();
    assert_eq!(skipped, [1, 2]);
}

#[test]
fn a_policy_without_rungs_goes_straight_to_grace_with_one_mail() {
    let policy = DunningPolicy { rungs: vec![], ..DunningPolicy::default() };
    let preview = seen(&policy, &["insufficient_funds"]);
    assert_eq!(
        mails(&preview),
        [
            mail("grace_started", "03-02 15:00"),
            mail("grace_ending", "03-15 15:00"),
            mail("expired", "03-16 15:00"),
        ]
    );
}

#[test]
fn one_day_before_access_ends_can_be_said_once() {
    let rung = Rung {
        after: None,
        before_access_ends: Some(Span::days(1)),
        at_hour: None,
        email: RungEmail::Quiet,
    };
    let policy =
        DunningPolicy { rungs: vec![rung], end: EndAction::Suspend, ..DunningPolicy::default() };
    let preview = seen(&policy, &["insufficient_funds"]);
    assert_eq!(preview.attempts[0].at, at("2026-03-15T15:00:00Z"));
    // Grace is as short as its own warning: there is no second one.
    assert_eq!(
        mails(&preview)[1..],
        [mail("grace_started", "03-15 15:00"), mail("expired", "03-16 15:00")]
    );
    assert_eq!(preview.end.unwrap().action, EndAction::Suspend);
}
