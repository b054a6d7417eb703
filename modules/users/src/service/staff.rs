//! What staff do with the accounts of others.

use users_api::{SetLocked, SetRoles, User};

use super::{Service, invalid};
use crate::{
    domain::{self, Account, Status},
    store::Outcome,
};

impl Service {
    pub(super) async fn give_roles(&self, wish: SetRoles) -> Outcome<User> {
        let roles = domain::roles(&wish.roles).map_err(invalid)?;
        self.change(wish.user, Some(wish.version), |account| {
            Ok(Account { roles: roles.clone(), ..account })
        })
        .await
    }

    pub(super) async fn lock(&self, wish: SetLocked) -> Outcome<User> {
        let status = if wish.locked { Status::Locked } else { Status::Active };
        self.change(wish.user, None, |account| Ok(Account { status, ..account })).await
    }
}
