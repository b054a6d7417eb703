//! The public halves of the keys that sign access tokens.

use serde::{Deserialize, Serialize};

/// Which keys are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyScope {
    /// Those that sign access tokens, those that soon will, and those that signed tokens which are still
    /// valid.
    AccessTokens,
}

/// The public half of an Ed25519 signing key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Names the key in a token's header.
    pub kid: String,
    /// The 32 bytes of the key, base64url without padding: JWK's `x`.
    pub x: String,
}
