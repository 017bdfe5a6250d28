//! `decline`: what a decline means for the next attempt.

use perennial_core::decline::{Class, Decline};
use perennial_core::network::Network;
use serde::Serialize;

use super::fields::{BadField, Fields};

#[derive(Serialize)]
pub(super) struct Answer {
    class: Class,
    retry: bool,
    min_delay_hours: Option<i64>,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let decline = Decline {
        code: fields.text("code")?,
        network: fields
            .optional_text("network")?
            .map_or(Network::Other, |name| Network::parse(&name)),
        network_advice_code: fields.optional_text("network_advice_code")?,
        advice_code: fields.optional_text("advice_code")?,
    };
    let verdict = decline.classify();
    Ok(Answer {
        class: verdict.class,
        retry: verdict.retry,
        min_delay_hours: verdict.min_delay.map(|delay| delay.num_hours()),
    })
}
