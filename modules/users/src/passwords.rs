//! Passwords at rest: argon2id (RFC 9106), on a bounded number of threads.
//!
//! A hash costs 19 MiB and tens of milliseconds on purpose. It is computed away from the threads that
//! answer requests, and only so many at once, so that log-ins wait for each other and nobody else does
//! (see `hashers`).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use argon2::{Algorithm, Argon2, Params, Version, password_hash::phc::PasswordHash};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use sea_orm::DeriveValueType;
use users_api::Password;

use crate::hashers::{self, Hashers, Memory};

/// What one hash costs: the least that OWASP's "Password Storage Cheat Sheet" recommends.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password's hash in PHC string format. It never prints itself.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub(crate) struct Hash(String);

impl Hash {
    /// As new hashes are written.
    fn of(salt: &[u8; 16], bytes: &[u8; 32]) -> Self {
        let (salt, bytes) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(bytes));
        Self(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${bytes}"))
    }

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
    #[error(transparent)]
    Thread(#[from] hashers::Broken),
}

/// Computes and compares hashes.
pub(crate) struct Passwords {
    hashers: Hashers,
    decoy: Hash,
    computed: Arc<AtomicU64>,
}

impl Passwords {
    /// Computes hashes with these.
    pub(crate) fn new(hashers: Hashers) -> Self {
        Self { hashers, decoy: decoy(), computed: Arc::default() }
    }

    /// The hash of `password`, with a salt of its own.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hash, Failure> {
        let hashed = self.aside(move |memory| {
            let (salt, mut bytes) = (rand::random::<[u8; 16]>(), [0; 32]);
            compute(memory, params()?, &password, &salt, &mut bytes)?;
            Ok::<_, argon2::Error>(Hash::of(&salt, &bytes))
        });
        hashed.await?.map_err(|cause| Failure::Argon2(cause.into()))
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
        let compared = self.aside(move |memory| {
            let hash = PasswordHash::new(&hash.0)?;
            let (Some(salt), Some(right)) = (&hash.salt, &hash.hash) else {
                return Err(argon2::password_hash::Error::EncodingInvalid);
            };
            let mut bytes = vec![0; right.len()];
            compute(memory, Params::try_from(&hash)?, &password, salt, &mut bytes)?;
            Ok(verify_slices_are_equal(&bytes, right.as_bytes()).is_ok())
        });
        Ok(compared.await?.map_err(Failure::Argon2)? && known)
    }

    /// What whoever knows `password` can make again with the same `salt`, at the cost of a hash.
    pub(crate) async fn derive(
        &self,
        password: Password,
        salt: [u8; 32],
    ) -> Result<Derived, Failure> {
        let derived = self.aside(move |memory| {
            let mut bytes = [0; 64];
            compute(memory, params()?, &password, &salt, &mut bytes)?;
            Ok::<_, argon2::Error>(Derived::from(bytes))
        });
        derived.await?.map_err(|cause| Failure::Argon2(cause.into()))
    }

    /// How many hashes were computed so far: what tells a test that an answer was not cheaper.
    #[cfg(test)]
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread that hashes, when it is its turn.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let computed = self.computed.clone();
        let work = move |memory: &mut Memory| {
            let done = work(memory);
            computed.fetch_add(1, Ordering::Relaxed);
            done
        };
        Ok(self.hashers.run(work).await?)
    }
}

/// What new hashes cost.
fn params() -> Result<Params, argon2::Error> {
    Params::new(MEMORY_KIB, PASSES, LANES, None)
}

/// Fills `bytes` with what argon2id makes of a password.
fn compute(
    memory: &mut Memory,
    params: Params,
    password: &Password,
    salt: &[u8],
    bytes: &mut [u8],
) -> Result<(), argon2::Error> {
    let blocks = memory.blocks(params.block_count());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, bytes, blocks)
}

/// A hash of the usual cost that belongs to no password: its bytes are random.
fn decoy() -> Hash {
    Hash::of(&rand::random(), &rand::random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_is_recognised_and_a_hash_is_salted() {
        let passwords = Passwords::new(Hashers::start(2, 0));
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
        let passwords = Passwords::new(Hashers::start(1, 0));
        assert!(!passwords.verify(Password::new("correct horse"), None).await.unwrap());
        assert_eq!(passwords.computed(), 1);
    }

    #[tokio::test]
    async fn a_hash_of_another_library_is_understood() {
        use argon2::password_hash::PasswordHasher;
        let foreign: PasswordHash =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 3, 1, None).unwrap())
                .hash_password(b"correct horse")
                .unwrap();
        let (passwords, hash) = (Passwords::new(Hashers::start(1, 0)), Hash(foreign.to_string()));
        for (password, right) in [("correct horse", true), ("battery", false)] {
            let verified = passwords.verify(Password::new(password), Some(hash.clone()));
            assert_eq!(verified.await.unwrap(), right);
        }
    }

    #[tokio::test]
    async fn a_hash_does_not_print_itself() {
        let hash = Passwords::new(Hashers::start(1, 0))
            .hash(Password::new("correct horse"))
            .await
            .unwrap();
        assert_eq!(format!("{hash:?}"), "Hash(…)");
    }
}
