//! Replies that hold secrets, as they are kept for whoever sends the same request again.
//!
//! **Invariant:** the key is made of a secret that came with the request and is stored nowhere, so what is
//! in the database opens for nobody but who sends that request again.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hmac,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use users_api::RefreshToken;

/// Opens and closes sealed replies.
pub(crate) struct SealKey([u8; 32]);

/// A reply that is encrypted (AES-256-GCM).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sealed(pub(crate) String);

/// It was sealed under another key, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed reply cannot be opened")]
pub(crate) struct Unsealable;

impl SealKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of whoever has `token`.
    pub(crate) fn of(token: &RefreshToken) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&key, b"seal").as_ref());
        Self(bytes)
    }

    pub(crate) fn seal(&self, reply: &impl Serialize) -> Result<Sealed, Unsealable> {
        let mut bytes = serde_json::to_vec(reply).map_err(|_| Unsealable)?;
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::empty(), &mut bytes);
        let nonce = nonce.map_err(broken)?;
        Ok(Sealed(STANDARD_NO_PAD.encode([nonce.as_ref().as_slice(), &bytes].concat())))
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, sealed: &Sealed) -> Result<T, Unsealable> {
        let bytes = STANDARD_NO_PAD.decode(&sealed.0).map_err(|_| Unsealable)?;
        let (nonce, bytes) = bytes.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(broken)?;
        let mut bytes = bytes.to_vec();
        let plain = self.cipher()?.open_in_place(nonce, Aad::empty(), &mut bytes);
        serde_json::from_slice(plain.map_err(broken)?).map_err(|_| Unsealable)
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, Unsealable> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).map_err(broken)
    }
}

fn broken(_: Unspecified) -> Unsealable {
    Unsealable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_reply_opens_for_the_secret_it_was_sealed_for_only() {
        let (key, other) = (SealKey::new([1; 32]), SealKey::new([2; 32]));
        let sealed = key.seal(&"a refresh token").unwrap();
        assert!(!sealed.0.contains("refresh"));
        assert_eq!(key.open::<String>(&sealed).unwrap(), "a refresh token");
        assert_eq!(other.open::<String>(&sealed), Err(Unsealable));
        let cut = Sealed(sealed.0[..10].to_owned());
        assert_eq!(key.open::<String>(&cut), Err(Unsealable));
    }
}
