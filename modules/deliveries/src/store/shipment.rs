//! Rows of the table `shipment`.

use std::fmt::Display;

use deliveries_api::{CancelDelivery, Shipment, ShipmentId};
use kernel::{Timestamp, Version};
use sea_orm::{NotSet, Set, entity::prelude::*};
use serde::Serialize;
use storage::Error;

use crate::{domain::FIRST, parcel::Parcel};

/// The status of a row that stands for a shipment that must never be.
pub(super) const TOMBSTONE: &str = "tombstone";

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shipment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) order_number: Option<String>,
    pub(crate) seq: i64,
    pub(crate) customer_id: String,
    pub(crate) lines: String,
    pub(crate) ship_to: String,
    pub(crate) carrier: String,
    pub(crate) service: String,
    pub(crate) waybill: Option<String>,
    pub(crate) status: String,
    pub(crate) timeline: String,
    pub(crate) dispatched_at: Option<i64>,
    pub(crate) due_at: Option<i64>,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a parcel that is not stored yet.
pub(super) fn new(parcel: &Parcel) -> Result<ActiveModel, Error> {
    let shipment = &parcel.shipment;
    Ok(ActiveModel {
        id: Set(shipment.id.to_string()),
        order_id: Set(shipment.order.to_string()),
        order_number: Set(shipment.number.as_ref().map(ToString::to_string)),
        seq: Set(i64::from(shipment.seq)),
        customer_id: Set(shipment.customer.to_string()),
        ship_to: Set(json(&shipment.ship_to)?),
        carrier: Set(shipment.carrier.clone()),
        service: Set(shipment.service.clone()),
        created_at: Set(shipment.created_at.micros()),
        ..change(parcel)?
    })
}

/// The columns of a parcel that ever change.
pub(super) fn change(parcel: &Parcel) -> Result<ActiveModel, Error> {
    let Parcel { shipment, timeline, dispatched_at, due_at } = parcel;
    Ok(ActiveModel {
        id: NotSet,
        order_id: NotSet,
        order_number: NotSet,
        seq: NotSet,
        customer_id: NotSet,
        lines: Set(json(&shipment.lines)?),
        ship_to: NotSet,
        carrier: NotSet,
        service: NotSet,
        waybill: Set(shipment.waybill.as_ref().map(ToString::to_string)),
        status: Set(shipment.status.as_str().to_owned()),
        timeline: Set(json(timeline)?),
        dispatched_at: Set(dispatched_at.map(Timestamp::micros)),
        due_at: Set(due_at.map(Timestamp::micros)),
        version: Set(number(shipment.version)?),
        created_at: NotSet,
    })
}

/// The row that keeps an order from ever being delivered.
pub(super) fn tombstone(id: ShipmentId, of: &CancelDelivery, now: Timestamp) -> ActiveModel {
    let nothing = || Set(String::new());
    ActiveModel {
        id: Set(id.to_string()),
        order_id: Set(of.order.to_string()),
        order_number: Set(None),
        seq: Set(i64::from(FIRST)),
        customer_id: Set(of.customer.to_string()),
        lines: Set("[]".to_owned()),
        ship_to: nothing(),
        carrier: nothing(),
        service: nothing(),
        waybill: Set(None),
        status: Set(TOMBSTONE.to_owned()),
        timeline: Set("[]".to_owned()),
        dispatched_at: Set(None),
        due_at: Set(None),
        version: Set(1),
        created_at: Set(now.micros()),
    }
}

/// The parcel of a row.
pub(super) fn read(row: Model) -> Result<Parcel, Error> {
    let id = row.id.clone();
    parsed(row).map_err(|cause| {
        Error::Other(DbErr::Custom(format!("shipment {id} cannot be read: {cause}")))
    })
}

fn parsed(row: Model) -> Result<Parcel, Box<dyn std::error::Error>> {
    let shipment = Shipment {
        id: row.id.parse()?,
        order: row.order_id.parse()?,
        number: row.order_number.map(TryInto::try_into).transpose()?,
        seq: row.seq.try_into()?,
        customer: row.customer_id.parse()?,
        lines: serde_json::from_str(&row.lines)?,
        ship_to: serde_json::from_str(&row.ship_to)?,
        carrier: row.carrier,
        service: row.service,
        waybill: row.waybill.map(TryInto::try_into).transpose()?,
        status: row.status.parse()?,
        created_at: Timestamp::from_micros(row.created_at),
        version: Version(row.version.try_into()?),
    };
    Ok(Parcel {
        shipment,
        timeline: serde_json::from_str(&row.timeline)?,
        dispatched_at: row.dispatched_at.map(Timestamp::from_micros),
        due_at: row.due_at.map(Timestamp::from_micros),
    })
}

/// A version as the table writes it.
pub(super) fn number(version: Version) -> Result<i64, Error> {
    i64::try_from(version.0).map_err(|cause| unwritable(&cause))
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| unwritable(&cause))
}

fn unwritable(cause: &dyn Display) -> Error {
    Error::Other(DbErr::Custom(format!("a shipment cannot be written: {cause}")))
}
