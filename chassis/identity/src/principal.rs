//! Whoever a verified token speaks for.

use std::sync::Arc;

use kernel::Timestamp;

use crate::{GuestToken, Permission, Role, guest};

/// Whoever asks: a logged-in user, as the access token tells, or a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user's id, `usr_01j…`.
    pub subject: Arc<str>,
    /// What the user is in the shop.
    pub roles: Vec<Role>,
    /// The log-in session the token belongs to, when it belongs to one.
    pub session: Option<Arc<str>>,
    /// The token's own id (`jti`).
    pub token: Arc<str>,
    /// When the token ends to be valid.
    pub expires_at: Timestamp,
}

impl Principal {
    /// The shopper without an account who holds `token`.
    pub fn guest(token: &GuestToken) -> Self {
        Self {
            subject: token.subject().into(),
            roles: Vec::new(),
            session: None,
            token: "guest".into(),
            expires_at: Timestamp::from_micros(i64::MAX),
        }
    }

    /// Whether this is a shopper without an account.
    pub fn is_guest(&self) -> bool {
        guest::is_guest(&self.subject)
    }

    /// Whether any of the roles includes `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.permissions().contains(&permission))
    }
}
