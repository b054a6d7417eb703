//! The background task that goes to the carriers: asks for waybills, takes back those that are not used, and
//! asks where parcels are of which nothing was heard.

use std::{sync::Arc, time::Duration};

use deliveries_api::{ShipmentId, Status, TrackingSource, Waybill};
use futures::{StreamExt, stream};
use kernel::{Clock, Timestamp};
use orders_api::OrderId;
use ports::Origin;
use storage::{Database, Error};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::{Carrier, Silence},
    carriers::Carriers,
    domain::{Turn, WAYBILLS},
    parcel::Parcel,
    recorder,
    settings::Settings,
    store,
    tracker::{Report, Tracker},
};

/// How many parcels are looked up at once.
const BATCH: usize = 64;
/// About how many of them the carrier is asked at the same time.
const AT_ONCE: usize = 8;
/// How long one answer of the carrier is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Goes to the carriers.
pub(crate) struct Courier {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) carriers: Carriers,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) settings: Settings,
}

impl Courier {
    /// Does what is due, now and then, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.round(&stop).await {
                tracing::error!(%cause, "parcels were not looked after");
            }
            let pause = tokio::time::sleep(self.settings.sweep);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), Error> {
        loop {
            let due = store::due(&self.db.reader(), self.clock.now(), BATCH as u64).await?;
            let count = due.len();
            let work = stream::iter(due)
                .map(|parcel| Origin::now("deliveries: courier").scope(self.attend(parcel)));
            let results: Vec<_> = work.buffer_unordered(AT_ONCE).collect().await;
            results.into_iter().collect::<Result<(), Error>>()?;
            if count < BATCH || stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    async fn attend(&self, parcel: Parcel) -> Result<(), Error> {
        let next = match parcel.shipment.status {
            Status::Pending => self.book(&parcel).await,
            Status::Cancelled => self.take_back(&parcel).await,
            status if status.is_under_way() => self.ask(&parcel).await,
            _ => Ok(Next::Nothing),
        };
        match next {
            Ok(Next::Noted) => Ok(()),
            Ok(Next::Nothing) => self.put_off(&parcel, None).await,
            Err(Trouble::Silence(silence)) => {
                tracing::debug!(shipment = %parcel.shipment.id, %silence, "the carrier did not answer");
                let later = self.clock.now().plus(self.settings.ask_again);
                self.put_off(&parcel, Some(later)).await
            }
            Err(Trouble::Storage(cause)) => Err(cause),
        }
    }

    /// Asks for a waybill until there is one that no other parcel has.
    async fn book(&self, parcel: &Parcel) -> Result<Next, Trouble> {
        let (id, order) = (parcel.shipment.id, parcel.shipment.order);
        let carrier = self.carrier(parcel)?;
        for attempt in 0..WAYBILLS {
            let waybill = in_time(carrier.book(id, attempt)).await?;
            match self.number(id, order, waybill).await {
                Err(Error::Unique { .. }) => {}
                done => return Ok(done.map(|()| Next::Noted)?),
            }
        }
        Err(Silence("no waybill was free").into())
    }

    async fn number(&self, id: ShipmentId, order: OrderId, waybill: Waybill) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        let parcels = store::lock_order(&tx, order).await?;
        let turn = Turn::of(&parcels, id);
        if let Some(change) = turn.and_then(|turn| turn.booked(waybill, self.clock.now())) {
            recorder::record(&mut tx, &change).await?;
        }
        tx.commit().await
    }

    async fn take_back(&self, parcel: &Parcel) -> Result<Next, Trouble> {
        if let Some(waybill) = &parcel.shipment.waybill {
            in_time(self.carrier(parcel)?.cancel(waybill)).await?;
        }
        Ok(Next::Nothing)
    }

    async fn ask(&self, parcel: &Parcel) -> Result<Next, Trouble> {
        let Some(consignment) = parcel.consignment() else { return Ok(Next::Nothing) };
        let scans = in_time(self.carrier(parcel)?.track(&consignment)).await?;
        let report = Report {
            carrier: parcel.shipment.carrier.clone(),
            waybill: consignment.waybill,
            scans,
            source: TrackingSource::Poll,
            webhook: None,
        };
        self.tracker.apply(&report).await?;
        Ok(Next::Noted)
    }

    /// Who carries a parcel.
    fn carrier(&self, parcel: &Parcel) -> Result<&Arc<dyn Carrier>, Silence> {
        let found = self.carriers.named(&parcel.shipment.carrier);
        found.ok_or(Silence("the carrier is not ours any more"))
    }

    async fn put_off(&self, parcel: &Parcel, due: Option<Timestamp>) -> Result<(), Error> {
        let tx = self.db.begin().await?;
        store::put_off(&tx, parcel, due).await?;
        tx.commit().await
    }
}

/// What is to be done next about a parcel.
enum Next {
    /// It is noted with the parcel.
    Noted,
    /// Nothing.
    Nothing,
}

/// Why a parcel was not looked after.
enum Trouble {
    Silence(Silence),
    Storage(Error),
}

impl From<Silence> for Trouble {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}

impl From<Error> for Trouble {
    fn from(cause: Error) -> Self {
        Self::Storage(cause)
    }
}

/// The answer of the carrier, or its silence when that takes too long.
async fn in_time<T>(answer: impl Future<Output = Result<T, Silence>>) -> Result<T, Silence> {
    let late = |_| Silence("no answer in time");
    tokio::time::timeout(PATIENCE, answer).await.map_err(late)?
}
