//! Processes that host the same modules on the same Postgres databases.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use discovery::Instances;
use kernel::Message;
use messaging::{Bus, Group, Options, Process, Subscriptions, memory::Memory};
use servers::Port;
use storage::Database;
use testkit::eventually;

use crate::{
    bus::{
        Node,
        http::{client, serve},
    },
    world::*,
};

/// One of the processes.
struct Replica {
    shop: Database,
    db: Database,
    ear: Arc<Ear>,
    node: Node,
}

/// Nobody polls within a test, and nobody who lives loses a lease.
fn deaf() -> Options {
    Options { poll_postgres: LIMIT * 100, lease: LIMIT * 100, ..patient() }
}

/// Two processes with shop and ear, which nudge each other.
async fn two(world: &World, options: &Options, elsewhere: &[Group]) -> [Replica; 2] {
    two_that_hear(world, options, elsewhere, Ear::new).await
}

async fn two_that_hear(
    world: &World,
    options: &Options,
    elsewhere: &[Group],
    ear: fn() -> Arc<Ear>,
) -> [Replica; 2] {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ports");
    let ports = [Port::take(&folder).unwrap(), Port::take(&folder).unwrap()];
    let addresses = ports.each_ref().map(|port| port.address().to_string());
    let replica = async |mine: usize, other: usize| {
        let (shop, db) = (world.database("shop").await, world.database("ear").await);
        let ear = ear();
        let hears = Subscriptions::of("ear").on::<Counted>(Arc::clone(&ear));
        let others = Instances::fixed([addresses[other].clone()]);
        let others = HashMap::from([("shop", others.clone()), ("ear", others)]);
        let running = Process::open(Bus {
            modules: vec![
                module("shop", &shop, Subscriptions::of("shop")),
                module("ear", &db, hears),
            ],
            elsewhere: elsewhere.to_vec(),
            siblings: Some(messaging::http::siblings(client("replica"), others)),
            options: options.clone(),
        });
        let socket = Box::new(serve(running.inlet(), &addresses[mine]));
        Replica { shop, db, ear, node: Node { running, socket } }
    };
    [replica(0, 1).await, replica(1, 0).await]
}

fn published(replica: &Replica) -> u64 {
    replica.node.running.gauges().read().published
}

async fn heard(db: &Database, n: usize) {
    let all = async || effects(db, "ear").await.values().map(Vec::len).sum::<usize>();
    eventually("all is applied", LIMIT, async || all().await >= n).await;
}

/// Tells who relays the shop, and who stands by.
async fn by_role(replicas: [Replica; 2]) -> (Replica, Replica) {
    let [one, other] = replicas;
    publish(&one.shop, "first", [1]).await;
    publish(&other.shop, "first", [2]).await;
    heard(&one.db, 2).await;
    if published(&one) > 0 { (one, other) } else { (other, one) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_applied_once_whoever_commits_it() {
    let world = World::postgres();
    let replicas = two(&world, &Options::default(), &[]).await;
    let writers = replicas.iter().enumerate().map(|(n, replica)| {
        let shop = replica.shop.clone();
        tokio::spawn(async move {
            for number in 1..=100 {
                publish(&shop, &format!("k{}", number % 7), [number]).await;
                publish(&shop, &format!("own{n}"), [number]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let db = &replicas[0].db;
    heard(db, 400).await;
    let effects = effects(db, "ear").await;
    assert_eq!(effects.values().map(Vec::len).sum::<usize>(), 400);
    for own in ["own0", "own1"] {
        assert_eq!(effects[own], (1..=100).collect::<Vec<_>>());
    }
    assert_eq!(count(db, "parked").await, 0);
    let [one, other] = replicas.each_ref().map(published);
    assert!(one == 0 || other == 0, "both relayed: {one} and {other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_beside_the_relay_does_not_wait_for_the_poll() {
    let world = World::postgres();
    let (relay, standby) = by_role(two(&world, &deaf(), &[]).await).await;
    let began = Instant::now();
    for n in 1..=20 {
        publish(&standby.shop, "k", [n]).await;
        heard(&relay.db, 2 + usize::try_from(n).unwrap()).await;
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(noted(&relay.db, "ear", "k").await, (1..=20).collect::<Vec<_>>());
    assert_eq!(published(&standby), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_retires_hands_over_at_once() {
    let world = World::postgres();
    let (relay, standby) = by_role(two(&world, &deaf(), &[]).await).await;
    publish(&standby.shop, "k", 1..=5).await;
    heard(&standby.db, 7).await;
    relay.node.drain().await;
    publish(&standby.shop, "k", 6..=10).await;
    heard(&standby.db, 12).await;
    assert!(published(&standby) >= 5);
    assert_eq!(noted(&standby.db, "ear", "k").await, (1..=10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_dies_is_replaced_when_its_lease_ends() {
    let world = World::postgres();
    let options = Options { poll_postgres: Duration::from_millis(50), ..patient() };
    let (relay, standby) = by_role(two(&world, &options, &[]).await).await;
    publish(&relay.shop, "k", 1..=5).await;
    relay.node.kill().await;
    publish(&standby.shop, "k", 6..=10).await;
    heard(&standby.db, 12).await;
    assert_eq!(noted(&standby.db, "ear", "k").await, (1..=10).collect::<Vec<_>>());
}

/// A group elsewhere is behind when the relay dies; its successor knows nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_moves_leaves_no_group_elsewhere_behind() {
    let world = World::postgres();
    let far = Memory::to("far");
    let channels = BTreeSet::from([Counted::CHANNEL]);
    let elsewhere = [Group { name: "far", channels, link: far.clone() }];
    let poll_postgres = Duration::from_millis(50);
    let options = Options { poll_postgres, window: 8, reclaim_every: poll_postgres, ..patient() };
    let (relay, standby) = by_role(two(&world, &options, &elsewhere).await).await;
    publish(&relay.shop, "k", 1..=50).await;
    heard(&relay.db, 52).await;
    assert_eq!(relay.node.running.gauges().distance("far").behind, 1);
    relay.node.kill().await;
    publish(&standby.shop, "k", 51..=60).await;
    heard(&standby.db, 62).await;
    let far_db = world.database("far").await;
    let hears = Subscriptions::of("far").on::<Counted>(Ear::new());
    let running = Process::start_with(vec![module("far", &far_db, hears)], patient());
    far.connect(running.inlet());
    eventually("it has caught up", LIMIT, async || noted(&far_db, "far", "k").await.len() == 60)
        .await;
    assert_eq!(noted(&far_db, "far", "k").await, (1..=60).collect::<Vec<_>>());
    let shop = &standby.shop;
    eventually("the outbox is empty", LIMIT, async || count(shop, "outbox").await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_message_that_both_try_again_has_one_effect() {
    let world = World::postgres();
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let cannot_stand_two = || {
        let ear = Ear::new();
        ear.fails.store(2, SeqCst);
        ear
    };
    let first = listen(&shop, &db, &cannot_stand_two(), patient());
    publish(&shop, "k", 1..=5).await;
    eventually("four wait", LIMIT, async || count(&db, "parked").await == 4).await;
    drop(first);
    let replicas = two_that_hear(&world, &patient(), &[], cannot_stand_two).await;
    let calls = || replicas.each_ref().map(|replica| replica.ear.calls.load(SeqCst));
    let before = calls();
    eventually("both have tried again", LIMIT, async || {
        calls().iter().zip(before).all(|(now, before)| *now > before)
    })
    .await;
    for Replica { ear, .. } in &replicas {
        ear.fails.store(-1, SeqCst);
    }
    eventually("nothing is parked", LIMIT, async || count(&db, "parked").await == 0).await;
    assert_eq!(noted(&db, "ear", "k").await, [1, 2, 3, 4, 5]);
}
