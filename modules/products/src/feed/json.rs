//! Products as JSON, one a line.

use kernel::{Money, Violation};
use products_api::{Attribute, NewProduct, NewVariant, OptionValue, ProductStatus};
use serde::{Deserialize, Serialize};

use super::Item;

/// A product in a file. What is on sale need not say so.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    slug: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default = "active")]
    status: ProductStatus,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    media: Vec<String>,
    #[serde(default)]
    variants: Vec<Variant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    sku: String,
    #[serde(default)]
    options: Vec<OptionValue>,
    price: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compare_at: Option<Money>,
    #[serde(default)]
    weight_g: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
    #[serde(default = "yes")]
    track_stock: bool,
    #[serde(default = "yes")]
    for_sale: bool,
    #[serde(default)]
    on_hand: u32,
}

fn active() -> ProductStatus {
    ProductStatus::Active
}

fn yes() -> bool {
    true
}

/// Reads one line.
pub(super) fn read(row: &[u8], line: u64, end: u64) -> Item {
    let product = serde_json::from_slice::<Line>(row).map(NewProduct::from);
    let product = product.map_err(|cause| {
        let cause = cause.to_string();
        let cause = cause.split(" at line ").next().unwrap_or_default();
        vec![Violation::new("", "malformed", cause)]
    });
    let slug = match &product {
        Ok(product) => product.slug.clone(),
        Err(_) => slug_of(row).unwrap_or_default(),
    };
    Item { line, end, slug, product }
}

/// What a product that cannot be read calls itself.
fn slug_of(row: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(row).ok()?;
    Some(value.get("slug")?.as_str()?.to_owned())
}

impl From<Line> for NewProduct {
    fn from(line: Line) -> Self {
        let Line { slug, title, description, status, categories, attributes, media, variants } =
            line;
        let variants = variants.into_iter().map(NewVariant::from).collect();
        Self { slug, title, description, status, categories, attributes, media, variants }
    }
}

impl From<Variant> for NewVariant {
    fn from(variant: Variant) -> Self {
        Self {
            sku: variant.sku,
            options: variant.options,
            price: variant.price,
            compare_at: variant.compare_at,
            weight_g: variant.weight_g,
            barcode: variant.barcode,
            track_stock: variant.track_stock,
            for_sale: variant.for_sale,
            on_hand: variant.on_hand,
        }
    }
}

impl From<&NewProduct> for Line {
    fn from(product: &NewProduct) -> Self {
        let NewProduct {
            slug,
            title,
            description,
            status,
            categories,
            attributes,
            media,
            variants,
        } = product.clone();
        let variants = variants.into_iter().map(Variant::from).collect();
        Self { slug, title, description, status, categories, attributes, media, variants }
    }
}

impl From<NewVariant> for Variant {
    fn from(variant: NewVariant) -> Self {
        Self {
            sku: variant.sku,
            options: variant.options,
            price: variant.price,
            compare_at: variant.compare_at,
            weight_g: variant.weight_g,
            barcode: variant.barcode,
            track_stock: variant.track_stock,
            for_sale: variant.for_sale,
            on_hand: variant.on_hand,
        }
    }
}
