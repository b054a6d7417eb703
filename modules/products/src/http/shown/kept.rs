//! How products look to those who keep them.

use actix_web::http::Method;
use host::Links;
use kernel::{Money, Timestamp};
use products_api::ProductStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Pair, Variant};

/// A product in a list for staff.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptProductCard)]
pub(in crate::http) struct KeptCard {
    id: String,
    slug: String,
    title: String,
    status: Status,
    /// The price of the cheapest variant, if there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_from: Option<Money>,
    /// Whether any variant could be bought now.
    in_stock: bool,
    #[serde(rename = "_links")]
    links: Links,
}

/// A product with everything that staff want to know.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct KeptProduct {
    id: String,
    slug: String,
    title: String,
    description: String,
    status: Status,
    /// Slugs.
    categories: Vec<String>,
    attributes: Vec<Pair>,
    media: Vec<String>,
    variants: Vec<KeptVariant>,
    created_at: Timestamp,
    /// When it first went on sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<Timestamp>,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// A variant with everything that staff want to know.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct KeptVariant {
    #[serde(flatten)]
    shown: Variant,
    /// Whether its stock is counted.
    track_stock: bool,
    #[serde(rename = "_links")]
    links: Links,
}

/// How far a product is in its life: a draft is seen by staff only, an active one is on sale.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ProductStatus)]
enum Status {
    Draft,
    Active,
    Archived,
}

impl From<ProductStatus> for Status {
    fn from(status: ProductStatus) -> Self {
        match status {
            ProductStatus::Draft => Self::Draft,
            ProductStatus::Active => Self::Active,
            ProductStatus::Archived => Self::Archived,
        }
    }
}

fn href(id: impl std::fmt::Display) -> String {
    format!("/v1/admin/products/{id}")
}

impl KeptProduct {
    /// Where it is found.
    pub(in crate::http) fn href(&self) -> String {
        href(&self.id)
    }
}

impl From<products_api::ProductSummary> for KeptCard {
    fn from(summary: products_api::ProductSummary) -> Self {
        let products_api::ProductSummary { id, slug, title, status, price_from, in_stock, .. } =
            summary;
        let (links, status) = (Links::of(href(id)), status.into());
        Self { id: id.to_string(), slug, title, status, price_from, in_stock, links }
    }
}

impl From<products_api::Product> for KeptProduct {
    fn from(product: products_api::Product) -> Self {
        let links = links(&product);
        Self {
            id: product.id.to_string(),
            slug: product.slug,
            title: product.title,
            description: product.description,
            status: product.status.into(),
            categories: product.categories,
            attributes: product.attributes.into_iter().map(Pair::from).collect(),
            media: product.media,
            variants: product.variants.into_iter().map(KeptVariant::from).collect(),
            created_at: product.created_at,
            published_at: product.published_at,
            version: product.version.0,
            links,
        }
    }
}

impl From<products_api::Variant> for KeptVariant {
    fn from(variant: products_api::Variant) -> Self {
        let own = format!("{}/variants/{}", href(variant.product), variant.id);
        let links = Links::of(&own).action(true, "change", Method::PATCH, &own);
        Self { track_stock: variant.track_stock, links, shown: variant.into() }
    }
}

/// What may be done now.
fn links(product: &products_api::Product) -> Links {
    let own = href(product.id);
    let (active, draft) =
        (product.status == ProductStatus::Active, product.status == ProductStatus::Draft);
    let buyable = product.variants.iter().any(|variant| variant.for_sale);
    let links = Links::of(&own)
        .action(true, "change", Method::PATCH, &own)
        .action(true, "add-variant", Method::POST, format!("{own}/variants"))
        .action(!active && buyable, "publish", Method::POST, format!("{own}/publish"))
        .action(active, "archive", Method::POST, format!("{own}/archive"))
        .action(draft, "delete", Method::DELETE, &own);
    if active { links.to("shown", super::href(&product.slug)) } else { links }
}
