//! Takes the messages of one shard to a group elsewhere, a batch at a time, until each was
//! acknowledged.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::window::Window;
use crate::{Batch, Group, Undelivered, gauges::Traffic};

/// What all couriers from one relay to one group have in common.
pub(super) struct Route {
    /// The module whose messages they are.
    pub(super) source: &'static str,
    pub(super) group: Group,
    pub(super) window: Window,
    pub(super) traffic: Arc<Traffic>,
    /// Messages in one batch.
    pub(super) batch: usize,
    pub(super) stop: CancellationToken,
}

/// How long a batch that is under way may take once the process stops.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Carries batches until the process stops. There is one at a time, so that what is sent again is
/// never overtaken.
pub(super) async fn run(route: Arc<Route>, shard: u16) {
    let mut courier = Courier { route: &route, shard, attempt: 1, unheard: 0, sent: 0 };
    loop {
        let messages = tokio::select! {
            biased;
            () = route.stop.cancelled() => return,
            messages = route.window.batch(shard, route.batch) => messages,
        };
        if courier.carry(messages).await.is_none() {
            return;
        }
    }
}

struct Courier<'a> {
    route: &'a Route,
    shard: u16,
    /// Counts the tries in which nothing was acknowledged.
    attempt: u32,
    /// Counts those of them that were handed over.
    unheard: u32,
    /// The messages at the beginning of the lane that were sent before.
    sent: usize,
}

impl Courier<'_> {
    /// Carries a batch once; nothing when it was stopped.
    async fn carry(&mut self, messages: Vec<Arc<crate::Envelope>>) -> Option<()> {
        let Route { source, group, window, traffic, .. } = self.route;
        let (shard, unheard, count) = (self.shard, self.unheard, messages.len());
        traffic.resent(u64::try_from(self.sent.min(count)).unwrap_or_default());
        let batch = Batch { source, shard, unheard, messages };
        let carried = tokio::select! {
            biased;
            carried = group.link.carry(&batch) => carried,
            () = self.late() => return None,
        };
        fault::point!("courier.carried");
        let settled = match &carried {
            Ok(applied) => window.settle(shard, count, applied),
            Err(_) => 0,
        };
        self.sent = self.sent.max(count) - settled;
        if settled > 0 {
            self.went_on();
            return Some(());
        }
        match carried {
            Ok(_) => self.unheard = self.unheard.saturating_add(1),
            Err(why) => self.failed(&why),
        }
        self.pause().await
    }

    fn went_on(&mut self) {
        if self.attempt > 1 {
            let Route { source, group, .. } = self.route;
            let (group, shard) = (group.name, self.shard);
            tracing::info!(source, group, shard, "messages are acknowledged again");
        }
        self.attempt = 1;
        self.unheard = 0;
    }

    fn failed(&self, why: &Undelivered) {
        let Route { source, group, .. } = self.route;
        let (group, shard, attempt) = (group.name, self.shard, self.attempt);
        if attempt == 1 && *why != Undelivered::Busy {
            tracing::warn!(source, group, shard, %why, "messages were not delivered; they are sent again");
        } else {
            tracing::debug!(source, group, shard, attempt, %why, "messages were not delivered");
        }
    }

    /// Waits a little longer each time, unless it is stopped.
    async fn pause(&mut self) -> Option<()> {
        let doublings = (self.attempt - 1).min(10);
        self.attempt = self.attempt.saturating_add(1);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        let jitter = rand::rng().random_range(0.5..1.0);
        self.route.stop.run_until_cancelled(sleep(pause.mul_f64(jitter))).await
    }

    /// Is over some time after the process began to stop.
    async fn late(&self) {
        self.route.stop.cancelled().await;
        sleep(GRACE).await;
    }
}
