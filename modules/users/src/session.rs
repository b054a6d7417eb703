//! A log-in: what is remembered of it, and when a refresh token continues it.

use std::time::Duration;

use kernel::Timestamp;
use users_api::{SessionId, UserId};

use crate::secrets::Nonce;

/// How long a refresh token that was used gives its successor again: to a second tab, or to whoever lost
/// the reply. Later it can only be somebody else who has it, too.
///
/// The successor is the same even if it was used in the meantime: a second one would split the log-in in
/// two that cannot tell each other from a thief.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// The longest self-description of a browser that is kept, in characters.
const USER_AGENT_MAX: usize = 400;

/// Where a log-in or a refresh came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<String>,
}

impl Origin {
    /// What is kept of what a browser says about itself.
    pub(crate) fn new(user_agent: Option<String>, ip: Option<String>) -> Self {
        let visible = |letter: &char| !letter.is_control();
        let short = |text: String| text.chars().filter(visible).take(USER_AGENT_MAX).collect();
        Self { user_agent: user_agent.map(short), ip }
    }
}

/// One refresh token of a log-in, as it is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) refresh_hash: String,
    /// The first of the log-in: itself, when it is that.
    pub(crate) family: SessionId,
    /// The one before.
    pub(crate) parent: Option<SessionId>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) successor: Option<Nonce>,
}

/// What showing a refresh token comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is used now, for the first time.
    First,
    /// It was used a moment ago: the same successor again.
    Again(Nonce),
    /// It was used long ago: two have it, so that one of them is a thief.
    Stolen,
    /// It has ended.
    Over,
}

impl Session {
    /// A new log-in, whose token continues it for as long as `life`.
    pub(crate) fn open(
        id: SessionId,
        user: UserId,
        refresh_hash: String,
        now: Timestamp,
        life: Duration,
    ) -> Self {
        Self {
            id,
            user,
            refresh_hash,
            family: id,
            parent: None,
            created_at: now,
            expires_at: now.plus(life),
            used_at: None,
            successor: None,
        }
    }

    /// The next token of this log-in.
    pub(crate) fn next(
        &self,
        id: SessionId,
        refresh_hash: String,
        now: Timestamp,
        life: Duration,
    ) -> Self {
        let next = Self::open(id, self.user, refresh_hash, now, life);
        Self { family: self.family, parent: Some(self.id), ..next }
    }

    /// What showing its token at `now` comes to.
    pub(crate) fn shown(&self, now: Timestamp) -> Turn {
        match (self.used_at, &self.successor) {
            (None, _) if self.expires_at <= now => Turn::Over,
            (None, _) => Turn::First,
            (Some(used_at), Some(nonce)) if now.since(used_at) <= GRACE => {
                Turn::Again(nonce.clone())
            }
            (Some(_), _) => Turn::Stolen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const LIFE: Duration = Duration::from_hours(1);

    #[test]
    fn a_token_is_used_once_and_again_for_ten_seconds_only() {
        let ids = kernel::Ids::system();
        let fresh = Session::open(ids.next(), ids.next(), String::new(), NOW, LIFE);
        assert_eq!(fresh.shown(NOW), Turn::First);
        assert_eq!(fresh.shown(NOW.plus(LIFE)), Turn::Over);
        let nonce = Nonce::draw();
        let used = Session { used_at: Some(NOW), successor: Some(nonce.clone()), ..fresh };
        assert_eq!(used.shown(NOW.plus(GRACE)), Turn::Again(nonce));
        let late = NOW.plus(GRACE + Duration::from_micros(1));
        assert_eq!(used.shown(late), Turn::Stolen);
        let forgotten = Session { successor: None, ..used };
        assert_eq!(forgotten.shown(NOW), Turn::Stolen, "without the nonce nobody can tell");
    }
}
