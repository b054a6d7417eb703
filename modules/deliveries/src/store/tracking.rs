//! Rows of the table `tracking_event`.

use deliveries_api::{TrackingEvent, TrackingEventId};
use kernel::Timestamp;
use sea_orm::{Set, entity::prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use storage::Error;

use crate::{carrier::Scan, tracker::Report};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tracking_event")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) shipment_id: String,
    pub(crate) carrier: String,
    pub(crate) external_id: String,
    pub(crate) code: String,
    pub(crate) occurred_at: i64,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
    pub(crate) source: String,
    pub(crate) recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of what a carrier said about a shipment.
pub(super) fn new(
    id: TrackingEventId,
    shipment: &str,
    report: &Report,
    scan: &Scan,
    now: Timestamp,
) -> Result<ActiveModel, Error> {
    Ok(ActiveModel {
        id: Set(id.to_string()),
        shipment_id: Set(shipment.to_owned()),
        carrier: Set(report.carrier.clone()),
        external_id: Set(scan.id.clone()),
        code: Set(word(&scan.code)?),
        occurred_at: Set(scan.occurred_at.micros()),
        location: Set(scan.location.clone()),
        text: Set(scan.text.clone()),
        source: Set(word(&report.source)?),
        recorded_at: Set(now.micros()),
    })
}

/// The event of a row.
pub(super) fn read(row: Model) -> Result<TrackingEvent, Error> {
    let id = row.id.clone();
    parsed(row).map_err(|cause| {
        Error::Other(DbErr::Custom(format!("tracking event {id} cannot be read: {cause}")))
    })
}

fn parsed(row: Model) -> Result<TrackingEvent, Box<dyn std::error::Error>> {
    Ok(TrackingEvent {
        id: row.id.parse()?,
        code: meant(row.code)?,
        occurred_at: Timestamp::from_micros(row.occurred_at),
        location: row.location,
        text: row.text,
        source: meant(row.source)?,
    })
}

/// A word of a closed list, as the table writes it.
fn word(value: &impl Serialize) -> Result<String, Error> {
    let word = serde_json::to_value(value).map_err(|cause| cause.to_string());
    let text = word.and_then(|word| word.as_str().map(str::to_owned).ok_or("no word".to_owned()));
    text.map_err(|cause| Error::Other(DbErr::Custom(cause)))
}

fn meant<T: DeserializeOwned>(word: String) -> Result<T, serde_json::Error> {
    serde_json::from_value(word.into())
}
