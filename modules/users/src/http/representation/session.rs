//! Sessions and their tokens.

use actix_web::http::Method;
use host::Links;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use users_api::{Password, RefreshToken, SessionId, Tokens};
use utoipa::ToSchema;

use super::super::{ME, SESSIONS};

/// Who somebody claims to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "password": "correct horse battery" }))]
pub(in crate::http) struct Credentials {
    /// Any case.
    pub(in crate::http) email: String,
    /// As it was given when the account was opened.
    #[schema(value_type = String, format = Password)]
    pub(in crate::http) password: Password,
}

/// How a session goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "refresh_token": "l2Zk0cVN0a4GmXvyd1zXhw5eYqPjv5Ue3Wl6sJb8tQo" }))]
pub(in crate::http) struct Continuation {
    /// The newest one of the session.
    #[schema(value_type = String, format = Password)]
    pub(in crate::http) refresh_token: RefreshToken,
}

/// A session that was just opened or continued.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Session {
    /// Names the session, however often it is refreshed.
    id: String,
    /// Whose it is.
    user_id: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// When the access token ends.
    expires_at: Timestamp,
    /// Opaque, and to be used once; keep it secret.
    #[schema(value_type = String)]
    refresh_token: RefreshToken,
    /// When the refresh token ends.
    refresh_expires_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<Tokens> for Session {
    fn from(tokens: Tokens) -> Self {
        Self {
            id: tokens.session.to_string(),
            user_id: tokens.user.to_string(),
            token_type: "Bearer",
            access_token: tokens.access_token,
            expires_at: tokens.expires_at,
            refresh_token: tokens.refresh_token,
            refresh_expires_at: tokens.refresh_expires_at,
            links: Links::of(format!("{SESSIONS}/{}", tokens.session))
                .to("user", ME)
                .action(true, "refresh", Method::POST, "/v1/sessions/refresh")
                .action(true, "log-out", Method::DELETE, "/v1/sessions/current"),
        }
    }
}

/// A session that can be continued.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ActiveSession {
    /// Names the session.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What the browser last said it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Where the last log-in or refresh came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// When somebody logged in.
    created_at: Timestamp,
    /// When it was last refreshed.
    refreshed_at: Timestamp,
    /// When it ends unless it is refreshed.
    expires_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

impl ActiveSession {
    /// `session` as whoever asks in the session `current` sees it.
    pub(in crate::http) fn of(session: users_api::Session, current: Option<SessionId>) -> Self {
        let href = format!("{SESSIONS}/{}", session.id);
        Self {
            id: session.id.to_string(),
            current: current == Some(session.id),
            user_agent: session.user_agent,
            ip: session.ip,
            created_at: session.created_at,
            refreshed_at: session.refreshed_at,
            expires_at: session.expires_at,
            links: Links::of(&href).action(true, "end", Method::DELETE, &href),
        }
    }
}
