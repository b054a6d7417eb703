//! Deliveries at work: quotes from memory, shipments from the store.

use async_trait::async_trait;
use deliveries_api::{
    Deliveries, Destination, Error, Quote, Result, Shipment, ShipmentOf, ShipmentRecord,
    ShipmentsOf,
};
use kernel::{Page, PageRequest};
use storage::Database;

use crate::{domain, settings::Settings, store};

pub(crate) struct Service {
    pub(crate) db: Database,
    pub(crate) settings: Settings,
}

#[async_trait]
impl Deliveries for Service {
    async fn quotes(&self, to: Destination) -> Result<Vec<Quote>> {
        domain::quotes(&self.settings.methods, &to)
    }

    async fn of_order(&self, which: ShipmentsOf) -> Result<Vec<Shipment>> {
        let ShipmentsOf { customer, order } = which;
        let parcels = store::of_order(&self.db.reader(), order, customer).await.map_err(broken)?;
        Ok(parcels.into_iter().map(|parcel| parcel.shipment).collect())
    }

    async fn records(&self, page: PageRequest) -> Result<Page<ShipmentRecord>> {
        let page = store::page(&self.db.reader(), &page).await.map_err(broken)?;
        Ok(page.map(Into::into))
    }

    async fn shipment(&self, which: ShipmentOf) -> Result<Shipment> {
        let found = store::find(&self.db.reader(), which.shipment).await.map_err(broken)?;
        let shipment = found.map(|parcel| parcel.shipment);
        let owned = shipment.filter(|shipment| shipment.customer == which.customer);
        owned.ok_or(Error::UnknownShipment(which.shipment))
    }
}

/// Keeps the cause of a failure at home; a caller learns only that there was one.
fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "the database of deliveries failed");
    Error::Broken
}
