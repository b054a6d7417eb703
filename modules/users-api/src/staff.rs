//! What staff do with the accounts of others.

use kernel::{PageRequest, Version};
use serde::{Deserialize, Serialize};

use crate::{Status, UserId};

/// Which people are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UsersWhere {
    /// Whose account is that.
    pub status: Option<Status>,
    /// Who has the role of this name.
    pub role: Option<String>,
    /// Whose e-mail address begins so, in any case.
    pub email: Option<String>,
    /// Which part.
    pub page: PageRequest,
}

/// What somebody shall be in the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetRoles {
    /// Who.
    pub user: UserId,
    /// The version the change is based on.
    pub version: Version,
    /// The names of all roles from now on, at least one.
    pub roles: Vec<String>,
}

/// Whether somebody may use an account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SetLocked {
    /// Who.
    pub user: UserId,
    /// Whether not.
    pub locked: bool,
}
