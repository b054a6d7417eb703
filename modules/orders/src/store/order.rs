//! One row of the table `orders`.

use kernel::{Currency, Money, Timestamp, Version};
use orders_api::{Contact, DeliveryStatus, Order, OrderNumber, PaymentStatus, Status, Totals};
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use storage::Error;

use super::timeline;
use crate::domain::State;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub number: String,
    pub customer: String,
    pub contact: Option<String>,
    pub cart: String,
    pub lines: String,
    pub ship_to: String,
    pub bill_to: String,
    pub delivery_method: String,
    pub currency: String,
    pub items: i64,
    pub shipping: i64,
    pub grand: i64,
    pub status: String,
    pub payment_status: String,
    pub delivery_status: String,
    pub payment: String,
    pub placed_at: i64,
    pub expires_at: i64,
    pub version: i64,
    pub timeline: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Completed => "completed",
        Status::Cancelling => "cancelling",
        Status::Cancelled => "cancelled",
        Status::Expired => "expired",
        Status::Rejected => "rejected",
    }
}

pub(crate) fn payment_status(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::None => "none",
        PaymentStatus::Authorized => "authorized",
        PaymentStatus::Paid => "paid",
        PaymentStatus::PartiallyRefunded => "partially_refunded",
        PaymentStatus::Refunded => "refunded",
    }
}

pub(crate) fn delivery_status(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::None => "none",
        DeliveryStatus::Preparing => "preparing",
        DeliveryStatus::InTransit => "in_transit",
        DeliveryStatus::PartiallyDelivered => "partially_delivered",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Returning => "returning",
        DeliveryStatus::Returned => "returned",
    }
}

pub(crate) fn row(order: &Order, timeline: String) -> Result<ActiveModel, Error> {
    Ok(ActiveModel {
        id: Set(order.id.to_string()),
        number: Set(order.number.to_string()),
        customer: Set(order.customer.to_string()),
        contact: Set(order.contact.as_ref().map(|contact| contact.email.clone())),
        cart: Set(order.cart.to_string()),
        lines: Set(json(&order.lines)?),
        ship_to: Set(json(&order.ship_to)?),
        bill_to: Set(json(&order.bill_to)?),
        delivery_method: Set(order.delivery_method.clone()),
        currency: Set(order.totals.grand.currency.code().to_owned()),
        items: Set(order.totals.items.minor),
        shipping: Set(order.totals.shipping.minor),
        grand: Set(order.totals.grand.minor),
        status: Set(status(order.status).to_owned()),
        payment_status: Set(payment_status(order.payment_status).to_owned()),
        delivery_status: Set(delivery_status(order.delivery_status).to_owned()),
        payment: Set(order.payment.to_string()),
        placed_at: Set(order.placed_at.micros()),
        expires_at: Set(order.expires_at.micros()),
        version: Set(i64::try_from(order.version.0).map_err(broken)?),
        timeline: Set(timeline),
    })
}

/// The part of a row that moves.
pub(super) fn state(row: &Model) -> Result<State, Error> {
    Ok(State {
        status: read(&row.status)?,
        payment: read(&row.payment_status)?,
        delivery: read(&row.delivery_status)?,
    })
}

/// A version as it is stored.
pub(super) fn version(stored: i64) -> Result<Version, Error> {
    Ok(Version(u64::try_from(stored).map_err(broken)?))
}

impl TryFrom<Model> for Order {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let currency = Currency::from_code(&row.currency).ok_or_else(|| broken(&row.currency))?;
        let money = |minor| Money::new(minor, currency);
        let version = version(row.version)?;
        Ok(Self {
            id: row.id.parse().map_err(broken)?,
            number: OrderNumber::try_from(row.number).map_err(broken)?,
            customer: row.customer.parse().map_err(broken)?,
            contact: row.contact.map(|email| Contact { email }),
            cart: row.cart.parse().map_err(broken)?,
            lines: serde_json::from_str(&row.lines).map_err(broken)?,
            ship_to: serde_json::from_str(&row.ship_to).map_err(broken)?,
            bill_to: serde_json::from_str(&row.bill_to).map_err(broken)?,
            delivery_method: row.delivery_method,
            totals: Totals {
                items: money(row.items),
                shipping: money(row.shipping),
                grand: money(row.grand),
            },
            status: read(&row.status)?,
            payment_status: read(&row.payment_status)?,
            delivery_status: read(&row.delivery_status)?,
            payment: row.payment.parse().map_err(broken)?,
            placed_at: Timestamp::from_micros(row.placed_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            version,
            announced: timeline::announced(&row.timeline, version)?,
        })
    }
}

/// Reads an enum by the name it is serialised with.
fn read<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, Error> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(broken)
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(broken)
}

/// A row that no order could have written.
pub(super) fn broken(cause: impl std::fmt::Display) -> Error {
    Error::Other(DbErr::Custom(format!("an order's row cannot be read or written: {cause}")))
}
