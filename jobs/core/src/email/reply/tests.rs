//! Replies of real servers, and what follows from them.

use super::Step::{Greeting, Login, Message, Recipient, Sender};
use super::Verdict::{
    MailboxUnavailable, MessageRefused, NoSuchAddress, NotNow, SenderRefused, ServerUnavailable,
};
use super::*;

const REPLIES: &[(Step, u16, &str, Verdict)] = &[
    // Postfix
    (
        Recipient,
        550,
        "5.1.1 <address>: Recipient address rejected: User unknown in local recipient table",
        NoSuchAddress,
    ),
    (
        Recipient,
        550,
        "5.1.1 <address>: Recipient address rejected: User unknown in virtual mailbox table",
        NoSuchAddress,
    ),
    (
        Recipient,
        550,
        "5.1.2 <address>: Recipient address rejected: Domain not found",
        NoSuchAddress,
    ),
    (
        Recipient,
        556,
        "5.1.10 <address>: Recipient address rejected: Domain does not accept mail (nullMX)",
        NoSuchAddress,
    ),
    (Recipient, 554, "5.7.1 <address>: Relay access denied", SenderRefused),
    (
        Recipient,
        554,
        "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        SenderRefused,
    ),
    (
        Recipient,
        550,
        "5.7.1 Recipient address rejected: Message rejected due to: SPF fail - not authorized",
        SenderRefused,
    ),
    (Recipient, 550, "5.7.1 blocked: SPF", SenderRefused),
    (
        Recipient,
        553,
        "5.7.1 <address>: Sender address rejected: not owned by user us",
        SenderRefused,
    ),
    (
        Recipient,
        504,
        "5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        SenderRefused,
    ),
    (Sender, 553, "5.1.8 <address>: Sender address rejected: Domain not found", SenderRefused),
    (Sender, 552, "5.3.4 Message size exceeds fixed limit", MessageRefused),
    (Sender, 530, "5.7.0 Must issue a STARTTLS command first", SenderRefused),
    (
        Recipient,
        450,
        "4.2.0 <address>: Recipient address rejected: Greylisted, see http://postgrey.example",
        NotNow,
    ),
    (Recipient, 450, "4.1.2 <address>: Recipient address rejected: Domain not found", NotNow),
    (
        Recipient,
        451,
        "4.3.5 <address>: Recipient address rejected: Server configuration problem",
        ServerUnavailable,
    ),
    (Recipient, 452, "4.3.1 Insufficient system storage", ServerUnavailable),
    (
        Recipient,
        552,
        "5.2.2 <address>: Recipient address rejected: Mailbox full",
        MailboxUnavailable,
    ),
    (Message, 552, "5.2.2 mailbox full", MailboxUnavailable),
    (Message, 550, "5.7.1 Command rejected", SenderRefused),
    (Message, 554, "5.7.1 blocklist", SenderRefused),
    (Message, 554, "5.6.0 Message contains invalid header", MessageRefused),
    (Message, 553, "5.6.7 SMTPUTF8 is required, but was not offered by host", MessageRefused),
    (Message, 421, "4.3.0 collect: Cannot write", ServerUnavailable),
    (Greeting, 554, "5.7.1 you are not welcome here", SenderRefused),
    (Login, 535, "5.7.8 Error: authentication failed: UGFzc3dvcmQ6", SenderRefused),
    (Login, 454, "4.7.0 Temporary authentication failure", ServerUnavailable),
    // Gmail
    (
        Recipient,
        550,
        "5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
        NoSuchAddress,
    ),
    (Recipient, 452, "4.2.2 The recipient's inbox is out of storage space.", MailboxUnavailable),
    (
        Recipient,
        552,
        "5.2.2 The recipient's inbox is out of storage space and inactive.",
        MailboxUnavailable,
    ),
    (
        Recipient,
        550,
        "5.2.1 The email account that you tried to reach is inactive.",
        MailboxUnavailable,
    ),
    (
        Recipient,
        450,
        "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents",
        NotNow,
    ),
    (
        Message,
        550,
        "5.7.26 This mail has been blocked because the sender is unauthenticated.",
        SenderRefused,
    ),
    (
        Message,
        550,
        "5.7.1 [192.0.2.1 12] Our system has detected that this message is likely unsolicited mail",
        SenderRefused,
    ),
    (
        Message,
        421,
        "4.7.28 Our system has detected an unusual rate of unsolicited mail",
        ServerUnavailable,
    ),
    (Message, 552, "5.3.4 Your message exceeded Google's message size limits.", MessageRefused),
    (Sender, 550, "5.4.5 Daily user sending limit exceeded.", SenderRefused),
    // Exchange Online
    (
        Recipient,
        550,
        "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        NoSuchAddress,
    ),
    (Recipient, 550, "5.4.1 Recipient address rejected: Access denied. [AS(201806281)]", NotNow),
    (Recipient, 550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", SenderRefused),
    (
        Recipient,
        550,
        "5.7.509 Access denied, sending domain does not pass DMARC verification",
        SenderRefused,
    ),
    (Recipient, 550, "5.1.8 Access denied, bad outbound sender", SenderRefused),
    (Recipient, 550, "5.2.2 Recipient mailbox is full", MailboxUnavailable),
    (Recipient, 451, "4.7.500 Server busy. Please try again later", NotNow),
    (
        Message,
        550,
        "5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient",
        MessageRefused,
    ),
    // Outlook.com
    (
        Recipient,
        550,
        "5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
        NoSuchAddress,
    ),
    (
        Sender,
        550,
        "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3140)",
        SenderRefused,
    ),
    (
        Sender,
        421,
        "RP-001 The mail server IP connecting has exceeded the rate limit allowed.",
        ServerUnavailable,
    ),
    // Yahoo
    (
        Message,
        554,
        "delivery error: dd This user doesn't have a yahoo.com account (address) [0]",
        NoSuchAddress,
    ),
    (Message, 552, "1 Requested mail action aborted, mailbox not found", MailboxUnavailable),
    (
        Message,
        553,
        "5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred",
        SenderRefused,
    ),
    (
        Sender,
        421,
        "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume",
        ServerUnavailable,
    ),
    (
        Message,
        554,
        "Message not allowed - [PH01] Email not accepted for policy reasons.",
        SenderRefused,
    ),
    // Exim, sendmail, qmail, and what has no enhanced code
    (Recipient, 550, "Unrouteable address", SenderRefused),
    (Recipient, 550, "unknown user", NoSuchAddress),
    (Recipient, 550, "No such user here", NoSuchAddress),
    (Recipient, 550, "relay not permitted, unknown user", SenderRefused),
    (Recipient, 550, "Verification failed for <address> no such sender", SenderRefused),
    (Recipient, 553, "sorry, no mailbox here by that name (#5.1.1)", NoSuchAddress),
    (
        Recipient,
        553,
        "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        SenderRefused,
    ),
    (Message, 554, "mail server permanently rejected message (#5.3.0)", SenderRefused),
    (
        Recipient,
        552,
        "requested mail action aborted: exceeded storage allocation",
        MailboxUnavailable,
    ),
    (Message, 552, "too big", MessageRefused),
    (Recipient, 550, "no", SenderRefused),
    (Message, 554, "no", SenderRefused),
    (Message, 554, "Transaction failed", SenderRefused),
    (Recipient, 450, "mailbox busy", NotNow),
    (Recipient, 450, "greylisted", NotNow),
    (Recipient, 452, "too many recipients", NotNow),
    (Message, 451, "try again", NotNow),
    // Services that send for others
    (
        Message,
        554,
        "Message rejected: Email address is not verified. The following identities failed",
        SenderRefused,
    ),
    (Message, 454, "Throttling failure: Maximum sending rate exceeded.", NotNow),
    (Sender, 451, "Authentication failed: Maximum credits exceeded", ServerUnavailable),
    (Sender, 550, "The from address does not match a verified Sender Identity", SenderRefused),
    (Recipient, 550, "5.1.1 recipient is on our suppression list", NoSuchAddress),
    (Recipient, 550, "5.1.0 <address> sender rejected : invalid sender domain", SenderRefused),
    (Recipient, 550, "5.1.0 Address rejected.", NoSuchAddress),
    // GMX, T-Online, iCloud
    (Message, 554, "Transaction failed Reject due to policy restrictions.", SenderRefused),
    (Recipient, 550, "Requested action not taken: mailbox unavailable", NoSuchAddress),
    (Message, 550, "5.7.0 Message considered as spam or virus, rejected", SenderRefused),
    (Message, 554, "5.7.1 [CS01] Message rejected due to local policy.", SenderRefused),
    // Codes whose classes contradict each other say nothing but what the basic code does.
    (Recipient, 550, "4.1.1 unknown user", NoSuchAddress),
    (Recipient, 450, "5.1.1 unknown user", NotNow),
    // Not a code, though it looks like one.
    (Recipient, 550, "5.1.1.1 is where you come from", SenderRefused),
];

#[test]
fn each_servers_refusal_is_taken_for_what_it_means() {
    for &(step, code, text, expected) in REPLIES {
        let reply = Reply { step, code, text: text.to_owned() };
        assert_eq!(classify(&reply), expected, "{step:?} {code} {text}");
    }
}

#[test]
fn no_address_is_given_up_for_what_was_said_before_it_was_named() {
    for code in 400..600 {
        for text in ["5.1.1 unknown user", "unknown user", "4.1.1 unknown user", ""] {
            for step in [Greeting, Login, Sender] {
                let reply = Reply { step, code, text: text.to_owned() };
                assert_ne!(classify(&reply), NoSuchAddress, "{step:?} {code} {text}");
            }
        }
    }
}

#[test]
fn no_address_is_given_up_for_what_may_pass() {
    for &(step, _, text, _) in REPLIES {
        for code in 400..500 {
            let verdict = classify(&Reply { step, code, text: text.to_owned() });
            assert!(verdict.is_tried_again(), "{step:?} {code} {text}");
        }
    }
}
