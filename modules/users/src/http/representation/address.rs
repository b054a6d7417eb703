//! Addresses.

use actix_web::http::Method;
use host::Links;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::ADDRESSES;

/// Where parcels or bills go.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PostalAddress {
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

/// What an entry of an address book shall say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "label": "home",
    "address": {
        "recipient": "Ada Lovelace",
        "line1": "12 St James's Square",
        "city": "London",
        "postal_code": "SW1Y 4JH",
        "country": "GB"
    },
    "default_shipping": true
}))]
pub(in crate::http) struct NewAddress {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 60)]
    pub(in crate::http) label: String,
    /// Where it is.
    pub(in crate::http) address: PostalAddress,
    /// Whether parcels go there when nobody chooses; no other address has that then.
    #[serde(default)]
    pub(in crate::http) default_shipping: bool,
    /// Whether bills go there when nobody chooses; no other address has that then.
    #[serde(default)]
    pub(in crate::http) default_billing: bool,
}

/// An entry of an address book.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Address {
    /// Never reused.
    id: String,
    /// What its owner calls it.
    label: String,
    /// Where it is.
    address: PostalAddress,
    /// Whether parcels go there when nobody chooses.
    default_shipping: bool,
    /// Whether bills go there when nobody chooses.
    default_billing: bool,
    #[serde(rename = "_links")]
    links: Links,
}

impl From<users_api::Address> for Address {
    fn from(entry: users_api::Address) -> Self {
        let href = format!("{ADDRESSES}/{}", entry.id);
        Self {
            id: entry.id.to_string(),
            label: entry.label,
            address: entry.address.into(),
            default_shipping: entry.defaults.shipping,
            default_billing: entry.defaults.billing,
            links: Links::of(&href).action(true, "replace", Method::PUT, &href).action(
                true,
                "remove",
                Method::DELETE,
                &href,
            ),
        }
    }
}
