//! What deliveries does when an order is completed, and when its delivery is called off.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::{AlreadyDispatched, CancelDelivery};
use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Handle, Subscriptions};
use orders_api::OrderCompleted;
use storage::Tx;

use crate::{carriers::Carriers, domain, packing, recorder, store};

/// Listens to orders.
pub(crate) fn subscriptions(clock: Arc<dyn Clock>, ids: Ids, carriers: Carriers) -> Subscriptions {
    let packer = Arc::new(Packer { clock, ids, carriers });
    Subscriptions::of("deliveries").on::<OrderCompleted>(packer.clone()).answer(packer)
}

struct Packer {
    clock: Arc<dyn Clock>,
    ids: Ids,
    carriers: Carriers,
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
        let carrier = self.carriers.offering(&event.delivery_method);
        let carrier = carrier.ok_or_else(|| Failure::permanent("nobody carries parcels"))?;
        let parcel = domain::prepare(event, id, carrier.name(), now);
        if let Some(change) = packing::store(tx, &**carrier, parcel, &[]).await? {
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
