//! Stores a new parcel under a waybill that no other parcel has.

use sea_orm::DbErr;
use storage::{Error, Tx};

use crate::{
    carrier::Carrier,
    domain::{self, WAYBILLS},
    parcel::{Change, Parcel},
    store,
};

/// Stores `parcel` beside `others` of its order, under the first of its waybills that is free, or without one
/// when the carrier wants to be asked; nothing when its order has a parcel of its number, or must not have one.
pub(crate) async fn store(
    tx: &Tx,
    carrier: &dyn Carrier,
    parcel: Parcel,
    others: &[Parcel],
) -> Result<Option<Change>, Error> {
    let (id, order, seq) = (parcel.shipment.id, parcel.shipment.order, parcel.shipment.seq);
    for attempt in 0..WAYBILLS {
        let drawn = carrier.draw(id, attempt);
        let pending = drawn.is_none();
        let change = domain::born(parcel.clone(), drawn, others);
        if store::insert(tx, &change.parcel).await? {
            return Ok(Some(change));
        }
        if pending || store::is_settled(tx, order, seq).await? {
            return Ok(None);
        }
    }
    Err(Error::Other(DbErr::Custom("no waybill was free".to_owned())))
}
