//! `currency`: what a currency's amounts look like, here and at the provider.

use serde::Serialize;

use super::fields::{BadField, Fields};

#[derive(Serialize)]
pub(super) struct Answer {
    exponent: u8,
    provider_exponent: u8,
    min_charge_minor: Option<i64>,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let currency = fields.currency("code")?;
    Ok(Answer {
        exponent: currency.exponent(),
        provider_exponent: currency.provider_exponent(),
        min_charge_minor: currency.min_charge_minor(),
    })
}
