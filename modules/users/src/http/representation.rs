//! How accounts, addresses and sessions look outside.

mod account;
mod address;
mod mail;
mod session;

pub(super) use account::{Account, NewAccount, People, Profile, Roles};
pub(super) use address::{Address, NewAddress};
pub(super) use mail::{Forgotten, MailPromise, NewPassword, PasswordChange, Proof, Verified};
pub(super) use session::{ActiveSession, Continuation, Credentials, Session};
