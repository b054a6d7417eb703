//! Users for browsers. Handlers see the port, never the store.

mod accounts;
mod addresses;
mod discretion;
mod keys;
mod log_ins;
mod passwords;
mod representation;
mod staff;

use std::sync::Arc;

use actix_web::{HttpResponse, web::Data};
use host::{IfMatch, Policy, Problem, Route, Routes, Who, idempotency::Replies};
use identity::Permission::{UserLock, UserRead, UserRoles};
use users_api::{Error, SessionId, Users};
use utoipa::OpenApi;

pub(crate) use discretion::Discretion;

/// Where whoever asks finds the own account.
const ME: &str = "/v1/users/me";
/// Where whoever asks finds the own address book.
const ADDRESSES: &str = "/v1/users/me/addresses";
/// Where whoever asks finds the own log-ins.
const SESSIONS: &str = "/v1/users/me/sessions";
/// Where staff find everybody.
const EVERYBODY: &str = "/v1/admin/users";

#[derive(OpenApi)]
#[openapi(paths(
    accounts::sign_up,
    accounts::verify_email,
    accounts::request_verification,
    accounts::me,
    accounts::change_me,
    accounts::erase_me,
    passwords::change_password,
    passwords::request_reset,
    passwords::reset_password,
    log_ins::log_in,
    log_ins::refresh,
    log_ins::log_out,
    log_ins::sessions,
    log_ins::end_sessions,
    log_ins::session,
    log_ins::end_session,
    addresses::add_address,
    addresses::addresses,
    addresses::address,
    addresses::replace_address,
    addresses::remove_address,
    staff::users,
    staff::user,
    staff::set_roles,
    staff::lock,
    staff::unlock,
    keys::keys
))]
struct Document;

pub(crate) fn routes(users: Arc<dyn Users>, replies: Replies, discretion: Discretion) -> Routes {
    let mine = |route: Route| route.allow(Policy::Customer);
    let public = |route: Route| route.allow(Policy::Public);
    let staff = |route: Route, permission| route.allow(Policy::Permission(permission));
    Routes::new("users")
        .route(public(Route::post("/v1/users", accounts::sign_up)))
        .route(public(Route::post("/v1/users/verify-email", accounts::verify_email)))
        .route(mine(Route::post("/v1/users/me/verification-mails", accounts::request_verification)))
        .route(mine(Route::get("/v1/users/me", accounts::me)))
        .route(mine(Route::patch("/v1/users/me", accounts::change_me)))
        .route(mine(Route::delete("/v1/users/me", accounts::erase_me)))
        .route(mine(Route::put("/v1/users/me/password", passwords::change_password)))
        .route(public(Route::post("/v1/password-resets", passwords::request_reset)))
        .route(public(Route::put("/v1/password-resets/{token}", passwords::reset_password)))
        .route(public(Route::post("/v1/sessions", log_ins::log_in)))
        .route(public(Route::post("/v1/sessions/refresh", log_ins::refresh)))
        .route(mine(Route::delete("/v1/sessions/current", log_ins::log_out)))
        .route(mine(Route::get("/v1/users/me/sessions", log_ins::sessions)))
        .route(mine(Route::delete("/v1/users/me/sessions", log_ins::end_sessions)))
        .route(mine(Route::get("/v1/users/me/sessions/{id}", log_ins::session)))
        .route(mine(Route::delete("/v1/users/me/sessions/{id}", log_ins::end_session)))
        .route(mine(Route::post("/v1/users/me/addresses", addresses::add_address)))
        .route(mine(Route::get("/v1/users/me/addresses", addresses::addresses)))
        .route(mine(Route::get("/v1/users/me/addresses/{id}", addresses::address)))
        .route(mine(Route::put("/v1/users/me/addresses/{id}", addresses::replace_address)))
        .route(mine(Route::delete("/v1/users/me/addresses/{id}", addresses::remove_address)))
        .route(staff(Route::get("/v1/admin/users", staff::users), UserRead))
        .route(staff(Route::get("/v1/admin/users/{id}", staff::user), UserRead))
        .route(staff(Route::put("/v1/admin/users/{id}/roles", staff::set_roles), UserRoles))
        .route(staff(Route::post("/v1/admin/users/{id}/lock", staff::lock), UserLock))
        .route(staff(Route::post("/v1/admin/users/{id}/unlock", staff::unlock), UserLock))
        .route(public(Route::get("/.well-known/jwks.json", keys::keys)))
        .share(Data::from(users))
        .share(Data::new(replies))
        .share(Data::new(discretion))
        .document::<Document>()
}

/// It is done and there is nothing to say about it.
fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The log-in that the token of whoever asks belongs to.
fn current_session(who: &Who) -> Option<SessionId> {
    who.0.as_ref()?.session.as_deref()?.parse().ok()
}

/// A refusal; one of a change that came too late says what the version is now.
fn refused(no: Error) -> Problem {
    match no {
        Error::Stale { current } => IfMatch::stale(current),
        other => other.into(),
    }
}
