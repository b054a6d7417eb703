//! The keys that sign access tokens; the private halves leave this module's database only to sign.
//!
//! Which key signs and which are published is told by the rows and the clock alone, so that all replicas
//! over one database agree without talking:
//!
//! - a new key is published at once and signs after a notice, in which every replica publishes it and
//!   every verifier learns it; only the very first signs at once;
//! - the newest key whose notice is over signs;
//! - an old key is published until the last token it signed has ended; then its row is removed.
//!
//! The next key is made when the newest is old. Two replicas that make it together make one: a generation
//! is a primary key.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use identity::{InvalidKey, Issuer, LIFETIME, SigningKey};
use kernel::Timestamp;
use sea_orm::DeriveValueType;
use secrecy::ExposeSecret;

use crate::{
    OpenError, Settings,
    store::{Store, StoredKey},
};

/// The first signing key; rotation counts on from it.
const FIRST_GENERATION: i64 = 1;
/// How much longer than its tokens live an old key is published: clocks differ, and replicas look at the
/// rows only so often.
const MARGIN: Duration = Duration::from_mins(5);

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

/// The signing keys, with the one that signs last; the first is made at the first start.
pub(crate) async fn load(store: &Store, now: Timestamp) -> Result<Vec<SigningKey>, OpenError> {
    let mut kept = store.keys().await?;
    if kept.is_empty() {
        make(store, FIRST_GENERATION, now, now).await?;
        kept = store.keys().await?;
    }
    in_order(&kept, now)
}

/// Makes the next key if it is time, removes those that are over, and signs with the right one.
pub(crate) async fn turn(
    store: &Store,
    issuer: &Issuer,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), OpenError> {
    let kept = store.keys().await?;
    let is_old = |newest: &StoredKey| newest.created_at.plus(settings.key_life) <= now;
    if let Some(newest) = kept.last().filter(|newest| is_old(newest)) {
        make(store, newest.generation + 1, now, now.plus(settings.key_notice)).await?;
    }
    if let Some(generation) = over(&kept, now) {
        store.remove_keys(generation).await?;
    }
    issuer.rotate(load(store, now).await?);
    Ok(())
}

/// Makes the next key unless one is waiting to sign.
pub(crate) async fn next(
    store: &Store,
    issuer: &Issuer,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), OpenError> {
    let kept = store.keys().await?;
    if let Some(newest) = kept.last().filter(|newest| newest.signs_from <= now) {
        make(store, newest.generation + 1, now, now.plus(settings.key_notice)).await?;
    }
    issuer.rotate(load(store, now).await?);
    Ok(())
}

async fn make(
    store: &Store,
    generation: i64,
    now: Timestamp,
    signs_from: Timestamp,
) -> Result<(), OpenError> {
    let key = SigningKey::generate()?;
    let (kid, private_key) = (key.id().to_owned(), PrivateKey::of(&key));
    tracing::info!(kid, generation, %signs_from, "made a key to sign access tokens");
    let stored = StoredKey { generation, kid, private_key, created_at: now, signs_from };
    Ok(store.keep_key(&stored).await?)
}

/// The keys as an issuer wants them: the newest whose notice is over is the last.
fn in_order(kept: &[StoredKey], now: Timestamp) -> Result<Vec<SigningKey>, OpenError> {
    let (signing, waiting): (Vec<_>, Vec<_>) = kept.iter().partition(|key| key.signs_from <= now);
    let keys = waiting.into_iter().chain(signing).map(|stored| stored.private_key.signing_key());
    Ok(keys.collect::<Result<_, _>>()?)
}

/// The newest generation none of whose tokens can be valid any more.
fn over(kept: &[StoredKey], now: Timestamp) -> Option<i64> {
    let has_ended = |successor: &StoredKey| successor.signs_from.plus(LIFETIME).plus(MARGIN) <= now;
    let pairs = kept.iter().zip(kept.iter().skip(1));
    pairs.filter(|(_, successor)| has_ended(successor)).map(|(key, _)| key.generation).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);
    const NOTICE: Duration = Duration::from_mins(10);

    fn stored(generation: i64, signs_from: Timestamp) -> StoredKey {
        let key = SigningKey::generate().unwrap();
        let (kid, private_key) = (key.id().to_owned(), PrivateKey::of(&key));
        StoredKey { generation, kid, private_key, created_at: NOW, signs_from }
    }

    fn signer(kept: &[StoredKey], now: Timestamp) -> String {
        in_order(kept, now).unwrap().last().unwrap().id().to_owned()
    }

    #[test]
    fn a_key_signs_after_its_notice_and_the_old_one_goes_when_its_tokens_have_ended() {
        let kept = [stored(1, NOW), stored(2, NOW.plus(NOTICE))];
        assert_eq!(signer(&kept, NOW), kept[0].kid);
        assert_eq!(in_order(&kept, NOW).unwrap().len(), 2, "both are published");
        let signs = NOW.plus(NOTICE);
        assert_eq!(signer(&kept, signs), kept[1].kid);
        assert_eq!(over(&kept, signs.plus(LIFETIME)), None);
        assert_eq!(over(&kept, signs.plus(LIFETIME + MARGIN)), Some(1));
    }
}
