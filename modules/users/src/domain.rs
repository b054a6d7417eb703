//! What an account, an address and a log-in must be. Nothing here awaits.

mod account;
mod address;
mod email;
mod reading;

pub(crate) use account::{Account, Status, applicant, password, roles};
pub(crate) use address::entry;
pub(crate) use email::Email;
pub(crate) use reading::Reading;
