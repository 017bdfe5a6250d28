//! How an intent names its invoice: `inv_…@tag`, with the tag of its database.
//!
//! Two databases may use one account, and their ids may be the same where they follow from the same
//! keys. Without the tag, a list of the account's intents would show one database the other's money.

use perennial_core::ids::InvoiceId;

/// What an intent is labelled with.
pub(crate) fn write(invoice: InvoiceId, installation: Option<&str>) -> String {
    match installation {
        Some(tag) => format!("{invoice}@{tag}"),
        None => invoice.to_string(),
    }
}

/// The invoice of this database that a label names. A label without a tag is from before there were
/// tags; whoever has no tag reads every label.
pub(crate) fn read(label: &str, installation: Option<&str>) -> Option<InvoiceId> {
    let invoice = match (label.split_once('@'), installation) {
        (None, _) => label,
        (Some((_, theirs)), Some(ours)) if theirs != ours => return None,
        (Some((invoice, _)), _) => invoice,
    };
    invoice.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_by_its_own_database_alone() {
        let invoice = InvoiceId::derived("label");
        let label = write(invoice, Some("000000000001"));
        assert_eq!(read(&label, Some("000000000001")), Some(invoice));
        assert_eq!(read(&label, Some("000000000002")), None);
        assert_eq!(read(&label, None), Some(invoice));
    }

    #[test]
    fn a_label_from_before_there_were_tags_is_still_read() {
        let invoice = InvoiceId::derived("label");
        assert_eq!(read(&write(invoice, None), Some("000000000001")), Some(invoice));
        assert_eq!(read("nonsense", Some("000000000001")), None);
        assert_eq!(read("nonsense@000000000001", Some("000000000001")), None);
    }
}
