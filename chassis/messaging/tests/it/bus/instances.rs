//! Instances of one group on RabbitMQ: its shards are spread over them, and follow when they come and go.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
};

use async_trait::async_trait;
use kernel::Message;
use messaging::{Delivery, Failure, Handle, Publish, SHARDS, Subscriptions, shard};
use storage::{Database, Tx};
use testkit::{Proxy, eventually};

use super::{Node, Town, rabbitmq::RabbitMq, tidy};
use crate::world::*;

/// Notes the number, and in memory which shards come here.
#[derive(Default)]
struct Post {
    shards: Mutex<BTreeSet<u16>>,
}

#[async_trait]
impl Handle<Counted> for Post {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        self.shards.lock().unwrap().insert(on.envelope().shard);
        note(tx, on.subscriber(), &it.key, it.n).await
    }
}

struct Instance {
    post: Arc<Post>,
    node: Node,
}

/// A shop that counts, one key for each shard.
struct Street {
    town: Town<RabbitMq>,
    shop: Database,
    _node: Node,
    db: Database,
    keys: Vec<String>,
    last: i64,
}

impl Street {
    async fn new() -> Self {
        let town = Town::<RabbitMq>::new(World::postgres()).await;
        let (shop, node) = town.shop(&["ear"], tidy()).await;
        let db = town.world.database("ear").await;
        let keys = (0..SHARDS).map(key_in).collect();
        Self { town, shop, _node: node, db, keys, last: 0 }
    }

    async fn open(&self) -> Instance {
        let post = Arc::<Post>::default();
        let hears = Subscriptions::of("ear").on::<Counted>(Arc::clone(&post));
        let (_, node) = self.town.listener("ear", hears, patient()).await;
        Instance { post, node }
    }

    /// Says the next number about each key.
    async fn say(&mut self) {
        self.last += 1;
        let mut tx = self.shop.begin().await.unwrap();
        for key in &self.keys {
            tx.publish(&Counted { key: key.clone(), n: self.last }).unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn all_is_heard(&self) {
        let all = self.last * i64::from(SHARDS);
        eventually("all is heard", LIMIT, async || count(&self.db, "effect").await >= all).await;
    }

    /// Talks until the shards of `instances` are equal parts of all.
    async fn is_spread_over(&mut self, instances: &[&Instance]) {
        eventually("shards are spread", LIMIT * 2, async || {
            for Instance { post, .. } in instances {
                post.shards.lock().unwrap().clear();
            }
            self.say().await;
            self.all_is_heard().await;
            let parts = instances.iter().map(|it| it.post.shards.lock().unwrap().clone());
            let parts: Vec<_> = parts.collect();
            let sizes: Vec<_> = parts.iter().map(BTreeSet::len).collect();
            sizes.iter().sum::<usize>() == usize::from(SHARDS)
                && sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1
        })
        .await;
    }

    /// Every key was heard in its order, each number once.
    async fn is_in_order(&self) {
        let effects = effects(&self.db, "ear").await;
        assert_eq!(effects.len(), self.keys.len());
        for (key, numbers) in effects {
            assert_eq!(numbers, (1..=self.last).collect::<Vec<_>>(), "{key}");
        }
        eventually("nothing waits", LIMIT, async || count(&self.db, "parked").await == 0).await;
    }
}

/// A key whose messages travel in this lane.
fn key_in(lane: u16) -> String {
    let mut keys = (0..).map(|n| format!("k{n}"));
    keys.find(|key| shard(Counted::CHANNEL, key) == lane).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_spread_over_instances_and_follow_those_who_come_and_go() {
    let mut street = Street::new().await;
    let one = street.open().await;
    street.is_spread_over(&[&one]).await;
    let two = street.open().await;
    street.is_spread_over(&[&one, &two]).await;
    let three = street.open().await;
    street.is_spread_over(&[&one, &two, &three]).await;

    // What was said in between is nobody's.
    street.say().await;
    one.node.kill().await;
    for _ in 0..20 {
        street.say().await;
    }
    street.all_is_heard().await;
    street.is_spread_over(&[&two, &three]).await;

    street.say().await;
    two.node.drain().await;
    street.say().await;
    street.is_spread_over(&[&three]).await;

    let four = street.open().await;
    street.is_spread_over(&[&three, &four]).await;
    street.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_that_move_under_load_keep_the_order_of_their_keys() {
    let mut street = Street::new().await;
    let mut instances = vec![street.open().await];
    for round in 0..6 {
        for _ in 0..30 {
            street.say().await;
        }
        match round % 3 {
            0 | 1 => instances.push(street.open().await),
            _ => instances.remove(0).node.kill().await,
        }
    }
    street.all_is_heard().await;
    street.is_in_order().await;
}

/// Its connection is gone while it applies messages, which the next owner is given too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_lost_a_shard_and_goes_on_doubles_and_reorders_nothing() {
    let town = Town::<RabbitMq>::new(World::postgres()).await;
    let (shop, _node) = town.shop(&["ear"], tidy()).await;
    let (proxy, url) = Proxy::before(&testkit::rabbitmq()).await;
    let direct = std::mem::replace(&mut *town.joint.url.lock().unwrap(), url);
    let (slow, quick) = (Ear::new(), Ear::new());
    slow.gated.store(1, SeqCst);
    let (db, _old) = town.ear("ear", &slow, patient()).await;
    let mut tx = shop.begin().await.unwrap();
    for n in 1..=5 {
        tx.publish(&Counted { key: "k".into(), n }).unwrap();
    }
    tx.commit().await.unwrap();
    eventually("it is at work", LIMIT, async || slow.calls.load(SeqCst) > 0).await;
    *town.joint.url.lock().unwrap() = direct;
    let (_, new) = town.ear("ear", &quick, patient()).await;
    proxy.refuse();
    publish(&shop, "k", 6..=10).await;
    // They are in the hands of both now: one waits for the other's transaction.
    eventually("it is taken over", LIMIT, async || new.running.gauges().read().waiting >= 5).await;
    assert!(noted(&db, "ear", "k").await.is_empty());
    slow.gate.add_permits(10);
    eventually("all is heard", LIMIT, async || noted(&db, "ear", "k").await.len() >= 10).await;
    let rest = async || count(&shop, "outbox").await;
    eventually("the outbox is empty", LIMIT, async || rest().await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=10).collect::<Vec<_>>());
    eventually("nothing waits", LIMIT, async || count(&db, "parked").await == 0).await;
}
