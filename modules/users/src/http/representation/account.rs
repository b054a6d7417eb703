//! Accounts.

use actix_web::http::Method;
use host::{Links, Who};
use identity::Permission;
use kernel::{Patch, Timestamp};
use serde::{Deserialize, Serialize};
use users_api::{Password, User};
use utoipa::{IntoParams, ToSchema};

use super::super::{ADDRESSES, EVERYBODY, ME, SESSIONS};

/// An account to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.com", "password": "correct horse battery", "name": "Ada Lovelace"
}))]
pub(in crate::http) struct NewAccount {
    /// Unique without regard to case.
    #[schema(max_length = 254)]
    pub(in crate::http) email: String,
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub(in crate::http) password: Password,
    /// How the shop addresses the person.
    #[schema(min_length = 1, max_length = 200)]
    pub(in crate::http) name: String,
}

/// What shall be different about a profile. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Ada King", "phone": "+44 20 7946 0018" }))]
pub(in crate::http) struct Profile {
    /// How the shop addresses the person.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(in crate::http) name: Option<String>,
    /// How the shop calls the person; `null` for not at all.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40)]
    pub(in crate::http) phone: Patch<String>,
}

/// All roles somebody has from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "roles": ["customer", "support"] }))]
pub(in crate::http) struct Roles {
    /// customer, support, catalogue, warehouse, finance, admin.
    #[schema(min_items = 1, max_items = 20)]
    pub(in crate::http) roles: Vec<String>,
}

/// Which people are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct People {
    /// Whose account is active, locked or erased.
    #[param(inline)]
    pub(in crate::http) status: Option<Status>,
    /// Who has this role.
    #[param(value_type = Option<String>, example = "support")]
    pub(in crate::http) role: Option<identity::Role>,
    /// Whose e-mail address begins so.
    pub(in crate::http) email: Option<String>,
}

/// Whether an account can be used.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AccountStatus)]
pub(in crate::http) enum Status {
    Active,
    Locked,
    Erased,
}

impl From<Status> for users_api::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Locked => Self::Locked,
            Status::Erased => Self::Erased,
        }
    }
}

impl From<users_api::Status> for Status {
    fn from(status: users_api::Status) -> Self {
        match status {
            users_api::Status::Active => Self::Active,
            users_api::Status::Locked => Self::Locked,
            users_api::Status::Erased => Self::Erased,
        }
    }
}

/// A person with an account.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Account {
    /// Never reused.
    id: String,
    /// As it was given.
    email: String,
    /// When somebody proved to read the mail of this address; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified_at: Option<Timestamp>,
    /// How the shop addresses the person.
    name: String,
    /// How the shop calls the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Whether the account can be used.
    #[schema(value_type = String, pattern = "^(active|locked|erased)$")]
    status: Status,
    /// What the person is in the shop.
    roles: Vec<String>,
    /// When the account was opened.
    created_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

impl Account {
    fn with(user: User, links: Links) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            email_verified_at: user.email_verified_at,
            name: user.name,
            phone: user.phone,
            status: user.status.into(),
            roles: user.roles,
            created_at: user.created_at,
            links,
        }
    }

    /// The account of somebody else, with what `who` may do about it.
    pub(in crate::http) fn for_staff(user: User, who: &Who) -> Self {
        let href = format!("{EVERYBODY}/{}", user.id);
        let exists = user.status != users_api::Status::Erased;
        let locked = user.status == users_api::Status::Locked;
        let may_lock = exists && who.may(Permission::UserLock);
        let may_give = exists && who.may(Permission::UserRoles);
        let links = Links::of(&href)
            .action(may_give, "set-roles", Method::PUT, format!("{href}/roles"))
            .action(may_lock && !locked, "lock", Method::POST, format!("{href}/lock"))
            .action(may_lock && locked, "unlock", Method::POST, format!("{href}/unlock"));
        Self::with(user, links)
    }
}

/// The account of whoever asks.
impl From<User> for Account {
    fn from(user: User) -> Self {
        let unverified = user.email_verified_at.is_none();
        let links = Links::of(ME)
            .to("addresses", ADDRESSES)
            .to("sessions", SESSIONS)
            .action(true, "change", Method::PATCH, ME)
            .action(true, "change-password", Method::PUT, format!("{ME}/password"))
            .action(unverified, "verify-email", Method::POST, format!("{ME}/verification-mails"))
            .action(true, "erase", Method::DELETE, ME);
        Self::with(user, links)
    }
}
