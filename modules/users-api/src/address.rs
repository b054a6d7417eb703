//! Address books.

use kernel::{Page, PageRequest, Version, Violation};
use serde::{Deserialize, Serialize};

use crate::UserId;

kernel::id! {
    /// Names one address in somebody's address book.
    AddressId = "adr"
}

/// Where parcels or bills go; its fields are those of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// Who receives it, 1 to 200 characters.
    pub recipient: String,
    /// For the carrier.
    pub phone: Option<String>,
    /// Street and number, 1 to 200 characters.
    pub line1: String,
    /// What does not fit there.
    pub line2: Option<String>,
    /// 1 to 200 characters.
    pub city: String,
    /// State or province, where there are such.
    pub region: Option<String>,
    /// As the country writes it, 1 to 20 characters.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

impl PostalAddress {
    /// The address as it is printed on a label, without the space around its lines. What is wrong with it is
    /// added to `wrong`, below the pointer `at`.
    #[must_use]
    pub fn read(&self, at: &str, wrong: &mut Vec<Violation>) -> Self {
        let mut line = |field: &str, value: &str, most| {
            let value = value.trim();
            let blame =
                |code, detail: String| Violation::new(format!("{at}/{field}"), code, detail);
            if !(1..=most).contains(&value.chars().count()) {
                wrong.push(blame("length", format!("give 1 to {most} characters")));
            } else if value.chars().any(char::is_control) {
                let detail = "give one line without control characters".to_owned();
                wrong.push(blame("control-character", detail));
            }
            value.to_owned()
        };
        let some = |value: &Option<String>| {
            value.as_deref().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let read = Self {
            recipient: line("recipient", &self.recipient, 200),
            phone: some(&self.phone).map(|phone| line("phone", &phone, 40)),
            line1: line("line1", &self.line1, 200),
            line2: some(&self.line2).map(|line2| line("line2", &line2, 200)),
            city: line("city", &self.city, 200),
            region: some(&self.region).map(|region| line("region", &region, 200)),
            postal_code: line("postal_code", &self.postal_code, 20),
            country: self.country.clone(),
        };
        if !kernel::is_country(&read.country) {
            let detail = "give the country as two upper-case letters of ISO 3166-1: DE, JP, US";
            wrong.push(Violation::new(format!("{at}/country"), "unknown-country", detail));
        }
        read
    }
}

/// What an address is taken for when nobody chooses one. A book has at most one of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaults {
    /// Parcels go there.
    pub shipping: bool,
    /// Bills go there.
    pub billing: bool,
}

/// An entry of an address book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Never reused.
    pub id: AddressId,
    /// What its owner calls it: "home".
    pub label: String,
    /// Where it is.
    pub address: PostalAddress,
    /// What it is taken for when nobody chooses.
    pub defaults: Defaults,
    /// Its ETag.
    pub version: Version,
}

impl Address {
    /// How many addresses one person may keep.
    pub const MAX: usize = 50;
}

/// A part of an address book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressBook {
    /// Oldest first.
    pub page: Page<Address>,
    /// Whether another one fits in.
    pub has_room: bool,
}

/// Whose address book, and which part of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddressesOf {
    /// Whose.
    pub owner: UserId,
    /// Which part.
    pub page: PageRequest,
}

/// An address that is not in the book yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddAddress {
    /// In whose book.
    pub owner: UserId,
    /// What its owner calls it, 1 to 60 characters.
    pub label: String,
    /// Where it is.
    pub address: PostalAddress,
    /// What it shall be taken for; another one is that no more then.
    pub defaults: Defaults,
}

/// An address and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AddressOf {
    /// Whose it must be.
    pub owner: UserId,
    /// Which one.
    pub address: AddressId,
}

/// What an address shall be instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplaceAddress {
    /// Which one.
    pub which: AddressOf,
    /// The version the change is based on.
    pub version: Version,
    /// What its owner calls it, 1 to 60 characters.
    pub label: String,
    /// Where it is.
    pub address: PostalAddress,
    /// What it shall be taken for; another one is that no more then.
    pub defaults: Defaults,
}

/// An address that shall be gone.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveAddress {
    /// Which one.
    pub which: AddressOf,
    /// The version the wish is based on.
    pub version: Version,
}
