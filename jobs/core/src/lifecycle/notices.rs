//! What a customer is told beforehand. What has happened meanwhile is not announced any more.

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::effect::Notice;

pub(super) fn upcoming_renewal(draft: &mut Draft<'_>) {
    draft.after.notices.renewal = Some(draft.after.period.index);
    announce(draft, Notice::UpcomingRenewal, draft.after.period.end);
}

pub(super) fn card_expiring(draft: &mut Draft<'_>) {
    draft.after.notices.card = Some(draft.after.period.index);
    announce(draft, Notice::CardExpiring, draft.after.period.end);
}

pub(super) fn trial_ending(draft: &mut Draft<'_>) {
    draft.after.notices.trial = true;
    announce(draft, Notice::TrialEnding, draft.after.period.end);
}

fn announce(draft: &mut Draft<'_>, notice: Notice, of: DateTime<Utc>) {
    if draft.now < of {
        draft.notify(notice);
    } else {
        draft.remark(format!("{notice:?} is not announced: it was for {of}"));
    }
}
