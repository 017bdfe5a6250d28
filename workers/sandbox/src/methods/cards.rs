//! The provider's published test cards, by name and by number.

use super::behaviour::{Authentication, Behaviour, Check, Number, Risk};
use super::declines::Decline;
use super::script::{self, Script, Step};

/// A card network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brand {
    Visa,
    Mastercard,
    Amex,
    Discover,
    Diners,
    Jcb,
    Unionpay,
}

impl Brand {
    pub(crate) const ALL: [Self; 7] = [
        Self::Visa,
        Self::Mastercard,
        Self::Amex,
        Self::Discover,
        Self::Diners,
        Self::Jcb,
        Self::Unionpay,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|brand| brand.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Discover => "discover",
            Self::Diners => "diners",
            Self::Jcb => "jcb",
            Self::Unionpay => "unionpay",
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Visa => "4242424242424242",
            Self::Mastercard => "5555555555554444",
            Self::Amex => "378282246310005",
            Self::Discover => "6011111111111117",
            Self::Diners => "3056930009020004",
            Self::Jcb => "3566002020360505",
            Self::Unionpay => "6200000000000005",
        }
    }

    fn of_number(number: &str) -> Self {
        match number.as_bytes() {
            [b'4', ..] => Self::Visa,
            [b'3', b'4' | b'7', ..] => Self::Amex,
            [b'3', b'5', ..] => Self::Jcb,
            [b'3', ..] => Self::Diners,
            [b'6', b'2', ..] => Self::Unionpay,
            [b'6', ..] => Self::Discover,
            _ => Self::Mastercard,
        }
    }
}

/// How a card of the table differs from one that simply works.
enum Kind {
    Works,
    /// The issuer refuses it already when it is attached.
    Refused(&'static str),
    /// Attaches, and every charge is declined.
    Declined(&'static str),
    Blocked,
    Asks(Authentication),
    AsksThenDeclines,
    Risky(Risk),
    Fails(Check),
    /// Works; with the provider a dispute or a failing refund would follow.
    Followed(&'static str),
}

use Kind::{Asks, AsksThenDeclines, Blocked, Declined, Fails, Followed, Refused, Risky, Works};

/// (number, names without `pm_card_`, kind)
const TABLE: &[(&str, &[&str], Kind)] = &[
    ("4242424242424242", &["visa", "us"], Works),
    ("4000056655665556", &["visa_debit"], Works),
    ("5555555555554444", &["mastercard"], Works),
    ("5200828282828210", &["mastercard_debit"], Works),
    ("5105105105105100", &["mastercard_prepaid"], Works),
    ("378282246310005", &["amex"], Works),
    ("6011111111111117", &["discover"], Works),
    ("3056930009020004", &["diners"], Works),
    ("3566002020360505", &["jcb"], Works),
    ("6200000000000005", &["unionpay"], Works),
    ("4000000000000077", &["bypassPending"], Works),
    ("4000000000000341", &["chargeCustomerFail"], Declined("generic_decline")),
    ("4000000000000002", &["chargeDeclined", "visa_chargeDeclined"], Refused("generic_decline")),
    (
        "4000000000009995",
        &["chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"],
        Refused("insufficient_funds"),
    ),
    (
        "4000000000009987",
        &["visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"],
        Refused("lost_card"),
    ),
    (
        "4000000000009979",
        &["visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"],
        Refused("stolen_card"),
    ),
    ("4000000000000069", &["chargeDeclinedExpiredCard"], Refused("expired_card")),
    ("4000000000000127", &["chargeDeclinedIncorrectCvc"], Refused("incorrect_cvc")),
    ("4000000000000119", &["chargeDeclinedProcessingError"], Refused("processing_error")),
    (
        "4000000000006975",
        &["visa_chargeDeclinedVelocityLimitExceeded", "chargeDeclinedVelocityLimitExceeded"],
        Refused("card_velocity_exceeded"),
    ),
    ("4100000000000019", &["radarBlock", "chargeDeclinedFraudulent"], Blocked),
    ("4000000000004954", &["riskLevelHighest"], Blocked),
    ("4000000000009235", &["riskLevelElevated"], Risky(Risk::Elevated)),
    ("4000002500003155", &["authenticationRequiredOnSetup"], Asks(Authentication::UnlessSetUp)),
    ("4000002760003184", &["authenticationRequired"], Asks(Authentication::Always)),
    (
        "4000008260003178",
        &["authenticationRequiredChargeDeclinedInsufficientFunds"],
        AsksThenDeclines,
    ),
    (
        "4000003800000446",
        &["authenticationRequiredSetupForOffSession"],
        Asks(Authentication::OnSession),
    ),
    ("4000000000003220", &["threeDSecure2Required"], Asks(Authentication::UnlessSetUp)),
    ("4000000000003063", &["threeDSecureRequired"], Asks(Authentication::UnlessSetUp)),
    ("4000000000000259", &["createDispute"], Followed("dispute")),
    ("4000000000002685", &["createDisputeProductNotReceived"], Followed("dispute")),
    ("4000000000001976", &["createDisputeInquiry"], Followed("dispute")),
    ("4000000404000079", &["createMultipleDisputes"], Followed("dispute")),
    ("4000000000000101", &["cvcCheckFail"], Fails(Check::Cvc)),
    ("4000000000000036", &["avsZipFail"], Fails(Check::PostalCode)),
    ("4000000000000028", &["avsLine1Fail"], Fails(Check::Line1)),
    ("4000000000000010", &["avsFail"], Fails(Check::Address)),
    ("4000000000005126", &["refundFail"], Followed("refund")),
    ("4000000000007726", &["pendingRefund"], Followed("refund")),
];

/// Each name of the table, without `pm_card_`, and what it does in words.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, String)> {
    TABLE.iter().flat_map(|(_, names, kind)| names.iter().map(|name| (*name, words(kind))))
}

fn words(kind: &Kind) -> String {
    match kind {
        Works => "pays".to_owned(),
        Refused(code) => format!("cannot be attached: {code}"),
        Declined(code) => format!("attaches; every charge is declined: {code}"),
        Blocked => "attaches; every charge is blocked as too risky: fraudulent".to_owned(),
        Asks(Authentication::UnlessSetUp) => {
            "asks its owner to authenticate, unless they did when it was set up".to_owned()
        }
        Asks(Authentication::OnSession) => {
            "asks its owner to authenticate when present; pays off session".to_owned()
        }
        Asks(Authentication::Always | Authentication::Never) => {
            "asks its owner to authenticate, each time".to_owned()
        }
        AsksThenDeclines => {
            "asks its owner to authenticate, then is declined: insufficient_funds".to_owned()
        }
        Risky(risk) => format!("pays, with the risk level {}", risk.name()),
        Fails(Check::Cvc) => "pays; the check of its security code fails".to_owned(),
        Fails(Check::PostalCode) => "pays; the check of its postal code fails".to_owned(),
        Fails(Check::Line1) => "pays; the check of its address fails".to_owned(),
        Fails(Check::Address) => "pays; both checks of its address fail".to_owned(),
        Followed(what) => format!("pays; the sandbox makes no {what} of it"),
    }
}

/// The behaviour a test name stands for; `Err` says what is wrong with a name of our own language.
pub(crate) fn named(name: &str) -> Option<Result<Behaviour, String>> {
    if let Some(described) = script::read(name) {
        return Some(described.map(|described| Behaviour {
            number: match described.number {
                Some(number) => Number::Shared(number),
                None => Number::OfOwner(name.to_owned()),
            },
            script: described.script,
            expires: described.expires,
            ..works(described.brand.number())
        }));
    }
    let bare = name.strip_prefix("pm_card_").or_else(|| name.strip_prefix("tok_"))?;
    let row = TABLE.iter().find(|(_, names, _)| names.contains(&bare))?;
    Some(Ok(behaviour(row.0, &row.2)))
}

/// The behaviour of a card number; a number outside the table is refused by its check digit only.
pub(crate) fn numbered(number: &str) -> Result<Behaviour, Decline> {
    let number: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    match TABLE.iter().find(|row| row.0 == number) {
        Some(row) => Ok(behaviour(row.0, &row.2)),
        None if luhn(&number) => Ok(works(&number)),
        None => Err(decline("incorrect_number")),
    }
}

fn works(number: &str) -> Behaviour {
    let funding = match number {
        "4000056655665556" | "5200828282828210" => "debit",
        "5105105105105100" => "prepaid",
        _ => "credit",
    };
    Behaviour {
        brand: Brand::of_number(number),
        last4: number[number.len() - 4..].to_owned(),
        number: Number::Test,
        funding,
        script: Script::always(Step::Succeed),
        expires: None,
        attach: None,
        authentication: Authentication::Never,
        risk: Risk::Normal,
        failing_check: None,
    }
}

fn behaviour(number: &str, kind: &Kind) -> Behaviour {
    let mut card = works(number);
    let declines = |code| Script::always(Step::Decline(decline(code)));
    match kind {
        Works | Followed(_) => {}
        Refused(code) => {
            card.attach = Some(decline(code));
            card.script = declines(code);
        }
        Declined(code) => card.script = declines(code),
        Blocked => {
            card.risk = Risk::Highest;
            card.script = declines("fraudulent");
        }
        Asks(authentication) => card.authentication = *authentication,
        AsksThenDeclines => {
            card.authentication = Authentication::UnlessSetUp;
            card.script = declines("insufficient_funds");
        }
        Risky(risk) => card.risk = *risk,
        Fails(check) => card.failing_check = Some(*check),
    }
    card
}

fn decline(code: &str) -> Decline {
    Decline::named(code).expect("the table above names declines of the table in declines.rs")
}

/// The check digit every card number ends with.
fn luhn(number: &str) -> bool {
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else {
        return false;
    };
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weigh = |(at, digit): (usize, &u32)| if at % 2 == 1 { doubled(*digit) } else { *digit };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_built_and_has_a_right_check_digit() {
        for (number, names, _) in TABLE {
            assert!(luhn(number), "{number}");
            for name in *names {
                assert!(named(&format!("pm_card_{name}")).unwrap().is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn a_wrong_check_digit_is_an_incorrect_number() {
        assert_eq!(numbered("4242424242424241").unwrap_err().code, "incorrect_number");
        assert_eq!(numbered("4242 4242 4242 4242").unwrap().last4, "4242");
    }
}
