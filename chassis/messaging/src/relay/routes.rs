//! Who listens to a channel in this process.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::mpsc;

use super::Pending;
use crate::{Envelope, Gauges};

/// The subscribers of each channel.
pub(crate) type Routes = HashMap<&'static str, Vec<Target>>;

/// The lanes of one subscriber, one a shard.
#[derive(Clone)]
pub(crate) struct Target {
    lanes: Arc<[mpsc::Sender<Job>]>,
}

impl Target {
    pub(crate) fn new(lanes: Vec<mpsc::Sender<Job>>) -> Self {
        Self { lanes: lanes.into() }
    }

    /// Puts the job into its lane, waiting while that is full; false when nobody works there.
    pub(super) async fn send(&self, job: Job) -> bool {
        let lane = usize::from(job.envelope.shard) % self.lanes.len();
        self.lanes[lane].send(job).await.is_ok()
    }
}

/// A message for one subscriber.
pub(crate) struct Job {
    pub(crate) envelope: Arc<Envelope>,
    ticket: u64,
    pending: Arc<Pending>,
    gauges: Arc<Gauges>,
}

impl Job {
    pub(super) fn new(
        envelope: &Arc<Envelope>,
        ticket: u64,
        pending: &Arc<Pending>,
        gauges: &Arc<Gauges>,
    ) -> Self {
        let (envelope, pending) = (Arc::clone(envelope), Arc::clone(pending));
        gauges.sent();
        Self { envelope, ticket, pending, gauges: Arc::clone(gauges) }
    }

    /// The message is applied or parked, durably. A job that is dropped instead comes again after
    /// the next start.
    pub(crate) fn acknowledge(self) {
        self.pending.done(self.ticket);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.gauges.acknowledged();
    }
}
