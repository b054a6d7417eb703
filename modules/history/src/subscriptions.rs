//! What history does when others say that something happened: it writes it down.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::{
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentPrepared, ShipmentProgressed,
    ShipmentSplit,
};
use kernel::Event;
use messaging::{Delivery, Failure, Handle, Subscriptions};
use orders_api::{
    OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderKept, OrderPlaced,
    OrderRejected,
};
use payments_api::{PaymentAuthorized, PaymentCompleted, PaymentFailed, PaymentRefunded};
use storage::Tx;

use crate::{
    domain::Told,
    store::{self, Target},
};

/// Listens to whoever something happens to.
pub(crate) fn subscriptions() -> Subscriptions {
    let scribe = Arc::new(Scribe);
    Subscriptions::of("history")
        .on::<OrderPlaced>(scribe.clone())
        .on::<OrderCompleted>(scribe.clone())
        .on::<OrderExpired>(scribe.clone())
        .on::<OrderCancelling>(scribe.clone())
        .on::<OrderKept>(scribe.clone())
        .on::<OrderCancelled>(scribe.clone())
        .on::<OrderRejected>(scribe.clone())
        .on::<PaymentAuthorized>(scribe.clone())
        .on::<PaymentCompleted>(scribe.clone())
        .on::<PaymentFailed>(scribe.clone())
        .on::<PaymentRefunded>(scribe.clone())
        .on::<ShipmentPrepared>(scribe.clone())
        .on::<ShipmentDispatched>(scribe.clone())
        .on::<ShipmentProgressed>(scribe.clone())
        .on::<ShipmentDelivered>(scribe.clone())
        .on::<ShipmentCancelled>(scribe.clone())
        .on::<ShipmentSplit>(scribe)
}

struct Scribe;

#[async_trait]
impl<E: Event + Into<Told>> Handle<E> for Scribe {
    async fn handle(&self, tx: &mut Tx, event: E, _: &Delivery) -> Result<(), Failure> {
        Ok(store::merge(tx, Target::Live, &event.into()).await?)
    }
}
