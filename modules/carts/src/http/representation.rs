//! How carts look outside.

use std::borrow::Cow;

use actix_web::http::Method;
use carts_api::{CartId, Requirement, Status};
use host::{Links, Problem};
use identity::GuestToken;
use kernel::{Code, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where orders are placed; said here so that a client finds the way from a cart.
const ORDERS: &str = "/v1/orders";

/// Where a cart is found.
pub(super) fn href(id: CartId) -> String {
    format!("/v1/carts/{id}")
}

/// A cart to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCart {
    /// What all prices are in (ISO 4217); EUR when absent. An active cart keeps its own.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub(super) currency: Option<Currency>,
}

/// How many of a variant are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Replaces the quantity that was there.
    #[schema(minimum = 1, maximum = 999, example = 2)]
    pub(super) quantity: u32,
}

/// The proof that a cart is the caller's own from before the log-in.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GuestCart {
    /// The guest token with which the cart was opened.
    #[schema(example = "gst_Zk3m0r8Yq2Jt5v7x9B1d4F6h8K0m2P4s6U8w0y2A4C6")]
    pub(super) guest_token: String,
}

/// Where a cart's things would go.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    #[param(example = "DE", pattern = "^[A-Z]{2}$")]
    pub(super) country: String,
}

/// What delivery of a cart costs.
#[derive(Serialize, ToSchema)]
pub(super) struct Quotes {
    /// Cheapest first.
    items: Vec<Quote>,
    /// What this answer cannot promise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
    #[serde(rename = "_links")]
    links: Links,
}

/// One way a cart's things can go.
#[derive(Serialize, ToSchema)]
struct Quote {
    /// The `delivery_method` of an order.
    method: String,
    /// What a shopper reads.
    name: String,
    /// What it costs.
    price: Money,
    /// How many working days it takes, at the latest.
    days: u32,
}

impl Quotes {
    pub(super) fn of(cart: CartId, country: &str, quotes: carts_api::Quotes) -> Self {
        let quote = |quote| {
            let carts_api::Quote { method, name, price, days } = quote;
            Quote { method, name, price, days }
        };
        let cart = href(cart);
        let own = format!("{cart}/delivery-quotes?country={country}");
        let links = Links::of(own).to("cart", cart);
        Self {
            items: quotes.items.into_iter().map(quote).collect(),
            warnings: quotes.silent.iter().map(|carrier| Warning::silent(carrier)).collect(),
            links,
        }
    }
}

/// What a shopper is about to want.
#[derive(Serialize, ToSchema)]
pub(super) struct Cart {
    /// Never reused.
    id: String,
    /// How far it has got: `active`, `converted`, `merged` or `expired`.
    status: &'static str,
    /// What all prices are in (ISO 4217).
    currency: &'static str,
    /// In the order they were put in.
    lines: Vec<Line>,
    /// The sum of the lines.
    total: Money,
    /// What stands between this cart and an order.
    requirements: Vec<Missing>,
    /// What this answer cannot promise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
    /// When it is forgotten unless it changes.
    expires_at: Timestamp,
    /// By which the guest who opened it is known; said once.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_token: Option<String>,
    #[serde(rename = "_links")]
    links: Links,
}

/// One line of a cart, as it was when it was put in.
#[derive(Serialize, ToSchema)]
struct Line {
    /// What.
    variant: String,
    /// Its SKU.
    sku: String,
    /// Its title.
    title: String,
    /// How many.
    quantity: u32,
    /// What one costs.
    price: Money,
    /// What all of them cost.
    total: Money,
    #[serde(rename = "_links")]
    links: Links,
}

/// Something that stands between a cart and an order.
#[derive(Serialize, ToSchema)]
struct Missing {
    /// The code with which an order would be refused.
    #[schema(value_type = String, example = "price-changed")]
    code: Code,
    /// The index of the line that is to blame, when one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// What is wrong and what would help.
    detail: String,
}

/// Something this answer cannot promise.
#[derive(Serialize, ToSchema)]
struct Warning {
    /// `stale` or `carrier-silent`.
    code: &'static str,
    /// What that means.
    detail: Cow<'static, str>,
}

const STALE: Warning = Warning {
    code: "stale",
    detail: Cow::Borrowed(
        "the catalogue gave no answer: prices and stock are as they were when the lines were put in",
    ),
};

impl Warning {
    /// A carrier has not said what it charges.
    fn silent(carrier: &str) -> Self {
        let detail = format!("{carrier} gave no answer: its prices may be missing here");
        Self { code: "carrier-silent", detail: detail.into() }
    }
}

impl TryFrom<carts_api::Cart> for Cart {
    type Error = Problem;

    fn try_from(cart: carts_api::Cart) -> Result<Self, Problem> {
        let href = href(cart.id);
        let active = cart.status == Status::Active;
        let orderable = active && !cart.stale && cart.requirements.is_empty();
        let line = |line| Line::of(&href, active, line);
        Ok(Self {
            id: cart.id.to_string(),
            status: status(cart.status),
            currency: cart.currency.code(),
            lines: cart.lines.into_iter().map(line).collect::<Result<_, _>>()?,
            total: cart.total,
            requirements: cart.requirements.into_iter().map(Missing::from).collect(),
            warnings: if cart.stale { vec![STALE] } else { Vec::new() },
            expires_at: cart.expires_at,
            guest_token: None,
            links: Links::of(&href)
                .to("delivery-quotes", format!("{href}/delivery-quotes"))
                .action(orderable, "place-order", Method::POST, ORDERS),
        })
    }
}

impl Cart {
    /// Tells a guest, this once, by what the shop will know them.
    pub(super) fn known_by(self, token: &GuestToken) -> Self {
        Self { guest_token: Some(token.expose().to_owned()), ..self }
    }
}

impl Line {
    fn of(cart: &str, changeable: bool, line: carts_api::Line) -> Result<Self, Problem> {
        let total = line.price.times(line.quantity.into());
        let total = total.map_err(|cause| Problem::of(Code::Internal, cause.to_string()))?;
        let href = format!("{cart}/lines/{}", line.variant);
        Ok(Self {
            variant: line.variant.to_string(),
            sku: line.sku,
            title: line.title,
            quantity: line.quantity,
            price: line.price,
            total,
            links: Links::default().action(changeable, "set", Method::PUT, &href).action(
                changeable,
                "remove",
                Method::DELETE,
                &href,
            ),
        })
    }
}

impl From<Requirement> for Missing {
    fn from(it: Requirement) -> Self {
        Self { code: it.kind.code(), line: it.line, detail: it.detail }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Converted => "converted",
        Status::Merged => "merged",
        Status::Expired => "expired",
    }
}
