//! The little language in the names of the sandbox's own payment methods:
//!
//! `pm_sbx_<brand>__<step>[__<step>…][__exp<YYYYMM>][__card<number>]`, for example
//! `pm_sbx_visa__ok3__insufficient_funds2__ok`: three charges succeed, two are declined, and then
//! all succeed. A step's number is how many charge attempts it lasts; the last step lasts for ever.
//! Methods with the same `card` number are the same card, whoever has them; without one, each
//! customer has a card of their own.

use super::cards::Brand;
use super::declines::Decline;

const PREFIX: &str = "pm_sbx_";

/// What happens to one charge attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Succeed,
    Decline(Decline),
    /// The customer has to authenticate, even off session.
    Authenticate,
    /// Settles after so many days of virtual time, well or badly.
    Process {
        days: i64,
        outcome: Box<Step>,
    },
    /// Succeeds, and the answer goes wrong on its way.
    Unheard(Loss),
}

/// How the answer to an executed request fails to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The connection is closed without an answer.
    Severed,
    /// The connection stays open and silent.
    Silence,
    /// A proxy's HTML page with status 502.
    Html,
    /// Status 200 with half a body.
    Truncated,
}

/// The steps of one payment method, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    steps: Vec<(Step, u32)>,
}

impl Script {
    pub(crate) fn always(step: Step) -> Self {
        Self { steps: vec![(step, 1)] }
    }

    /// The step for charge attempt number `attempt`, counted from 0.
    pub(crate) fn at(&self, attempt: u32) -> &Step {
        let mut passed = 0_u32;
        for (step, times) in &self.steps {
            passed = passed.saturating_add(*times);
            if attempt < passed {
                return step;
            }
        }
        self.steps.last().map_or(&Step::Succeed, |(step, _)| step)
    }
}

/// A payment method that describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) brand: Brand,
    pub(crate) script: Script,
    /// Year and month of expiry, if the name gives them.
    pub(crate) expires: Option<(i32, u32)>,
    /// The card's number, if the name gives one.
    pub(crate) number: Option<String>,
}

/// Reads a name; `None` if it is not one of ours, `Err` with the part that makes no sense.
pub(crate) fn read(name: &str) -> Option<Result<Described, String>> {
    name.strip_prefix(PREFIX).map(describe)
}

fn describe(rest: &str) -> Result<Described, String> {
    let mut parts = rest.split("__");
    let brand = parts.next().unwrap_or_default();
    let brand = Brand::named(brand).ok_or_else(|| format!("unknown brand '{brand}'"))?;
    let mut steps = Vec::new();
    let (mut expires, mut number) = (None, None);
    for part in parts {
        if let Some(month) = part.strip_prefix("exp").and_then(month) {
            expires = Some(month);
        } else if let Some(digits) = part.strip_prefix("card").filter(|it| is_number(it)) {
            number = Some(digits.to_owned());
        } else {
            steps.push(step(part)?);
        }
    }
    if steps.is_empty() {
        steps.push((Step::Succeed, 1));
    }
    Ok(Described { brand, script: Script { steps }, expires, number })
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn month(digits: &str) -> Option<(i32, u32)> {
    let (year, month) = digits.split_at_checked(4)?;
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    (digits.len() == 6).then_some((year.parse().ok()?, month))
}

fn step(text: &str) -> Result<(Step, u32), String> {
    if let Some(processing) = text.strip_prefix("processing").and_then(processing) {
        return Ok((processing, 1));
    }
    let (text, advice) = match text.split_once(['@', '~']) {
        Some((text, advice)) => (text, Some(advice)),
        None => (text, None),
    };
    let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let times = match &text[name.len()..] {
        "" => 1,
        digits => digits.parse().map_err(|_| format!("'{text}' lasts too long"))?,
    };
    let step = match name {
        "ok" => Step::Succeed,
        "action" => Step::Authenticate,
        "lostreply" => Step::Unheard(Loss::Severed),
        "timeout" => Step::Unheard(Loss::Silence),
        "html502" | "html" => Step::Unheard(Loss::Html),
        "truncated" => Step::Unheard(Loss::Truncated),
        code => {
            let decline = Decline::named(code).ok_or_else(|| format!("unknown step '{text}'"))?;
            Step::Decline(decline.advised(advice))
        }
    };
    Ok((step, times))
}

/// `2d_ok`, `2d_fail`, `2d_insufficient_funds`.
fn processing(text: &str) -> Option<Step> {
    let (days, outcome) = text.split_once("d_")?;
    let outcome = match outcome {
        "ok" => Step::Succeed,
        "fail" => Step::Decline(Decline::named("generic_decline")?),
        code => Step::Decline(Decline::named(code)?),
    };
    Some(Step::Process { days: days.parse().ok()?, outcome: Box::new(outcome) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str) -> Described {
        read(name).unwrap().unwrap()
    }

    fn decline(name: &str) -> Step {
        Step::Decline(Decline::named(name).unwrap())
    }

    #[test]
    fn steps_follow_one_another_and_the_last_lasts() {
        let card = described("pm_sbx_visa__ok3__insufficient_funds2__ok__exp202702__card7");
        let told: Vec<_> = (0..7).map(|n| card.script.at(n) == &Step::Succeed).collect();
        assert_eq!(told, [true, true, true, false, false, true, true]);
        assert_eq!(card.script.at(3), &decline("insufficient_funds"));
        assert_eq!(card.expires, Some((2027, 2)));
        assert_eq!((card.brand, card.number.as_deref()), (Brand::Visa, Some("7")));
    }

    #[test]
    fn a_decline_may_carry_the_networks_advice() {
        for name in
            ["pm_sbx_mastercard__do_not_honor2@03__ok", "pm_sbx_mastercard__do_not_honor~03"]
        {
            let Step::Decline(decline) = described(name).script.at(0).clone() else { panic!() };
            assert_eq!(decline.network_advice_code.as_deref(), Some("03"));
        }
    }

    #[test]
    fn slow_and_lost_answers_are_steps_too() {
        let card = described("pm_sbx_amex__processing3d_fail__lostreply2__timeout");
        let failed = Box::new(decline("generic_decline"));
        assert_eq!(card.script.at(0), &Step::Process { days: 3, outcome: failed });
        assert_eq!(card.script.at(2), &Step::Unheard(Loss::Severed));
        assert_eq!(card.script.at(9), &Step::Unheard(Loss::Silence));
    }

    #[test]
    fn a_step_that_makes_no_sense_is_named() {
        assert_eq!(read("pm_sbx_visa__okay").unwrap(), Err("unknown step 'okay'".into()));
        assert_eq!(read("pm_sbx_vista__ok").unwrap(), Err("unknown brand 'vista'".into()));
        assert!(read("pm_card_visa").is_none());
    }
}
