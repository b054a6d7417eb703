//! Takes the messages of one shard to a group of this process.

use std::{collections::VecDeque, pin::pin, time::Duration};

use amqp::{Error, Incarnation};
use futures::{FutureExt, StreamExt};
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Audience, acknowledging::Applied, shares::Shares, topology::Names};
use crate::{Acceptance, Envelope, Inlet};

/// Consumes one queue.
pub(super) struct Consumer {
    pub(super) connection: amqp::Connection,
    pub(super) names: Names,
    pub(super) audience: Audience,
    pub(super) shard: u16,
    pub(super) prefetch: u16,
    pub(super) inlet: Inlet,
    pub(super) acknowledge: mpsc::Sender<Applied>,
    /// What falls to this instance.
    pub(super) shares: watch::Receiver<Shares>,
}

/// A message that was taken in and is not known to be committed.
struct Taken {
    tag: u64,
    source: String,
    id: Uuid,
    acceptance: Acceptance,
}

/// Why consuming ended.
enum Ending {
    /// The process is stopping.
    Stopping,
    /// The shard falls to another instance, which waits for it.
    Elsewhere,
    /// The broker ended it, for example because the queue was deleted, or acknowledgements could not
    /// be sent.
    Broken,
}

const PAUSE: Duration = Duration::from_millis(500);
/// How long a shard is kept at least that falls to another instance: instances may think differently
/// about that, and should get something done meanwhile.
const STAY: Duration = Duration::from_secs(1);
/// How often in a row a queue that can be declared may fail to be consumed before it is made anew: a
/// broker that was killed soon after a queue was declared may know the queue and not have it. What is
/// lost with it is in the outboxes, and is sent again.
const IN_VAIN: u32 = 4;

impl Consumer {
    /// Consumes on one incarnation after the other, until `stop` or until the process takes no more.
    pub(super) async fn run(self, stop: CancellationToken) {
        let (group, shard) = (self.audience.group, self.shard);
        let mut in_vain = 0;
        while let Some(Ok(incarnation)) =
            stop.run_until_cancelled(self.connection.incarnation()).await
        {
            match self.consume(&incarnation, &stop, &mut in_vain).await {
                Ok(Ending::Stopping) => return,
                Ok(Ending::Elsewhere) => {
                    tracing::debug!(group, shard, "a shard is left to another instance");
                }
                Ok(Ending::Broken) => {
                    tracing::warn!(
                        group,
                        shard,
                        "a consumer on RabbitMQ was ended; it begins anew"
                    );
                }
                Err(cause) if incarnation.is_over() => {
                    tracing::debug!(group, shard, %cause, "a consumer waits for RabbitMQ");
                }
                Err(cause) => {
                    tracing::warn!(group, shard, %cause, "messages cannot be taken from RabbitMQ");
                }
            }
            stop.run_until_cancelled(sleep(PAUSE)).await;
        }
    }

    async fn consume(
        &self,
        on: &Incarnation,
        stop: &CancellationToken,
        in_vain: &mut u32,
    ) -> Result<Ending, Error> {
        let channel = on.channel().await?;
        if *in_vain >= IN_VAIN {
            let (group, shard) = (self.audience.group, self.shard);
            tracing::warn!(group, shard, "a queue of RabbitMQ cannot be consumed; it is made anew");
            *in_vain = 0;
            self.names.remove_shard(on, &channel, group, shard).await?;
        }
        self.names.declare_shard(on, &channel, &self.audience, self.shard).await?;
        let queue = self.names.queue(self.audience.group, self.shard);
        on.within(channel.basic_qos(self.prefetch, BasicQosOptions::default())).await?;
        let (tag, options) = (ShortString::default(), BasicConsumeOptions::default());
        let consumed = channel.basic_consume(queue, tag, options, FieldTable::default());
        *in_vain += 1;
        // Kept until what was taken is settled: dropped, it is cancelled, and the queue given to the next.
        let mut deliveries = on.within(consumed).await?;
        *in_vain = 0;
        let (take, taken) = mpsc::channel(self.prefetch.into());
        let work = async {
            let mut take = pin!(self.take(&channel, &mut deliveries, take, stop));
            let mut settle = pin!(self.settle(&channel, taken));
            let ending = tokio::select! {
                ending = &mut take => ending?,
                () = &mut settle => return Ok(Ending::Broken),
            };
            settle.await;
            Ok(ending)
        };
        let ending = tokio::select! {
            ending = work => ending?,
            () = on.ended() => return Err(Error::Ended),
        };
        if matches!(ending, Ending::Elsewhere) {
            // What was taken is acknowledged, and what was not goes back, in its order: the broker gives
            // the queue to the next one who waits only then.
            on.within(channel.close(200, "the shard falls to another instance".into())).await?;
        }
        Ok(ending)
    }

    /// Takes deliveries in, waiting while the lane is full.
    async fn take(
        &self,
        channel: &Channel,
        deliveries: &mut lapin::Consumer,
        take: mpsc::Sender<Taken>,
        stop: &CancellationToken,
    ) -> Result<Ending, Error> {
        let mut elsewhere = pin!(self.falls_to_another());
        // Whoever was given nothing waits for its turn, and has nothing to leave to others.
        let mut is_active = false;
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Ending::Stopping),
                () = &mut elsewhere, if is_active => return Ok(Ending::Elsewhere),
                next = deliveries.next() => next,
            };
            is_active = true;
            let Some(delivery) = next else { return Ok(Ending::Broken) };
            let Delivery { delivery_tag: tag, data, .. } = delivery.map_err(Error::Refused)?;
            let message: Envelope = match serde_json::from_slice(&data) {
                Ok(message) => message,
                Err(cause) => {
                    let (group, shard) = (self.audience.group, self.shard);
                    tracing::error!(group, shard, %cause, "what came is no message; it is dropped");
                    acknowledge(channel, tag, false);
                    continue;
                }
            };
            let (source, id) = (message.source.clone(), message.id);
            let Ok(acceptance) = self.inlet.accept(self.audience.group, message).await else {
                return Ok(Ending::Stopping);
            };
            if take.send(Taken { tag, source, id, acceptance }).await.is_err() {
                return Ok(Ending::Broken);
            }
        }
    }

    /// Waits until the shard falls to another instance, and some time at least.
    async fn falls_to_another(&self) {
        sleep_until(Instant::now() + STAY).await;
        let (group, shard) = (self.audience.group, self.shard);
        let mut shares = self.shares.clone();
        if shares.wait_for(|shares| !shares.contains(group, shard)).await.is_err() {
            std::future::pending().await
        }
    }

    /// Acknowledges what is committed, in the order in which it came, until something is given up:
    /// that comes again, to whoever consumes then.
    async fn settle(&self, channel: &Channel, mut taken: mpsc::Receiver<Taken>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let Some(first) = taken.recv().await else { return };
                waiting.push_back(first);
            }
            while let Ok(next) = taken.try_recv() {
                waiting.push_back(next);
            }
            let mut applied = Vec::new();
            let mut given_up = false;
            while let Some(first) = waiting.front_mut() {
                // The first one is waited for, those that are committed already go with it.
                let committed = match applied.is_empty() {
                    true => Some((&mut first.acceptance).await),
                    false => (&mut first.acceptance).now_or_never(),
                };
                given_up = committed == Some(false);
                if committed != Some(true) {
                    break;
                }
                applied.extend(waiting.pop_front());
            }
            if self.acknowledge(channel, applied).await.is_none() || given_up {
                return;
            }
        }
    }

    /// Tells the publishers of the messages, and then the broker, which forgets them: whoever dies in
    /// between gets them again. Nothing when nobody takes that any more.
    async fn acknowledge(&self, channel: &Channel, applied: Vec<Taken>) -> Option<()> {
        let Some(last) = applied.last().map(|taken| taken.tag) else { return Some(()) };
        fault::point!("broker.acknowledging");
        let (sent, told) = oneshot::channel();
        let messages = applied.into_iter().map(|taken| (taken.source, taken.id)).collect();
        let applied = Applied { group: self.audience.group, messages, sent };
        self.acknowledge.send(applied).await.ok()?;
        told.await.ok()?;
        fault::point!("broker.told");
        acknowledge(channel, last, true);
        Some(())
    }
}

/// Acknowledges the delivery, and all before it if `multiple`, without waiting until that is written:
/// what comes again is recognised.
fn acknowledge(channel: &Channel, tag: u64, multiple: bool) {
    let acknowledged = channel.basic_ack(tag, BasicAckOptions { multiple });
    if let Some(Err(cause)) = acknowledged.now_or_never() {
        tracing::debug!(%cause, "deliveries could not be acknowledged to RabbitMQ");
    }
}
