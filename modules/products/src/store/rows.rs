//! Rows to nouns, and the JSON inside of rows.

use std::{fmt::Display, str::FromStr};

use kernel::{Currency, Money, Timestamp, Version};
use products_api::{
    Category, HoldLine, OptionValue, Product, Reservation, ReservationState, Variant,
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
    media: String,
    created_at: i64,
    version: i64,
}

impl ProductRow {
    pub(super) fn product(
        self,
        categories: Vec<String>,
        variants: Vec<Variant>,
    ) -> Result<Product, Error> {
        Ok(Product {
            id: read(&self.id)?,
            slug: self.slug,
            title: self.title,
            description: self.description,
            categories,
            media: from_json(&self.media)?,
            variants,
            created_at: Timestamp::from_micros(self.created_at),
            version: Version(self.version.cast_unsigned()),
        })
    }
}

#[derive(FromQueryResult)]
pub(super) struct VariantRow {
    id: String,
    product: String,
    sku: String,
    title: String,
    options: String,
    price_minor: i64,
    compare_at_minor: Option<i64>,
    currency: String,
    weight_g: i64,
    available: i64,
    for_sale: i64,
}

impl VariantRow {
    pub(super) fn variant(self) -> Result<Variant, Error> {
        let options: Vec<OptionJson> = from_json(&self.options)?;
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
            available: self.available,
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
}

impl CategoryRow {
    pub(super) fn category(self) -> Result<Category, Error> {
        let Self { id, slug, name, parent, position } = self;
        Ok(Category { id: read(&id)?, slug, name, parent, position })
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
            lines: lines(&self.lines)?,
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

#[derive(Serialize, Deserialize)]
struct OptionJson {
    name: String,
    value: String,
}

impl From<OptionJson> for OptionValue {
    fn from(OptionJson { name, value }: OptionJson) -> Self {
        Self { name, value }
    }
}

#[derive(Serialize, Deserialize)]
struct LineJson {
    variant: String,
    quantity: u32,
}

pub(super) fn options_json(options: &[OptionValue]) -> Result<String, Error> {
    let options = options.iter().cloned();
    let options: Vec<_> = options.map(|it| OptionJson { name: it.name, value: it.value }).collect();
    to_json(&options)
}

pub(super) fn lines_json(lines: &[HoldLine]) -> Result<String, Error> {
    let line =
        |line: &HoldLine| LineJson { variant: line.variant.to_string(), quantity: line.quantity };
    to_json(&lines.iter().map(line).collect::<Vec<_>>())
}

pub(super) fn lines(json: &str) -> Result<Vec<HoldLine>, Error> {
    let lines: Vec<LineJson> = from_json(json)?;
    let line =
        |line: LineJson| Ok(HoldLine { variant: read(&line.variant)?, quantity: line.quantity });
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
