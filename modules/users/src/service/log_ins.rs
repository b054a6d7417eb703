//! Log-ins: opened by a password, continued by refresh tokens.

use host::{
    Intent,
    idempotency::{Lookup, Recorded},
};
use identity::Grant;
use secrecy::ExposeSecret;
use storage::Failure;
use users_api::{Error, LogIn, Refresh, RefreshToken, SessionId, Tokens};

use super::{Service, refused, throttled, unhashed};
use crate::{
    domain::{Account, Email},
    passwords::{Derived, Hash},
    sealed::{SealKey, Sealed, Unsealable},
    secrets::{self, Nonce},
    session::{Origin, Session, Turn},
    store::{Outcome, Reply},
};

/// What is recorded beside a reply that the handler gives a status.
const DONE: u16 = 200;

impl Service {
    pub(super) async fn open_session(&self, attempt: LogIn) -> Outcome<Tokens> {
        let (account, hash) = self.authenticate(&attempt).await?;
        let origin = Origin::new(attempt.user_agent, attempt.ip);
        let Some(key) = attempt.key else {
            let (session, tokens) = self.fresh(&account)?;
            self.store.open_session(&session, &origin, &hash, None).await?;
            return Ok(tokens);
        };
        let scope = format!("{} log in", account.id);
        let salt = secrets::salt(&[&scope, &key]);
        let derived = self.passwords.derive(attempt.password, salt).await.map_err(unhashed)?;
        let (intent, seal) = intended(&key, derived);
        if let Some(tokens) = self.given_before(&scope, &intent, &seal).await? {
            return Ok(tokens);
        }
        let (session, tokens) = self.fresh(&account)?;
        let sealed = seal.seal(&tokens).map_err(broken)?;
        let recorded = Recorded { status: DONE, body: sealed.0 };
        let reply = Reply { scope, intent, recorded };
        if self.store.open_session(&session, &origin, &hash, Some(&reply)).await? {
            return Ok(tokens);
        }
        let twin = self.given_before(&reply.scope, &reply.intent, &seal).await?;
        twin.ok_or(Failure::Refused(Error::Broken))
    }

    /// What the same request was given before.
    async fn given_before(
        &self,
        scope: &str,
        intent: &Intent,
        seal: &SealKey,
    ) -> Outcome<Option<Tokens>> {
        match self.store.reply(scope, intent).await? {
            Lookup::Fresh => Ok(None),
            Lookup::Reused => refused(Error::KeyReused),
            Lookup::Replay(recorded) => {
                let tokens: Tokens = seal.open(&Sealed(recorded.body)).map_err(broken)?;
                Ok(Some(Tokens { replayed: true, ..tokens }))
            }
        }
    }

    /// Finds out whether it is who it says. A hash is computed on every way to the answer.
    async fn authenticate(&self, attempt: &LogIn) -> Outcome<(Account, Hash)> {
        let email = Email::parse(&attempt.email);
        let charge = self.attempts.charge(email.as_ref(), attempt.ip.as_deref(), self.now());
        let charge = charge.map_err(throttled)?;
        let found = match &email {
            Some(email) => self.store.credentials(&email.key).await?,
            None => None,
        };
        let hash = found.as_ref().map(|(_, hash)| hash.clone());
        let right = self.passwords.verify(attempt.password.clone(), hash).await;
        let right = right.map_err(unhashed)?;
        match found {
            Some((account, hash)) if right && account.may_log_in() => {
                self.attempts.forgive(&charge);
                Ok((account, hash))
            }
            _ => refused(Error::WrongCredentials),
        }
    }

    /// A new log-in of `account`, which is not recorded yet.
    fn fresh(&self, account: &Account) -> Outcome<(Session, Tokens)> {
        let refresh = RefreshToken::new(secrets::draw());
        let hash = secrets::hash(refresh.expose());
        let life = self.settings.session_life;
        let session = Session::open(self.ids.next(), account.id, hash, self.now(), life);
        let tokens = self.tokens(account, &session, refresh)?;
        Ok((session, tokens))
    }

    pub(super) async fn continue_session(&self, wish: Refresh) -> Outcome<Tokens> {
        let hash = secrets::hash(wish.token.expose());
        let origin = Origin::new(wish.user_agent, wish.ip);
        storage::retry(|| async {
            let Some(session) = self.store.refresh_token(&hash).await? else {
                return refused(Error::SessionOver);
            };
            let account = self.store.account(session.user).await?;
            if !account.may_log_in() {
                return refused(Error::SessionOver);
            }
            let now = self.now();
            match session.shown(now) {
                Turn::First => self.rotate(&account, &session, &wish.token, &origin).await,
                Turn::Again(nonce) => {
                    let token = nonce.successor_of(&wish.token);
                    let hash = secrets::hash(token.expose());
                    match self.store.refresh_token(&hash).await? {
                        Some(next) => self.tokens(&account, &next, token),
                        None => refused(Error::SessionOver),
                    }
                }
                Turn::Stolen => {
                    self.end_stolen(&session).await?;
                    refused(Error::SessionOver)
                }
                Turn::Over => refused(Error::SessionOver),
            }
        })
        .await
    }

    async fn rotate(
        &self,
        account: &Account,
        session: &Session,
        token: &RefreshToken,
        origin: &Origin,
    ) -> Outcome<Tokens> {
        let nonce = Nonce::draw();
        let successor = nonce.successor_of(token);
        let (hash, life) = (secrets::hash(successor.expose()), self.settings.session_life);
        let next = session.next(self.ids.next(), hash, self.now(), life);
        self.store.rotate(session, &next, &nonce, origin).await?;
        self.tokens(account, &next, successor)
    }

    /// Ends a log-in one of whose tokens was used twice: one of the two who have it is a thief.
    async fn end_stolen(&self, session: &Session) -> Outcome<()> {
        let (user, id) = (session.user, session.family);
        tracing::warn!(%user, session = %id, "a refresh token was used again: its log-in is ended");
        let which = users_api::SessionOf { user, session: id };
        match self.store.end_session(which, self.now()).await {
            Err(Failure::Refused(Error::UnknownSession(_))) => Ok(()),
            other => other,
        }
    }

    fn tokens(
        &self,
        account: &Account,
        session: &Session,
        refresh_token: RefreshToken,
    ) -> Outcome<Tokens> {
        let id: SessionId = session.family;
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
            refresh_token,
            refresh_expires_at: session.expires_at,
            replayed: false,
        })
    }
}

/// An intention to log in, and what seals its reply. Both take the password, at the cost of a hash, so that
/// what is stored of them makes guessing it no cheaper than what is stored of the password itself.
fn intended(key: &str, derived: Derived) -> (Intent, SealKey) {
    let Derived { fingerprint, secret } = derived;
    (Intent::restored(key, &secrets::text(&fingerprint)), SealKey::new(secret))
}

fn broken(cause: Unsealable) -> Failure<Error> {
    tracing::error!(%cause, "a reply to a log-in is of no use");
    Failure::Refused(Error::Broken)
}
