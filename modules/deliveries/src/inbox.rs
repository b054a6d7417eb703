//! The background task that applies webhooks after they were taken in.
//!
//! Taking in is quick and always possible; applying may have to wait, because a carrier can be faster than
//! the message that makes its parcel known.

use std::{sync::Arc, time::Duration};

use deliveries_api::TrackingSource;
use kernel::Clock;
use storage::{Database, Error};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::Scan,
    settings::Settings,
    store::{self, inbox::Letter},
    tracker::{Applied, Report, Tracker},
};

/// How many are read at once.
const BATCH: usize = 64;
/// How soon an unknown parcel is looked for again, at first.
const SOON: Duration = Duration::from_secs(1);

/// Applies webhooks.
pub(crate) struct Inbox {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) arrived: Arc<Notify>,
    pub(crate) settings: Settings,
}

impl Inbox {
    /// Applies what has come and what comes, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.round(&stop).await {
                tracing::error!(%cause, "webhooks were not applied");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.arrived.notified() => {}
                () = tokio::time::sleep(self.settings.sweep) => {}
            }
        }
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), Error> {
        loop {
            let letters =
                store::inbox::due(&self.db.reader(), self.clock.now(), BATCH as u64).await?;
            for letter in &letters {
                self.open(letter).await?;
            }
            if letters.len() < BATCH || stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    async fn open(&self, letter: &Letter) -> Result<(), Error> {
        let applied = match serde_json::from_str::<Scan>(&letter.body) {
            Ok(scan) => {
                let report = Report {
                    carrier: letter.carrier.clone(),
                    waybill: scan.waybill.clone(),
                    scans: vec![scan],
                    source: TrackingSource::Webhook,
                    webhook: Some(letter.event.clone()),
                };
                self.tracker.apply(&report).await?
            }
            Err(_) => Applied::Unknown,
        };
        match applied {
            Applied::Yes => Ok(()),
            Applied::Unknown => self.put_off(letter).await,
        }
    }

    /// Looks again later, ever more seldom, and no longer than makes sense.
    async fn put_off(&self, letter: &Letter) -> Result<(), Error> {
        let now = self.clock.now();
        let age = now.since(letter.received_at);
        let due = (age < self.settings.webhook_patience).then(|| now.plus(age.max(SOON)));
        if due.is_none() {
            let Letter { carrier, event, .. } = letter;
            tracing::warn!(carrier, event, "a webhook is about a parcel that nobody knows");
        }
        let tx = self.db.begin().await?;
        store::inbox::put_off(&tx, letter, due).await?;
        tx.commit().await
    }
}
