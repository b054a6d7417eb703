//! Rows of the table `shipment`.

use std::fmt::Display;

use deliveries_api::{Shipment, Status};
use kernel::{Timestamp, Version};
use sea_orm::{Set, entity::prelude::*};
use serde::Serialize;
use storage::Error;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shipment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) seq: i64,
    pub(crate) customer_id: String,
    pub(crate) lines: String,
    pub(crate) ship_to: String,
    pub(crate) carrier: String,
    pub(crate) service: String,
    pub(crate) waybill: String,
    pub(crate) status: String,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a shipment.
pub(super) fn row(shipment: &Shipment) -> Result<ActiveModel, Error> {
    let version = i64::try_from(shipment.version.0).map_err(|cause| unwritable(&cause))?;
    Ok(ActiveModel {
        id: Set(shipment.id.to_string()),
        order_id: Set(shipment.order.to_string()),
        seq: Set(i64::from(shipment.seq)),
        customer_id: Set(shipment.customer.to_string()),
        lines: Set(json(&shipment.lines)?),
        ship_to: Set(json(&shipment.ship_to)?),
        carrier: Set(shipment.carrier.clone()),
        service: Set(shipment.service.clone()),
        waybill: Set(shipment.waybill.to_string()),
        status: Set(word(shipment.status).to_owned()),
        version: Set(version),
        created_at: Set(shipment.created_at.micros()),
    })
}

/// The shipment of a row.
pub(super) fn read(row: Model) -> Result<Shipment, Error> {
    let id = row.id.clone();
    parsed(row).map_err(|cause| {
        Error::Other(DbErr::Custom(format!("shipment {id} cannot be read: {cause}")))
    })
}

fn parsed(row: Model) -> Result<Shipment, Box<dyn std::error::Error>> {
    Ok(Shipment {
        id: row.id.parse()?,
        order: row.order_id.parse()?,
        seq: row.seq.try_into()?,
        customer: row.customer_id.parse()?,
        lines: serde_json::from_str(&row.lines)?,
        ship_to: serde_json::from_str(&row.ship_to)?,
        carrier: row.carrier,
        service: row.service,
        waybill: row.waybill.try_into()?,
        status: status(&row.status).ok_or("an unknown status")?,
        created_at: Timestamp::from_micros(row.created_at),
        version: Version(row.version.try_into()?),
    })
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Ready => "ready",
        Status::Dispatched => "dispatched",
        Status::InTransit => "in_transit",
        Status::OutForDelivery => "out_for_delivery",
        Status::FailedAttempt => "failed_attempt",
        Status::Delivered => "delivered",
        Status::Returning => "returning",
        Status::Returned => "returned",
        Status::Lost => "lost",
        Status::Cancelled => "cancelled",
    }
}

fn status(word: &str) -> Option<Status> {
    serde_json::from_value(word.into()).ok()
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| unwritable(&cause))
}

fn unwritable(cause: &dyn Display) -> Error {
    Error::Other(DbErr::Custom(format!("a shipment cannot be written: {cause}")))
}
