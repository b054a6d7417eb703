//! What a broker and the network before it can do wrong.

use std::{path::Path, time::Duration};

use lapin::{
    BasicProperties, Channel,
    options::{BasicGetOptions, BasicPublishOptions, ExchangeDeleteOptions, QueueDeleteOptions},
    types::FieldTable,
};
use messaging::SHARDS;
use storage::Database;
use testkit::{Flow, Proxy, eventually};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Town, quiet, rabbitmq::RabbitMq, tidy};
use crate::world::*;

/// A town that sends again soon.
async fn town(world: World) -> Town<RabbitMq> {
    let town = Town::<RabbitMq>::new(world).await;
    town.joint.options.lock().unwrap().resend_after = Duration::from_millis(500);
    town
}

/// A channel of somebody who plays with the broker.
pub(crate) struct Hand {
    channel: Channel,
    _connection: JoinSet<()>,
}

impl Hand {
    async fn new() -> Self {
        Self::at(&testkit::rabbitmq()).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        let (connection, supervisor) =
            amqp::Connection::new(url, "a hand", amqp::Options::default()).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(supervisor.run(CancellationToken::new()));
        let channel = connection.incarnation().await.unwrap().channel().await.unwrap();
        Self { channel, _connection: tasks }
    }

    pub(crate) async fn delete_queues(&self, prefix: &str, group: &str) {
        for shard in 0..SHARDS {
            let queue = format!("{prefix}.{group}.{shard:02}").into();
            self.channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
        }
    }
}

async fn heard(db: &Database, n: usize) {
    heard_within(LIMIT, db, n).await;
}

async fn heard_within(limit: Duration, db: &Database, n: usize) {
    eventually("all is applied", limit, async || noted(db, "ear", "k").await.len() >= n).await;
}

async fn assert_complete(db: &Database, last: i64) {
    assert_eq!(noted(db, "ear", "k").await, (1..=last).collect::<Vec<_>>());
    assert_eq!(count(db, "parked").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_again_and_again_lose_and_double_nothing() {
    let town = town(World::sqlite()).await;
    let (proxy, url) = Proxy::before(&testkit::rabbitmq()).await;
    *town.joint.url.lock().unwrap() = url;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    for round in 0..5 {
        publish(&shop, "k", round * 20 + 1..=round * 20 + 20).await;
        proxy.cut();
    }
    heard(&db, 100).await;
    proxy.refuse();
    publish(&shop, "k", 101..=110).await;
    proxy.accept();
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 110).await;
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_falls_silent_is_left_and_found_again() {
    let town = town(World::sqlite()).await;
    let (proxy, url) = Proxy::before(&testkit::rabbitmq()).await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    *town.joint.url.lock().unwrap() = url;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=10).await;
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
    // Messages arrive; neither confirms nor acknowledgements come back.
    proxy.to_client(Flow::Swallow);
    publish(&shop, "k", 11..=20).await;
    heard(&db, 11).await;
    assert_eq!(count(&shop, "outbox").await, 10, "nobody has heard that it is applied");
    proxy.to_client(Flow::Pass);
    quiet(&[&node, &ear]).await;
    publish(&shop, "k", 21..=30).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_a_route_is_caught_and_nothing_is_lost() {
    let town = town(World::sqlite()).await;
    let prefix = town.joint.prefix.clone();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=3).await;
    quiet(&[&node, &ear]).await;
    let hand = Hand::new().await;
    for shard in 0..SHARDS {
        let place = format!("ear.{shard:02}");
        let (queue, exchange) = (format!("{prefix}.{place}"), format!("{prefix}.shop.count"));
        let unbound = hand.channel.queue_unbind(
            queue.into(),
            exchange.into(),
            place.into(),
            FieldTable::default(),
        );
        unbound.await.unwrap();
    }
    publish(&shop, "k", 4..=6).await;
    let unroutable: lapin::types::ShortString = format!("{prefix}.unroutable").into();
    eventually("it is caught", LIMIT, async || {
        let got = hand.channel.basic_get(unroutable.clone(), BasicGetOptions::default()).await;
        got.unwrap().is_some()
    })
    .await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 6).await;
    assert!(node.running.gauges().distance("ear").resent > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_declared_again_and_its_messages_are_sent_again() {
    let town = town(World::sqlite()).await;
    let prefix = town.joint.prefix.clone();
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=20).await;
    eventually("some are published", LIMIT, async || {
        node.running.gauges().distance("ear").resent > 0
    })
    .await;
    let hand = Hand::new().await;
    // With the messages in them, and later under the eyes of their consumers.
    hand.delete_queues(&prefix, "ear").await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    heard(&db, 20).await;
    hand.delete_queues(&prefix, "ear").await;
    publish(&shop, "k", 21..=40).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 40).await;
    ear.running.pulse().check().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_acknowledgement_makes_a_message_come_again_and_have_no_effect() {
    let town = town(World::sqlite()).await;
    let prefix = town.joint.prefix.clone();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=3).await;
    quiet(&[&node, &ear]).await;
    let hand = Hand::new().await;
    let acks = format!("{prefix}.acks").into();
    hand.channel.exchange_delete(acks, ExchangeDeleteOptions::default()).await.unwrap();
    publish(&shop, "k", 4..=6).await;
    heard(&db, 6).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 6).await;
    assert!(ear.running.gauges().read().duplicates > 0);
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_holds_nothing_back() {
    let town = town(World::sqlite()).await;
    let prefix = town.joint.prefix.clone();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=3).await;
    quiet(&[&node, &ear]).await;
    let hand = Hand::new().await;
    for shard in 0..SHARDS {
        for _ in 0..200 {
            let (exchange, key) = (format!("{prefix}.shop.count"), format!("ear.{shard:02}"));
            let options = BasicPublishOptions::default();
            let noise = hand.channel.basic_publish(
                exchange.into(),
                key.into(),
                options,
                b"noise",
                BasicProperties::default(),
            );
            noise.await.unwrap();
        }
    }
    publish(&shop, "k", 4..=6).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 6).await;
}

/// A private broker that dies under load, loses its data and runs out of memory. Killed right after
/// its queues were declared, it may not answer for them for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_may_be_killed_wiped_and_short_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut broker = servers::RabbitMq::start(folder.path()).await.unwrap();
    let town = town(World::sqlite()).await;
    *town.joint.url.lock().unwrap() = broker.url();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=100).await;
    broker.kill().await.unwrap();
    publish(&shop, "k", 101..=200).await;
    broker.restart().await.unwrap();
    heard_within(LIMIT * 6, &db, 200).await;
    quiet(&[&node, &ear]).await;

    publish(&shop, "k", 201..=300).await;
    broker.kill().await.unwrap();
    wipe(folder.path());
    publish(&shop, "k", 301..=400).await;
    broker.restart().await.unwrap();
    heard_within(LIMIT * 6, &db, 400).await;
    quiet(&[&node, &ear]).await;

    broker.ctl(&["set_vm_memory_high_watermark", "0.00001"]).await.unwrap();
    publish(&shop, "k", 401..=500).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await.unwrap();
    heard_within(LIMIT * 6, &db, 500).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 500).await;
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
    node.drain().await;
    ear.drain().await;
    broker.stop().await.unwrap();
}

/// What a broker leaves of a queue that was declared just before it was killed: a name without a queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_which_only_the_name_is_left_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let broker = servers::RabbitMq::start(folder.path()).await.unwrap();
    let town = town(World::sqlite()).await;
    *town.joint.url.lock().unwrap() = broker.url();
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], tidy()).await;
    publish(&shop, "k", 1..=10).await;
    heard(&db, 10).await;
    for shard in 0..SHARDS {
        let queue = format!("%2F_{}.ear.{shard:02}", town.joint.prefix);
        let gone = format!("ra:force_delete_server(quorum_queues, {{'{queue}', node()}}).");
        broker.ctl(&["eval", &gone]).await.unwrap();
    }
    broker.ctl(&["close_all_connections", "as if it had been killed"]).await.unwrap();
    publish(&shop, "k", 11..=20).await;
    heard_within(LIMIT * 8, &db, 20).await;
    quiet(&[&node, &ear]).await;
    assert_complete(&db, 20).await;
    node.drain().await;
    ear.drain().await;
    broker.stop().await.unwrap();
}

/// Removes what the broker has stored.
pub(crate) fn wipe(folder: &Path) {
    let record = std::fs::read_to_string(folder.join("rabbitmq.pid")).unwrap();
    let data = Path::new(record.lines().next().unwrap()).join("mnesia");
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
}
