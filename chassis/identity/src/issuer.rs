//! Signs access tokens with the newest of several keys.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jsonwebtoken::{Algorithm, Header};
use kernel::{Clock, Timestamp};
use secrecy::SecretString;

use crate::{
    Jwks, Role, SigningKey,
    token::{Claims, LIFETIME, TYPE},
};

/// Signs access tokens. Cloning shares the keys.
#[derive(Clone)]
pub struct Issuer {
    keys: Arc<ArcSwap<Vec<SigningKey>>>,
    issuer: Arc<str>,
    audience: Arc<str>,
    clock: Arc<dyn Clock>,
}

/// Whom a token is for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The user's id.
    pub subject: String,
    /// What the user is in the shop.
    pub roles: Vec<Role>,
    /// The token's own id.
    pub token: String,
    /// The log-in session.
    pub session: Option<String>,
}

/// A signed token.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The token: whoever has it is the user.
    pub token: SecretString,
    /// When it ends to be valid.
    pub expires_at: Timestamp,
}

/// A token could not be signed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IssueError {
    /// There is no key to sign with.
    #[error("no signing key")]
    NoKey,
    /// The cryptography refused.
    #[error("signing failed: {0}")]
    Failed(String),
}

impl Issuer {
    /// Signs with the last of `keys`, as `issuer` and for `audience`.
    pub fn new(keys: Vec<SigningKey>, issuer: &str, audience: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys: Arc::new(ArcSwap::from_pointee(keys)),
            issuer: issuer.into(),
            audience: audience.into(),
            clock,
        }
    }

    /// Replaces the keys; the last one signs from now on. Keep an old one in the list for as long as its
    /// tokens live.
    pub fn rotate(&self, keys: Vec<SigningKey>) {
        self.keys.store(Arc::new(keys));
    }

    /// The public halves of all keys.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.keys.load().iter().map(|key| key.public().clone()).collect() }
    }

    /// Signs a token of ten minutes.
    ///
    /// # Errors
    /// When there is no key.
    pub fn issue(&self, grant: Grant) -> Result<Issued, IssueError> {
        let keys = self.keys.load();
        let key = keys.last().ok_or(IssueError::NoKey)?;
        let now = self.clock.now();
        let expires_at = Timestamp::from_micros(now.plus(LIFETIME).seconds() * 1_000_000);
        let claims = Claims {
            iss: self.issuer.as_ref().into(),
            aud: self.audience.as_ref().into(),
            sub: grant.subject,
            exp: expires_at.seconds(),
            nbf: now.seconds(),
            iat: now.seconds(),
            jti: grant.token,
            roles: grant.roles.iter().map(Role::to_string).collect(),
            sid: grant.session,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        header.kid = Some(key.id().into());
        let token = jsonwebtoken::encode(&header, &claims, &key.encoding)
            .map_err(|cause| IssueError::Failed(cause.to_string()))?;
        Ok(Issued { token: token.into(), expires_at })
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("keys", &self.keys.load()).finish_non_exhaustive()
    }
}
