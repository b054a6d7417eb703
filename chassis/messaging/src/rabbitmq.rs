//! Messages between processes over RabbitMQ. All names begin with a prefix; `orders.history.03` stands for
//! a group and a shard.
//!
//! | name | what it is |
//! |---|---|
//! | `{prefix}.{channel}` | durable direct exchange; routing key `{group}.{shard}`, so a message is published once for each group |
//! | `{prefix}.{group}.{shard}` | quorum queue with a single active consumer; refuses what it has no room for |
//! | `{prefix}.unroutable` | exchange and queue: what no queue of a channel's exchange wanted |
//! | `{prefix}.dead` | exchange and queue: what the broker gave up |
//! | `{prefix}.members` | fanout exchange over which instances say that they are there |
//! | `{prefix}.acks` | direct exchange for the acknowledgements of subscribers; routing key: the module that published |
//!
//! Queues are declared by whoever publishes to them or reads them, before anything else; declaring is
//! idempotent.
//!
//! All instances of a group wait at all of its queues, and the broker gives each queue to one of them: that
//! is the lease of a shard. Whoever has a shard that falls to another instance finishes what it has begun and
//! waits at the end of the line, until every instance has its part. Marks keep the order of a key whoever
//! has its shard.
//!
//! **Invariants:** the outbox forgets a message when its *subscriber* has committed it, never because the
//! broker confirmed it. What is not acknowledged in time is sent again. A confirm that did not come means
//! that the outcome is unknown. A message is acknowledged to the broker after its commit, and never
//! requeued. One connection publishes, the other consumes: a blocked one carries no acknowledgements.

mod acknowledging;
mod consumer;
mod expected;
mod link;
mod listener;
mod members;
mod publisher;
mod shares;
mod topology;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    acknowledging::Applied,
    consumer::Consumer,
    expected::Expected,
    link::Queued,
    members::Members,
    publisher::{Postbox, Publisher},
    topology::Names,
};
use crate::{Inlet, Link, SHARDS};

/// What an operator may want to change.
#[derive(Clone, Debug)]
pub struct Options {
    /// Messages that are published before the broker's confirms for them are waited for.
    pub window: usize,
    /// Messages that the broker hands to the consumer of one shard before the first of them is
    /// acknowledged.
    pub prefetch: u16,
    /// After how long a message is sent again that no subscriber has acknowledged; twice as long each
    /// time that nothing came, up to ten minutes.
    pub resend_after: Duration,
    /// For how long a queue exists that nobody uses; none for ever. For tests, which share a broker.
    pub expires: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { window: 256, prefetch: 128, resend_after: Duration::from_secs(30), expires: None }
    }
}

/// The broker as the bus of one process.
pub struct Broker {
    publish: amqp::Connection,
    consume: amqp::Connection,
    names: Names,
    options: Options,
    expected: Arc<Expected>,
    publisher: Publisher,
    postbox: Postbox,
    elsewhere: Vec<Audience>,
}

/// A group with the channels it listens to.
#[derive(Clone)]
struct Audience {
    group: &'static str,
    channels: BTreeSet<&'static str>,
}

/// How long the last acknowledgements may take to be sent.
const FLUSH: Duration = Duration::from_secs(5);

impl Broker {
    /// Publishes over one connection and consumes over the other. Nothing happens until it
    /// [runs](Self::run).
    pub fn new(
        publish: amqp::Connection,
        consume: amqp::Connection,
        prefix: &str,
        options: Options,
    ) -> Self {
        let names = Names::new(prefix, options.expires);
        let (publisher, postbox) = Publisher::new(publish.clone(), names.clone(), options.window);
        let (expected, elsewhere) = (Arc::default(), Vec::new());
        Self { publish, consume, names, options, expected, publisher, postbox, elsewhere }
    }

    /// The way to `group`, which lives elsewhere and listens to `channels`.
    ///
    /// # Panics
    ///
    /// When the prefix and a name are too long for a queue or an exchange: 240 bytes together.
    pub fn link(
        &mut self,
        group: &'static str,
        channels: &BTreeSet<&'static str>,
    ) -> Arc<dyn Link> {
        self.names.check(group, channels);
        self.elsewhere.push(Audience { group, channels: channels.clone() });
        Arc::new(Queued {
            group,
            names: self.names.clone(),
            postbox: self.postbox.clone(),
            expected: Arc::clone(&self.expected),
            resend_after: self.options.resend_after,
        })
    }

    /// Publishes what the links carry, and takes messages to the groups behind `inlet`, on each
    /// incarnation of the connections anew, until `stop` is cancelled. The process is to be
    /// [drained](crate::Running::drain) before, so that its last acknowledgements are sent.
    pub async fn run(self, inlet: Inlet, stop: CancellationToken) {
        let (acknowledge, applied) = acknowledging::channel();
        let members = Members::new(inlet.groups().map(|(group, _)| group));
        let mut consumers = self.consumers(&inlet, &acknowledge, &members, &stop);
        drop(acknowledge);
        let Self { publish, consume, names, expected, publisher, elsewhere, .. } = self;
        let sources: Vec<_> = inlet.modules().collect();
        let flushed = async {
            let ended = async { while consumers.join_next().await.is_some() {} };
            tokio::join!(
                ended,
                acknowledging::run(applied, publish.clone(), names.clone()),
                members.announce(&publish, &names, &stop),
            );
            stop.cancelled().await;
        };
        let work = async {
            tokio::join!(
                listener::run(&consume, &names, &sources, &expected),
                members.listen(&consume, &names),
                publisher.run(elsewhere, &expected),
            )
        };
        let late = async {
            stop.cancelled().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            () = flushed => {}
            () = late => tracing::warn!("the last acknowledgements could not be sent in time"),
            _ = work => tracing::debug!("the connections to RabbitMQ ended before the bus"),
        }
    }

    /// Starts a consumer for each shard of each group that lives here.
    fn consumers(
        &self,
        inlet: &Inlet,
        acknowledge: &mpsc::Sender<Applied>,
        members: &Members,
        stop: &CancellationToken,
    ) -> JoinSet<()> {
        let mut consumers = JoinSet::new();
        for (group, channels) in inlet.groups() {
            let audience = Audience { group, channels: channels.clone() };
            for shard in 0..SHARDS {
                let consumer = Consumer {
                    connection: self.consume.clone(),
                    names: self.names.clone(),
                    audience: audience.clone(),
                    shard,
                    prefetch: self.options.prefetch,
                    inlet: inlet.clone(),
                    acknowledge: acknowledge.clone(),
                    shares: members.shares(),
                };
                let name = format!("the consumer of {group}, shard {shard}, on RabbitMQ");
                consumers.spawn(inlet.pulse().watch(name, consumer.run(stop.clone())));
            }
        }
        consumers
    }
}
