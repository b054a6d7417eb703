//! Which instances of the groups of this process there are, as they tell each other.
//!
//! What an instance thinks decides who had better take a shard, and never who may: that is the broker's
//! business. Instances that think differently for a while share badly, and no worse.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use amqp::{Error, Incarnation};
use futures::StreamExt;
use lapin::{
    BasicProperties, Channel,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueBindOptions},
    types::{FieldTable, ShortString},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    shares::{Shares, share},
    topology::Names,
};

/// This instance among the others.
pub(super) struct Members {
    me: Uuid,
    groups: BTreeSet<&'static str>,
    shares: watch::Sender<Shares>,
    /// Somebody came who may not have heard of this instance.
    newcomer: Notify,
}

/// What an instance says of itself, now and then.
#[derive(Serialize, Deserialize)]
struct Presence<'a> {
    member: Uuid,
    #[serde(borrow)]
    groups: Vec<Cow<'a, str>>,
    /// It is about to end.
    leaves: bool,
}

/// The instances that were heard.
#[derive(Default)]
struct Heard(BTreeMap<Uuid, Member>);

struct Member {
    groups: BTreeSet<String>,
    /// When it was heard last.
    at: Instant,
}

/// How often an instance says that it is there.
const BEAT: Duration = Duration::from_secs(1);
/// How long an instance may be silent before others take its shards for theirs. Of one that is dead the
/// broker knows at once.
const SILENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

impl Members {
    /// An instance that knows of no other.
    pub(super) fn new(groups: impl IntoIterator<Item = &'static str>) -> Self {
        let (me, groups) = (Uuid::now_v7(), groups.into_iter().collect());
        let (shares, newcomer) = (watch::Sender::default(), Notify::new());
        let this = Self { me, groups, shares, newcomer };
        this.deal(&Heard::default());
        this
    }

    /// What falls to this instance.
    pub(super) fn shares(&self) -> watch::Receiver<Shares> {
        self.shares.subscribe()
    }

    /// Says that this instance is there, until `stop`; then that it leaves.
    pub(super) async fn announce(
        &self,
        connection: &amqp::Connection,
        names: &Names,
        stop: &CancellationToken,
    ) {
        if self.groups.is_empty() {
            return;
        }
        while let Some(Ok(incarnation)) = stop.run_until_cancelled(connection.incarnation()).await {
            match self.announce_on(&incarnation, names, stop).await {
                Ok(()) => return,
                Err(cause) if incarnation.is_over() => {
                    tracing::debug!(%cause, "an instance cannot say that it is there");
                }
                Err(cause) => {
                    tracing::warn!(%cause, "an instance cannot say over RabbitMQ that it is there");
                }
            }
            stop.run_until_cancelled(sleep(PAUSE)).await;
        }
    }

    async fn announce_on(
        &self,
        on: &Incarnation,
        names: &Names,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let channel = on.channel().await?;
        names.declare_members(on, &channel).await?;
        loop {
            self.say(on, &channel, names, false).await?;
            tokio::select! {
                () = stop.cancelled() => return self.say(on, &channel, names, true).await,
                () = on.ended() => return Err(Error::Ended),
                () = self.newcomer.notified() => {}
                () = sleep(BEAT) => {}
            }
        }
    }

    async fn say(
        &self,
        on: &Incarnation,
        channel: &Channel,
        names: &Names,
        leaves: bool,
    ) -> Result<(), Error> {
        let groups = self.groups.iter().map(|group| Cow::Borrowed(*group)).collect();
        let presence = Presence { member: self.me, groups, leaves };
        let body = serde_json::to_vec(&presence).unwrap_or_default();
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let (exchange, key) = (names.members(), ShortString::default());
        on.within(channel.basic_publish(exchange, key, options, &body, properties)).await.map(drop)
    }

    /// Hears the others, on one incarnation after the other.
    pub(super) async fn listen(&self, connection: &amqp::Connection, names: &Names) {
        if self.groups.is_empty() {
            return;
        }
        let mut heard = Heard::default();
        while let Ok(incarnation) = connection.incarnation().await {
            if let Err(cause) = self.listen_on(&incarnation, names, &mut heard).await
                && !incarnation.is_over()
            {
                tracing::warn!(%cause, "other instances cannot be heard over RabbitMQ");
            }
            sleep(PAUSE).await;
        }
    }

    /// Comes back when not even this instance is heard, which then has to listen anew.
    async fn listen_on(
        &self,
        on: &Incarnation,
        names: &Names,
        heard: &mut Heard,
    ) -> Result<(), Error> {
        let channel = on.channel().await?;
        names.declare_members(on, &channel).await?;
        let queue = names.declare_private(on, &channel).await?;
        let (key, options) = (ShortString::default(), QueueBindOptions::default());
        let table = FieldTable::default;
        on.within(channel.queue_bind(queue.clone(), names.members(), key, options, table()))
            .await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumed = channel.basic_consume(queue, ShortString::default(), no_ack, table());
        let mut presences = on.within(consumed).await?;
        let mut look = interval(BEAT);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        loop {
            tokio::select! {
                next = presences.next() => {
                    let Some(delivery) = next else { return Ok(()) };
                    self.hear(&delivery.map_err(Error::Refused)?.data, heard);
                }
                _ = look.tick() => {}
                () = on.ended() => return Err(Error::Ended),
            }
            let heard_me = heard.0.get(&self.me).map_or(begun, |me| me.at.max(begun));
            heard.0.retain(|_, member| member.at.elapsed() < SILENCE);
            self.deal(heard);
            if heard_me.elapsed() > SILENCE {
                return Ok(());
            }
        }
    }

    fn hear(&self, body: &[u8], heard: &mut Heard) {
        let presence = serde_json::from_slice(body);
        let Ok(Presence { member, groups, leaves }) = presence else {
            tracing::warn!("what came is no presence of an instance");
            return;
        };
        if leaves {
            heard.0.remove(&member);
            return;
        }
        let groups = groups.into_iter().map(Cow::into_owned).collect();
        let is_new = heard.0.insert(member, Member { groups, at: Instant::now() }).is_none();
        if is_new && member != self.me {
            self.newcomer.notify_one();
        }
    }

    /// Finds out what falls to this instance.
    fn deal(&self, heard: &Heard) {
        let mut shares = Shares::default();
        for group in &self.groups {
            let others = heard.0.iter().filter(|(_, it)| it.groups.contains(*group));
            let members = others.map(|(member, _)| *member).chain([self.me]).collect();
            shares.put(group, share(group, &members, self.me));
        }
        self.shares.send_if_modified(|now| {
            let differs = *now != shares;
            *now = shares;
            differs
        });
    }
}
