//! Carts as rows: one document each.

use carts_api::{Line, Status};
use kernel::{Currency, Money, Timestamp, Version};
use products_api::VariantId;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::Cart;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cart")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub customer: String,
    pub currency: String,
    pub lines: String,
    pub status: String,
    pub merged_into: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A line in the document; its price is in the currency of the cart.
#[derive(Serialize, Deserialize)]
struct Stored {
    variant: VariantId,
    quantity: u32,
    sku: String,
    title: String,
    price: i64,
    /// In grams; 0 in carts that were filled before it was noted.
    #[serde(default)]
    weight_g: u32,
}

/// The lines as the document that is stored.
pub(super) fn document(lines: &[Line]) -> Result<String, DbErr> {
    let stored = |line: &Line| Stored {
        variant: line.variant,
        quantity: line.quantity,
        sku: line.sku.clone(),
        title: line.title.clone(),
        price: line.price.minor,
        weight_g: line.weight_g,
    };
    let lines: Vec<_> = lines.iter().map(stored).collect();
    serde_json::to_string(&lines).map_err(broken)
}

impl TryFrom<Model> for Cart {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let currency = Currency::from_code(&row.currency)
            .ok_or_else(|| DbErr::Type(format!("{:?} is no currency", row.currency)))?;
        let stored: Vec<Stored> = serde_json::from_str(&row.lines).map_err(broken)?;
        let line = |stored: Stored| Line {
            variant: stored.variant,
            quantity: stored.quantity,
            sku: stored.sku,
            title: stored.title,
            price: Money::new(stored.price, currency),
            weight_g: stored.weight_g,
        };
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            customer: row.customer.parse().map_err(broken)?,
            currency,
            lines: stored.into_iter().map(line).collect(),
            status: status(&row.status)?,
            merged_into: row.merged_into.map(|id| id.parse().map_err(broken)).transpose()?,
            expires_at: Timestamp::from_micros(row.expires_at),
            version: Version(row.version.cast_unsigned()),
        })
    }
}

pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Converted => "converted",
        Status::Merged => "merged",
        Status::Expired => "expired",
    }
}

fn status(text: &str) -> Result<Status, DbErr> {
    let all = [Status::Active, Status::Converted, Status::Merged, Status::Expired];
    let known = all.into_iter().find(|status| status_text(*status) == text);
    known.ok_or_else(|| DbErr::Type(format!("{text:?} is no status of a cart")))
}

fn broken(cause: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!("a stored cart is broken: {cause}"))
}
