//! The payment methods of the sandbox, for people: each name, and what it does.

use super::cards;
use super::declines::Decline;

/// A payment method that exists by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestMethod {
    /// `pm_card_visa`, …
    pub name: String,
    /// What happens to it, in words.
    pub does: String,
}

/// The provider's published test methods, in its order.
#[must_use]
pub fn methods() -> Vec<TestMethod> {
    cards::all().map(|(name, does)| TestMethod { name: format!("pm_card_{name}"), does }).collect()
}

/// How a name that describes itself is built.
pub const GRAMMAR: &str = "pm_sbx_<brand>__<step>[__<step>…][__exp<YYYYMM>]";

/// One that shows all of it.
pub const EXAMPLE: TestMethodExample = TestMethodExample {
    name: "pm_sbx_visa__ok3__insufficient_funds2__ok__exp202702",
    does: "pays three times, is declined twice, then pays until the end of February 2027",
};

/// An example of a name that describes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestMethodExample {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
}

/// The steps of such a name, and what a charge attempt comes to in each.
pub const STEPS: &[(&str, &str)] = &[
    ("ok<n>", "succeeds, n times (once without a number; the last step repeats for ever)"),
    ("<decline code><n>", "is declined; @03 adds the network's advice code (~03 in a shell)"),
    ("processing<days>d_ok", "succeeds after so many days (_fail: fails)"),
    ("action", "waits for its owner, even off session"),
    ("lostreply<n>", "succeeds, and the connection closes without an answer"),
    ("timeout<n>", "succeeds, and no answer comes"),
    ("html<n>", "succeeds, and a proxy answers with its 502 page"),
    ("truncated<n>", "succeeds, and half of the answer comes"),
];

/// The brands of such a name.
#[must_use]
pub fn brands() -> Vec<&'static str> {
    cards::Brand::ALL.iter().map(|brand| brand.name()).collect()
}

/// All decline codes that a step may name.
#[must_use]
pub fn decline_codes() -> Vec<&'static str> {
    Decline::names().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_that_is_listed_exists() {
        let methods = methods();
        assert!(methods.len() > 40);
        for method in methods {
            assert!(cards::named(&method.name).is_some_and(|card| card.is_ok()), "{}", method.name);
            assert!(!method.does.is_empty(), "{}", method.name);
        }
        assert!(cards::named(EXAMPLE.name).is_some_and(|card| card.is_ok()));
    }

    #[test]
    fn each_brand_step_and_decline_code_that_is_listed_can_be_used() {
        for brand in brands() {
            assert!(cards::named(&format!("pm_sbx_{brand}__ok")).unwrap().is_ok(), "{brand}");
        }
        for (step, _) in STEPS {
            let step = step.replace("<n>", "2").replace("<days>", "3");
            let step = step.replace("<decline code>", "stolen_card");
            assert!(cards::named(&format!("pm_sbx_visa__{step}")).unwrap().is_ok(), "{step}");
        }
        for code in decline_codes() {
            assert!(cards::named(&format!("pm_sbx_visa__{code}")).unwrap().is_ok(), "{code}");
        }
    }
}
