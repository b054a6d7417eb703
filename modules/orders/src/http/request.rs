//! What clients send about orders.

use carts_api::CartId;
use host::Problem;
use kernel::{Code, Money, Violation};
use serde::{Deserialize, Serialize};
use users_api::{AddressId, PostalAddress};
use utoipa::ToSchema;

/// What to buy, for how much, and where it goes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceRequest {
    /// The cart that becomes the order.
    #[schema(value_type = String, example = "crt_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    pub(super) cart_id: CartId,
    /// What the customer agreed to pay, delivery included.
    pub(super) expected_total: Money,
    /// An entry of the customer's address book; or give `address`.
    #[schema(value_type = Option<String>, example = json!(null))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address_id: Option<AddressId>,
    /// Where it goes; or give `address_id`. Without either it goes to the default of the address book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<AddressView>,
    /// Who pays, when that is not where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) billing_address: Option<AddressView>,
    /// How to reach somebody without an account; needed then, and not looked at otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) contact: Option<ContactView>,
    /// The code of a delivery method: `standard`, `express`.
    #[schema(example = "standard")]
    pub(super) delivery_method: String,
    /// How it is paid.
    pub(super) payment: PaymentRequest,
}

/// How a guest is reached.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactView {
    /// An e-mail address.
    #[schema(example = "ada@example.com", max_length = 254)]
    pub(super) email: String,
}

/// How an order is paid.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentRequest {
    /// A token that stands for a card, as the payment provider's form gave it.
    #[schema(example = "pm_card_visa")]
    pub(super) token: String,
}

/// Why an order is ended.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {
    /// 1 to 500 characters.
    #[schema(example = "I found it cheaper")]
    pub(super) reason: String,
}

/// Where an order goes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressView {
    /// Who receives it.
    recipient: String,
    /// For the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Street and number.
    line1: String,
    /// What does not fit there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line2: Option<String>,
    /// The city.
    city: String,
    /// State or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// As the country writes it.
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    country: String,
}

/// The refusal of a wish with two addresses.
pub(super) fn two_addresses() -> Problem {
    let detail = "give either `address_id` or `address`";
    Problem::of(Code::ValidationFailed, detail).blaming(Violation::new("", "one-address", detail))
}

impl From<AddressView> for PostalAddress {
    fn from(view: AddressView) -> Self {
        let AddressView { recipient, phone, line1, line2, city, region, postal_code, country } =
            view;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}

impl From<PostalAddress> for AddressView {
    fn from(address: PostalAddress) -> Self {
        let PostalAddress { recipient, phone, line1, line2, city, region, postal_code, country } =
            address;
        Self { recipient, phone, line1, line2, city, region, postal_code, country }
    }
}
