//! What orders does when payments and deliveries announce something: it notes how far the money and the
//! parcels have got, and what became of the lines.

use std::sync::Arc;

use deliveries_api::{
    Portion, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentId,
    ShipmentProgressed, Status as Way,
};
use kernel::Timestamp;
use messaging::{Delivery, Failure, Handle, Subscriptions};
use orders_api::{DeliveryStatus, OrderId, PaymentStatus, Status};
use payments_api::{PaymentAuthorized, PaymentFailed, PaymentRefunded};
use ports::async_trait;
use storage::Tx;

use crate::{
    domain::{Fate, Happening, Parcel},
    store::{Happened, Store},
};

/// What orders listens to, beside the answers to its sagas. A completed order is being prepared for
/// delivery, so `ShipmentPrepared` says nothing new.
pub(crate) fn subscriptions(store: Store) -> Subscriptions {
    let statuses = Arc::new(Statuses { store });
    Subscriptions::of(crate::NAME)
        .on::<PaymentAuthorized>(statuses.clone())
        .on::<PaymentFailed>(statuses.clone())
        .on::<PaymentRefunded>(statuses.clone())
        .on::<ShipmentDispatched>(statuses.clone())
        .on::<ShipmentProgressed>(statuses.clone())
        .on::<ShipmentDelivered>(statuses.clone())
        .on::<ShipmentCancelled>(statuses)
}

/// Notes what others say of an order.
struct Statuses {
    store: Store,
}

impl Statuses {
    async fn parcels(&self, tx: &mut Tx, told: Told) -> Result<(), Failure> {
        let Told { order, overall, way, shipment, lines, at } = told;
        let happened = Happened { happening: Happening::Delivery(overall), at, detail: None };
        let moved = self.store.advance(tx, order, &happened).await?.is_some();
        if let Some(fate) = Fate::of(way) {
            let parcel = Parcel { shipment, fate, lines };
            self.store.note_parcel(tx, order, &parcel, at, moved).await?;
        }
        Ok(())
    }
}

/// What deliveries says of a parcel.
struct Told {
    order: OrderId,
    /// How far all parcels of the order have got together.
    overall: DeliveryStatus,
    /// How far this one has got.
    way: Way,
    shipment: ShipmentId,
    lines: Vec<Portion>,
    at: Timestamp,
}

#[async_trait]
impl Handle<PaymentAuthorized> for Statuses {
    async fn handle(
        &self,
        tx: &mut Tx,
        event: PaymentAuthorized,
        _: &Delivery,
    ) -> Result<(), Failure> {
        let PaymentAuthorized { order, at, .. } = event;
        let happened = Happened { happening: Happening::Authorized, at, detail: None };
        self.store.advance(tx, order, &happened).await?;
        Ok(())
    }
}

/// After the money was set aside, a failure means that it is free again. That a card was declined is heard
/// as the answer to the checkout.
#[async_trait]
impl Handle<PaymentFailed> for Statuses {
    async fn handle(&self, tx: &mut Tx, event: PaymentFailed, _: &Delivery) -> Result<(), Failure> {
        let PaymentFailed { order, decline_code, at, .. } = event;
        let happening = Happening::Voided;
        self.store
            .advance(tx, order, &Happened { happening, at, detail: Some(decline_code) })
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Handle<PaymentRefunded> for Statuses {
    async fn handle(
        &self,
        tx: &mut Tx,
        event: PaymentRefunded,
        _: &Delivery,
    ) -> Result<(), Failure> {
        let PaymentRefunded { order, amount, refunded, captured, at, .. } = event;
        let happening = Happening::Refunded { all: refunded >= captured };
        let happened = Happened { happening, at, detail: Some(amount.to_string()) };
        if self.store.advance(tx, order, &happened).await?.is_some() {
            return Ok(());
        }
        // That it was paid is said elsewhere, and may be heard later.
        match self.store.state(tx, order).await? {
            Some(state)
                if state.status == Status::Pending
                    && matches!(state.payment, PaymentStatus::None | PaymentStatus::Authorized) =>
            {
                Err(Failure::transient(format!("{order} is refunded and not known to be paid")))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! tell_of_parcels {
    ($($event:ident as |$it:ident| $way:expr;)+) => {$(
        #[async_trait]
        impl Handle<$event> for Statuses {
            async fn handle(&self, tx: &mut Tx, $it: $event, _: &Delivery) -> Result<(), Failure> {
                let way = $way;
                let $event { order, overall, shipment, lines, at, .. } = $it;
                self.parcels(tx, Told { order, overall, way, shipment, lines, at }).await
            }
        }
    )+};
}

tell_of_parcels! {
    ShipmentDispatched as |it| Way::Dispatched;
    ShipmentProgressed as |it| it.status;
    ShipmentDelivered as |it| Way::Delivered;
    ShipmentCancelled as |it| Way::Cancelled;
}
