//! A log-in: what is remembered of it, and the refresh token that continues it.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::Timestamp;
use users_api::{SessionId, UserId};

/// The longest self-description of a browser that is kept, in characters.
const USER_AGENT_MAX: usize = 400;

/// An opaque token of 256 random bits; only its hash is kept.
pub(crate) struct RefreshToken(String);

impl RefreshToken {
    /// A fresh one.
    pub(crate) fn draw() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// What is stored. Unsalted and fast is enough, because the token cannot be guessed.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()))
    }

    /// The token, for its owner.
    pub(crate) fn reveal(self) -> String {
        self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// A log-in as it is remembered; the first session of its family.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) refresh_hash: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Where a log-in came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
}

impl Session {
    /// A session that `token` can continue for as long as `life`.
    pub(crate) fn open(
        id: SessionId,
        user: UserId,
        token: &RefreshToken,
        origin: Origin,
        now: Timestamp,
        life: Duration,
    ) -> Self {
        let visible = |letter: &char| !letter.is_control();
        let short = |text: String| text.chars().filter(visible).take(USER_AGENT_MAX).collect();
        Self {
            id,
            user,
            refresh_hash: token.hash(),
            user_agent: origin.user_agent.map(short),
            ip: origin.ip,
            created_at: now,
            expires_at: now.plus(life),
        }
    }
}
