//! What products do when they are told to, or hear what became of parcels.

use std::sync::Arc;

use deliveries_api::{Portion, ShipmentCancelled, ShipmentDispatched};
use kernel::{Clock, Ids};
use messaging::{Answer, Answered, Delivery, Failure, Handle, Subscriptions};
use ports::async_trait;
use products_api::{CommitReservation, HoldLine, Owner, ReleaseReservation, Unavailable};
use storage::Tx;

use crate::store::{Books, Committed};

pub(crate) fn of(clock: Arc<dyn Clock>, ids: Ids) -> Subscriptions {
    let stock = Arc::new(Stock(Books::new(clock, ids)));
    Subscriptions::of("products")
        .answer::<CommitReservation>(stock.clone())
        .answer::<ReleaseReservation>(stock.clone())
        .on::<ShipmentDispatched>(stock.clone())
        .on::<ShipmentCancelled>(stock)
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
    /// A parcel consumes its part of what was sold.
    async fn handle(
        &self,
        tx: &mut Tx,
        event: ShipmentDispatched,
        _: &Delivery,
    ) -> Result<(), Failure> {
        let owner = Owner(event.order.to_string());
        if !self.0.ship(tx, &owner, &lines(event.lines)).await? {
            tracing::debug!(order = %event.order, "a parcel left for which nothing is reserved");
        }
        Ok(())
    }
}

#[async_trait]
impl Handle<ShipmentCancelled> for Stock {
    /// What was in a parcel that is not sent can be sold again. When the whole order is called off it gives
    /// back everything itself, before or after this.
    async fn handle(
        &self,
        tx: &mut Tx,
        event: ShipmentCancelled,
        _: &Delivery,
    ) -> Result<(), Failure> {
        let owner = Owner(event.order.to_string());
        self.0.call_off(tx, &owner, &lines(event.lines)).await?;
        Ok(())
    }
}

fn lines(parcel: Vec<Portion>) -> Vec<HoldLine> {
    let line = |Portion { variant, quantity }| HoldLine { variant, quantity };
    parcel.into_iter().map(line).collect()
}
