//! Accounts: who may have one, and what becomes of it.

use identity::Role;
use kernel::{Patch, Timestamp, Version, Violation};
use users_api::{ChangeProfile, Password, SignUp, User, UserId};

pub(crate) use users_api::Status;

use super::{Email, Reading};

const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;
const NAME_MAX: usize = 200;
const PHONE_MAX: usize = 40;

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
    read_password(&mut reading, "/password", &wish.password);
    let name = reading.text("/name", &wish.name, NAME_MAX);
    let email = email.unwrap_or_else(|| Email { given: String::new(), key: String::new() });
    reading.done(Applicant { email, name })
}

/// Whether `wish`, which is at `pointer`, can be a password.
pub(crate) fn password(pointer: &str, wish: &Password) -> Result<(), Vec<Violation>> {
    let mut reading = Reading::default();
    read_password(&mut reading, pointer, wish);
    reading.done(())
}

fn read_password(reading: &mut Reading, pointer: &str, wish: &Password) {
    if !PASSWORD.contains(&wish.expose().chars().count()) {
        let (least, most) = PASSWORD.into_inner();
        let detail = format!("a password has {least} to {most} characters");
        reading.blame(pointer, "length", &detail);
    }
}

/// Reads the names of roles, or says all that is wrong with them. Each is there once, in a fixed order.
pub(crate) fn roles(names: &[String]) -> Result<Vec<Role>, Vec<Violation>> {
    let mut reading = Reading::default();
    let mut roles = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match name.parse() {
            Ok(role) => roles.push(role),
            Err(unknown) => {
                let unknown: identity::UnknownRole = unknown;
                reading.blame(&format!("/roles/{place}"), "unknown-role", &unknown.to_string());
            }
        }
    }
    if names.is_empty() {
        reading.blame(
            "/roles",
            "length",
            "give at least one role; whoever only buys is a customer",
        );
    }
    roles.sort_unstable();
    roles.dedup();
    reading.done(roles)
}

/// An account: a person, and whether and as what that person may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) email_verified_at: Option<Timestamp>,
    pub(crate) name: String,
    pub(crate) phone: Option<String>,
    pub(crate) status: Status,
    pub(crate) roles: Vec<Role>,
    pub(crate) created_at: Timestamp,
    pub(crate) version: Version,
}

impl Account {
    /// A new account of `applicant`.
    pub(crate) fn open(id: UserId, applicant: Applicant, role: Role, now: Timestamp) -> Self {
        Self {
            id,
            email: applicant.email,
            email_verified_at: None,
            name: applicant.name,
            phone: None,
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

    /// Whether this is somebody who can give roles.
    pub(crate) fn is_admin_on_duty(&self) -> bool {
        self.status == Status::Active && self.roles.contains(&Role::Admin)
    }

    /// The account called as `wish` says, or all that is wrong with that.
    pub(crate) fn renamed(mut self, wish: &ChangeProfile) -> Result<Self, Vec<Violation>> {
        let mut reading = Reading::default();
        if let Some(name) = &wish.name {
            self.name = reading.text("/name", name, NAME_MAX);
        }
        match &wish.phone {
            Patch::Absent => {}
            Patch::Null => self.phone = None,
            Patch::Value(phone) => {
                self.phone = reading.optional("/phone", Some(phone), PHONE_MAX);
            }
        }
        reading.done(self)
    }

    /// The account after its owner proved at `now` to read its mail.
    pub(crate) fn verified(mut self, now: Timestamp) -> Self {
        self.email_verified_at.get_or_insert(now);
        self
    }

    /// What is left of the account when the person is forgotten. The key of its e-mail address is the id:
    /// unique, and no e-mail address.
    pub(crate) fn erased(self) -> Self {
        Self {
            email: Email { given: String::new(), key: self.id.to_string() },
            email_verified_at: None,
            name: String::new(),
            phone: None,
            status: Status::Erased,
            roles: Vec::new(),
            ..self
        }
    }
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email.given,
            email_verified_at: account.email_verified_at,
            name: account.name,
            phone: account.phone,
            status: account.status,
            roles: account.roles.iter().map(Role::to_string).collect(),
            created_at: account.created_at,
            version: account.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Account {
        let email = Email::parse("ada@example.com").unwrap();
        let applicant = Applicant { email, name: "Ada".into() };
        let id = kernel::Ids::system().next();
        Account::open(id, applicant, Role::Admin, Timestamp::from_micros(0))
    }

    #[test]
    fn an_account_that_is_locked_or_erased_cannot_log_in_nor_give_roles() {
        assert!(ada().may_log_in() && ada().is_admin_on_duty());
        for status in [Status::Locked, Status::Erased] {
            let account = Account { status, ..ada() };
            assert!(!account.may_log_in() && !account.is_admin_on_duty());
        }
    }

    #[test]
    fn nothing_personal_is_left_after_erasure() {
        let account = Account { phone: Some("+49 1".into()), ..ada() };
        let erased = account.verified(Timestamp::from_micros(1)).erased();
        let printed = format!("{erased:?}").to_lowercase();
        assert!(!printed.contains("ada") && !printed.contains("+49"), "{printed}");
        assert_eq!(Email::parse(&erased.email.key), None, "nobody can log in by it");
    }

    #[test]
    fn roles_are_a_set_of_those_there_are() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let read = roles(&names(&["finance", "customer", "finance"])).unwrap();
        assert_eq!(read, [Role::Customer, Role::Finance]);
        let wrong = roles(&names(&["customer", "emperor"])).unwrap_err();
        assert_eq!(wrong[0].pointer, "/roles/1");
        assert_eq!(roles(&[]).unwrap_err()[0].pointer, "/roles");
    }
}
