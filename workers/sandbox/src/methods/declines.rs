//! What a declined charge says: error code, decline code, advice.

/// A refusal by the issuer, the network or the provider's own risk rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) decline_code: Option<&'static str>,
    pub(crate) advice_code: Option<&'static str>,
    pub(crate) network_decline_code: Option<&'static str>,
    pub(crate) network_advice_code: Option<String>,
    pub(crate) message: &'static str,
    pub(crate) param: Option<&'static str>,
}

impl Decline {
    /// The decline known by `name`, or none for a name the provider does not have.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (name, advice_code, network_decline_code) = TABLE.iter().find(|row| row.0 == name)?;
        let own = OWN_CODE.iter().find(|(code, ..)| code == name);
        Some(Self {
            code: own.map_or("card_declined", |(code, ..)| code),
            // A code of its own means the issuer was not asked, or gave nothing beyond it.
            decline_code: own.is_none_or(|(_, keeps, ..)| *keeps).then_some(name),
            advice_code: Some(*advice_code).filter(|code| !code.is_empty()),
            network_decline_code: Some(*network_decline_code).filter(|code| !code.is_empty()),
            network_advice_code: None,
            message: own.map_or_else(|| message(name), |(_, _, message, _)| message),
            param: own.and_then(|(.., param)| *param),
        })
    }

    /// All names that [`Self::named`] knows.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, ..)| *name)
    }

    pub(crate) fn advised(self, network_advice_code: Option<&str>) -> Self {
        Self { network_advice_code: network_advice_code.map(str::to_owned), ..self }
    }

    /// What the issuer said, for statistics: the decline code, else the error code.
    pub(crate) fn reason(&self) -> &'static str {
        self.decline_code.unwrap_or(self.code)
    }
}

fn message(name: &str) -> &'static str {
    match name {
        "insufficient_funds" => "Your card has insufficient funds.",
        "card_not_supported" | "transaction_not_allowed" => {
            "Your card does not support this type of purchase."
        }
        "currency_not_supported" => "Your card does not support this currency.",
        "card_velocity_exceeded" => {
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."
        }
        _ => "Your card was declined.",
    }
}

/// (code, whether `decline_code` repeats it, message, param)
type OwnCode = (&'static str, bool, &'static str, Option<&'static str>);

/// Refusals whose error code is not `card_declined`.
const OWN_CODE: &[OwnCode] = &[
    ("expired_card", false, "Your card has expired.", Some("exp_month")),
    ("incorrect_cvc", false, "Your card's security code is incorrect.", Some("cvc")),
    ("invalid_cvc", false, "Your card's security code is invalid.", Some("cvc")),
    ("incorrect_number", false, "Your card number is incorrect.", Some("number")),
    ("invalid_number", false, "Your card number is invalid.", Some("number")),
    ("incorrect_zip", false, "Your card's postal code is incorrect.", Some("address_zip")),
    ("invalid_expiry_month", false, "Your card's expiration month is invalid.", Some("exp_month")),
    ("invalid_expiry_year", false, "Your card's expiration year is invalid.", Some("exp_year")),
    (
        "processing_error",
        false,
        "An error occurred while processing your card. Try again in a little bit.",
        None,
    ),
    (
        "authentication_required",
        true,
        "Your card was declined. This transaction requires authentication.",
        None,
    ),
];

const LATER: &str = "try_again_later";
const NEVER: &str = "do_not_try_again";
const CHECK: &str = "confirm_card_data";

/// (decline code, advice code, what the network calls it)
const TABLE: &[(&str, &str, &str)] = &[
    ("approve_with_id", LATER, "08"),
    ("authentication_required", "", "1A"),
    ("call_issuer", LATER, "01"),
    ("card_declined", LATER, "05"),
    ("card_not_supported", NEVER, "57"),
    ("card_velocity_exceeded", LATER, "65"),
    ("currency_not_supported", NEVER, "57"),
    ("do_not_honor", LATER, "05"),
    ("do_not_try_again", NEVER, "R0"),
    ("duplicate_transaction", "", "94"),
    ("expired_card", CHECK, "54"),
    ("fraudulent", NEVER, "59"),
    ("generic_decline", LATER, "05"),
    ("highest_risk_level", NEVER, ""),
    ("incorrect_cvc", CHECK, "N7"),
    ("incorrect_number", CHECK, "14"),
    ("incorrect_pin", "", "55"),
    ("incorrect_zip", CHECK, "05"),
    ("insufficient_funds", LATER, "51"),
    ("invalid_account", NEVER, "14"),
    ("invalid_amount", "", "13"),
    ("invalid_cvc", CHECK, "N7"),
    ("invalid_expiry_month", CHECK, "54"),
    ("invalid_expiry_year", CHECK, "54"),
    ("invalid_number", CHECK, "14"),
    ("invalid_pin", "", "55"),
    ("issuer_not_available", LATER, "91"),
    ("lost_card", NEVER, "41"),
    ("merchant_blacklist", NEVER, ""),
    ("new_account_information_available", CHECK, "05"),
    ("no_action_taken", LATER, "21"),
    ("not_permitted", NEVER, "57"),
    ("offline_pin_required", "", "55"),
    ("online_or_offline_pin_required", "", "55"),
    ("pickup_card", NEVER, "04"),
    ("pin_try_exceeded", "", "75"),
    ("processing_error", LATER, "06"),
    ("reenter_transaction", LATER, "19"),
    ("restricted_card", NEVER, "62"),
    ("revocation_of_all_authorizations", NEVER, "R1"),
    ("revocation_of_authorization", NEVER, "R1"),
    ("security_violation", NEVER, "63"),
    ("service_not_allowed", NEVER, "57"),
    ("stolen_card", NEVER, "43"),
    ("stop_payment_order", NEVER, "R0"),
    ("testmode_decline", "", ""),
    ("transaction_not_allowed", NEVER, "57"),
    ("try_again_later", LATER, "91"),
    ("withdrawal_count_limit_exceeded", LATER, "61"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_issuer_has_a_decline_code() {
        let funds = Decline::named("insufficient_funds").unwrap();
        assert_eq!((funds.code, funds.decline_code), ("card_declined", Some("insufficient_funds")));
        let expired = Decline::named("expired_card").unwrap();
        assert_eq!((expired.code, expired.decline_code), ("expired_card", None));
        assert_eq!(Decline::named("insuficient_funds"), None);
    }
}
