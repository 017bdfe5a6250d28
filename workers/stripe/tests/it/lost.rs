//! Looking for an intent whose reference was lost.

use perennial_jobs::payments::{Inquiry, NoAnswer, Observation, PaymentProvider};
use serde_json::{Value, json};

use crate::objects::{error, intent, invoice, is_unknown, page};
use crate::wire::{Then, Wire};

fn lost() -> Inquiry {
    Inquiry::Lost { customer: "cus_1".into(), invoice: invoice() }
}

async fn found(wire: &Wire) -> Result<Observation, NoAnswer> {
    wire.provider()
        .inquire(&lost())
        .await
        .map(|reply| reply.value)
        .map_err(|(no_answer, _)| no_answer)
}

fn of_another_invoice(id: &str) -> Value {
    intent("succeeded", json!({ "id": id, "metadata": { "invoice": "inv_other" } }))
}

fn ours(id: &str, status: &str) -> Value {
    intent(status, json!({ "id": id }))
}

#[tokio::test]
async fn a_lost_intent_is_found_on_a_later_page_by_its_invoice() {
    let wire = Wire::serving([
        Then::json(200, &page(&[of_another_invoice("pi_9"), of_another_invoice("pi_8")], true)),
        Then::json(
            200,
            &page(&[of_another_invoice("pi_7"), ours("pi_6", "requires_payment_method")], false),
        ),
    ])
    .await;
    assert_eq!(found(&wire).await, Ok(Observation::NeverExecuted { reference: "pi_6".into() }));
    let lines: Vec<String> = wire.seen().into_iter().map(|seen| seen.line).collect();
    let first = "GET /v1/payment_intents?customer=cus_1&limit=100";
    assert_eq!(lines, [first.to_owned(), format!("{first}&starting_after=pi_8")]);
}

#[tokio::test]
async fn of_several_intents_the_one_with_money_is_the_answer() {
    let wire = Wire::serving([
        Then::json(
            200,
            &page(&[ours("pi_9", "canceled"), ours("pi_8", "requires_payment_method")], true),
        ),
        Then::json(200, &page(&[ours("pi_7", "succeeded"), ours("pi_6", "processing")], false)),
    ])
    .await;
    let Ok(Observation::Executed { reference, .. }) = found(&wire).await else {
        panic!("not found")
    };
    assert_eq!(reference, "pi_7");
}

#[tokio::test]
async fn an_intent_that_was_never_created_is_missing() {
    let empty = Wire::serving([Then::json(200, &page(&[], false))]).await;
    assert_eq!(found(&empty).await, Ok(Observation::Missing));
    let others =
        Wire::serving([Then::json(200, &page(&[of_another_invoice("pi_9")], false))]).await;
    assert_eq!(found(&others).await, Ok(Observation::Missing));
    let nobody = Wire::serving([Then::json(400, &error("resource_missing"))]).await;
    assert_eq!(found(&nobody).await, Ok(Observation::Missing));
}

#[tokio::test]
async fn a_list_that_breaks_off_is_not_an_empty_list() {
    let first = Then::json(200, &page(&[of_another_invoice("pi_9")], true));
    let wire = Wire::serving([first, Then::html(502)]).await;
    let no_answer = found(&wire).await.unwrap_err();
    assert!(is_unknown(&no_answer), "{no_answer:?}");
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let wire = Wire::serving([Then::json(200, &page(&[of_another_invoice("pi_9")], true))]).await;
    let no_answer = found(&wire).await.unwrap_err();
    assert!(is_unknown(&no_answer), "{no_answer:?}");
    assert_eq!(wire.seen().len(), 100);
}
