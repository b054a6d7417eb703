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
    let address = PostalAddress {
        recipient: reading.text("/address/recipient", &given.recipient, 200),
        phone: reading.optional("/address/phone", given.phone.as_deref(), 40),
        line1: reading.text("/address/line1", &given.line1, 200),
        line2: reading.optional("/address/line2", given.line2.as_deref(), 200),
        city: reading.text("/address/city", &given.city, 200),
        region: reading.optional("/address/region", given.region.as_deref(), 200),
        postal_code: reading.text("/address/postal_code", &given.postal_code, 20),
        country: given.country.clone(),
    };
    if !kernel::is_country(&address.country) {
        let detail = "give the country as two upper-case letters of ISO 3166-1: DE, JP, US";
        reading.blame("/address/country", "unknown-country", detail);
    }
    reading.done(Entry { label, address })
}
