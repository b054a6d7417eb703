//! The door for messages from other processes.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, timeout_at},
};

use crate::{
    Envelope, Gauges, Undelivered,
    handover::Companion,
    in_hand::{Acceptance, InHand},
    job::Job,
    pulse::Pulse,
    relay::Target,
};

/// Takes messages from other processes to the groups that live here. Cloning gives another handle
/// to the same door.
#[derive(Clone)]
pub struct Inlet {
    shared: Arc<Shared>,
}

struct Shared {
    groups: HashMap<&'static str, Doorway>,
    modules: HashMap<&'static str, Arc<Companion>>,
    gauges: Arc<Gauges>,
    pulse: Pulse,
}

/// The lanes of one group, and what came in from other processes.
#[derive(Clone)]
pub(crate) struct Doorway {
    pub(crate) channels: BTreeSet<&'static str>,
    pub(crate) lanes: Target,
    pub(crate) in_hand: Arc<InHand>,
}

impl Inlet {
    pub(crate) fn new(
        groups: impl IntoIterator<Item = (&'static str, Doorway)>,
        modules: impl IntoIterator<Item = (&'static str, Arc<Companion>)>,
        gauges: Arc<Gauges>,
        pulse: Pulse,
    ) -> Self {
        let groups = groups.into_iter().collect();
        let modules = modules.into_iter().collect();
        Self { shared: Arc::new(Shared { groups, modules, gauges, pulse }) }
    }

    /// The groups that live here, with the channels they listen to.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, &BTreeSet<&'static str>)> {
        self.shared.groups.iter().map(|(name, doorway)| (*name, &doorway.channels))
    }

    /// The modules that live here and publish.
    pub fn modules(&self) -> impl Iterator<Item = &'static str> {
        self.shared.modules.keys().copied()
    }

    /// The pulse of the process behind it.
    pub fn pulse(&self) -> Pulse {
        self.shared.pulse.clone()
    }

    /// Takes messages of one source and shard, in order, and waits up to `limit` for their commits;
    /// tells of each whether it is applied or parked, durably. When the lane is full only the first
    /// ones are taken.
    ///
    /// Messages that were taken are applied even if nobody waits any longer.
    ///
    /// # Errors
    ///
    /// When none was taken.
    pub async fn deliver(
        &self,
        group: &str,
        messages: Vec<Envelope>,
        limit: Duration,
    ) -> Result<Vec<bool>, Undelivered> {
        self.doorway(group)?;
        let end = Instant::now() + limit;
        let count = messages.len();
        let mut messages = messages.into_iter();
        let Some(first) = messages.next() else { return Ok(Vec::new()) };
        let first = timeout_at(end, self.accept(group, first)).await;
        let mut taken = vec![first.map_err(|_elapsed| Undelivered::Busy)??];
        for message in messages {
            let Ok(acceptance) = self.try_accept(group, message) else { break };
            taken.push(acceptance);
        }
        let mut applied = Vec::with_capacity(count);
        for acceptance in taken {
            applied.push(timeout_at(end, acceptance).await.unwrap_or(false));
        }
        applied.resize(count, false);
        Ok(applied)
    }

    /// Takes one message, waiting as long as its lane is full. What it gives tells when the message
    /// is committed.
    ///
    /// # Errors
    ///
    /// When it was not taken.
    pub async fn accept(&self, group: &str, message: Envelope) -> Result<Acceptance, Undelivered> {
        let Doorway { lanes, in_hand, .. } = self.doorway(group)?;
        if let Some(acceptance) = in_hand.join(&message) {
            return Ok(acceptance);
        }
        let lane = lanes.lane(message.shard);
        let place = tokio::select! {
            biased;
            () = self.shared.pulse.stop().cancelled() => return Err(Undelivered::Stopping),
            place = lane.reserve() => place.map_err(|_closed| Undelivered::Stopping)?,
        };
        Ok(self.put(place, in_hand, message))
    }

    /// The same without waiting.
    fn try_accept(&self, group: &str, message: Envelope) -> Result<Acceptance, Undelivered> {
        let Doorway { lanes, in_hand, .. } = self.doorway(group)?;
        if let Some(acceptance) = in_hand.join(&message) {
            return Ok(acceptance);
        }
        let place = lanes.lane(message.shard).try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => Undelivered::Busy,
            TrySendError::Closed(()) => Undelivered::Stopping,
        })?;
        Ok(self.put(place, in_hand, message))
    }

    fn put(
        &self,
        place: mpsc::Permit<'_, Job>,
        in_hand: &Arc<InHand>,
        message: Envelope,
    ) -> Acceptance {
        let (number, acceptance) = in_hand.take(&message);
        if let Some(number) = number {
            let gauges = &self.shared.gauges;
            place.send(Job::delivered(Arc::new(message), number, in_hand, gauges));
        }
        acceptance
    }

    fn doorway(&self, group: &str) -> Result<&Doorway, Undelivered> {
        if self.shared.pulse.stop().is_cancelled() {
            return Err(Undelivered::Stopping);
        }
        self.shared.groups.get(group).ok_or(Undelivered::NotHere)
    }

    /// Hears from a sibling that something was committed in the database of `module`; false when
    /// that module does not live here.
    pub fn nudge(&self, module: &str) -> bool {
        let companion = self.shared.modules.get(module);
        if let Some(companion) = companion {
            companion.handover.nudged();
        }
        companion.is_some()
    }
}
