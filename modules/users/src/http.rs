//! Users for browsers. Handlers see the port, never the store.

mod representation;

use std::sync::Arc;

use actix_web::{
    HttpRequest,
    http::header::{CACHE_CONTROL, USER_AGENT},
    web::Data,
};
use host::{Answer, Body, Param, Policy, Problem, Route, Routes, Who};
use identity::Jwks;
use users_api::{AddAddress, AddressId, AddressOf, KeyScope, LogIn, SignUp, Users};
use utoipa::OpenApi;

use self::representation::{
    ADDRESSES, Account, Address, AddressBook, Credentials, ME, NewAccount, NewAddress, Session,
};

/// Verifiers may keep the keys for five minutes.
const KEYS_CACHED: &str = "public, max-age=300";
/// Tokens are for their owner only (RFC 6749, 5.1).
const NEVER_CACHED: &str = "no-store";

#[derive(OpenApi)]
#[openapi(paths(sign_up, log_in, me, add_address, addresses, address, keys))]
struct Document;

pub(crate) fn routes(users: Arc<dyn Users>) -> Routes {
    Routes::new("users")
        .route(Route::post("/v1/users", sign_up).allow(Policy::Public))
        .route(Route::post("/v1/sessions", log_in).allow(Policy::Public))
        .route(Route::get("/v1/users/me", me).allow(Policy::Customer))
        .route(Route::post("/v1/users/me/addresses", add_address).allow(Policy::Customer))
        .route(Route::get("/v1/users/me/addresses", addresses).allow(Policy::Customer))
        .route(Route::get("/v1/users/me/addresses/{id}", address).allow(Policy::Customer))
        .route(Route::get("/.well-known/jwks.json", keys).allow(Policy::Public))
        .share(Data::from(users))
        .document::<Document>()
}

/// Opens an account.
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = NewAccount,
    responses((status = 201, description = "The account is open.", body = Account), Problem))]
async fn sign_up(
    users: Data<dyn Users>,
    wish: Body<NewAccount>,
) -> Result<Answer<Account>, Problem> {
    let NewAccount { email, password, name } = wish.0;
    let user = users.sign_up(SignUp { email, password, name }).await?;
    let version = user.version;
    Ok(Answer::created(ME, user.into()).version(version))
}

/// Logs in.
///
/// A wrong password and an unknown e-mail address are answered alike. After too many failures comes a
/// 429 with `Retry-After`.
#[utoipa::path(post, path = "/v1/sessions", tag = "users", request_body = Credentials,
    responses((status = 201, description = "The session is open.", body = Session), Problem))]
async fn log_in(
    users: Data<dyn Users>,
    request: HttpRequest,
    credentials: Body<Credentials>,
) -> Result<Answer<Session>, Problem> {
    let Credentials { email, password } = credentials.0;
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let tokens = users.log_in(LogIn {
        email,
        password,
        user_agent: user_agent.map(str::to_owned),
        ip: request.peer_addr().map(|peer| peer.ip().to_string()),
    });
    let session = Session::from(tokens.await?);
    Ok(Answer::created(ME, session).with(CACHE_CONTROL, NEVER_CACHED))
}

/// Shows the account of whoever asks.
#[utoipa::path(get, path = "/v1/users/me", tag = "users",
    responses((status = 200, description = "The account.", body = Account), Problem))]
async fn me(users: Data<dyn Users>, who: Who) -> Result<Answer<Account>, Problem> {
    let user = users.user(who.user()?).await?;
    let version = user.version;
    Ok(Answer::ok(user.into()).version(version))
}

/// Adds an address to the address book of whoever asks; it holds at most 50.
#[utoipa::path(post, path = "/v1/users/me/addresses", tag = "users", request_body = NewAddress,
    responses((status = 201, description = "The address is in the book.", body = Address), Problem))]
async fn add_address(
    users: Data<dyn Users>,
    who: Who,
    wish: Body<NewAddress>,
) -> Result<Answer<Address>, Problem> {
    let NewAddress { label, address } = wish.0;
    let wish = AddAddress { owner: who.user()?, label, address: address.into() };
    let address = users.add_address(wish).await?;
    let (location, version) = (format!("{ADDRESSES}/{}", address.id), address.version);
    Ok(Answer::created(&location, address.into()).version(version))
}

/// Shows the address book of whoever asks, oldest first.
#[utoipa::path(get, path = "/v1/users/me/addresses", tag = "users",
    responses((status = 200, description = "The address book.", body = AddressBook), Problem))]
async fn addresses(users: Data<dyn Users>, who: Who) -> Result<Answer<AddressBook>, Problem> {
    Ok(Answer::ok(users.addresses(who.user()?).await?.into()))
}

/// Shows one address of whoever asks.
#[utoipa::path(get, path = "/v1/users/me/addresses/{id}", tag = "users",
    params(("id" = String, Path)),
    responses((status = 200, description = "The address.", body = Address), Problem))]
async fn address(
    users: Data<dyn Users>,
    who: Who,
    id: Param<AddressId>,
) -> Result<Answer<Address>, Problem> {
    let address = users.address(AddressOf { owner: who.user()?, address: id.0 }).await?;
    let version = address.version;
    Ok(Answer::ok(address.into()).version(version))
}

/// Publishes the keys that verify access tokens (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "users",
    responses((status = 200, description = "The keys, newest first.", body = Jwks), Problem))]
async fn keys(users: Data<dyn Users>) -> Result<Answer<Jwks>, Problem> {
    let keys = users.keys(KeyScope::AccessTokens).await?;
    let keys = keys.into_iter().map(representation::jwk).collect();
    Ok(Answer::ok(Jwks { keys }).with(CACHE_CONTROL, KEYS_CACHED))
}
