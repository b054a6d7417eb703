//! What an account and an address must be. Nothing here awaits.

use identity::Role;
use kernel::{Timestamp, Version, Violation};
use users_api::{AddAddress, PostalAddress, SignUp, User, UserId};

/// The longest e-mail address that can be delivered to (RFC 5321, 4.5.3.1.3), in bytes.
const EMAIL_MAX: usize = 254;
const LOCAL_PART_MAX: usize = 64;
const LABEL_MAX: usize = 63;
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    /// As it was given, without the space around it.
    pub(crate) given: String,
    /// In lower case: two addresses with one key are the same.
    pub(crate) key: String,
}

impl Email {
    /// Reads what can be an e-mail address; whether it is somebody's only a message to it can tell.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let given = text.trim();
        let (local, domain) = given.rsplit_once('@')?;
        let visible = |letter: char| !letter.is_whitespace() && !letter.is_control();
        let fits = given.len() <= EMAIL_MAX && (1..=LOCAL_PART_MAX).contains(&local.len());
        let plain = local.chars().all(|letter| visible(letter) && letter != '@');
        if fits && plain && domain.split('.').all(is_label) {
            return Some(Self { given: given.to_owned(), key: given.to_lowercase() });
        }
        None
    }
}

/// Whether `text` can stand between the dots of a host name, in any script.
fn is_label(text: &str) -> bool {
    let letters = |letter: char| letter.is_alphanumeric() || letter == '-';
    (1..=LABEL_MAX).contains(&text.len())
        && text.chars().all(letters)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Somebody whose account can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applicant {
    pub(crate) email: Email,
    pub(crate) name: String,
}

/// Reads a sign-up, or says all that is wrong with it.
pub(crate) fn applicant(wish: &SignUp) -> Result<Applicant, Vec<Violation>> {
    let mut reading = Reading::default();
    let email = Email::parse(&wish.email);
    if email.is_none() {
        reading.blame("/email", "invalid-email", "give an e-mail address: name@example.com");
    }
    if !PASSWORD.contains(&wish.password.expose().chars().count()) {
        let (least, most) = PASSWORD.into_inner();
        reading.blame(
            "/password",
            "length",
            &format!("a password has {least} to {most} characters"),
        );
    }
    let name = reading.text("/name", &wish.name, 200);
    match email {
        Some(email) if reading.violations.is_empty() => Ok(Applicant { email, name }),
        _ => Err(reading.violations),
    }
}

/// An account: a person, and whether and as what that person may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) roles: Vec<Role>,
    pub(crate) created_at: Timestamp,
    pub(crate) version: Version,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Locked,
    Erased,
}

impl Account {
    /// A new account of `applicant`.
    pub(crate) fn open(id: UserId, applicant: Applicant, role: Role, now: Timestamp) -> Self {
        Self {
            id,
            email: applicant.email,
            name: applicant.name,
            status: Status::Active,
            roles: vec![role],
            created_at: now,
            version: Version::FIRST,
        }
    }

    /// Whether the right password opens a session.
    pub(crate) fn may_log_in(&self) -> bool {
        self.status == Status::Active
    }
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email.given,
            name: account.name,
            roles: account.roles.iter().map(Role::to_string).collect(),
            created_at: account.created_at,
            version: account.version,
        }
    }
}

/// An address that a parcel could be sent to, with the label its owner gave it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) address: PostalAddress,
}

/// Reads an address, or says all that is wrong with it.
pub(crate) fn entry(wish: &AddAddress) -> Result<Entry, Vec<Violation>> {
    let mut reading = Reading::default();
    let given = &wish.address;
    let label = reading.text("/label", &wish.label, 60);
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
    if reading.violations.is_empty() {
        Ok(Entry { label, address })
    } else {
        Err(reading.violations)
    }
}

/// Reads fields one after the other and remembers what was wrong.
#[derive(Default)]
struct Reading {
    violations: Vec<Violation>,
}

impl Reading {
    fn blame(&mut self, pointer: &str, code: &str, detail: &str) {
        self.violations.push(Violation::new(pointer, code, detail));
    }

    /// One line of 1 to `most` characters, without the space around it.
    fn text(&mut self, pointer: &str, value: &str, most: usize) -> String {
        let value = value.trim();
        if !(1..=most).contains(&value.chars().count()) {
            self.blame(pointer, "length", &format!("give 1 to {most} characters"));
        } else if value.chars().any(char::is_control) {
            self.blame(pointer, "control-character", "give one line without control characters");
        }
        value.to_owned()
    }

    /// The same, but nothing is fine as well.
    fn optional(&mut self, pointer: &str, value: Option<&str>, most: usize) -> Option<String> {
        let value = value.map(str::trim).filter(|value| !value.is_empty())?;
        Some(self.text(pointer, value, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_kept_as_given_and_compared_in_lower_case() {
        let email = Email::parse(" Ada.L@Example.COM ").unwrap();
        assert_eq!(email.given, "Ada.L@Example.COM");
        assert_eq!(email.key, "ada.l@example.com");
    }

    #[test]
    fn text_that_cannot_be_delivered_to_is_no_email_address() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "a@b@c.de",
            "ada@-x.de",
            "ada@x..de",
            &long,
        ] {
            assert_eq!(Email::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_account_that_is_locked_or_erased_cannot_log_in() {
        let email = Email::parse("ada@example.com").unwrap();
        let applicant = Applicant { email, name: "Ada".into() };
        let id = kernel::Ids::system().next();
        let account = Account::open(id, applicant, Role::Customer, Timestamp::from_micros(0));
        assert!(account.may_log_in());
        for status in [Status::Locked, Status::Erased] {
            assert!(!Account { status, ..account.clone() }.may_log_in());
        }
    }
}
