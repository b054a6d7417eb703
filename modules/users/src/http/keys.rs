//! The keys that verify access tokens.

use actix_web::{http::header::CACHE_CONTROL, web::Data};
use host::{Answer, Problem};
use identity::{Jwk, Jwks};
use users_api::{KeyScope, Users};

/// Verifiers may keep the keys for five minutes: a new one signs only later.
const KEYS_CACHED: &str = "public, max-age=300";

/// Publishes the keys that verify access tokens (RFC 7517).
///
/// The first one signs. The others will soon, or did while tokens may still be valid.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "users",
    responses((status = 200, description = "The keys.", body = Jwks), Problem))]
pub(super) async fn keys(users: Data<dyn Users>) -> Result<Answer<Jwks>, Problem> {
    let keys = users.keys(KeyScope::AccessTokens).await?;
    let keys = keys.into_iter().map(|key| Jwk::of(key.kid, key.x)).collect();
    Ok(Answer::ok(Jwks { keys }).with(CACHE_CONTROL, KEYS_CACHED))
}
