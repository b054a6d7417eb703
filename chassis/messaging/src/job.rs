//! A message in the hands of one subscriber of this process, until that has committed it.

use std::{sync::Arc, time::Duration};

use crate::{Envelope, Gauges, in_hand::InHand, relay::Pending};

/// A message for one subscriber.
pub(crate) struct Job {
    pub(crate) envelope: Arc<Envelope>,
    receipt: Receipt,
    gauges: Arc<Gauges>,
}

/// Where it is told that the message is applied or parked. Told when it is dropped, so that nobody
/// waits for a message that nobody has.
struct Receipt {
    to: Giver,
    applied: bool,
}

/// Who gave the message to the subscriber.
enum Giver {
    /// A relay of this process; a message that is not acknowledged comes again after the next start.
    Relay { ticket: u64, pending: Arc<Pending> },
    /// A relay elsewhere, which gives it again until it is acknowledged.
    Elsewhere { number: u64, in_hand: Arc<InHand> },
}

impl Job {
    /// A message from a relay of this process.
    pub(crate) fn relayed(
        envelope: &Arc<Envelope>,
        ticket: u64,
        pending: &Arc<Pending>,
        gauges: &Arc<Gauges>,
    ) -> Self {
        let to = Giver::Relay { ticket, pending: Arc::clone(pending) };
        Self::new(Arc::clone(envelope), to, gauges)
    }

    /// A message from another process, which is in hand here as `number`.
    pub(crate) fn delivered(
        envelope: Arc<Envelope>,
        number: u64,
        in_hand: &Arc<InHand>,
        gauges: &Arc<Gauges>,
    ) -> Self {
        let to = Giver::Elsewhere { number, in_hand: Arc::clone(in_hand) };
        Self::new(envelope, to, gauges)
    }

    fn new(envelope: Arc<Envelope>, to: Giver, gauges: &Arc<Gauges>) -> Self {
        gauges.sent();
        Self { envelope, receipt: Receipt { to, applied: false }, gauges: Arc::clone(gauges) }
    }

    /// The message is applied or parked, durably.
    pub(crate) fn acknowledge(mut self) {
        self.receipt.applied = true;
    }

    /// How long its acknowledgement may wait for those of others. A process elsewhere waits for it.
    pub(crate) fn patience(&self) -> Duration {
        match self.receipt.to {
            Giver::Relay { .. } => PATIENCE,
            Giver::Elsewhere { .. } => Duration::ZERO,
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);

impl Drop for Job {
    fn drop(&mut self) {
        self.gauges.acknowledged();
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        match &self.to {
            Giver::Relay { ticket, pending } if self.applied => pending.done(*ticket),
            Giver::Relay { .. } => {}
            Giver::Elsewhere { number, in_hand } => in_hand.close(*number, self.applied),
        }
    }
}
