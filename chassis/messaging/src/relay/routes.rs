//! Who listens to a channel.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use tokio::sync::mpsc;

use crate::{
    bus::{Group, Siblings},
    job::Job,
};

/// Everybody a relay of this process has to do with.
#[derive(Default)]
pub(crate) struct Routes {
    /// The subscribers of each channel in this process.
    pub(crate) here: HashMap<&'static str, Vec<Target>>,
    /// The groups in other processes.
    pub(crate) elsewhere: Vec<Group>,
    /// The channels whose commands somebody answers, wherever that is.
    pub(crate) answered: BTreeSet<&'static str>,
    pub(crate) siblings: Option<Arc<dyn Siblings>>,
}

/// The lanes of one subscriber, one a shard.
#[derive(Clone)]
pub(crate) struct Target {
    lanes: Arc<[mpsc::Sender<Job>]>,
}

impl Target {
    pub(crate) fn new(lanes: Vec<mpsc::Sender<Job>>) -> Self {
        Self { lanes: lanes.into() }
    }

    /// The lane in which messages of `shard` are handled one after the other.
    pub(crate) fn lane(&self, shard: u16) -> &mpsc::Sender<Job> {
        &self.lanes[usize::from(shard) % self.lanes.len()]
    }

    /// Puts the job into its lane, waiting while that is full; false when nobody works there.
    pub(super) async fn send(&self, job: Job) -> bool {
        self.lane(job.envelope.shard).send(job).await.is_ok()
    }
}
