//! Request bodies.

use host::Problem;
use kernel::{Money, Patch, Violation};
use products_api::{
    Adjust, Adjustment, CategoryAt, ChangeCategory, ChangeProduct, ChangeVariant, OptionValue,
    ProductAt, ProductStatus, VariantId,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A product that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "slug": "tea-bowl", "title": "Tea Bowl", "description": "Thrown by hand.", "status": "active",
    "attributes": [{ "name": "material", "value": "stoneware" }],
    "variants": [{
        "sku": "BOWL-S", "options": [{ "name": "size", "value": "small" }],
        "price": { "minor": 1900, "currency": "EUR" }, "weight_g": 250, "on_hand": 12
    }]
}))]
pub(in crate::http) struct NewProduct {
    /// Lower-case letters, digits and dashes; unique.
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9-]+$")]
    slug: String,
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// At most 10,000 characters.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    description: String,
    /// `draft`, when it is not said, or `active`: then it needs a variant and is on sale at once.
    #[serde(default)]
    status: NewStatus,
    /// Slugs of existing categories.
    #[serde(default)]
    #[schema(max_items = 20)]
    categories: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 50)]
    attributes: Vec<NewPair>,
    /// Absolute URLs or paths of pictures.
    #[serde(default)]
    #[schema(max_items = 50)]
    media: Vec<String>,
    /// At most 100, all priced in one currency and told apart by the same options.
    #[serde(default)]
    #[schema(max_items = 100)]
    variants: Vec<NewVariant>,
}

/// How far a new product is in its life.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = NewProductStatus)]
enum NewStatus {
    #[default]
    Draft,
    Active,
}

/// A variant that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sku": "BOWL-L", "options": [{ "name": "size", "value": "large" }],
    "price": { "minor": 2900, "currency": "EUR" }, "weight_g": 400, "on_hand": 5
}))]
pub(in crate::http) struct NewVariant {
    /// 1 to 64 characters, unique in the shop.
    #[schema(min_length = 1, max_length = 64)]
    sku: String,
    /// What tells it apart from its siblings; the same names for all of them.
    #[serde(default)]
    #[schema(max_items = 10)]
    options: Vec<NewPair>,
    price: Money,
    /// What it used to cost; above the price.
    compare_at: Option<Money>,
    #[serde(default)]
    weight_g: u32,
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    barcode: Option<String>,
    /// Whether its stock is counted; what is not counted never runs out.
    #[serde(default = "yes")]
    track_stock: bool,
    /// Whether it is for sale while its product is.
    #[serde(default = "yes")]
    for_sale: bool,
    /// How many are on hand to begin with.
    #[serde(default)]
    on_hand: u32,
}

fn yes() -> bool {
    true
}

/// Something about a product, or a choice that tells a variant apart: colour, blue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPair {
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    #[schema(min_length = 1, max_length = 200)]
    value: String,
}

/// A change of a product; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "Tea Bowl, grey", "categories": [] }))]
pub(in crate::http) struct ProductChange {
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9-]+$")]
    slug: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// Slugs of existing categories.
    #[schema(max_items = 20)]
    categories: Option<Vec<String>>,
    #[schema(max_items = 50)]
    attributes: Option<Vec<NewPair>>,
    #[schema(max_items = 50)]
    media: Option<Vec<String>>,
}

/// A change of a variant; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "price": { "minor": 1700, "currency": "EUR" }, "compare_at": null }))]
pub(in crate::http) struct VariantChange {
    /// In the same currency as before.
    price: Option<Money>,
    /// What it used to cost; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    compare_at: Patch<Money>,
    weight_g: Option<u32>,
    /// Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    barcode: Patch<String>,
    /// Whether its stock is counted.
    track_stock: Option<bool>,
    /// Whether it is for sale while its product is.
    for_sale: Option<bool>,
}

/// A category that does not exist yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "slug": "tea", "name": "Tea", "position": 1 }))]
pub(in crate::http) struct NewCategory {
    /// Lower-case letters, digits and dashes; unique.
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9-]+$")]
    slug: String,
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The slug of an existing category; a tree is at most eight deep.
    parent: Option<String>,
    /// Its place among its siblings, smallest first.
    #[serde(default)]
    position: i64,
}

/// A change of a category; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Tea and coffee", "parent": null }))]
pub(in crate::http) struct CategoryChange {
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9-]+$")]
    slug: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The slug of the category it is moved into, with everything below it; null moves it to the top.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    parent: Patch<String>,
    position: Option<i64>,
}

/// Stock that came or went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "variant": "var_01kaw0c8y5fjr9hx3wgmz0y2qe", "kind": "received", "change": 12, "reason": "a delivery"
}))]
pub(in crate::http) struct Movement {
    /// The id of the variant.
    variant: String,
    /// `received`, `returned` or `adjusted`; when it is not said, what came was received, and what is
    /// gone is a correction.
    kind: Option<NewKind>,
    /// How many came (positive) or are gone (negative); not zero.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    change: i64,
    /// Why, for the books: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// What happened to stock from outside the shop.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = NewMovementKind)]
enum NewKind {
    Received,
    Returned,
    Adjusted,
}

impl From<NewProduct> for products_api::NewProduct {
    fn from(wish: NewProduct) -> Self {
        Self {
            slug: wish.slug,
            title: wish.title,
            description: wish.description,
            status: match wish.status {
                NewStatus::Draft => ProductStatus::Draft,
                NewStatus::Active => ProductStatus::Active,
            },
            categories: wish.categories,
            attributes: wish.attributes.into_iter().map(Into::into).collect(),
            media: wish.media,
            variants: wish.variants.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NewPair> for products_api::Attribute {
    fn from(NewPair { name, value }: NewPair) -> Self {
        Self { name, value }
    }
}

impl From<NewPair> for OptionValue {
    fn from(NewPair { name, value }: NewPair) -> Self {
        Self { name, value }
    }
}

impl From<NewVariant> for products_api::NewVariant {
    fn from(wish: NewVariant) -> Self {
        Self {
            sku: wish.sku,
            options: wish.options.into_iter().map(Into::into).collect(),
            price: wish.price,
            compare_at: wish.compare_at,
            weight_g: wish.weight_g,
            barcode: wish.barcode,
            track_stock: wish.track_stock,
            for_sale: wish.for_sale,
            on_hand: wish.on_hand,
        }
    }
}

impl From<NewCategory> for products_api::NewCategory {
    fn from(NewCategory { slug, name, parent, position }: NewCategory) -> Self {
        Self { slug, name, parent, position }
    }
}

impl ProductChange {
    pub(in crate::http) fn of(self, at: ProductAt) -> ChangeProduct {
        let Self { slug, title, description, categories, attributes, media } = self;
        let attributes = attributes.map(|all| all.into_iter().map(Into::into).collect());
        ChangeProduct { at, slug, title, description, categories, attributes, media }
    }
}

impl VariantChange {
    pub(in crate::http) fn of(self, at: ProductAt, variant: VariantId) -> ChangeVariant {
        let Self { price, compare_at, weight_g, barcode, track_stock, for_sale } = self;
        ChangeVariant { at, variant, price, compare_at, weight_g, barcode, track_stock, for_sale }
    }
}

impl CategoryChange {
    pub(in crate::http) fn of(self, at: CategoryAt) -> ChangeCategory {
        let Self { slug, name, parent, position } = self;
        ChangeCategory { at, slug, name, parent, position }
    }
}

impl Movement {
    /// The change, named by `cause`.
    pub(in crate::http) fn caused_by(self, cause: String) -> Result<Adjust, Problem> {
        let Self { variant, kind, change, reason } = self;
        let invalid = |_| {
            Problem::invalid(Violation::new("/variant", "invalid", "the id of a variant is wanted"))
        };
        let kind = match kind {
            Some(NewKind::Received) => Adjustment::Received,
            Some(NewKind::Returned) => Adjustment::Returned,
            Some(NewKind::Adjusted) => Adjustment::Adjusted,
            None if change > 0 => Adjustment::Received,
            None => Adjustment::Adjusted,
        };
        Ok(Adjust { variant: variant.parse().map_err(invalid)?, kind, change, reason, cause })
    }
}
