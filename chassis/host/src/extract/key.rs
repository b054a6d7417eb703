//! The `Idempotency-Key`: two requests with one key are one intention.

use std::{
    fmt,
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{FutureExt, future::LocalBoxFuture};
use kernel::Code;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::body::{json_bytes, parse};
use crate::Problem;

/// The name under which a client asks for one effect: 1 to 255 visible ASCII characters.
///
/// As an extractor it is required (400 without); `Option<IdempotencyKey>` is not, but then a malformed
/// one counts as none, so prefer [`Keyed`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdempotencyKey(Arc<str>);

/// A hash of what was asked: method, path, and the body in canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// A key and what it was sent with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Chosen by the client.
    pub key: IdempotencyKey,
    /// Of the request that came with the key.
    pub fingerprint: Fingerprint,
}

/// A JSON body that may come with an `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct Keyed<T> {
    /// Present when the client sent a key.
    pub intent: Option<Intent>,
    /// The body.
    pub body: T,
}

/// The `Idempotency-Key` of a request without a body, when the client sent one.
#[derive(Clone, Debug)]
pub struct KeyOnly(pub Option<Intent>);

impl IdempotencyKey {
    /// The header.
    pub const HEADER: &str = "idempotency-key";

    /// The key of a request, if it has one.
    ///
    /// # Errors
    /// 400 when there are several, or when it is not 1 to 255 visible ASCII characters.
    pub fn of(headers: &actix_web::http::header::HeaderMap) -> Result<Option<Self>, Problem> {
        let mut all = headers.get_all(Self::HEADER);
        let Some(value) = all.next() else { return Ok(None) };
        let visible = |byte: &u8| (0x21..=0x7e).contains(byte);
        let bytes = value.as_bytes();
        let fits = (1..=255).contains(&bytes.len()) && bytes.iter().all(visible);
        match std::str::from_utf8(bytes) {
            Ok(key) if fits && all.next().is_none() => Ok(Some(Self(key.into()))),
            _ => Err(Problem::of(
                Code::MalformedRequest,
                "send one Idempotency-Key of 1 to 255 visible ASCII characters",
            )),
        }
    }

    /// The key as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The refusal of an operation that needs a key.
    pub fn missing() -> Problem {
        let detail = "send an Idempotency-Key, fresh for each intention, the same for each retry";
        Problem::of(Code::IdempotencyKeyMissing, detail)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Intent {
    /// An intention that was extracted elsewhere and came here as text.
    pub fn restored(key: &str, fingerprint: &str) -> Self {
        Self { key: IdempotencyKey(key.into()), fingerprint: Fingerprint(fingerprint.to_owned()) }
    }
}

impl Fingerprint {
    /// The fingerprint of a request. Object members may come in any order.
    pub fn of(method: &str, path: &str, body: &serde_json::Value) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in [method, path] {
            hash.update(part.as_bytes());
            hash.update(&[0]);
        }
        hash.update(body.to_string().as_bytes());
        Self(URL_SAFE_NO_PAD.encode(hash.finish()))
    }

    /// 43 characters of URL-safe base 64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T> Keyed<T> {
    /// The intention and the body.
    ///
    /// # Errors
    /// 400 when the client sent no key.
    pub fn required(self) -> Result<(Intent, T), Problem> {
        Ok((self.intent.ok_or_else(IdempotencyKey::missing)?, self.body))
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.headers()).and_then(|key| key.ok_or_else(Self::missing)))
    }
}

impl FromRequest for KeyOnly {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (method, path) = (request.method().as_str(), request.path());
        let fingerprint = || Fingerprint::of(method, path, &serde_json::Value::Null);
        let key = IdempotencyKey::of(request.headers());
        ready(key.map(|key| Self(key.map(|key| Intent { key, fingerprint: fingerprint() }))))
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Keyed<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = IdempotencyKey::of(request.headers());
        let bytes = json_bytes(request, payload);
        let (method, path) = (request.method().clone(), request.path().to_owned());
        async move {
            let (key, bytes) = (key?, bytes.await?);
            let body = parse(&bytes)?;
            let intent = match key {
                None => None,
                Some(key) => {
                    let value = parse(&bytes)?;
                    Some(Intent {
                        key,
                        fingerprint: Fingerprint::of(method.as_str(), &path, &value),
                    })
                }
            };
            Ok(Self { intent, body })
        }
        .boxed_local()
    }
}
