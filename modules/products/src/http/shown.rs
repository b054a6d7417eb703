//! How products look from outside.

mod kept;
mod stock;

use host::{Links, Listing, Paging};
use kernel::{Money, Timestamp};
use products_api::OptionValue;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use kept::{KeptCard, KeptProduct, KeptVariant};
pub(super) use stock::{Booked, Reservation, StockEntry, StockMovement};

/// What a search has found.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductResults)]
pub(super) struct Results {
    items: Vec<Card>,
    /// Send it as `cursor` to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What there is to narrow it by, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Vec<Facet>>,
    #[serde(rename = "_links")]
    links: Links,
}

/// An attribute of the products that were found, not only of this page.
#[derive(Serialize, ToSchema)]
struct Facet {
    name: String,
    /// The most frequent first.
    values: Vec<FacetValue>,
}

/// A value of an attribute, and how many of the products that were found have it.
#[derive(Serialize, ToSchema)]
struct FacetValue {
    value: String,
    count: u64,
}

/// A product in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductCard)]
pub(super) struct Card {
    id: String,
    slug: String,
    title: String,
    /// The price of the cheapest variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_from: Option<Money>,
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
    attributes: Vec<Pair>,
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
    options: Vec<Pair>,
    price: Money,
    /// What it used to cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    compare_at: Option<Money>,
    weight_g: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
    /// How many can be bought now; absent when it never runs out.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    for_sale: bool,
}

/// Something about a product, or a choice that tells a variant apart: colour, blue.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductPair)]
struct Pair {
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
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

impl Results {
    /// The answer to `paging`, with facets if they were asked for.
    pub(super) fn of(paging: &Paging, found: products_api::Found, facets: bool) -> Self {
        let products_api::Found { page, facets: counted } = found;
        let Listing { items, next_cursor, links } = Listing::new(paging, page.map(Card::from));
        let facets = facets.then(|| counted.into_iter().map(Facet::from).collect());
        let links = links.to("categories", "/v1/categories");
        Self { items, next_cursor, facets, links }
    }
}

impl From<products_api::Facet> for Facet {
    fn from(products_api::Facet { name, values }: products_api::Facet) -> Self {
        let value = |it: products_api::FacetValue| FacetValue { value: it.value, count: it.count };
        Self { name, values: values.into_iter().map(value).collect() }
    }
}

fn href(slug: &str) -> String {
    format!("/v1/products/{slug}")
}

impl From<products_api::ProductSummary> for Card {
    fn from(summary: products_api::ProductSummary) -> Self {
        let products_api::ProductSummary { id, slug, title, price_from, in_stock, media, .. } =
            summary;
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
            attributes: product.attributes.into_iter().map(Pair::from).collect(),
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
        Self {
            id: variant.id.to_string(),
            sku: variant.sku,
            options: variant.options.into_iter().map(Pair::from).collect(),
            price: variant.price,
            compare_at: variant.compare_at,
            weight_g: variant.weight_g,
            barcode: variant.barcode,
            available: variant.track_stock.then_some(variant.available),
            for_sale: variant.for_sale,
        }
    }
}

impl From<OptionValue> for Pair {
    fn from(OptionValue { name, value }: OptionValue) -> Self {
        Self { name, value }
    }
}

impl From<products_api::Attribute> for Pair {
    fn from(products_api::Attribute { name, value }: products_api::Attribute) -> Self {
        Self { name, value }
    }
}

impl From<Vec<products_api::Category>> for Categories {
    fn from(all: Vec<products_api::Category>) -> Self {
        let items = all.into_iter().map(Category::from).collect();
        Self { items, links: Links::of("/v1/categories").to("products", "/v1/products") }
    }
}

impl Category {
    /// Where it is found.
    pub(super) fn href(&self) -> String {
        format!("/v1/categories/{}", self.slug)
    }
}

impl From<products_api::Category> for Category {
    fn from(category: products_api::Category) -> Self {
        let products_api::Category { id, slug, name, parent, position, version } = category;
        let links = Links::of(format!("/v1/categories/{slug}"))
            .to("products", format!("/v1/products?category={slug}"));
        let (id, version) = (id.to_string(), version.0);
        Self { id, slug, name, parent, position, version, links }
    }
}
