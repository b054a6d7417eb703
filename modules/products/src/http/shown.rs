//! How products look from outside.

use host::Links;
use kernel::{Money, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A product in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductCard)]
pub(super) struct Card {
    id: String,
    slug: String,
    title: String,
    /// The price of the cheapest variant.
    price_from: Money,
    /// Whether any variant can be bought now.
    in_stock: bool,
    media: Vec<String>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A product with everything a shopper wants to know.
#[derive(Serialize, ToSchema)]
pub(super) struct Product {
    id: String,
    slug: String,
    title: String,
    description: String,
    /// Slugs.
    categories: Vec<String>,
    media: Vec<String>,
    variants: Vec<Variant>,
    created_at: Timestamp,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// What can be put into a cart.
#[derive(Serialize, ToSchema)]
struct Variant {
    id: String,
    sku: String,
    options: Vec<Choice>,
    price: Money,
    /// What it used to cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    compare_at: Option<Money>,
    weight_g: u32,
    /// How many can be bought now.
    available: i64,
    for_sale: bool,
}

/// What tells a variant apart from its siblings: colour, blue.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductChoice)]
struct Choice {
    name: String,
    value: String,
}

/// Every category, parents before children.
#[derive(Serialize, ToSchema)]
pub(super) struct Categories {
    items: Vec<Category>,
    #[serde(rename = "_links")]
    links: Links,
}

/// A shelf of the shop.
#[derive(Serialize, ToSchema)]
pub(super) struct Category {
    id: String,
    slug: String,
    name: String,
    /// The slug of the category it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    position: i64,
    #[serde(rename = "_links")]
    links: Links,
}

/// How many there are of a variant.
#[derive(Serialize, ToSchema)]
pub(super) struct StockLevel {
    variant: String,
    /// In the house.
    on_hand: i64,
    /// Of these, set aside.
    reserved: i64,
    /// Of these, not set aside.
    available: i64,
}

/// Stock that is or was held for somebody.
#[derive(Serialize, ToSchema)]
pub(super) struct Reservation {
    id: String,
    owner: String,
    lines: Vec<HeldLine>,
    /// held, committed, consumed, released or expired.
    #[schema(value_type = String)]
    state: products_api::ReservationState,
    expires_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// One line of a reservation.
#[derive(Serialize, ToSchema)]
struct HeldLine {
    variant: String,
    quantity: u32,
}

impl Product {
    /// Where it is found.
    pub(super) fn href(&self) -> String {
        href(&self.slug)
    }
}

fn href(slug: &str) -> String {
    format!("/v1/products/{slug}")
}

impl From<products_api::ProductSummary> for Card {
    fn from(summary: products_api::ProductSummary) -> Self {
        let products_api::ProductSummary { id, slug, title, price_from, in_stock, media } = summary;
        let links = Links::of(href(&slug));
        Self { id: id.to_string(), slug, title, price_from, in_stock, media, links }
    }
}

impl From<products_api::Product> for Product {
    fn from(product: products_api::Product) -> Self {
        let links = Links::of(href(&product.slug)).to("categories", "/v1/categories");
        Self {
            id: product.id.to_string(),
            slug: product.slug,
            title: product.title,
            description: product.description,
            categories: product.categories,
            media: product.media,
            variants: product.variants.into_iter().map(Variant::from).collect(),
            created_at: product.created_at,
            version: product.version.0,
            links,
        }
    }
}

impl From<products_api::Variant> for Variant {
    fn from(variant: products_api::Variant) -> Self {
        let choice = |it: products_api::OptionValue| Choice { name: it.name, value: it.value };
        Self {
            id: variant.id.to_string(),
            sku: variant.sku,
            options: variant.options.into_iter().map(choice).collect(),
            price: variant.price,
            compare_at: variant.compare_at,
            weight_g: variant.weight_g,
            available: variant.available,
            for_sale: variant.for_sale,
        }
    }
}

impl From<Vec<products_api::Category>> for Categories {
    fn from(all: Vec<products_api::Category>) -> Self {
        let items = all.into_iter().map(Category::from).collect();
        Self { items, links: Links::of("/v1/categories").to("products", "/v1/products") }
    }
}

impl From<products_api::Category> for Category {
    fn from(category: products_api::Category) -> Self {
        let products_api::Category { id, slug, name, parent, position } = category;
        let links = Links::default().to("products", format!("/v1/products?category={slug}"));
        Self { id: id.to_string(), slug, name, parent, position, links }
    }
}

impl From<products_api::StockLevel> for StockLevel {
    fn from(level: products_api::StockLevel) -> Self {
        let products_api::StockLevel { variant, on_hand, reserved } = level;
        let available = on_hand - reserved;
        Self { variant: variant.to_string(), on_hand, reserved, available }
    }
}

impl From<products_api::Reservation> for Reservation {
    fn from(reservation: products_api::Reservation) -> Self {
        let products_api::Reservation { id, owner, lines, state, expires_at } = reservation;
        let links = Links::of(format!("/v1/admin/reservations/{owner}"));
        let line = |line: products_api::HoldLine| HeldLine {
            variant: line.variant.to_string(),
            quantity: line.quantity,
        };
        let lines = lines.into_iter().map(line).collect();
        Self { id: id.to_string(), owner: owner.0, lines, state, expires_at, links }
    }
}
