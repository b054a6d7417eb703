//! One life of a process with both ends of a bus: it goes on with its work where the last one stood, and ends when
//! everything is heard.

use std::{
    collections::{BTreeSet, HashMap},
    env,
    sync::Mutex,
    time::Duration,
};

use kernel::Message;
use messaging::{Options, Publish, Subscriptions, rabbitmq};
use storage::Database;
use testkit::eventually;

use crate::{
    bus::{Joint, Process, http::Http, quiet, rabbitmq::RabbitMq},
    world::*,
};

/// The variables that tell where everything is.
pub(super) const SHOP: &str = "DEATHS_SHOP";
pub(super) const EAR: &str = "DEATHS_EAR";
pub(super) const BUS: &str = "DEATHS_BUS";
pub(super) const PREFIX: &str = "DEATHS_PREFIX";

/// Transactions of the whole work, and the things they are about.
const STEPS: i64 = 60;
const KEYS: i64 = 5;

/// What is heard about each thing when all is done.
pub(super) fn everything() -> HashMap<String, Vec<i64>> {
    (0..KEYS).map(|key| (format!("k{key}"), (1..=STEPS / KEYS).collect())).collect()
}

pub(super) async fn open(url: &str) -> Database {
    let db = Database::open(&storage::Options::new(url)).await.unwrap();
    db.migrate(&migrations::CHASSIS).await.unwrap();
    db.migrate(&HISTORY).await.unwrap();
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "what the others run in a process of its own"]
async fn whole() {
    let text = |name| env::var(name).unwrap();
    let (shop, ear) = (open(&text(SHOP)).await, open(&text(EAR)).await);
    match text(BUS).as_str() {
        "http" => live(Http::new().await, &shop, &ear).await,
        _ => {
            let (prefix, url) = (text(PREFIX), Mutex::new(testkit::rabbitmq()));
            let (expires, resend_after) =
                (Some(Duration::from_secs(60)), Duration::from_millis(500));
            let options =
                rabbitmq::Options { expires, resend_after, ..rabbitmq::Options::default() };
            live(RabbitMq { prefix, url, options: Mutex::new(options) }, &shop, &ear).await;
        }
    }
}

async fn live(joint: impl Joint, shop: &Database, ear: &Database) {
    let options = Options { reclaim_every: Duration::from_millis(5), ..patient() };
    let hears = Subscriptions::of("ear").on::<Counted>(Ear::new());
    let listener = joint.open(Process {
        name: "ear",
        modules: vec![module("ear", ear, hears)],
        elsewhere: Vec::new(),
        options: options.clone(),
    });
    let listener = listener.await;
    let speaker = joint.open(Process {
        name: "shop",
        modules: vec![module("shop", shop, Subscriptions::of("shop"))],
        elsewhere: vec![("ear", BTreeSet::from([Counted::CHANNEL]))],
        options,
    });
    let speaker = speaker.await;
    // What was done by a step is written by its transaction.
    for step in count(shop, "effect").await..STEPS {
        let mut tx = shop.begin().await.unwrap();
        note(&tx, "work", "step", step).await.unwrap();
        tx.publish(&Painted { key: format!("k{}", step % KEYS) }).unwrap();
        tx.publish(&Counted { key: format!("k{}", step % KEYS), n: step / KEYS + 1 }).unwrap();
        tx.commit().await.unwrap();
    }
    eventually("all is heard", LIMIT, async || count(ear, "effect").await >= STEPS).await;
    quiet(&[&speaker, &listener]).await;
    eventually("the outbox is empty", LIMIT, async || count(shop, "outbox").await == 0).await;
    speaker.drain().await;
    listener.drain().await;
}
