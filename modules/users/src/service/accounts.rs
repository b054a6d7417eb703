//! Accounts: opened, verified, renamed, forgotten.

use identity::Role;
use kernel::Version;
use users_api::{ChangeProfile, Erase, Error, SignUp, User, UserId};

use super::{Service, invalid, refused, throttled, unhashed};
use crate::{
    domain::{self, Account, Status},
    store::{Outcome, Purpose},
};

impl Service {
    pub(super) async fn open_account(&self, wish: SignUp, role: Role) -> Outcome<User> {
        let applicant = domain::applicant(&wish).map_err(invalid)?;
        let hash = self.passwords.hash(wish.password).await.map_err(unhashed)?;
        let account = Account::open(self.ids.next(), applicant, role, self.now());
        let proof = self.mailed(Purpose::VerifyEmail);
        self.store.open_account(&account, &hash, &proof).await?;
        Ok(account.into())
    }

    pub(super) async fn mail_verification(&self, user: UserId) -> Outcome<()> {
        let account = self.store.account(user).await?;
        if account.status != Status::Active || account.email_verified_at.is_some() {
            return Ok(());
        }
        self.mails.charge(Some(&account.email), None, self.now()).map_err(throttled)?;
        let proof = self.mailed(Purpose::VerifyEmail);
        self.store.request_verification(&account, &proof, self.now()).await
    }

    pub(super) async fn rename(&self, wish: ChangeProfile) -> Outcome<User> {
        self.change(wish.user, Some(wish.version), |account| {
            account.renamed(&wish).map_err(Error::Invalid)
        })
        .await
    }

    pub(super) async fn forget(&self, wish: Erase) -> Outcome<()> {
        self.change(wish.user, Some(wish.version), |account| Ok(account.erased())).await.map(drop)
    }

    /// Changes an account as `next` says, if it is at the version that the change is based on; based on none,
    /// whatever its version is.
    pub(super) async fn change(
        &self,
        id: UserId,
        based_on: Option<Version>,
        next: impl Fn(Account) -> Result<Account, Error> + Send + Sync,
    ) -> Outcome<User> {
        storage::retry(|| async {
            let before = self.store.account(id).await?;
            if before.status == Status::Erased {
                return refused(Error::Erased);
            }
            if based_on.is_some_and(|version| version != before.version) {
                return refused(Error::Stale { current: before.version });
            }
            let mut after = match next(before.clone()) {
                Ok(after) => after,
                Err(no) => return refused(no),
            };
            if after != before {
                after.version = before.version.next();
                self.store.replace(&before, &after, self.now()).await?;
            }
            Ok(after.into())
        })
        .await
    }
}
