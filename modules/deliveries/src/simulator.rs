//! The built-in carrier: it carries nothing, but behaves like one that does, faults included.
//!
//! It keeps no books: what happens to a parcel follows from its waybill and the time it was given away. So
//! it may be asked after every restart and by every replica, and always says the same. Its webhooks wait
//! in memory and are lost with the process, as those of a real carrier are when nobody answers.

mod chance;
mod itinerary;
mod postman;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use deliveries_api::{Error, Result, ShipmentId, Waybill};
use kernel::{Clock, Timestamp};
use tokio::sync::mpsc;

use crate::{
    carrier::{Carrier, Consignment, Scan, Silence},
    domain,
    settings::{Method, Simulator as Knobs},
    signature::Signer,
};

pub(crate) use postman::Postman;

/// Parcels that wait for the postman at most; of what does not fit no webhooks are sent.
const CAPACITY: usize = 4_096;

/// What a simulated carrier is, and how it behaves.
pub(crate) struct Terms {
    pub(crate) name: String,
    pub(crate) methods: Vec<Method>,
    pub(crate) knobs: Knobs,
    /// How old the signature of a webhook may be.
    pub(crate) tolerance: Duration,
}

/// The simulated carrier.
pub(crate) struct Simulator {
    terms: Terms,
    clock: Arc<dyn Clock>,
    signer: Arc<Signer>,
    refused: AtomicU32,
    collected: mpsc::Sender<Consignment>,
}

impl Simulator {
    /// A carrier that signs with `secret`, and the postman who brings its webhooks.
    pub(crate) fn new(terms: Terms, secret: &[u8], clock: Arc<dyn Clock>) -> (Self, Postman) {
        let (collected, consignments) = mpsc::channel(CAPACITY);
        let signer = Arc::new(Signer::new(secret, terms.tolerance));
        let postman =
            Postman::new(terms.knobs.clone(), signer.clone(), clock.clone(), consignments);
        let refused = AtomicU32::new(0);
        (Self { terms, clock, signer, refused, collected }, postman)
    }

    fn knobs(&self) -> &Knobs {
        &self.terms.knobs
    }

    /// Whether this request is one of those that are refused first, or nothing is answered at all.
    fn refuses(&self) -> bool {
        self.knobs().silent || self.refused.fetch_add(1, Ordering::Relaxed) < self.knobs().refuse
    }

    /// Answers as late as it is told to.
    async fn answer(&self) -> std::result::Result<(), Silence> {
        tokio::time::sleep(self.knobs().latency).await;
        if self.refuses() { Err(Silence("503 Service Unavailable")) } else { Ok(()) }
    }
}

#[async_trait]
impl Carrier for Simulator {
    fn name(&self) -> &str {
        &self.terms.name
    }

    fn offers(&self, method: &str) -> bool {
        self.terms.methods.iter().any(|offered| offered.code == method)
    }

    /// Rates are told by a desk of its own, which turns nobody away.
    async fn rates(&self) -> std::result::Result<Vec<Method>, Silence> {
        tokio::time::sleep(self.knobs().latency).await;
        match self.knobs().silent {
            true => Err(Silence("no answer")),
            false => Ok(self.terms.methods.clone()),
        }
    }

    fn draw(&self, shipment: ShipmentId, attempt: u32) -> Option<Waybill> {
        (!self.refuses()).then(|| domain::waybill(shipment, attempt))
    }

    async fn book(
        &self,
        shipment: ShipmentId,
        attempt: u32,
    ) -> std::result::Result<Waybill, Silence> {
        self.answer().await?;
        Ok(domain::waybill(shipment, attempt))
    }

    async fn cancel(&self, _: &Waybill) -> std::result::Result<(), Silence> {
        self.answer().await
    }

    fn collect(&self, consignment: Consignment) {
        if let Err(cause) = self.collected.try_send(consignment) {
            tracing::debug!(%cause, "no webhooks are sent of a parcel");
        }
    }

    async fn track(&self, consignment: &Consignment) -> std::result::Result<Vec<Scan>, Silence> {
        self.answer().await?;
        let now = self.clock.now();
        let mut scans = itinerary::of(consignment, self.knobs());
        scans.retain(|scan| scan.occurred_at <= now);
        Ok(scans)
    }

    fn verify_webhook(&self, signature: &str, body: &str, now: Timestamp) -> Result<Scan> {
        if !self.signer.accepts(signature, body, now) {
            return Err(Error::Forged);
        }
        let scan: Scan =
            serde_json::from_str(body).map_err(|cause| Error::Unreadable(cause.to_string()))?;
        if scan.id.is_empty() {
            return Err(Error::Unreadable("an event without an id".to_owned()));
        }
        Ok(scan)
    }
}
