//! Log-ins and the tokens that come of them.

use std::fmt;

use kernel::{PageRequest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Password, RefreshToken, UserId};

kernel::id! {
    /// Names one log-in, however often it is refreshed.
    SessionId = "ses"
}

/// Somebody claims to be somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogIn {
    /// Any case.
    pub email: String,
    /// Compared in constant time.
    pub password: Password,
    /// For the list of sessions: what the browser says it is.
    pub user_agent: Option<String>,
    /// For the list of sessions and for throttling: where the request came from.
    pub ip: Option<String>,
    /// The client's `Idempotency-Key`: under it, who has the password is given the same session again.
    pub key: Option<String>,
}

/// A session shall go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refresh {
    /// The newest token of the session.
    pub token: RefreshToken,
    /// For the list of sessions: what the browser says it is.
    pub user_agent: Option<String>,
    /// For the list of sessions: where the request came from.
    pub ip: Option<String>,
}

/// What a log-in gives. Its secrets are not printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// The session these belong to.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// A signed JWT (RFC 9068), valid until `expires_at`.
    pub access_token: String,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Opaque and single use; only its hash is stored.
    pub refresh_token: RefreshToken,
    /// When the refresh token ends.
    pub refresh_expires_at: Timestamp,
    /// Whether these were given before.
    pub replayed: bool,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, user, expires_at, .. } = self;
        write!(f, "Tokens {{ session: {session}, user: {user}, expires_at: {expires_at}, … }}")
    }
}

/// A log-in that can be continued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Names it, and is the `sid` of its access tokens.
    pub id: SessionId,
    /// What the browser last said it is.
    pub user_agent: Option<String>,
    /// Where the last log-in or refresh came from.
    pub ip: Option<String>,
    /// When somebody logged in.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub refreshed_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// Whose log-ins, and which part of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionsOf {
    /// Whose.
    pub user: UserId,
    /// Which part.
    pub page: PageRequest,
}

/// A log-in and who asks for it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SessionOf {
    /// Whose it must be.
    pub user: UserId,
    /// Which one.
    pub session: SessionId,
}

/// Log-ins that shall end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// The one that goes on.
    pub but: Option<SessionId>,
}
