//! Writes a parcel's next state and the news of it, in the transaction of whoever decided on it.

use storage::{Error, Tx};

use crate::{
    parcel::{Change, News},
    store,
};

/// Makes a change and announces it.
///
/// # Errors
/// [`Error::Serialization`] when the parcel is not any more what it was: decide again.
pub(crate) async fn record(tx: &mut Tx, change: &Change) -> Result<(), Error> {
    if !store::replace(tx, change).await? {
        let id = change.parcel.shipment.id;
        return Err(Error::Serialization(format!("shipment {id} changed in the meantime")));
    }
    tell(tx, change)
}

/// Announces a change.
pub(crate) fn tell(tx: &mut Tx, change: &Change) -> Result<(), Error> {
    change.news.iter().try_for_each(|news: &News| news.publish(tx))
}
