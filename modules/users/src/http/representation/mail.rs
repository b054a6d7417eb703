//! Passwords that change, and what is proved by mail.

use actix_web::http::Method;
use host::Links;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use users_api::{OneTimeToken, Password, User};
use utoipa::ToSchema;

/// A token that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "q3c9WJr2kqk3u1bqg3oX8b3sYvJm8Z5c0l1f2n4h6dA" }))]
pub(in crate::http) struct Proof {
    /// As it was mailed.
    #[schema(value_type = String, format = Password)]
    pub(in crate::http) token: OneTimeToken,
}

/// An e-mail address whose mail somebody reads.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Verified {
    /// As it was given.
    email: String,
    /// When that was proved first.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified_at: Option<Timestamp>,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<User> for Verified {
    fn from(user: User) -> Self {
        Self {
            email: user.email,
            email_verified_at: user.email_verified_at,
            links: Links::default().action(true, "log-in", Method::POST, "/v1/sessions"),
        }
    }
}

/// Somebody forgot a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com" }))]
pub(in crate::http) struct Forgotten {
    /// Any case.
    #[schema(max_length = 254)]
    pub(in crate::http) email: String,
}

/// A password instead of a forgotten one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "battery staple correct" }))]
pub(in crate::http) struct NewPassword {
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub(in crate::http) password: Password,
}

/// A password instead of a known one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "current_password": "correct horse battery", "new_password": "battery staple correct"
}))]
pub(in crate::http) struct PasswordChange {
    /// The one that is replaced.
    #[schema(value_type = String, format = Password)]
    pub(in crate::http) current_password: Password,
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub(in crate::http) new_password: Password,
}

/// A mail that was asked for.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct MailPromise {
    /// What will happen.
    detail: &'static str,
    #[serde(rename = "_links")]
    links: Links,
}

impl MailPromise {
    pub(in crate::http) fn to_verify() -> Self {
        Self {
            detail: "unless the e-mail address is verified, a token is on its way to it",
            links: Links::default().action(
                true,
                "verify-email",
                Method::POST,
                "/v1/users/verify-email",
            ),
        }
    }

    pub(in crate::http) fn to_reset() -> Self {
        Self {
            detail: "if there is an account with this e-mail address, a token is on its way to it",
            links: Links::default(),
        }
    }
}
