//! How accounts, addresses and sessions look outside.

use actix_web::http::Method;
use host::Links;
use identity::Jwk;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use users_api::{Password, PublicKey, Tokens, User};
use utoipa::ToSchema;

/// Where whoever asks finds the own account.
pub(super) const ME: &str = "/v1/users/me";
/// Where whoever asks finds the own address book.
pub(super) const ADDRESSES: &str = "/v1/users/me/addresses";

/// An account to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// Unique without regard to case.
    #[schema(example = "ada@example.com")]
    pub(super) email: String,
    /// 8 to 128 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    pub(super) password: Password,
    /// How the shop addresses the person.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 200)]
    pub(super) name: String,
}

/// Who somebody claims to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// Any case.
    pub(super) email: String,
    /// As it was given when the account was opened.
    #[schema(value_type = String, format = Password)]
    pub(super) password: Password,
}

/// A session that was just opened.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// Names the session.
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
    refresh_token: String,
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
            links: Links::default().to("user", ME),
        }
    }
}

/// A person with an account.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    /// Never reused.
    id: String,
    /// As it was given.
    email: String,
    /// How the shop addresses the person.
    name: String,
    /// What the person is in the shop.
    roles: Vec<String>,
    /// When the account was opened.
    created_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            roles: user.roles,
            created_at: user.created_at,
            links: Links::of(ME).to("addresses", ADDRESSES),
        }
    }
}

/// Where parcels or bills go.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PostalAddress {
    /// Who receives it.
    #[schema(min_length = 1, max_length = 200)]
    recipient: String,
    /// For the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Street and number.
    #[schema(min_length = 1, max_length = 200)]
    line1: String,
    /// What does not fit there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line2: Option<String>,
    /// The town.
    #[schema(min_length = 1, max_length = 200)]
    city: String,
    /// State or province, where there are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// As the country writes it.
    #[schema(min_length = 1, max_length = 20)]
    postal_code: String,
    /// ISO 3166-1 alpha-2, upper case.
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
}

impl From<PostalAddress> for users_api::PostalAddress {
    fn from(it: PostalAddress) -> Self {
        let PostalAddress { recipient, phone, line1, line2, city, region, postal_code, country } =
            it;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}

impl From<users_api::PostalAddress> for PostalAddress {
    fn from(it: users_api::PostalAddress) -> Self {
        let users_api::PostalAddress { recipient, phone, line1, line2, .. } = it;
        let users_api::PostalAddress { city, region, postal_code, country, .. } = it;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}

/// An address to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAddress {
    /// What its owner calls it.
    #[schema(example = "home", min_length = 1, max_length = 60)]
    pub(super) label: String,
    /// Where it is.
    pub(super) address: PostalAddress,
}

/// An entry of an address book.
#[derive(Serialize, ToSchema)]
pub(super) struct Address {
    /// Never reused.
    id: String,
    /// What its owner calls it.
    label: String,
    /// Where it is.
    address: PostalAddress,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<users_api::Address> for Address {
    fn from(entry: users_api::Address) -> Self {
        Self {
            id: entry.id.to_string(),
            label: entry.label,
            address: entry.address.into(),
            links: Links::of(format!("{ADDRESSES}/{}", entry.id)),
        }
    }
}

/// Everything in an address book.
#[derive(Serialize, ToSchema)]
pub(super) struct AddressBook {
    /// Oldest first.
    items: Vec<Address>,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<Vec<users_api::Address>> for AddressBook {
    fn from(entries: Vec<users_api::Address>) -> Self {
        let room = entries.len() < users_api::Address::MAX;
        Self {
            items: entries.into_iter().map(Address::from).collect(),
            links: Links::of(ADDRESSES).action(room, "add", Method::POST, ADDRESSES),
        }
    }
}

/// A public key as a JSON Web Key (RFC 8037).
pub(super) fn jwk(key: PublicKey) -> Jwk {
    Jwk::of(key.kid, key.x)
}
