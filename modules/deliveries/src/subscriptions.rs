//! What deliveries does when an order is completed, and when its delivery is called off.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::{AlreadyDispatched, CancelDelivery};
use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Handle, Subscriptions};
use orders_api::OrderCompleted;
use storage::Tx;

use crate::{
    carrier::Carrier,
    domain::{self, WAYBILLS},
    parcel::{Change, Parcel},
    recorder, store,
};

/// Listens to orders.
pub(crate) fn subscriptions(
    clock: Arc<dyn Clock>,
    ids: Ids,
    carrier: Arc<dyn Carrier>,
) -> Subscriptions {
    let packer = Arc::new(Packer { clock, ids, carrier });
    Subscriptions::of("deliveries").on::<OrderCompleted>(packer.clone()).answer(packer)
}

struct Packer {
    clock: Arc<dyn Clock>,
    ids: Ids,
    carrier: Arc<dyn Carrier>,
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
        let (id, now) = (self.ids.next(), self.clock.now());
        let parcel = domain::prepare(event, id, self.carrier.name(), now);
        if let Some(change) = self.store(tx, parcel).await? {
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
            recorder::record(tx, change).await?;
        }
        Ok(Answered::Now(Ok(())))
    }
}

impl Packer {
    /// Stores `parcel` under the first of its waybills that is free, or without one when the carrier wants
    /// to be asked; nothing when its order is settled.
    async fn store(&self, tx: &Tx, parcel: Parcel) -> Result<Option<Change>, Failure> {
        let (id, order) = (parcel.shipment.id, parcel.shipment.order);
        for attempt in 0..WAYBILLS {
            let drawn = self.carrier.draw(id, attempt);
            let pending = drawn.is_none();
            let change = match drawn {
                Some(waybill) => domain::born_ready(parcel.clone(), waybill),
                None => domain::born_pending(parcel.clone()),
            };
            if store::insert(tx, &change.parcel).await? {
                return Ok(Some(change));
            }
            if pending || store::is_settled(tx, order).await? {
                return Ok(None);
            }
        }
        Err(Failure::transient("no waybill was free"))
    }
}
