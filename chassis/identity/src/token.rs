//! What an access token says, and what it must not say (RFC 9068, RFC 8725).

use std::time::Duration;

use kernel::{Code, Fault};
use serde::{Deserialize, Serialize};

/// How long an access token lives.
pub const LIFETIME: Duration = Duration::from_mins(10);
/// The longest life that is believed, whatever a token says.
pub(crate) const LONGEST: Duration = Duration::from_mins(15);
/// How far clocks may differ.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);
/// The longest token that is looked at, in bytes.
pub(crate) const MAX_BYTES: usize = 4096;
/// The longest key id.
pub(crate) const MAX_KEY_ID: usize = 64;
/// The type of an access token.
pub(crate) const TYPE: &str = "at+jwt";

/// The claims. All but the session are required, and `aud` is one string.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) exp: i64,
    pub(crate) nbf: i64,
    pub(crate) iat: i64,
    pub(crate) jti: String,
    /// Names that this binary does not know grant nothing.
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not an access token of the kind we issue.
    #[error("the token is not an access token that is read here")]
    Malformed,
    /// It names a key that is not in the set.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    Forged,
    /// It was issued by or for somebody else.
    #[error("the token was not issued by us, or not for us")]
    Foreign,
    /// It was valid once.
    #[error("the token has expired: log in again or refresh it")]
    Expired,
    /// It comes from the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It would live longer than any token may.
    #[error("the token claims to live too long")]
    LivesTooLong,
}

impl Fault for TokenError {
    fn code(&self) -> Code {
        Code::Unauthenticated
    }
}
