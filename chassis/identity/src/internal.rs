//! Tokens by which one process of a deployment proves to another who asks, and for whom.
//!
//! They are JWTs (RFC 7519) under one secret that all processes share: HS256, so that any library can
//! read them, and `typ: rialto-internal+jwt`, so that nothing takes them for an access token.
//!
//! **Invariants:** a header is compared, never parsed: there is only one, so nothing in a token can
//! choose an algorithm, a key or a rule. No token is believed for longer than a minute, nor by anybody
//! but the module it is addressed to.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Clock, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    Principal, TokenError,
    token::{LEEWAY, MAX_BYTES},
};

/// How long an internal token lives, and the longest life that is believed.
const LIFE: Duration = Duration::from_mins(1);
/// The shortest secret, in bytes: as long as what HMAC-SHA-256 gives (RFC 7518, section 3.2).
const SHORTEST: usize = 32;
/// Who issues internal tokens.
const ISSUER: &str = "rialto";
/// The only header there is.
const HEADER: &str = r#"{"typ":"rialto-internal+jwt","alg":"HS256"}"#;

/// Signs and verifies the tokens of one deployment. Cloning shares the secret.
#[derive(Clone)]
pub struct InternalTokens(Arc<Desk>);

struct Desk {
    key: hmac::Key,
    /// The encoded header and the dot behind it.
    header: String,
    clock: Arc<dyn Clock>,
    signed: ArcSwap<ByAudience>,
}

/// At most one token for each audience and caller, and none that is not to be used again.
type ByAudience = HashMap<Box<str>, HashMap<Box<str>, Signed>>;

#[derive(Clone)]
struct Signed {
    token: Arc<str>,
    reuse_until: Timestamp,
}

/// The secret could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret that the processes share has {bytes} bytes and needs at least 32: take a random one, \
     as `openssl rand -base64 48` prints it, and give the same to every process"
)]
pub struct WeakSecret {
    /// The length of the secret.
    pub bytes: usize,
}

/// Whoever asks from inside the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insider {
    /// The module, or the edge, that asks.
    pub caller: Arc<str>,
    /// The user it asks for. Whether the log-in still stood was decided at the edge, at most a minute ago.
    pub principal: Option<Principal>,
}

impl InternalTokens {
    /// Signs and verifies with `secret`.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn new(secret: &SecretString, clock: Arc<dyn Clock>) -> Result<Self, WeakSecret> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SHORTEST {
            return Err(WeakSecret { bytes: secret.len() });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let header = URL_SAFE_NO_PAD.encode(HEADER) + ".";
        Ok(Self(Arc::new(Desk { key, header, clock, signed: ArcSwap::default() })))
    }

    /// A token by which `caller` may ask `audience` (a module or a subscriber group) in its own name:
    /// the same one again for half of its life.
    pub fn sign(&self, caller: &str, audience: &str) -> Arc<str> {
        let now = self.0.clock.now();
        let signed = self.0.signed.load();
        let known = signed.get(audience).and_then(|callers| callers.get(caller));
        if let Some(known) = known.filter(|known| now < known.reuse_until) {
            return known.token.clone();
        }
        let token = Arc::<str>::from(self.0.sign(caller, audience, None, now));
        let fresh = Signed { token: token.clone(), reuse_until: now.plus(LIFE / 2) };
        self.0.signed.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.values_mut().for_each(|callers| callers.retain(|_, it| now < it.reuse_until));
            all.retain(|_, callers| !callers.is_empty());
            all.entry(audience.into()).or_default().insert(caller.into(), fresh.clone());
            all
        });
        token
    }

    /// A token by which `caller` may ask `audience` for `principal`.
    pub fn sign_for(&self, caller: &str, audience: &str, principal: &Principal) -> String {
        self.0.sign(caller, audience, Some(principal), self.0.clock.now())
    }

    /// Who asks `audience` with `token`.
    ///
    /// # Errors
    /// Why the token proves nothing here.
    pub fn verify(&self, token: &str, audience: &str) -> Result<Insider, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (message, tag) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let body = message.strip_prefix(&self.0.header).ok_or(TokenError::Malformed)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| TokenError::Malformed)?;
        hmac::verify(&self.0.key, message.as_bytes(), &tag).map_err(|_| TokenError::Forged)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Malformed)?;
        let claims: Claims<'_> =
            serde_json::from_slice(&body).map_err(|_| TokenError::Malformed)?;
        claims.believe(audience, self.0.clock.now())
    }
}

impl std::fmt::Debug for InternalTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InternalTokens")
    }
}

impl Desk {
    fn sign(&self, caller: &str, audience: &str, by: Option<&Principal>, now: Timestamp) -> String {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: audience.into(),
            sub: caller.into(),
            exp: now.plus(LIFE).seconds(),
            nbf: now.seconds(),
            iat: now.seconds(),
            principal: by.map(User::from),
        };
        let mut token = self.header.clone();
        URL_SAFE_NO_PAD.encode_string(claims.json(), &mut token);
        let tag = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        token
    }
}

/// What a token says. All but the user is required, and `aud` is one string.
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    #[serde(borrow)]
    sub: Cow<'a, str>,
    exp: i64,
    nbf: i64,
    iat: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    principal: Option<User<'a>>,
}

impl Claims<'_> {
    /// Text and numbers are always JSON, so that writing them cannot fail.
    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("claims are text and numbers")
    }

    fn believe(self, audience: &str, now: Timestamp) -> Result<Insider, TokenError> {
        if self.iss != ISSUER || self.aud != audience || self.sub.is_empty() {
            return Err(TokenError::Foreign);
        }
        if self.exp <= now.minus(LEEWAY).seconds() {
            return Err(TokenError::Expired);
        }
        let latest = now.plus(LEEWAY).seconds();
        if self.nbf > latest || self.iat > latest {
            return Err(TokenError::NotYetValid);
        }
        let life = self.exp.saturating_sub(self.iat);
        if life > i64::try_from(LIFE.as_secs()).unwrap_or(i64::MAX) {
            return Err(TokenError::LivesTooLong);
        }
        Ok(Insider { caller: self.sub.into(), principal: self.principal.map(Principal::from) })
    }
}

/// The user of a request, as the gateway verified it.
#[derive(Serialize, Deserialize)]
struct User<'a> {
    #[serde(borrow)]
    sub: Cow<'a, str>,
    /// Names that this binary does not know grant nothing.
    #[serde(borrow)]
    roles: Vec<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    /// Microseconds since the epoch, so that a principal arrives as it was sent.
    exp: i64,
}

impl<'a> From<&'a Principal> for User<'a> {
    fn from(principal: &'a Principal) -> Self {
        Self {
            sub: Cow::Borrowed(&principal.subject),
            roles: principal.roles.iter().map(|role| role.as_str().into()).collect(),
            sid: principal.session.as_deref().map(Cow::Borrowed),
            jti: Cow::Borrowed(&principal.token),
            exp: principal.expires_at.micros(),
        }
    }
}

impl From<User<'_>> for Principal {
    fn from(user: User<'_>) -> Self {
        Self {
            subject: user.sub.into(),
            roles: user.roles.iter().filter_map(|role| role.parse().ok()).collect(),
            session: user.sid.map(Arc::from),
            token: user.jti.into(),
            expires_at: Timestamp::from_micros(user.exp),
        }
    }
}
