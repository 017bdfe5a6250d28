//! Disputes: what a bank asks moves nothing, what it takes does, and what is won comes back.

use chrono::TimeDelta;
use perennial_tests::{Faults, World};

use super::refunds::{
    CLOSED, DISPUTED, REFUNDED, brought, closing, commissions, dispute_of, lines, paid, postings,
    refund, refund_of, status_and_access, tell, tell_at,
};

/// `dp_1 lost from 2026-02-01 to 2026-02-10`; what is not there is `-`.
async fn disputes(world: &World) -> Vec<String> {
    lines(
        world,
        "select reference || ' ' || status || ' from ' || coalesce(to_char(opened_at at time zone 'UTC', 'YYYY-MM-DD'), '-')
                || ' to ' || coalesce(to_char(closed_at at time zone 'UTC', 'YYYY-MM-DD'), '-')
           from perennial.disputes order by reference",
    )
    .await
}

#[tokio::test]
async fn an_inquiry_moves_nothing_a_chargeback_does_and_what_is_won_comes_back_exactly() {
    let (world, payment) = paid().await;
    world.advance(TimeDelta::days(1)).await;
    tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_1", "inquiry")), "1").await;
    assert_eq!(disputes(&world).await, ["dp_1 inquiry from - to -"]);
    assert_eq!(postings(&world).await, [""; 0]);
    world.advance(TimeDelta::days(1)).await;
    tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_1", "open")), "2").await;
    // Of the inquiry again, late: it has become more since.
    tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_1", "inquiry")), "3").await;
    assert_eq!(disputes(&world).await, ["dp_1 open from 2026-02-02 to -"]);
    assert_eq!(status_and_access(&world).await, ["active, invoice paid"]);
    world.check().await;
    world.advance(TimeDelta::days(8)).await;
    for event in ["4", "5"] {
        tell(&world, (CLOSED, payment, closing("dp_1", "won")), event).await;
    }
    assert_eq!(disputes(&world).await, ["dp_1 won from 2026-02-02 to 2026-02-10"]);
    let booked = [
        "payment_disputed 2026-02-02: debit disputes 4900, credit cash 4900",
        "dispute_won 2026-02-10: debit cash 4900, credit disputes 4900",
    ];
    assert_eq!(postings(&world).await, booked);
    world.check().await;
    // And may be refunded now.
    refund(&world, payment, 49_00, "re_1").await;
    world.check().await;
}

#[tokio::test]
async fn what_is_lost_stays_gone_and_an_inquiry_that_came_to_nothing_is_over() {
    let (world, payment) = paid().await;
    // All at once, before the first is processed.
    for (number, event) in [
        (DISPUTED, payment, dispute_of(30_00, "dp_1", "open")),
        (DISPUTED, payment, dispute_of(19_00, "dp_2", "inquiry")),
        (CLOSED, payment, closing("dp_1", "lost")),
        (CLOSED, payment, closing("dp_2", "warning_closed")),
    ]
    .into_iter()
    .enumerate()
    {
        tell_at(&world, event, &number.to_string(), None).await.unwrap();
    }
    world.rest().await;
    let told = ["dp_1 lost from 2026-01-31 to 2026-01-31", "dp_2 inquiry from - to 2026-01-31"];
    assert_eq!(disputes(&world).await, told);
    let booked = ["payment_disputed 2026-01-31: debit disputes 3000, credit cash 3000"];
    assert_eq!(postings(&world).await, booked);
    let reopened = (DISPUTED, payment, dispute_of(19_00, "dp_2", "open"));
    let refused = tell_at(&world, reopened, "again", None).await.unwrap_err();
    assert!(refused.starts_with("reference: "), "{refused}");
    world.check().await;
}

#[tokio::test]
async fn a_commission_goes_with_the_money_and_comes_back_with_it() {
    let (world, payment) = brought().await;
    world.advance(TimeDelta::days(1)).await;
    refund(&world, payment, 9_00, "re_1").await;
    tell(&world, (DISPUTED, payment, dispute_of(40_00, "dp_1", "inquiry")), "1").await;
    let mut told = vec!["accrued 490 2026-01-31", "reversed -90 2026-02-01"];
    assert_eq!(commissions(&world).await, told);
    tell(&world, (DISPUTED, payment, dispute_of(40_00, "dp_1", "open")), "2").await;
    told.push("reversed -400 2026-02-01");
    assert_eq!(commissions(&world).await, told);
    world.check().await;
    world.advance(TimeDelta::days(1)).await;
    tell(&world, (CLOSED, payment, closing("dp_1", "won")), "3").await;
    told.push("reinstated 400 2026-02-02");
    assert_eq!(commissions(&world).await, told);
    world.check().await;
}

#[tokio::test]
async fn death_around_the_processing_loses_nothing_and_doubles_nothing() {
    for point in ["inbox", "inbox.C2", "inbox.C7", "inbox.C2:2", "inbox.C7:2"] {
        let (mut world, payment) = brought().await;
        world.kill_workers().await;
        for (id, event) in [
            ("1", (REFUNDED, payment, refund_of(9_00, "re_1"))),
            ("2", (DISPUTED, payment, dispute_of(40_00, "dp_1", "open"))),
        ] {
            tell_at(&world, event, id, None).await.unwrap();
        }
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
        world.work(Faults::None);
        world.rest().await;
        let booked = [
            "payment_refunded 2026-01-31: debit refunds 900, credit cash 900",
            "payment_disputed 2026-01-31: debit disputes 4000, credit cash 4000",
        ];
        assert_eq!(postings(&world).await, booked, "killed at {point}");
        assert_eq!(commissions(&world).await.len(), 3, "killed at {point}");
        world.check().await;
    }
}

#[tokio::test]
async fn explain_tells_what_went_back() {
    let (world, payment) = paid().await;
    refund(&world, payment, 9_00, "re_1").await;
    tell(&world, (DISPUTED, payment, dispute_of(40_00, "dp_1", "open")), "dispute").await;
    let subscription = "select 'sub_' || replace(id::text, '-', '') from perennial.subscriptions";
    let subscription = lines(&world, subscription).await.remove(0);
    let explained = world.command().args(["explain", &subscription]).output().await.unwrap();
    let text = String::from_utf8(explained.stdout).unwrap();
    for line in [
        "refunded     9.00 USD",
        "disputed     40.00 USD",
        "event   payment.refunded",
        "books   payment_refunded 9.00 USD: debit refunds, credit cash",
        "books   payment_disputed 40.00 USD: debit disputes, credit cash",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn what_a_bank_takes_on_top_of_a_refund_is_a_loss_of_its_own_and_comes_back_exactly() {
    for (refunded, outcome) in [(49_00, "won"), (49_00, "lost"), (9_00, "won"), (9_00, "lost")] {
        let (world, payment) = paid().await;
        refund(&world, payment, refunded, "re_1").await;
        tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_1", "open")), "open").await;
        let taken = [49_00 - refunded, refunded];
        let gone =
            "select array[disputed_minor, beyond_minor] from perennial.payments where id = $1";
        let back: Vec<i64> =
            sqlx::query_scalar(gone).bind(payment).fetch_one(&world.pool).await.unwrap();
        assert_eq!(back, taken);
        let cash =
            "select sum(amount_minor)::bigint from perennial.ledger_entries where account = 'cash'";
        assert_eq!(world.count(cash).await, -refunded);
        world.check().await;
        tell(&world, (CLOSED, payment, closing("dp_1", outcome)), "close").await;
        let left = if outcome == "won" { 49_00 - refunded } else { -refunded };
        assert_eq!(world.count(cash).await, left, "{outcome}");
        world.check().await;
        // Disputes alone never exceed the payment, and nothing more can be refunded than is left.
        let more = (DISPUTED, payment, dispute_of(1_00, "dp_2", "open"));
        let second = tell_at(&world, more, "more", None).await;
        assert_eq!(second.is_err(), outcome == "lost", "{second:?}");
    }
}

#[tokio::test]
async fn a_dispute_told_with_the_refund_before_either_is_processed_is_recorded() {
    let (mut world, payment) = paid().await;
    world.kill_workers().await;
    for (id, event) in [
        ("1", (REFUNDED, payment, refund_of(49_00, "re_1"))),
        ("2", (DISPUTED, payment, dispute_of(49_00, "dp_1", "open"))),
        ("3", (CLOSED, payment, closing("dp_1", "lost"))),
    ] {
        tell_at(&world, event, id, None).await.unwrap();
    }
    world.work(Faults::None);
    world.rest().await;
    let booked = [
        "payment_refunded 2026-01-31: debit refunds 4900, credit cash 4900",
        "payment_disputed 2026-01-31: debit dispute_losses 4900, credit cash 4900",
    ];
    assert_eq!(postings(&world).await, booked);
    world.check().await;
}
