//! The names of exchanges and queues, and how they are declared.

use std::{collections::BTreeSet, time::Duration};

use amqp::{Error, Incarnation};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable, ShortString},
};

use super::Audience;
use crate::SHARDS;

/// Names everything, and knows how it is declared.
#[derive(Clone)]
pub(super) struct Names {
    prefix: Box<str>,
    expires: Option<Duration>,
}

/// Messages that wait in one queue before it takes no more. What a group misses then is in the
/// outboxes, and is sent again.
const LENGTH: i32 = 10_000;
/// Messages of which copies are kept that nobody wanted; the oldest go first.
const CAUGHT: i32 = 10_000;

impl Names {
    pub(super) fn new(prefix: &str, expires: Option<Duration>) -> Self {
        Self { prefix: prefix.into(), expires }
    }

    pub(super) fn exchange(&self, channel: &str) -> ShortString {
        self.name(channel)
    }

    pub(super) fn queue(&self, group: &str, shard: u16) -> ShortString {
        self.name(&routing_key(group, shard))
    }

    pub(super) fn acks(&self) -> ShortString {
        self.name("acks")
    }

    pub(super) fn members(&self) -> ShortString {
        self.name("members")
    }

    fn unroutable(&self) -> ShortString {
        self.name("unroutable")
    }

    fn dead(&self) -> ShortString {
        self.name("dead")
    }

    fn name(&self, rest: &str) -> ShortString {
        let name = ShortString::try_new(format!("{}.{rest}", self.prefix));
        name.expect("a prefix and a name together are shorter than 240 bytes")
    }

    /// Makes every name that `group` needs, so that one that is too long is found at once.
    pub(super) fn check(&self, group: &str, channels: &BTreeSet<&'static str>) {
        let exchanges = channels.iter().map(|name| self.exchange(name));
        exchanges.chain([self.queue(group, SHARDS)]).for_each(drop);
    }

    /// Declares everything that `audiences` need.
    pub(super) async fn declare(
        &self,
        on: &Incarnation,
        channel: &Channel,
        audiences: &[Audience],
    ) -> Result<(), Error> {
        self.declare_nets(on, channel).await?;
        let channels: BTreeSet<_> = audiences.iter().flat_map(|it| &it.channels).collect();
        for name in channels {
            self.declare_exchange(on, channel, name).await?;
        }
        for Audience { group, channels } in audiences {
            for shard in 0..SHARDS {
                self.declare_queue(on, channel, group, channels, shard).await?;
            }
        }
        Ok(())
    }

    /// Declares what the consumer of one shard needs.
    pub(super) async fn declare_shard(
        &self,
        on: &Incarnation,
        channel: &Channel,
        Audience { group, channels }: &Audience,
        shard: u16,
    ) -> Result<(), Error> {
        self.declare_nets(on, channel).await?;
        for name in channels {
            self.declare_exchange(on, channel, name).await?;
        }
        self.declare_queue(on, channel, group, channels, shard).await
    }

    /// Removes the queue of one shard with what is in it.
    pub(super) async fn remove_shard(
        &self,
        on: &Incarnation,
        channel: &Channel,
        group: &str,
        shard: u16,
    ) -> Result<(), Error> {
        let queue = self.queue(group, shard);
        on.within(channel.queue_delete(queue, QueueDeleteOptions::default())).await.map(drop)
    }

    /// Declares the exchange of acknowledgements.
    pub(super) async fn declare_acks(
        &self,
        on: &Incarnation,
        channel: &Channel,
    ) -> Result<(), Error> {
        self.exchange_of(on, channel, self.acks(), ExchangeKind::Direct, FieldTable::default())
            .await
    }

    /// Declares the exchange over which instances tell each other that they are there.
    pub(super) async fn declare_members(
        &self,
        on: &Incarnation,
        channel: &Channel,
    ) -> Result<(), Error> {
        let kind = ExchangeKind::Fanout;
        self.exchange_of(on, channel, self.members(), kind, FieldTable::default()).await
    }

    /// Declares a queue of this process alone, which goes with the connection.
    pub(super) async fn declare_private(
        &self,
        on: &Incarnation,
        channel: &Channel,
    ) -> Result<ShortString, Error> {
        let options = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let name = ShortString::default();
        let declared = channel.queue_declare(name, options, FieldTable::default());
        on.within(declared).await.map(|queue| queue.name().clone())
    }

    /// What catches messages that nobody wants, or that the broker gives up.
    async fn declare_nets(&self, on: &Incarnation, channel: &Channel) -> Result<(), Error> {
        for net in [self.unroutable(), self.dead()] {
            let kind = ExchangeKind::Fanout;
            self.exchange_of(on, channel, net.clone(), kind, FieldTable::default()).await?;
            let mut arguments = self.quorum();
            arguments.insert("x-max-length".into(), AMQPValue::LongInt(CAUGHT));
            let declared = channel.queue_declare(net.clone(), durable(), arguments);
            on.within(declared).await?;
            let bound = channel.queue_bind(
                net.clone(),
                net,
                ShortString::default(),
                QueueBindOptions::default(),
                FieldTable::default(),
            );
            on.within(bound).await?;
        }
        Ok(())
    }

    async fn declare_exchange(
        &self,
        on: &Incarnation,
        channel: &Channel,
        name: &str,
    ) -> Result<(), Error> {
        let mut arguments = FieldTable::default();
        arguments.insert("alternate-exchange".into(), long(self.unroutable()));
        self.exchange_of(on, channel, self.exchange(name), ExchangeKind::Direct, arguments).await
    }

    async fn declare_queue(
        &self,
        on: &Incarnation,
        channel: &Channel,
        group: &str,
        channels: &BTreeSet<&'static str>,
        shard: u16,
    ) -> Result<(), Error> {
        let queue = self.queue(group, shard);
        let mut arguments = self.quorum();
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(LENGTH));
        arguments.insert("x-overflow".into(), long("reject-publish".into()));
        // Not `x-dead-letter-strategy: at-least-once`: the worker that this starts for each queue looks
        // for it before it is there, and when a few of them crash on a busy node RabbitMQ 3.10 gives up
        // their supervisor, and with it every such queue until it is restarted. What is lost here is in
        // the outbox.
        arguments.insert("x-dead-letter-exchange".into(), long(self.dead()));
        on.within(channel.queue_declare(queue.clone(), durable(), arguments)).await?;
        for name in channels {
            let bound = channel.queue_bind(
                queue.clone(),
                self.exchange(name),
                routing_key(group, shard).into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            );
            on.within(bound).await?;
        }
        Ok(())
    }

    async fn exchange_of(
        &self,
        on: &Incarnation,
        channel: &Channel,
        name: ShortString,
        kind: ExchangeKind,
        arguments: FieldTable,
    ) -> Result<(), Error> {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        on.within(channel.exchange_declare(name, kind, options, arguments)).await
    }

    fn quorum(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), long("quorum".into()));
        if let Some(expires) = self.expires {
            let millis = i32::try_from(expires.as_millis()).unwrap_or(i32::MAX);
            arguments.insert("x-expires".into(), AMQPValue::LongInt(millis));
        }
        arguments
    }
}

/// `orders.history.03` of a group and a shard.
pub(super) fn routing_key(group: &str, shard: u16) -> String {
    format!("{group}.{shard:02}")
}

fn durable() -> QueueDeclareOptions {
    QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() }
}

fn long(text: ShortString) -> AMQPValue {
    AMQPValue::LongString(text.as_str().into())
}
