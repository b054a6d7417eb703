//! Whoever a verified token speaks for.

use std::sync::Arc;

use kernel::Timestamp;

use crate::{Permission, Role};

/// A logged-in user, as the access token tells.
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
    /// Whether any of the roles includes `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.permissions().contains(&permission))
    }
}
