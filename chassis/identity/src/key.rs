//! Keys: the secret half that signs tokens, and the public half that the world may have.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, Pkcs8V2Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key that signs access tokens (Ed25519).
#[derive(Clone)]
pub struct SigningKey {
    pub(crate) encoding: EncodingKey,
    public: Jwk,
}

/// The bytes are not an Ed25519 key in PKCS#8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key in PKCS#8")]
pub struct InvalidKey;

impl SigningKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, InvalidKey> {
        Self::of(&Ed25519KeyPair::generate().map_err(|_| InvalidKey)?)
    }

    /// The key that [`SigningKey::to_pkcs8`] wrote down.
    ///
    /// # Errors
    /// When the bytes are not such a key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, InvalidKey> {
        Self::of(&Ed25519KeyPair::from_pkcs8(bytes).map_err(|_| InvalidKey)?)
    }

    /// The key as PKCS#8 (RFC 5958), to be stored where nobody else reads.
    pub fn to_pkcs8(&self) -> SecretSlice<u8> {
        SecretSlice::from(self.encoding.as_bytes().to_vec())
    }

    /// The key's id: the thumbprint of its public half (RFC 7638).
    pub fn id(&self) -> &str {
        &self.public.kid
    }

    /// The public half.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    fn of(pair: &Ed25519KeyPair) -> Result<Self, InvalidKey> {
        let secret: Pkcs8V2Der<'_> = pair.as_der().map_err(|_| InvalidKey)?;
        let encoding = EncodingKey::from_ed_der(secret.as_ref());
        Ok(Self { encoding, public: Jwk::ed25519(pair.public_key().as_ref()) })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id())
    }
}

/// The public half of a key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    #[serde(default)]
    pub crv: String,
    /// The key's id.
    #[serde(default)]
    pub kid: String,
    /// The public key, base64url.
    #[serde(default)]
    pub x: String,
    /// `EdDSA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
}

impl Jwk {
    fn ed25519(public: &[u8]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(public);
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Self::of(URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes())), x)
    }

    /// The key `kid` that verifies signatures; `x` is its 32 bytes, base64url without padding.
    pub fn of(kid: String, x: String) -> Self {
        Self {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            kid,
            x,
            alg: Some("EdDSA".into()),
            usage: Some("sig".into()),
        }
    }

    /// Whether tokens of ours may be verified with it.
    pub(crate) fn is_usable(&self) -> bool {
        let says = |member: &Option<String>, word| member.as_deref().is_none_or(|it| it == word);
        self.kty == "OKP"
            && self.crv == "Ed25519"
            && says(&self.alg, "EdDSA")
            && says(&self.usage, "sig")
    }
}

/// A set of public keys, as served at `/.well-known/jwks.json` (RFC 7517).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jwks {
    /// In no particular order. Keys of other kinds are passed over by whoever reads the set.
    pub keys: Vec<Jwk>,
}
