//! Decides whom a token speaks for, by a set of public keys that can be swapped at any time.
//!
//! **Invariants:** the algorithm comes from the key, never from the token. A key id is only looked up,
//! never followed. Nothing a token brings along (`jwk`, `jku`, `x5u`, `x5c`) is used as a key.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, errors::ErrorKind};
use kernel::{Clock, Timestamp};

use crate::{
    Jwks, Principal,
    token::{Claims, LEEWAY, LONGEST, MAX_BYTES, MAX_KEY_ID, TYPE, TokenError},
};

/// Verifies access tokens. Cloning shares the key set.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<ArcSwap<HashMap<String, DecodingKey>>>,
    issuer: Arc<str>,
    audience: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Believes tokens that `issuer` signed with one of `keys` for `audience`.
    pub fn new(keys: &Jwks, issuer: &str, audience: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys: Arc::new(ArcSwap::from_pointee(by_id(keys))),
            issuer: issuer.into(),
            audience: audience.into(),
            clock,
        }
    }

    /// Replaces the key set. Requests under way use the one or the other.
    pub fn rotate(&self, keys: &Jwks) {
        self.keys.store(Arc::new(by_id(keys)));
    }

    /// Whom `token` speaks for.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        let key_id = key_id(&header)?;
        let keys = self.keys.load();
        let key = keys.get(key_id).ok_or(TokenError::UnknownKey)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &signature_only());
        let claims = decoded.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Forged,
            _ => TokenError::Malformed,
        })?;
        self.believe(claims.claims)
    }

    fn believe(&self, claims: Claims) -> Result<Principal, TokenError> {
        if *claims.iss != *self.issuer || *claims.aud != *self.audience || claims.sub.is_empty() {
            return Err(TokenError::Foreign);
        }
        let now = self.clock.now();
        let (latest, earliest) = (now.plus(LEEWAY).seconds(), now.minus(LEEWAY).seconds());
        if claims.exp <= earliest {
            return Err(TokenError::Expired);
        }
        if claims.nbf > latest || claims.iat > latest {
            return Err(TokenError::NotYetValid);
        }
        let life = claims.exp.saturating_sub(claims.iat);
        if life > i64::try_from(LONGEST.as_secs()).unwrap_or(i64::MAX) {
            return Err(TokenError::LivesTooLong);
        }
        Ok(Principal {
            subject: claims.sub.into(),
            roles: claims.roles.iter().filter_map(|role| role.parse().ok()).collect(),
            session: claims.sid.map(Arc::from),
            token: claims.jti.into(),
            expires_at: Timestamp::from_micros(claims.exp.saturating_mul(1_000_000)),
        })
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.keys.load();
        f.debug_struct("Verifier").field("keys", &keys.keys()).finish_non_exhaustive()
    }
}

/// The key a header names, when the header says nothing else that matters.
fn key_id(header: &Header) -> Result<&str, TokenError> {
    let typed = header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE));
    let brings_a_key = header.jwk.is_some()
        || header.jku.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some();
    if header.alg != Algorithm::EdDSA || !typed || brings_a_key || header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    header
        .kid
        .as_deref()
        .filter(|kid| (1..=MAX_KEY_ID).contains(&kid.len()) && kid.bytes().all(plain))
        .ok_or(TokenError::Malformed)
}

/// The library checks the signature; the claims are checked here, against our own clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn by_id(jwks: &Jwks) -> HashMap<String, DecodingKey> {
    let usable = jwks.keys.iter().filter(|key| key.is_usable());
    let read = usable.filter_map(|key| {
        let decoding = DecodingKey::from_ed_components(&key.x);
        decoding.ok().map(|decoding| (key.kid.clone(), decoding))
    });
    read.collect()
}
