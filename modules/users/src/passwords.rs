//! Passwords at rest: argon2id (RFC 9106), on a bounded number of threads.
//!
//! A hash costs 19 MiB and tens of milliseconds on purpose. It is computed away from the threads that
//! answer requests, and only so many at once, so that log-ins wait for each other and nobody else does.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use sea_orm::DeriveValueType;
use tokio::{sync::Semaphore, task::JoinError};
use users_api::Password;

/// What one hash costs: the least that OWASP's "Password Storage Cheat Sheet" recommends.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password's hash in PHC string format. It never prints itself.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub(crate) struct Hash(String);

impl Hash {
    /// The hash of no password.
    pub(crate) fn none() -> Self {
        Self("!".into())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

/// Two halves that are derived from a password together, and of which neither tells the other.
pub(crate) struct Derived {
    /// May be stored: recognises the password as its hash does.
    pub(crate) fingerprint: [u8; 32],
    /// Is never stored.
    pub(crate) secret: [u8; 32],
}

impl From<[u8; 64]> for Derived {
    fn from(bytes: [u8; 64]) -> Self {
        let half = |from: usize| std::array::from_fn(|place| bytes[from + place]);
        Self { fingerprint: half(0), secret: half(32) }
    }
}

/// The hashing was not done; the cause names no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("argon2 refused: {0}")]
    Argon2(argon2::password_hash::Error),
    #[error("the thread that hashes broke: {0}")]
    Thread(#[from] JoinError),
    #[error("hashing was shut down")]
    Closed(#[from] tokio::sync::AcquireError),
}

/// Computes and compares hashes.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    decoy: Hash,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// Computes at most `threads` hashes at once.
    pub(crate) fn new(threads: usize) -> Self {
        let turns = Arc::new(Semaphore::new(threads.max(1)));
        Self { turns, decoy: decoy(), computed: Arc::default() }
    }

    /// The hash of `password`, with a salt of its own.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hash, Failure> {
        let hashed = self.aside(move || {
            let hash: PasswordHash = argon2()?.hash_password(password.expose().as_bytes())?;
            Ok(Hash(hash.to_string()))
        });
        hashed.await?.map_err(Failure::Argon2)
    }

    /// Whether `password` is the one that was hashed; never when there is no hash.
    ///
    /// It costs the same either way: without a hash, a decoy that no password has is compared.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: Option<Hash>,
    ) -> Result<bool, Failure> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let compared = self.aside(move || {
            let hash = PasswordHash::new(&hash.0)?;
            match argon2()?.verify_password(password.expose().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(cause) => Err(cause),
            }
        });
        Ok(compared.await?.map_err(Failure::Argon2)? && known)
    }

    /// What whoever knows `password` can make again with the same `salt`, at the cost of a hash.
    pub(crate) async fn derive(
        &self,
        password: Password,
        salt: [u8; 32],
    ) -> Result<Derived, Failure> {
        let derived = self.aside(move || {
            let mut bytes = [0; 64];
            argon2()?.hash_password_into(password.expose().as_bytes(), &salt, &mut bytes)?;
            Ok::<_, argon2::Error>(Derived::from(bytes))
        });
        derived.await?.map_err(|cause| Failure::Argon2(cause.into()))
    }

    /// How many hashes were computed so far: what tells a test that an answer was not cheaper.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread that may block, when it is its turn. The turn ends with the work, also
    /// when whoever asked has gone away.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.turns.clone().acquire_owned().await?;
        let computed = self.computed.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            computed.fetch_add(1, Ordering::Relaxed);
            drop(turn);
            done
        });
        Ok(done.await?)
    }
}

fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A hash of the usual cost that belongs to no password: its bytes are random.
fn decoy() -> Hash {
    let salt = STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>());
    let bytes = STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>());
    Hash(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${bytes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_is_recognised_and_a_hash_is_salted() {
        let passwords = Passwords::new(2);
        let hash = passwords.hash(Password::new("correct horse")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let again = passwords.hash(Password::new("correct horse")).await.unwrap();
        assert!(hash != again);
        let right = passwords.verify(Password::new("correct horse"), Some(hash.clone()));
        assert!(right.await.unwrap());
        assert!(!passwords.verify(Password::new("battery"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn comparing_with_nothing_computes_a_hash_all_the_same() {
        let passwords = Passwords::new(1);
        assert!(!passwords.verify(Password::new("correct horse"), None).await.unwrap());
        assert_eq!(passwords.computed(), 1);
    }

    #[tokio::test]
    async fn a_hash_does_not_print_itself() {
        let hash = Passwords::new(1).hash(Password::new("correct horse")).await.unwrap();
        assert_eq!(format!("{hash:?}"), "Hash(…)");
    }
}
