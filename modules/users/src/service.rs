//! Users at work: decide, then record.

use std::sync::Arc;

use identity::{Grant, Issuer, Role};
use kernel::{Clock, Ids, Version};
use ports::async_trait;
use secrecy::ExposeSecret;
use storage::Failure;
use users_api::{
    AddAddress, Address, AddressOf, Error, KeyScope, LogIn, PublicKey, Result, SessionId, SignUp,
    Tokens, User, UserId, Users,
};

use crate::{
    Settings,
    domain::{self, Account, Email},
    passwords::Passwords,
    session::{Origin, RefreshToken, Session},
    store::{Outcome, Store},
    throttle::Attempts,
};

pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) attempts: Attempts,
    pub(crate) issuer: Issuer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) settings: Settings,
}

#[async_trait]
impl Users for Service {
    async fn sign_up(&self, wish: SignUp) -> Result<User> {
        self.open_account(wish, Role::Customer).await.map_err(told)
    }

    async fn create_admin(&self, wish: SignUp) -> Result<User> {
        self.open_account(wish, Role::Admin).await.map_err(told)
    }

    async fn log_in(&self, attempt: LogIn) -> Result<Tokens> {
        let account = self.authenticate(&attempt).await?;
        let origin = Origin { user_agent: attempt.user_agent, ip: attempt.ip };
        self.open_session(&account, origin).await.map_err(told)
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.store.account(id).await.map(User::from).map_err(told)
    }

    async fn add_address(&self, wish: AddAddress) -> Result<Address> {
        let entry = domain::entry(&wish).map_err(Error::Invalid)?;
        let address = Address {
            id: self.ids.next(),
            label: entry.label,
            address: entry.address,
            version: Version::FIRST,
        };
        let added = self.store.add_address(wish.owner, &address, self.clock.now());
        added.await.map_err(told)?;
        Ok(address)
    }

    async fn addresses(&self, owner: UserId) -> Result<Vec<Address>> {
        self.store.addresses(owner).await.map_err(told)
    }

    async fn address(&self, which: AddressOf) -> Result<Address> {
        self.store.address(which).await.map_err(told)
    }

    async fn keys(&self, scope: KeyScope) -> Result<Vec<PublicKey>> {
        match scope {
            KeyScope::AccessTokens => {
                let newest_first = self.issuer.jwks().keys.into_iter().rev();
                Ok(newest_first.map(|key| PublicKey { kid: key.kid, x: key.x }).collect())
            }
        }
    }
}

impl Service {
    async fn open_account(&self, wish: SignUp, role: Role) -> Outcome<User> {
        let applicant =
            domain::applicant(&wish).map_err(Error::Invalid).map_err(Failure::Refused)?;
        let hash = self.passwords.hash(wish.password).await.map_err(unhashed)?;
        let account = Account::open(self.ids.next(), applicant, role, self.clock.now());
        self.store.open_account(&account, &hash).await?;
        Ok(account.into())
    }

    /// Finds out whether it is who it says. A hash is computed on every way to the answer.
    async fn authenticate(&self, attempt: &LogIn) -> Result<Account> {
        let email = Email::parse(&attempt.email);
        let charge = self
            .attempts
            .charge(email.as_ref(), attempt.ip.as_deref(), self.clock.now())
            .map_err(|wait| Error::Throttled { seconds: wait.0.as_secs().max(1) })?;
        let found = match &email {
            Some(email) => self.store.credentials(&email.key).await.map_err(told)?,
            None => None,
        };
        let (account, hash) = found.unzip();
        let right = self.passwords.verify(attempt.password.clone(), hash).await;
        let right = right.map_err(|cause| told(unhashed(cause)))?;
        match account {
            Some(account) if right && account.may_log_in() => {
                self.attempts.forgive(&charge);
                Ok(account)
            }
            _ => Err(Error::WrongCredentials),
        }
    }

    async fn open_session(&self, account: &Account, origin: Origin) -> Outcome<Tokens> {
        let (id, now) = (self.ids.next::<SessionId>(), self.clock.now());
        let refresh = RefreshToken::draw();
        let life = self.settings.session_life;
        let session = Session::open(id, account.id, &refresh, origin, now, life);
        self.store.open_session(&session).await?;
        let access = self.issuer.issue(Grant {
            subject: account.id.to_string(),
            roles: account.roles.clone(),
            token: self.ids.uuid().to_string(),
            session: Some(id.to_string()),
        });
        let access = access.map_err(|cause| {
            tracing::error!(%cause, "an access token could not be signed");
            Failure::Refused(Error::Broken)
        })?;
        Ok(Tokens {
            session: id,
            user: account.id,
            access_token: access.token.expose_secret().to_owned(),
            expires_at: access.expires_at,
            refresh_token: refresh.reveal(),
        })
    }
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
