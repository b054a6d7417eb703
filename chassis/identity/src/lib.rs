//! Who is asking: principals, their permissions, and the access tokens that prove them.
//!
//! The users module keeps [`SigningKey`]s in its database and signs with an [`Issuer`]; everybody else
//! verifies with a [`Verifier`] over the public [`Jwks`]. Between the processes of one deployment,
//! [`InternalTokens`] say which module asks, and for which user.

mod guest;
mod internal;
mod issuer;
mod key;
mod permission;
mod principal;
mod token;
mod verifier;

#[cfg(test)]
mod internal_tests;
#[cfg(test)]
mod tests;

pub use guest::{GuestToken, InvalidGuestToken, is_guest};
pub use internal::{Insider, InternalTokens, WeakSecret};
pub use issuer::{Grant, IssueError, Issued, Issuer};
pub use key::{InvalidKey, Jwk, Jwks, SigningKey};
pub use permission::{Permission, Role, UnknownRole};
pub use principal::Principal;
pub use token::{LIFETIME, TokenError};
pub use verifier::Verifier;
