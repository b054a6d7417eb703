//! What products do when they are told to, or hear that a parcel has left.

use std::sync::Arc;

use deliveries_api::ShipmentDispatched;
use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Handle, Subscriptions};
use ports::async_trait;
use products_api::{CommitReservation, Owner, ReleaseReservation, Unavailable};
use storage::Tx;

use crate::store::{Books, Committed};

pub(crate) fn of(clock: Arc<dyn Clock>, ids: Ids) -> Subscriptions {
    let stock = Arc::new(Stock(Books::new(clock, ids)));
    Subscriptions::of("products")
        .answer::<CommitReservation>(stock.clone())
        .answer::<ReleaseReservation>(stock.clone())
        .on::<ShipmentDispatched>(stock)
}

struct Stock(Books);

#[async_trait]
impl Answer<CommitReservation> for Stock {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: CommitReservation,
        _: &Delivery,
    ) -> Result<Answered<CommitReservation>, Failure> {
        let owner = command.owner;
        match self.0.commit(tx, &owner).await? {
            Committed::Sold => Ok(Answered::Now(Ok(()))),
            Committed::Unavailable(shortages) => {
                Ok(Answered::Now(Err(Unavailable { owner, shortages })))
            }
        }
    }
}

#[async_trait]
impl Answer<ReleaseReservation> for Stock {
    async fn answer(
        &self,
        tx: &mut Tx,
        command: ReleaseReservation,
        _: &Delivery,
    ) -> Result<Answered<ReleaseReservation>, Failure> {
        self.0.release(tx, &command.owner).await?;
        Ok(Answered::Now(Ok(())))
    }
}

#[async_trait]
impl Handle<ShipmentDispatched> for Stock {
    /// The first parcel of an order consumes what was reserved for it; later ones find nothing.
    async fn handle(
        &self,
        tx: &mut Tx,
        event: ShipmentDispatched,
        _: &Delivery,
    ) -> Result<(), Failure> {
        if !self.0.ship(tx, &Owner(event.order.to_string())).await? {
            tracing::debug!(order = %event.order, "a parcel left for which nothing is reserved");
        }
        Ok(())
    }
}
