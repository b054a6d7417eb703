//! Rows to nouns, and the JSON inside of rows.

use std::{fmt::Display, str::FromStr};

use kernel::{Currency, Money, Timestamp, Version};
use products_api::{
    Attribute, Category, HoldLine, MovementKind, OptionValue, Product, ProductStatus, Reservation,
    ReservationState, Variant,
};
use sea_orm::{DbErr, FromQueryResult};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use storage::Error;

use crate::domain::stock::STATES;

#[derive(FromQueryResult)]
pub(super) struct ProductRow {
    pub(super) id: String,
    slug: String,
    title: String,
    description: String,
    status: String,
    media: String,
    attributes: String,
    created_at: i64,
    published_at: Option<i64>,
    version: i64,
}

impl ProductRow {
    pub(super) fn product(
        self,
        categories: Vec<String>,
        variants: Vec<Variant>,
    ) -> Result<Product, Error> {
        let attributes: Vec<PairJson> = from_json(&self.attributes)?;
        Ok(Product {
            id: read(&self.id)?,
            slug: self.slug,
            title: self.title,
            description: self.description,
            status: status(&self.status)?,
            categories,
            attributes: attributes.into_iter().map(Attribute::from).collect(),
            media: from_json(&self.media)?,
            variants,
            created_at: Timestamp::from_micros(self.created_at),
            published_at: self.published_at.map(Timestamp::from_micros),
            version: Version(self.version.cast_unsigned()),
        })
    }
}

#[derive(FromQueryResult)]
pub(super) struct VariantRow {
    id: String,
    pub(super) product: String,
    sku: String,
    title: String,
    options: String,
    price_minor: i64,
    compare_at_minor: Option<i64>,
    currency: String,
    weight_g: i64,
    barcode: Option<String>,
    tracked: i64,
    available: i64,
    for_sale: i64,
}

impl VariantRow {
    pub(super) fn variant(self) -> Result<Variant, Error> {
        let options: Vec<PairJson> = from_json(&self.options)?;
        let currency = currency(&self.currency)?;
        Ok(Variant {
            id: read(&self.id)?,
            product: read(&self.product)?,
            sku: self.sku,
            title: self.title,
            options: options.into_iter().map(OptionValue::from).collect(),
            price: Money::new(self.price_minor, currency),
            compare_at: self.compare_at_minor.map(|minor| Money::new(minor, currency)),
            weight_g: u32::try_from(self.weight_g).map_err(unreadable)?,
            barcode: self.barcode,
            track_stock: self.tracked != 0,
            available: if self.tracked != 0 { self.available } else { Variant::PLENTY },
            for_sale: self.for_sale != 0,
        })
    }
}

#[derive(FromQueryResult)]
pub(super) struct CategoryRow {
    id: String,
    slug: String,
    name: String,
    parent: Option<String>,
    position: i64,
    version: i64,
}

impl CategoryRow {
    pub(super) fn category(self) -> Result<Category, Error> {
        let Self { id, slug, name, parent, position, version } = self;
        let version = Version(version.cast_unsigned());
        Ok(Category { id: read(&id)?, slug, name, parent, position, version })
    }
}

#[derive(FromQueryResult)]
pub(super) struct ReservationRow {
    id: String,
    owner: String,
    lines: String,
    state: String,
    expires_at: i64,
}

impl ReservationRow {
    pub(super) fn reservation(self) -> Result<Reservation, Error> {
        let state = STATES.into_iter().find(|state| state_name(*state) == self.state);
        Ok(Reservation {
            id: read(&self.id)?,
            owner: products_api::Owner(self.owner),
            lines: lines(&self.lines)?.into_iter().map(|held| held.line).collect(),
            state: state.ok_or_else(|| unreadable(format!("no state is {}", self.state)))?,
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

/// A row of which only its one text is wanted.
#[derive(FromQueryResult)]
pub(super) struct Name {
    pub(super) name: String,
}

/// The state as the database writes it.
pub(super) fn state_name(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "held",
        ReservationState::Committed => "committed",
        ReservationState::Consumed => "consumed",
        ReservationState::Released => "released",
        ReservationState::Expired => "expired",
    }
}

const STATUSES: [ProductStatus; 3] =
    [ProductStatus::Draft, ProductStatus::Active, ProductStatus::Archived];

/// The status as the database writes it.
pub(super) fn status_name(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Draft => "draft",
        ProductStatus::Active => "active",
        ProductStatus::Archived => "archived",
    }
}

pub(super) fn status(name: &str) -> Result<ProductStatus, Error> {
    let found = STATUSES.into_iter().find(|status| status_name(*status) == name);
    found.ok_or_else(|| unreadable(format!("no status is {name}")))
}

const KINDS: [MovementKind; 6] = [
    MovementKind::Received,
    MovementKind::Reserved,
    MovementKind::Released,
    MovementKind::Shipped,
    MovementKind::Returned,
    MovementKind::Adjusted,
];

/// The kind as the database writes it.
pub(super) fn kind_name(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Received => "received",
        MovementKind::Reserved => "reserved",
        MovementKind::Released => "released",
        MovementKind::Shipped => "shipped",
        MovementKind::Returned => "returned",
        MovementKind::Adjusted => "adjusted",
    }
}

pub(super) fn kind(name: &str) -> Result<MovementKind, Error> {
    let found = KINDS.into_iter().find(|kind| kind_name(*kind) == name);
    found.ok_or_else(|| unreadable(format!("no movement is {name}")))
}

/// A line of a reservation, and whether stock was set aside for it: what is not counted is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) line: HoldLine,
    pub(super) counted: bool,
}

#[derive(Serialize, Deserialize)]
struct PairJson {
    name: String,
    value: String,
}

impl From<PairJson> for OptionValue {
    fn from(PairJson { name, value }: PairJson) -> Self {
        Self { name, value }
    }
}

impl From<PairJson> for Attribute {
    fn from(PairJson { name, value }: PairJson) -> Self {
        Self { name, value }
    }
}

#[derive(Serialize, Deserialize)]
struct LineJson {
    variant: String,
    quantity: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    uncounted: bool,
}

pub(super) fn options_json(options: &[OptionValue]) -> Result<String, Error> {
    let options = options.iter().cloned();
    let options: Vec<_> = options.map(|it| PairJson { name: it.name, value: it.value }).collect();
    to_json(&options)
}

pub(super) fn attributes_json(attributes: &[Attribute]) -> Result<String, Error> {
    let all = attributes.iter().cloned();
    let all: Vec<_> = all.map(|it| PairJson { name: it.name, value: it.value }).collect();
    to_json(&all)
}

pub(super) fn lines_json(lines: &[Held]) -> Result<String, Error> {
    let line = |held: &Held| LineJson {
        variant: held.line.variant.to_string(),
        quantity: held.line.quantity,
        uncounted: !held.counted,
    };
    to_json(&lines.iter().map(line).collect::<Vec<_>>())
}

pub(super) fn lines(json: &str) -> Result<Vec<Held>, Error> {
    let lines: Vec<LineJson> = from_json(json)?;
    let line = |line: LineJson| {
        let hold = HoldLine { variant: read(&line.variant)?, quantity: line.quantity };
        Ok(Held { line: hold, counted: !line.uncounted })
    };
    lines.into_iter().map(line).collect()
}

pub(super) fn currency(code: &str) -> Result<Currency, Error> {
    Currency::from_code(code).ok_or_else(|| unreadable(format!("no currency is {code}")))
}

pub(super) fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(unreadable)
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(unreadable)
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(unreadable)
}

/// The database holds something that this module never wrote.
fn unreadable(cause: impl Display) -> Error {
    Error::Other(DbErr::Type(format!("a row cannot be read or written: {cause}")))
}
