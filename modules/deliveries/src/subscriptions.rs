//! What deliveries does when an order is completed: it prepares the parcel.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::Shipment;
use kernel::{Clock, Ids};
use messaging::{Delivery, Failure, Handle, Publish, Subscriptions};
use orders_api::OrderCompleted;
use storage::Tx;

use crate::{
    domain::{self, WAYBILLS},
    store,
};

/// Listens to orders.
pub(crate) fn subscriptions(clock: Arc<dyn Clock>, ids: Ids, carrier: String) -> Subscriptions {
    let packer = Packer { clock, ids, carrier };
    Subscriptions::of("deliveries").on::<OrderCompleted>(Arc::new(packer))
}

struct Packer {
    clock: Arc<dyn Clock>,
    ids: Ids,
    carrier: String,
}

#[async_trait]
impl Handle<OrderCompleted> for Packer {
    /// One order has one shipment, however often it is completed.
    async fn handle(
        &self,
        tx: &mut Tx,
        event: OrderCompleted,
        _: &Delivery,
    ) -> Result<(), Failure> {
        if event.lines.is_empty() {
            return Err(Failure::permanent("there is nothing to deliver"));
        }
        let shipment = domain::prepare(event, self.ids.next(), &self.carrier, self.clock.now());
        if let Some(shipment) = numbered(tx, shipment).await? {
            tx.publish(&domain::prepared(&shipment))?;
        }
        Ok(())
    }
}

/// Stores `shipment` under the first of its waybills that is free; nothing when its order has one.
async fn numbered(tx: &Tx, mut shipment: Shipment) -> Result<Option<Shipment>, Failure> {
    for attempt in 0..WAYBILLS {
        shipment.waybill = domain::waybill(shipment.id, attempt);
        if store::insert(tx, &shipment).await? {
            return Ok(Some(shipment));
        }
        if !store::of_order(tx, shipment.order, shipment.customer).await?.is_empty() {
            return Ok(None);
        }
    }
    Err(Failure::transient("no waybill was free"))
}
