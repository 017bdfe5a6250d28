//! What goes wrong with mail on purpose.

use serde::{Deserialize, Serialize};

/// A rule: at this stage of a conversation, do this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailFault {
    /// When.
    pub stage: Stage,
    /// What.
    pub action: MailAction,
    /// Only for mail to this address; before `rcpt` nobody is named yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// What follows the code of a reply: `5.1.1 no such user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Spares so many before it strikes.
    #[serde(default)]
    pub after: u64,
    /// How often it strikes; without end if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// A moment in an SMTP conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the greeting.
    Connect,
    /// At `MAIL FROM`.
    Mail,
    /// At `RCPT TO`.
    Rcpt,
    /// At `DATA`.
    Data,
    /// After the final dot.
    AfterDot,
}

/// What happens instead of going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailAction {
    /// This reply code: 4xx to be tried again, 5xx for good. After the dot, the mail is not kept.
    Reply(u16),
    /// Closes the connection. After the dot, the mail is not kept.
    Close,
    /// Never replies. After the dot, the mail is not kept.
    Stall,
    /// Keeps the mail, then closes the connection without a reply.
    KeepAndClose,
    /// Keeps the mail, then never replies.
    KeepAndStall,
}

impl MailFault {
    /// Strikes every mail.
    pub fn new(stage: Stage, action: MailAction) -> Self {
        Self { stage, action, recipient: None, says: None, after: 0, count: None }
    }

    /// Strikes only mail to this address.
    pub fn to(self, recipient: &str) -> Self {
        Self { recipient: Some(recipient.to_owned()), ..self }
    }

    /// Replies with these words.
    pub fn saying(self, words: &str) -> Self {
        Self { says: Some(words.to_owned()), ..self }
    }

    /// Spares so many before it strikes.
    pub fn after(self, after: u64) -> Self {
        Self { after, ..self }
    }

    /// Strikes so often at most.
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    fn matches(&self, stage: Stage, recipients: &[String]) -> bool {
        self.stage == stage
            && self.recipient.as_deref().is_none_or(|wanted| {
                recipients.iter().any(|address| address.eq_ignore_ascii_case(wanted))
            })
    }
}

/// What is to happen, and what is said where that is a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Struck {
    pub(crate) action: MailAction,
    pub(crate) says: Option<String>,
}

/// The rules in force, each with how often it has matched.
#[derive(Debug, Default)]
pub(crate) struct MailFaults(Vec<(MailFault, u64)>);

impl MailFaults {
    pub(crate) fn add(&mut self, fault: MailFault) {
        self.0.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn all(&self) -> Vec<MailFault> {
        self.0.iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// What to do at this stage, if anything strikes.
    pub(crate) fn strike(&mut self, stage: Stage, recipients: &[String]) -> Option<Struck> {
        for (fault, matched) in &mut self.0 {
            if !fault.matches(stage, recipients) {
                continue;
            }
            *matched += 1;
            let most = fault.count.unwrap_or(u64::MAX);
            let turn = matched.checked_sub(fault.after).unwrap_or_default();
            if (1..=most).contains(&turn) {
                return Some(Struck { action: fault.action, says: fault.says.clone() });
            }
        }
        None
    }
}
