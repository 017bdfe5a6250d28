//! `format_money`: an amount as people write it.

use perennial_core::locale::format_money;
use perennial_core::money::Money;
use serde::Serialize;

use super::fields::{BadField, Fields};

#[derive(Serialize)]
pub(super) struct Answer {
    text: String,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let amount = Money::new(fields.integer("amount_minor")?, fields.currency("currency")?);
    Ok(Answer { text: format_money(amount, &fields.text("locale")?) })
}
