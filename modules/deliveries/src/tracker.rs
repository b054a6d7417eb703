//! Takes what carriers say about parcels to heart: notes it, and moves the parcel on.

use std::{convert::Infallible, sync::Arc, time::Duration};

use deliveries_api::{TrackingSource, Waybill};
use kernel::{Clock, Ids};
use storage::{Database, Error, Failure};

use crate::{carrier::Scan, domain::Turn, recorder, store};

/// What a carrier said about one parcel.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) carrier: String,
    pub(crate) waybill: Waybill,
    pub(crate) scans: Vec<Scan>,
    pub(crate) source: TrackingSource,
    /// The webhook it came with.
    pub(crate) webhook: Option<String>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Yes,
    /// There is no such parcel, or not yet.
    Unknown,
}

/// Applies reports, each in one transaction.
pub(crate) struct Tracker {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) track_after: Duration,
}

impl Tracker {
    /// Notes what is new in `report` and announces what follows. Doing it again changes nothing.
    pub(crate) async fn apply(&self, report: &Report) -> Result<Applied, Error> {
        let applied =
            storage::retry(async || self.once(report).await.map_err(Failure::<Infallible>::from));
        applied.await.map_err(|failure| match failure {
            Failure::Storage(cause) => cause,
            Failure::Refused(never) => match never {},
        })
    }

    async fn once(&self, report: &Report) -> Result<Applied, Error> {
        let mut tx = self.db.begin().await?;
        let found = store::by_waybill(&tx, &report.waybill, Some(&report.carrier)).await?;
        let Some(found) = found else {
            tx.rollback().await?;
            return Ok(Applied::Unknown);
        };
        let shipment = found.shipment;
        let parcels = store::lock_order(&tx, shipment.order).await?;
        let now = self.clock.now();
        let fresh = store::inbox::note(&tx, &self.ids, &shipment, report, now).await? > 0;
        let events = store::inbox::events(&tx, &shipment).await?;
        if let Some(turn) = Turn::of(&parcels, shipment.id) {
            let change = turn.tracked(&events, fresh, now, self.track_after);
            recorder::record(&mut tx, &change).await?;
        }
        if let Some(event) = &report.webhook {
            store::inbox::applied(&tx, &report.carrier, event).await?;
        }
        tx.commit().await?;
        Ok(Applied::Yes)
    }
}
