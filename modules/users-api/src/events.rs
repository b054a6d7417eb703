//! What users announce.
//!
//! Facts about a person are on the channel `users.user`, for anyone who listens. Secrets that must reach
//! a person are on `users.mail`, for whoever delivers mail and for nobody else.

use kernel::{Event, Message, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AddressId, OneTimeToken, UserId};

macro_rules! events {
    ($channel:literal: $($name:ident = $kind:literal,)+) => {$(
        impl Message for $name {
            const CHANNEL: &'static str = $channel;
            const TYPE: &'static str = $kind;
            fn key(&self) -> String {
                self.user.to_string()
            }
        }

        impl Event for $name {}
    )+};
}

events! { "users.user":
    UserRegistered = "user-registered",
    EmailVerified = "email-verified",
    AddressChanged = "address-changed",
    UserErased = "user-erased",
}

events! { "users.mail":
    EmailVerificationRequested = "email-verification-requested",
    PasswordResetRequested = "password-reset-requested",
}

/// Somebody opened an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRegistered {
    /// Who.
    pub user: UserId,
    /// As it was given; whether it is theirs is not known yet.
    pub email: String,
    /// How the shop addresses the person.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody proved to read the mail of an e-mail address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailVerified {
    /// Who.
    pub user: UserId,
    /// As it was given.
    pub email: String,
    /// When.
    pub at: Timestamp,
}

/// An address book is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressChanged {
    /// Whose book.
    pub user: UserId,
    /// Which entry.
    pub address: AddressId,
    /// What became of it.
    pub change: AddressChange,
    /// When.
    pub at: Timestamp,
}

/// What became of an entry of an address book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressChange {
    /// It is new.
    Added,
    /// It says something else, or is a default now.
    Replaced,
    /// It is gone.
    Removed,
}

/// A person is forgotten: the id stays, all that said who it was is gone. Whoever keeps copies of a name,
/// an e-mail address or a postal address that they do not have to keep forgets them too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserErased {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
}

/// Somebody has to show that an e-mail address is theirs: send `token` to it, and to nobody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmailVerificationRequested {
    /// Who.
    pub user: UserId,
    /// Where the token goes.
    pub email: String,
    /// How the shop addresses the person.
    pub name: String,
    /// What the person sends back.
    pub token: OneTimeToken,
    /// Until when it is taken.
    pub expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// Somebody forgot a password: send `token` to the e-mail address, and to nobody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    /// Who.
    pub user: UserId,
    /// Where the token goes.
    pub email: String,
    /// How the shop addresses the person.
    pub name: String,
    /// What the person sends with the new password.
    pub token: OneTimeToken,
    /// Until when it is taken.
    pub expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
}
