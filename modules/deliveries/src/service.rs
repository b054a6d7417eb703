//! Deliveries at work: quotes from memory, shipments from the store, and what staff do with them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use deliveries_api::{
    Deliveries, Destination, Error, ListShipments, Quotes, Received, Result, Shipment, ShipmentId,
    ShipmentOf, ShipmentRecord, ShipmentsOf, SplitShipment, Tracking, Waybill, Webhook,
};
use host::idempotency::remember;
use kernel::{Clock, Ids, Page, PageRequest};
use ports::Context;
use storage::{Database, Failure, Tx};
use tokio::sync::Notify;

use crate::{
    carriers::Carriers,
    domain::{self, Turn},
    packing,
    parcel::{Change, Parcel},
    rates::Rates,
    recorder,
    settings::Settings,
    store::{self, inbox::Letter},
};

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) carriers: Carriers,
    pub(crate) rates: Arc<Rates>,
    /// Told when a webhook was taken in.
    pub(crate) arrived: Arc<Notify>,
    pub(crate) settings: Settings,
}

/// What is left of a deadline when waiting for the first rates ends, so that there is an answer.
const MARGIN: Duration = Duration::from_millis(200);

/// How many times the length of a round the first one is waited for: at most, when messages are slow.
const ROUNDS: u32 = 4;

/// How a transaction of ours ends when it does not end well.
type Ended<T> = std::result::Result<T, Failure<Error>>;

#[async_trait]
impl Deliveries for Service {
    async fn quotes(&self, to: Destination) -> Result<Quotes> {
        let patience = Context::current().left().saturating_sub(MARGIN);
        let Some(card) = self.rates.card(patience.min(self.settings.rates_within * ROUNDS)).await
        else {
            let silent = self.carriers.names().map(str::to_owned).collect();
            return Ok(Quotes { items: domain::quotes(&[], &to)?, silent });
        };
        let methods = card.methods(self.clock.now(), self.settings.rates_valid);
        Ok(Quotes { items: domain::quotes(&methods, &to)?, silent: card.silent() })
    }

    async fn of_order(&self, which: ShipmentsOf) -> Result<Vec<Shipment>> {
        let ShipmentsOf { customer, order } = which;
        let parcels = store::of_order(&self.db.reader(), order, customer).await.map_err(broken)?;
        Ok(parcels.into_iter().map(|parcel| parcel.shipment).collect())
    }

    async fn shipment(&self, which: ShipmentOf) -> Result<Shipment> {
        let shipment = self.inspect(which.shipment).await?;
        let owned = Some(shipment).filter(|shipment| shipment.customer == which.customer);
        owned.ok_or(Error::UnknownShipment(which.shipment))
    }

    async fn records(&self, page: PageRequest) -> Result<Page<ShipmentRecord>> {
        let page = store::page(&self.db.reader(), &page).await.map_err(broken)?;
        Ok(page.map(Into::into))
    }

    async fn list(&self, wish: ListShipments) -> Result<Page<Shipment>> {
        let page = store::list(&self.db.reader(), &wish).await.map_err(broken)?;
        Ok(page.map(|parcel| parcel.shipment))
    }

    async fn inspect(&self, shipment: ShipmentId) -> Result<Shipment> {
        let found = store::find(&self.db.reader(), shipment).await.map_err(broken)?;
        found.map(|parcel| parcel.shipment).ok_or(Error::UnknownShipment(shipment))
    }

    async fn track(&self, waybill: Waybill) -> Result<Tracking> {
        let mut shipment = self.carried_under(&waybill).await?;
        loop {
            let events =
                store::inbox::events(&self.db.reader(), &shipment).await.map_err(broken)?;
            let now = self.carried_under(&waybill).await?;
            // What was read belongs together only if nothing happened in between.
            if now.version == shipment.version {
                let Shipment { carrier, status, version, .. } = now;
                return Ok(Tracking { waybill, carrier, status, events, version });
            }
            shipment = now;
        }
    }

    async fn dispatch(&self, shipment: ShipmentId) -> Result<Shipment> {
        let decide = |turn: Turn| {
            let now = self.clock.now();
            turn.dispatched(now, now.plus(self.settings.track_after))
        };
        let parcel = self.change(shipment, decide).await?;
        let carrier = self.carriers.named(&parcel.shipment.carrier);
        if let (Some(consignment), Some(carrier)) = (parcel.consignment(), carrier) {
            carrier.collect(consignment);
        }
        Ok(parcel.shipment)
    }

    async fn cancel(&self, shipment: ShipmentId) -> Result<Shipment> {
        let decide = |turn: Turn| turn.cancelled(self.clock.now());
        Ok(self.change(shipment, decide).await?.shipment)
    }

    async fn split(&self, wish: SplitShipment) -> Result<Shipment> {
        let split = storage::retry(async || -> Ended<Shipment> {
            let mut tx = self.db.begin().await?;
            let (turn, parcels) = self.turn(&tx, wish.shipment).await?;
            let (id, now) = (self.ids.next(), self.clock.now());
            let last = parcels.last().map_or(0, |parcel| parcel.shipment.seq);
            let (change, part) =
                turn.split(&wish.lines, id, last + 1, now).map_err(Failure::Refused)?;
            recorder::record(&mut tx, &change).await?;
            let name = &part.shipment.carrier;
            let unknown = || Failure::Refused(Error::UnknownCarrier(name.clone()));
            let carrier = self.carriers.named(name).ok_or_else(unknown)?.clone();
            let born = packing::store(&tx, &*carrier, part, &parcels).await?;
            let taken = || storage::Error::Serialization(format!("shipment {} is taken", last + 1));
            let born = born.ok_or_else(taken)?;
            recorder::tell(&mut tx, &born)?;
            remember(&mut tx, &born.parcel.shipment)?;
            tx.commit().await?;
            Ok(born.parcel.shipment)
        });
        split.await.map_err(answer)
    }

    async fn receive(&self, webhook: Webhook) -> Result<Received> {
        let Webhook { carrier, signature, body } = webhook;
        let Some(sender) = self.carriers.named(&carrier) else {
            return Err(Error::UnknownCarrier(carrier));
        };
        let now = self.clock.now();
        let scan = sender.verify_webhook(&signature, &body, now)?;
        let letter = Letter { carrier, event: scan.id, body, received_at: now };
        let taken = storage::retry(async || -> Ended<Received> {
            let mut tx = self.db.begin().await?;
            let received = Received { duplicate: !store::inbox::take_in(&tx, &letter).await? };
            remember(&mut tx, &received)?;
            tx.commit().await?;
            Ok(received)
        });
        let received = taken.await.map_err(answer)?;
        self.arrived.notify_one();
        Ok(received)
    }
}

impl Service {
    /// The shipment with this waybill.
    async fn carried_under(&self, waybill: &Waybill) -> Result<Shipment> {
        let found = store::by_waybill(&self.db.reader(), waybill, None).await.map_err(broken)?;
        let shipment = found.map(|parcel| parcel.shipment);
        shipment.ok_or_else(|| Error::UnknownWaybill(waybill.clone()))
    }

    /// The turn of a parcel, and all parcels of its order; nobody else changes them until `tx` ends.
    async fn turn(&self, tx: &Tx, shipment: ShipmentId) -> Ended<(Turn, Vec<Parcel>)> {
        let unknown = || Failure::Refused(Error::UnknownShipment(shipment));
        let parcel = store::find(tx, shipment).await?.ok_or_else(unknown)?;
        let parcels = store::lock_order(tx, parcel.shipment.order).await?;
        let turn = Turn::of(&parcels, shipment).ok_or_else(unknown)?;
        Ok((turn, parcels))
    }

    /// Changes a parcel as `decide` says, if it says anything, and gives it as it is then.
    async fn change(
        &self,
        shipment: ShipmentId,
        decide: impl Fn(Turn) -> Result<Option<Change>>,
    ) -> Result<Parcel> {
        let changed = storage::retry(async || -> Ended<Parcel> {
            let mut tx = self.db.begin().await?;
            let (turn, _) = self.turn(&tx, shipment).await?;
            let parcel = turn.parcel().clone();
            let Some(change) = decide(turn).map_err(Failure::Refused)? else {
                tx.rollback().await?;
                return Ok(parcel);
            };
            recorder::record(&mut tx, &change).await?;
            remember(&mut tx, &change.parcel.shipment)?;
            tx.commit().await?;
            Ok(change.parcel)
        });
        changed.await.map_err(answer)
    }
}

/// Keeps the cause of a failure at home; a caller learns only that there was one.
fn answer(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Refused(why) => why,
        Failure::Storage(cause) => broken(cause),
    }
}

fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "the database of deliveries failed");
    Error::Broken
}
