//! Writes a parcel's next state and the news of it, in the transaction of whoever decided on it.

use storage::{Error, Tx};

use crate::{
    parcel::{Change, News},
    store,
};

/// Makes a change and announces it, unless the parcel is not any more what it was.
pub(crate) async fn record(tx: &mut Tx, change: &Change) -> Result<bool, Error> {
    if !store::replace(tx, change).await? {
        return Ok(false);
    }
    tell(tx, change)?;
    Ok(true)
}

/// Announces a change.
pub(crate) fn tell(tx: &mut Tx, change: &Change) -> Result<(), Error> {
    change.news.iter().try_for_each(|news: &News| news.publish(tx))
}
