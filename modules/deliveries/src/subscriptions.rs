//! What deliveries does when an order is completed, and when its delivery is called off.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::{AlreadyDispatched, CancelDelivery};
use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Handle, Subscriptions};
use orders_api::OrderCompleted;
use storage::Tx;

use crate::{
    domain::{self, WAYBILLS},
    parcel::{Change, Parcel},
    recorder, store,
};

/// Listens to orders.
pub(crate) fn subscriptions(clock: Arc<dyn Clock>, ids: Ids, carrier: String) -> Subscriptions {
    let packer = Arc::new(Packer { clock, ids, carrier });
    Subscriptions::of("deliveries").on::<OrderCompleted>(packer.clone()).answer(packer)
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
        let parcel = domain::prepare(event, self.ids.next(), &self.carrier, self.clock.now());
        if let Some(change) = numbered(tx, parcel).await? {
            recorder::tell(tx, &change)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Answer<CancelDelivery> for Packer {
    /// Nothing is delivered, or nothing is called off.
    async fn answer(
        &self,
        tx: &mut Tx,
        command: CancelDelivery,
        _: &Delivery,
    ) -> Result<Answered<CancelDelivery>, Failure> {
        let now = self.clock.now();
        if store::bury(tx, self.ids.next(), &command, now).await? {
            return Ok(Answered::Now(Ok(())));
        }
        let parcels = store::lock_order(tx, command.order).await?;
        let Ok(changes) = domain::call_off(parcels, now) else {
            return Ok(Answered::Now(Err(AlreadyDispatched { order: command.order })));
        };
        for change in &changes {
            if !recorder::record(tx, change).await? {
                let id = change.parcel.shipment.id;
                return Err(Failure::transient(format!("shipment {id} changed in the meantime")));
            }
        }
        Ok(Answered::Now(Ok(())))
    }
}

/// Stores `parcel` under the first of its waybills that is free; nothing when its order is settled.
async fn numbered(tx: &Tx, parcel: Parcel) -> Result<Option<Change>, Failure> {
    let (id, order) = (parcel.shipment.id, parcel.shipment.order);
    for attempt in 0..WAYBILLS {
        let change = domain::born_ready(parcel.clone(), domain::waybill(id, attempt));
        if store::insert(tx, &change.parcel).await? {
            return Ok(Some(change));
        }
        if store::is_settled(tx, order).await? {
            return Ok(None);
        }
    }
    Err(Failure::transient("no waybill was free"))
}
