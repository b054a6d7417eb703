//! The suite over the link in memory, and what only that can do: fail as it is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use async_trait::async_trait;
use messaging::{Bus, Envelope, Group, Link, Options, memory::Memory};
use sea_orm::{ConnectionTrait, Statement};
use storage::Database;
use testkit::eventually;

use super::{Joint, Node, Process, Socket, Town, conformance, quiet, tidy};
use crate::world::*;

/// Links by group, made when first asked for.
#[derive(Default)]
pub(crate) struct InMemory {
    links: Mutex<HashMap<&'static str, Arc<Memory>>>,
}

impl InMemory {
    pub(crate) fn link(&self, group: &'static str) -> Arc<Memory> {
        let mut links = self.links.lock().unwrap();
        Arc::clone(links.entry(group).or_insert_with(|| Memory::to(group)))
    }
}

struct Plugged(Vec<Arc<Memory>>);

#[async_trait]
impl Socket for Plugged {
    async fn close(&mut self) {
        self.0.iter().for_each(|link| link.disconnect());
    }

    async fn die(&mut self) {
        self.0.iter().for_each(|link| link.disconnect());
    }
}

#[async_trait]
impl Joint for InMemory {
    async fn new() -> Self {
        Self::default()
    }

    async fn open(&self, Process { modules, elsewhere, options, .. }: Process) -> Node {
        let group = |(name, channels)| {
            let link: Arc<dyn Link> = self.link(name);
            Group { name, channels, link }
        };
        let elsewhere = elsewhere.into_iter().map(group).collect();
        let running = messaging::Process::open(Bus { modules, elsewhere, siblings: None, options });
        let inlet = running.inlet();
        let links: Vec<_> = inlet.groups().map(|(group, _)| self.link(group)).collect();
        links.iter().for_each(|link| link.connect(inlet.clone()));
        Node { running, socket: Box::new(Plugged(links)) }
    }
}

conformance!(crate::bus::memory::InMemory);

#[tokio::test]
async fn faults_of_a_link_lose_and_double_nothing() {
    let town = Town::<InMemory>::new(World::sqlite()).await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], patient()).await;
    let link = town.joint.link("ear");
    for round in 0..5 {
        link.faults().drop_answer.store(2, SeqCst);
        link.faults().deliver_twice.store(2, SeqCst);
        link.faults().refuse.store(2, SeqCst);
        for key in ["a", "b", "c"] {
            publish(&shop, key, round * 10..round * 10 + 10).await;
        }
        quiet(&[&node, &ear]).await;
    }
    for key in ["a", "b", "c"] {
        assert_eq!(noted(&db, "ear", key).await, (0..50).collect::<Vec<_>>(), "{key}");
    }
    let gauges = ear.running.gauges().read();
    assert!(gauges.duplicates > 0, "{gauges:?}");
    assert_eq!(gauges.parked, 0, "nothing came too early");
    assert!(node.running.gauges().distance("ear").resent > 0);
}

#[tokio::test]
async fn a_group_that_does_not_live_there_gets_nothing_until_it_does() {
    let town = Town::<InMemory>::new(World::sqlite()).await;
    let (_, stranger) = town.ear("stranger", &Ear::new(), patient()).await;
    let (shop, node) = town.shop(&["ear"], patient()).await;
    town.joint.link("ear").connect(stranger.running.inlet());
    publish(&shop, "k", 1..=3).await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
}

#[tokio::test]
async fn what_a_group_missed_is_kept_while_it_cannot_be_read_again() {
    let town = Town::<InMemory>::new(World::sqlite()).await;
    let narrow = Options { window: 4, ..tidy() };
    let (shop, node) = town.shop(&["ear"], narrow).await;
    publish(&shop, "k", 1..=20).await;
    let distance = || node.running.gauges().distance("ear");
    eventually("it is behind", LIMIT, async || distance().behind == 1).await;
    script(&shop, "ALTER TABLE outbox RENAME COLUMN envelope TO hidden").await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    eventually("what it had is applied", LIMIT, async || distance().waiting == 0).await;
    // Rows are removed every 20 ms.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(count(&shop, "outbox").await >= 16);
    script(&shop, "ALTER TABLE outbox RENAME COLUMN hidden TO envelope").await;
    publish(&shop, "k", [21]).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=21).collect::<Vec<_>>());
}

/// Postgres: its position was given out before those of the others, and nobody can see it for long.
#[tokio::test]
async fn a_transaction_that_commits_late_is_not_missed_by_a_group_that_is_behind() {
    let town = Town::<InMemory>::new(World::postgres()).await;
    let (shop, node) = town.shop(&["ear"], Options { window: 4, ..tidy() }).await;
    let early = shop.begin().await.unwrap();
    early
        .execute_unprepared(
            "INSERT INTO stream_head VALUES ('shop.count', 'early', 1); \
             INSERT INTO outbox (shard, channel, key, seq, kind, envelope) \
             VALUES (0, 'shop.count', 'early', 1, 'event', '{}')",
        )
        .await
        .unwrap();
    publish(&shop, "k", 1..=20).await;
    let behind = || node.running.gauges().distance("ear").behind == 1;
    eventually("it is behind", LIMIT, async || behind()).await;
    early.commit().await.unwrap();
    publish(&shop, "k", 21..=40).await;
    let (db, ear) = town.ear("ear", &Ear::new(), patient()).await;
    quiet(&[&node, &ear]).await;
    assert_eq!(noted(&db, "ear", "k").await, (1..=40).collect::<Vec<_>>());
    assert_eq!(count(&db, "parked").await, 1, "its envelope is broken, so arriving means parked");
    eventually("the outbox is empty", LIMIT, async || count(&shop, "outbox").await == 0).await;
}

/// The sender does not hear of it for long, and sends it again while it is in hand.
#[tokio::test]
async fn a_message_that_is_in_hand_is_not_taken_in_twice() {
    let town = Town::<InMemory>::new(World::sqlite()).await;
    let listener = Ear::new();
    listener.gated.store(1, SeqCst);
    let (db, ear) = town.ear("ear", &listener, patient()).await;
    let shop = town.world.database("shop").await;
    publish(&shop, "k", 1..=3).await;
    let messages = envelopes(&shop).await;
    let inlet = ear.running.inlet();
    for _ in 0..5 {
        let soon = Duration::from_millis(20);
        let applied = inlet.deliver("ear", messages.clone(), soon).await.unwrap();
        assert_eq!(applied, [false; 3]);
    }
    assert_eq!(ear.running.gauges().read().waiting, 3);
    let last = tokio::spawn(async move { inlet.deliver("ear", messages, LIMIT).await });
    listener.gate.add_permits(3);
    assert_eq!(last.await.unwrap().unwrap(), [true; 3]);
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3]);
    assert_eq!(listener.calls.load(SeqCst), 3);
}

/// What stands in an outbox, as its relay would send it.
async fn envelopes(db: &Database) -> Vec<Envelope> {
    let statement = Statement::from_string(
        db.reader().get_database_backend(),
        "SELECT envelope FROM outbox ORDER BY pos",
    );
    let rows = db.reader().query_all_raw(statement).await.unwrap();
    let read = |row: &sea_orm::QueryResult| {
        let text: String = row.try_get("", "envelope").unwrap();
        Envelope { source: "shop".into(), ..serde_json::from_str(&text).unwrap() }
    };
    rows.iter().map(read).collect()
}
