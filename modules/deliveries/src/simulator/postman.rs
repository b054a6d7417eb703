//! Brings the webhooks of the simulated carrier: late, twice, in disorder, not at all, or forged, if told so.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use deliveries_api::{Deliveries, TrackingCode, Waybill, Webhook};
use kernel::{Clock, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{chance::befalls, itinerary};
use crate::{
    carrier::{Consignment, Scan},
    settings::Simulator as Knobs,
    signature::Signer,
};

/// How long the postman sleeps at most while there is something to bring, because only the shop's clock
/// says what time it is.
const NAP: Duration = Duration::from_millis(100);

/// The way of webhooks from the simulated carrier to the shop.
pub(crate) struct Postman {
    knobs: Knobs,
    signer: Arc<Signer>,
    forger: Signer,
    clock: Arc<dyn Clock>,
    consignments: mpsc::Receiver<Consignment>,
    bag: BTreeMap<(Timestamp, u64), Letter>,
    written: u64,
}

/// A webhook that is to be sent.
struct Letter {
    scan: Scan,
    forged: bool,
}

impl Postman {
    pub(super) fn new(
        knobs: Knobs,
        signer: Arc<Signer>,
        clock: Arc<dyn Clock>,
        consignments: mpsc::Receiver<Consignment>,
    ) -> Self {
        let forger = Signer::new(b"not the secret", Duration::MAX);
        Self { knobs, signer, forger, clock, consignments, bag: BTreeMap::new(), written: 0 }
    }

    /// Brings webhooks of the carrier `name` to `shop` until `stop`.
    pub(crate) async fn run(
        mut self,
        name: String,
        shop: Arc<dyn Deliveries>,
        stop: CancellationToken,
    ) {
        loop {
            let nap = self.nap();
            tokio::select! {
                () = stop.cancelled() => return,
                Some(consignment) = self.consignments.recv() => self.write(&consignment),
                () = tokio::time::sleep(nap) => {}
            }
            while let Some(letter) = self.due() {
                self.bring(&name, &*shop, letter).await;
            }
        }
    }

    /// How long nothing is to be brought, as far as one can know.
    fn nap(&self) -> Duration {
        match self.bag.keys().next() {
            None => Duration::MAX,
            Some((due, _)) => due.since(self.clock.now()).min(NAP),
        }
    }

    /// Writes all letters about a parcel.
    fn write(&mut self, consignment: &Consignment) {
        let Knobs { lost, duplicated, disordered, forged, delay, .. } = self.knobs;
        let scans = itinerary::of(consignment, &self.knobs);
        let ends = scans.last().map(|last| last.occurred_at.since(consignment.handed_over_at));
        for scan in scans {
            let chance =
                |percent, what: &str| befalls(percent, &scan.waybill, &what_of(what, &scan));
            let mut due = scan.occurred_at.plus(delay);
            if chance(disordered, "disordered") {
                due = due.plus(ends.unwrap_or_default());
            }
            if chance(duplicated, "duplicated") {
                self.put(due, scan.clone(), false);
            }
            if chance(forged, "forged") {
                self.put(due, forgery(&scan.waybill, due), true);
            }
            if !chance(lost, "lost webhook") {
                self.put(due, scan, false);
            }
        }
    }

    fn put(&mut self, due: Timestamp, scan: Scan, forged: bool) {
        self.written += 1;
        self.bag.insert((due, self.written), Letter { scan, forged });
    }

    /// The next letter whose time has come.
    fn due(&mut self) -> Option<Letter> {
        let first = self.bag.first_entry()?;
        (first.key().0 <= self.clock.now()).then(|| first.remove())
    }

    async fn bring(&self, name: &str, shop: &dyn Deliveries, Letter { scan, forged }: Letter) {
        let body = match serde_json::to_string(&scan) {
            Ok(body) => body,
            Err(cause) => return tracing::error!(%cause, "a webhook cannot be written"),
        };
        let signer = if forged { &self.forger } else { &*self.signer };
        let signature = signer.sign(&body, self.clock.now());
        let webhook = Webhook { carrier: name.to_owned(), signature, body };
        if let Err(refusal) = shop.receive(webhook).await {
            tracing::debug!(waybill = %scan.waybill, %refusal, "a webhook was not taken in");
        }
    }
}

fn what_of(what: &str, scan: &Scan) -> String {
    format!("{what} {}", scan.id)
}

/// Somebody claims that a parcel has arrived.
fn forgery(waybill: &Waybill, at: Timestamp) -> Scan {
    Scan {
        id: format!("{waybill}-forged"),
        waybill: waybill.clone(),
        code: TrackingCode::Delivered,
        occurred_at: at,
        location: None,
        text: "The parcel was delivered".to_owned(),
    }
}
