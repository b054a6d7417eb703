//! Typed identifiers: UUIDv7 (RFC 9562), shown as a prefix and Crockford base 32.
//!
//! `ord_01jd8k3v7tf8ntx3v1a9g5r2qc` names an order and nothing else: the prefix tells a reader what it
//! is, the type tells the compiler, and the leading time makes ids sort by birth.

use std::sync::{Arc, Mutex};

use uuid::{Builder, Uuid};

use crate::{Clock, SystemClock};

/// Crockford's alphabet, lower case: no `i`, `l`, `o` or `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five.
const DIGITS: usize = 26;

/// An id that knows the prefix it is shown with. Declared with [`id!`](crate::id).
pub trait Identifier: Copy + std::fmt::Display + Send + Sync + 'static {
    /// The letters before the underscore, `ord` for orders.
    const PREFIX: &'static str;
    /// Wraps a UUID. Nothing is checked.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID inside.
    fn uuid(self) -> Uuid;
}

/// The text is not an id of the expected type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_… with 26 letters and digits")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What an id of this type begins with.
    pub prefix: &'static str,
}

/// Gives out fresh ids in the order of a clock.
///
/// Cloning shares the source, so two holders never give out the same id.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    seed: Option<Arc<Mutex<u64>>>,
}

impl Ids {
    /// Ids dated by `clock`, made unique by the operating system's randomness.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, seed: None }
    }

    /// Ids dated by the machine's clock.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock))
    }

    /// The same ids for the same `seed` and clock; for tests.
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self { clock, seed: Some(Arc::new(Mutex::new(seed))) }
    }

    /// The next id.
    pub fn next<I: Identifier>(&self) -> I {
        I::from_uuid(self.uuid())
    }

    /// The next UUIDv7.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.clock.now().micros() / 1000).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &self.random()).into_uuid()
    }

    fn random(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        match &self.seed {
            None => bytes.copy_from_slice(&Uuid::new_v4().as_bytes()[6..]),
            Some(seed) => {
                let mut state = seed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                bytes[..8].copy_from_slice(&splitmix(&mut state).to_be_bytes());
                bytes[8..].copy_from_slice(&splitmix(&mut state).to_be_bytes()[..2]);
            }
        }
        bytes
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes `prefix_` and the UUID in Crockford base 32.
#[doc(hidden)]
pub fn display(prefix: &str, id: Uuid, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    let mut digits = [0; DIGITS];
    let mut rest = id.as_u128();
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    write!(f, "{prefix}_")?;
    digits.iter().try_for_each(|digit| std::fmt::Write::write_char(f, char::from(*digit)))
}

/// Reads what [`display`] wrote. Only that form: one id has one spelling.
#[doc(hidden)]
pub fn parse(prefix: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    let invalid = || InvalidId { text: text.chars().take(64).collect(), prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let digits = digits.filter(|digits| digits.len() == DIGITS).ok_or_else(invalid)?;
    let mut value: u128 = 0;
    for digit in digits.bytes() {
        let place = ALPHABET.iter().position(|letter| *letter == digit).ok_or_else(invalid)?;
        if value >> 123 != 0 {
            return Err(invalid());
        }
        value = value << 5 | place as u128;
    }
    Ok(Uuid::from_u128(value))
}

/// Declares an id type that cannot be mistaken for another: `id! { /// … OrderId = "ord" }`.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "a crate may keep an id to itself")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::uuid::Uuid);

        impl $crate::Identifier for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: $crate::uuid::Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> $crate::uuid::Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::__id::display($prefix, self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidId;
            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                $crate::__id::parse($prefix, text).map(Self)
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as $crate::serde::Deserialize>::deserialize(from)?;
                text.parse().map_err($crate::serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, Timestamp};

    id! {
        /// For the tests.
        ThingId = "thg"
    }

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id: ThingId = Ids::system().next();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            serde_json::from_str::<ThingId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
    }

    #[test]
    fn another_types_id_or_spelling_is_refused() {
        let id: ThingId = Ids::system().next();
        for text in
            [id.to_string().replace("thg_", "ord_"), id.to_string().to_uppercase(), "thg_".into()]
        {
            assert!(text.parse::<ThingId>().is_err(), "{text}");
        }
        assert!("thg_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<ThingId>().is_err(), "more than 128 bits");
    }

    #[test]
    fn ids_sort_by_birth() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
        let ids = Ids::seeded(clock.clone(), 7);
        let first: ThingId = ids.next();
        clock.advance(std::time::Duration::from_millis(1));
        let second: ThingId = ids.next();
        assert!(first < second && first.to_string() < second.to_string());
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(5_000_000)));
        let one: ThingId = Ids::seeded(clock.clone(), 1).next();
        assert_eq!(one, Ids::seeded(clock.clone(), 1).next());
        assert_ne!(one, Ids::seeded(clock, 2).next());
    }
}
