//! Addresses that a parcel could be sent to.

use kernel::Violation;
use users_api::PostalAddress;

use super::Reading;

/// An address that a parcel could be sent to, with the label its owner gave it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) address: PostalAddress,
}

/// Reads an address, or says all that is wrong with it.
pub(crate) fn entry(label: &str, given: &PostalAddress) -> Result<Entry, Vec<Violation>> {
    let mut reading = Reading::default();
    let label = reading.text("/label", label, 60);
    let address = reading.address("/address", given);
    reading.done(Entry { label, address })
}
