//! Accounts, and what their owners do with them.

use kernel::{Patch, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::{OneTimeToken, Password, SessionId};

kernel::id! {
    /// Names one person for as long as the shop exists, even after erasure.
    UserId = "usr"
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// As it was given; empty after erasure.
    pub email: String,
    /// When somebody proved to read the mail of this address.
    pub email_verified_at: Option<Timestamp>,
    /// How the shop addresses the person; empty after erasure.
    pub name: String,
    /// How the shop calls the person.
    pub phone: Option<String>,
    /// Whether the account can be used.
    pub status: Status,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// When the account was opened.
    pub created_at: Timestamp,
    /// Its ETag.
    pub version: Version,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It can.
    Active,
    /// Not until staff unlock it.
    Locked,
    /// Never again: only the id is left.
    Erased,
}

/// An account that does not exist yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignUp {
    /// Unique without regard to case.
    pub email: String,
    /// 8 to 128 characters.
    pub password: Password,
    /// How the shop addresses the person, 1 to 200 characters.
    pub name: String,
}

/// Somebody reads the mail of an e-mail address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerifyEmail {
    /// What was mailed there.
    pub token: OneTimeToken,
}

/// What somebody wants to be called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeProfile {
    /// Who.
    pub user: UserId,
    /// The version the change is based on.
    pub version: Version,
    /// The new name, 1 to 200 characters; the old one when absent.
    pub name: Option<String>,
    /// The new phone number, up to 40 characters.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    pub phone: Patch<String>,
}

/// A new password of somebody who knows the old one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangePassword {
    /// Who.
    pub user: UserId,
    /// The log-in that stays.
    pub session: Option<SessionId>,
    /// The old password.
    pub current: Password,
    /// 8 to 128 characters.
    pub new: Password,
}

/// Somebody forgot a password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestReset {
    /// Any case.
    pub email: String,
    /// For throttling: where the request came from.
    pub ip: Option<String>,
}

/// A new password of somebody who reads the mail of the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResetPassword {
    /// What was mailed.
    pub token: OneTimeToken,
    /// 8 to 128 characters.
    pub password: Password,
}

/// A person to be forgotten.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Erase {
    /// Who.
    pub user: UserId,
    /// The version the wish is based on.
    pub version: Version,
}
