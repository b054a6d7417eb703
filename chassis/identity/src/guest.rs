//! Shoppers without an account.
//!
//! A guest is whoever holds a token that nobody else can guess. The name under which the shop knows a
//! guest is made from the token's hash, so that the token itself is stored nowhere, nobody has to be
//! asked whether it is good, and what belongs to a guest belongs to an ordinary user id: a UUIDv8
//! (RFC 9562), where people with an account have a UUIDv7.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Identifier, uuid::Builder};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};

/// What a guest token begins with.
const PREFIX: &str = "gst_";
/// The random bytes of a guest token.
const BYTES: usize = 32;
/// Tells the hash from hashes of the same token for other ends.
const PURPOSE: &[u8] = b"rialto guest subject\0";

kernel::id! {
    /// Whom a token speaks for; the same text as the user's id.
    SubjectId = "usr"
}

/// The secret by which a shopper without an account is known: `gst_` and 43 letters of base64url.
#[derive(Clone)]
pub struct GuestToken(SecretString);

/// The text is no guest token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a guest token is gst_ and 43 letters, digits, - or _, as opening a cart without logging in gave it"
)]
pub struct InvalidGuestToken;

impl GuestToken {
    /// A token that nobody has.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn fresh() -> Self {
        let mut bytes = [0; BYTES];
        aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Self(text.into())
    }

    /// The token itself, for its owner.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The id under which the shop knows the guest: `usr_…`.
    pub fn subject(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(PURPOSE);
        hash.update(self.expose().as_bytes());
        let hash = hash.finish();
        let bytes = std::array::from_fn(|place| hash.as_ref()[place]);
        SubjectId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid()).to_string()
    }
}

impl std::str::FromStr for GuestToken {
    type Err = InvalidGuestToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match text.strip_prefix(PREFIX) {
            Some(rest) if rest.len() == 43 && rest.bytes().all(letter) => Ok(Self(text.into())),
            _ => Err(InvalidGuestToken),
        }
    }
}

impl std::fmt::Debug for GuestToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestToken(…)")
    }
}

/// Whether `subject` was made from a guest token.
pub fn is_guest(subject: &str) -> bool {
    subject.parse().is_ok_and(|id: SubjectId| id.uuid().get_version_num() == 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_known_by_the_token_and_by_nothing_else() {
        let (one, other) = (GuestToken::fresh(), GuestToken::fresh());
        assert_ne!(one.subject(), other.subject());
        assert_eq!(one.expose().parse::<GuestToken>().unwrap().subject(), one.subject());
        assert!(is_guest(&one.subject()));
        assert!(!is_guest(&kernel::Ids::system().next::<SubjectId>().to_string()));
        assert!(!is_guest("usr_"));
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = GuestToken::fresh();
        let long = format!("{}a", good.expose());
        for text in ["", "gst_", "gst_short", &long, &good.expose().replace("gst_", "gts_")] {
            assert!(text.parse::<GuestToken>().is_err(), "{text}");
        }
    }
}
