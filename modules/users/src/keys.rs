//! The keys that sign access tokens; the private halves leave this module's database only to sign.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use identity::{InvalidKey, SigningKey};
use kernel::Timestamp;
use sea_orm::DeriveValueType;
use secrecy::ExposeSecret;

use crate::{
    OpenError,
    store::{Store, StoredKey},
};

/// A private key as it is stored: PKCS#8 (RFC 5958) in base64. It never prints itself.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub(crate) struct PrivateKey(String);

impl PrivateKey {
    fn of(key: &SigningKey) -> Self {
        Self(STANDARD_NO_PAD.encode(key.to_pkcs8().expose_secret()))
    }

    fn signing_key(&self) -> Result<SigningKey, InvalidKey> {
        let bytes = STANDARD_NO_PAD.decode(&self.0).map_err(|_| InvalidKey)?;
        SigningKey::from_pkcs8(&bytes)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// The signing keys, oldest first; made at the first start. Processes that start together end up with
/// the same one.
pub(crate) async fn load(store: &Store, now: Timestamp) -> Result<Vec<SigningKey>, OpenError> {
    let mut kept = store.keys().await?;
    if kept.is_empty() {
        let key = SigningKey::generate()?;
        let first = StoredKey { kid: key.id().to_owned(), private_key: PrivateKey::of(&key) };
        store.keep_first_key(&first, now).await?;
        tracing::info!(kid = key.id(), "made a key to sign access tokens");
        kept = store.keys().await?;
    }
    let keys = kept.iter().map(|stored| stored.private_key.signing_key());
    Ok(keys.collect::<Result<_, _>>()?)
}
