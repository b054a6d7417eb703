//! Users at work: decide, then record. What each method does is in the file of its noun.

mod accounts;
mod addresses;
mod log_ins;
mod passwords;
mod staff;

use std::sync::Arc;

use identity::Issuer;
use kernel::{Clock, Ids, Page, Timestamp};
use ports::async_trait;
use storage::Failure;
use tokio::sync::Notify;
use users_api::{
    AddAddress, Address, AddressBook, AddressOf, AddressesOf, ChangePassword, ChangeProfile,
    EndSessions, Erase, Error, KeyScope, LogIn, PublicKey, Refresh, RemoveAddress, ReplaceAddress,
    RequestReset, ResetPassword, Result, Session, SessionOf, SessionsOf, SetLocked, SetRoles,
    SignUp, Tokens, User, UserId, Users, UsersWhere, VerifyEmail,
};

use crate::{
    OpenError, Settings, keys,
    passwords::Passwords,
    secrets,
    store::{Mailed, Outcome, Purpose, Store},
    throttle::{Attempts, Wait},
};

pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) passwords: Arc<Passwords>,
    /// Failed attempts to show a password.
    pub(crate) attempts: Attempts,
    /// Mails that were asked for.
    pub(crate) mails: Attempts,
    pub(crate) issuer: Issuer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
    /// Somebody forgot a password.
    pub(crate) wished: Arc<Notify>,
}

#[async_trait]
impl Users for Service {
    async fn sign_up(&self, wish: SignUp) -> Result<User> {
        self.open_account(wish, identity::Role::Customer).await.map_err(told)
    }

    async fn create_admin(&self, wish: SignUp) -> Result<User> {
        self.open_account(wish, identity::Role::Admin).await.map_err(told)
    }

    async fn verify_email(&self, proof: VerifyEmail) -> Result<User> {
        let hash = secrets::hash(proof.token.expose());
        let verified = self.store.verify_email(&hash, self.now()).await;
        verified.map(User::from).map_err(told)
    }

    async fn request_verification(&self, user: UserId) -> Result<()> {
        self.mail_verification(user).await.map_err(told)
    }

    async fn log_in(&self, attempt: LogIn) -> Result<Tokens> {
        self.open_session(attempt).await.map_err(told)
    }

    async fn refresh(&self, wish: Refresh) -> Result<Tokens> {
        self.continue_session(wish).await.map_err(told)
    }

    async fn sessions(&self, whose: SessionsOf) -> Result<Page<Session>> {
        self.store.sessions(&whose, self.now()).await.map_err(told)
    }

    async fn session(&self, which: SessionOf) -> Result<Session> {
        self.store.session(which, self.now()).await.map_err(told)
    }

    async fn end_session(&self, which: SessionOf) -> Result<()> {
        self.store.end_session(which, self.now()).await.map_err(told)
    }

    async fn end_sessions(&self, which: EndSessions) -> Result<()> {
        self.store.end_sessions(which.user, which.but, self.now()).await.map_err(told)
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.store.account(id).await.map(User::from).map_err(told)
    }

    async fn change_profile(&self, wish: ChangeProfile) -> Result<User> {
        self.rename(wish).await.map_err(told)
    }

    async fn change_password(&self, wish: ChangePassword) -> Result<()> {
        self.replace_password(wish).await.map_err(told)
    }

    async fn request_reset(&self, wish: RequestReset) -> Result<()> {
        self.wish_for_reset(wish).await.map_err(told)
    }

    async fn reset_password(&self, wish: ResetPassword) -> Result<()> {
        self.set_forgotten_password(wish).await.map_err(told)
    }

    async fn erase(&self, wish: Erase) -> Result<()> {
        self.forget(wish).await.map_err(told)
    }

    async fn add_address(&self, wish: AddAddress) -> Result<Address> {
        self.keep_address(wish).await.map_err(told)
    }

    async fn addresses(&self, whose: AddressesOf) -> Result<AddressBook> {
        self.store.addresses(&whose).await.map_err(told)
    }

    async fn address(&self, which: AddressOf) -> Result<Address> {
        self.store.address(which).await.map_err(told)
    }

    async fn replace_address(&self, wish: ReplaceAddress) -> Result<Address> {
        self.rewrite_address(wish).await.map_err(told)
    }

    async fn remove_address(&self, wish: RemoveAddress) -> Result<()> {
        let RemoveAddress { which, version } = wish;
        self.store.remove_address(which, version, self.now()).await.map_err(told)
    }

    async fn users(&self, wish: UsersWhere) -> Result<Page<User>> {
        self.store.accounts(&wish).await.map(|page| page.map(User::from)).map_err(told)
    }

    async fn set_roles(&self, wish: SetRoles) -> Result<User> {
        self.give_roles(wish).await.map_err(told)
    }

    async fn set_locked(&self, wish: SetLocked) -> Result<User> {
        self.lock(wish).await.map_err(told)
    }

    async fn keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>> {
        match scope {
            KeyScope::AccessTokens => {
                let signer_first = self.issuer.jwks().keys.into_iter().rev();
                Ok(signer_first.map(|key| PublicKey { kid: key.kid, x: key.x }).collect())
            }
        }
    }

    async fn rotate_keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>> {
        let rotated = keys::next(&self.store, &self.issuer, &self.settings, self.now());
        rotated.await.map_err(|cause: OpenError| {
            tracing::error!(%cause, "the signing keys cannot be rotated");
            Error::Broken
        })?;
        self.keys(scope).await
    }
}

impl Service {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh token for a mail.
    fn mailed(&self, purpose: Purpose) -> Mailed {
        let life = match purpose {
            Purpose::VerifyEmail => self.settings.verification_life,
            Purpose::ResetPassword => self.settings.reset_life,
        };
        let token = users_api::OneTimeToken::new(secrets::draw());
        Mailed { token, purpose, expires_at: self.now().plus(life) }
    }
}

fn refused<T>(no: Error) -> Outcome<T> {
    Err(Failure::Refused(no))
}

fn invalid(violations: Vec<kernel::Violation>) -> Failure<Error> {
    Failure::Refused(Error::Invalid(violations))
}

fn throttled(wait: Wait) -> Failure<Error> {
    let seconds = wait.0.as_secs() + u64::from(wait.0.subsec_nanos() > 0);
    Failure::Refused(Error::Throttled { seconds: seconds.max(1) })
}

fn unhashed(cause: crate::passwords::Failure) -> Failure<Error> {
    tracing::error!(%cause, "a password could not be hashed");
    Failure::Refused(Error::Broken)
}

/// Keeps the cause at home; a caller learns only that we failed.
fn told(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Storage(cause) => {
            tracing::error!(%cause, "the users' store failed");
            Error::Broken
        }
    }
}
