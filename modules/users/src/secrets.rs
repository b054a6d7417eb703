//! Opaque tokens of 256 bits: how they are drawn, what is stored of them, and how one follows another.

use aws_lc_rs::{
    digest::{Context, SHA256, digest},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::DeriveValueType;
use users_api::RefreshToken;

/// 256 random bits, in 43 characters of URL-safe base 64.
pub(crate) fn draw() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a token. Unsalted and fast is enough, because the token cannot be guessed.
pub(crate) fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

/// A salt that is the same for the same `parts`.
pub(crate) fn salt(parts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    let mut salt = [0; 32];
    salt.copy_from_slice(context.finish().as_ref());
    salt
}

/// 32 bytes as text.
pub(crate) fn text(bytes: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What makes a successor out of a refresh token.
///
/// The same successor has to be given again to whoever lost the reply, although only its hash is stored.
/// So it is not drawn but derived, from two halves that are never in one place: the token, which only its
/// owner has, and this nonce, which only the database has, and only while the successor may be asked for.
/// Whoever steals one half learns nothing. Every replica derives the same, because the row says the nonce.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub(crate) struct Nonce(String);

impl Nonce {
    pub(crate) fn draw() -> Self {
        Self(draw())
    }

    /// The token after `token`: HMAC-SHA-256 under the token, which has all the entropy that needs.
    pub(crate) fn successor_of(&self, token: &RefreshToken) -> RefreshToken {
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes());
        let message = format!("successor {}", self.0);
        RefreshToken::new(URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
    }
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonce(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_takes_both_halves() {
        let (token, nonce) = (RefreshToken::new(draw()), Nonce::draw());
        let successor = nonce.successor_of(&token);
        assert_eq!(successor.expose().len(), 43);
        assert_eq!(nonce.successor_of(&token), successor);
        assert_ne!(Nonce::draw().successor_of(&token), successor);
        assert_ne!(nonce.successor_of(&RefreshToken::new(draw())), successor);
    }
}
