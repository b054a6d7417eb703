//! A shop and an ear that are joined by a bus between processes die at every place that has a name, are started
//! again, and nothing is lost, doubled or out of order.
//!
//! Each life is a process of its own: this program again, told by its environment where to die. Both ends are in
//! it, so that both die; the broker lives on.

mod life;

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::world::*;

/// Longer than any life takes on a loaded machine.
const LIFE: Duration = Duration::from_secs(60);

/// The databases of one story, and its corner of the broker.
struct Story {
    bus: &'static str,
    prefix: String,
    folder: TempDir,
}

impl Story {
    fn new(bus: &'static str) -> Self {
        Self { bus, prefix: testkit::prefix(), folder: tempfile::tempdir().unwrap() }
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.folder.path().join(name).display())
    }

    /// One life: until its work is done, or until it dies.
    async fn life(&self, order: (&str, &str)) -> ExitStatus {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["deaths::life::whole", "--exact", "--ignored", "--test-threads=1"])
            .env(life::SHOP, self.url("shop.db"))
            .env(life::EAR, self.url("ear.db"))
            .env(life::BUS, self.bus)
            .env(life::PREFIX, &self.prefix)
            .env(order.0, order.1)
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(LIFE, child.wait()).await;
        ended.expect("a life comes to its end").unwrap()
    }

    /// A life that nothing happens to, after which everything must have been heard.
    async fn ends_well(&self, what: &str) {
        let ended = self.life(("RIALTO_FAULT", "")).await;
        let words = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
        assert!(ended.success(), "after {what}: {ended}\n{words}");
        self.audit(what).await;
    }

    async fn audit(&self, what: &str) {
        let (shop, ear) =
            (life::open(&self.url("shop.db")).await, life::open(&self.url("ear.db")).await);
        let heard = effects(&ear, "ear").await;
        assert_eq!(heard, life::everything(), "after {what}");
        for (name, db, table) in [("shop", &shop, "outbox"), ("ear", &ear, "parked")] {
            assert_eq!(count(db, table).await, 0, "after {what}: the {table} of {name}");
        }
    }
}

/// All places that a life which is left alone comes to, with the number of times.
async fn places(bus: &'static str) -> BTreeMap<String, usize> {
    let story = Story::new(bus);
    let path = story.folder.path().join("trace");
    let ended = story.life(("RIALTO_FAULT_TRACE", path.to_str().unwrap())).await;
    assert!(ended.success(), "the process did not come to its end: {ended}");
    story.audit("no death").await;
    let mut places = BTreeMap::new();
    for place in fs::read_to_string(path).unwrap().lines() {
        *places.entry(place.to_owned()).or_default() += 1;
    }
    places
}

async fn it_may_die_anywhere(bus: &'static str, must: &[&str]) {
    let places = places(bus).await;
    for expected in must {
        assert!(places.contains_key(*expected), "no life comes to {expected}: {places:?}");
    }
    let mut deaths = 0;
    for (place, times) in &places {
        for nth in if *times > 3 { vec![1, times / 2] } else { vec![1] } {
            let story = Story::new(bus);
            let place = format!("{place}:{nth}");
            let ended = story.life(("RIALTO_FAULT", &place)).await;
            assert!(ended.success() || ended.signal() == Some(6), "{place}: {ended}");
            // Some places are come by only when messages happen to meet.
            let is_sure = nth == 1 && must.iter().any(|it| place == format!("{it}:1"));
            assert!(!ended.success() || !is_sure, "nobody died at {place}");
            deaths += usize::from(!ended.success());
            story.ends_well(&place).await;
        }
    }
    println!("{} places, {deaths} deaths", places.len());
}

#[tokio::test]
async fn over_http_both_ends_may_die_at_every_place() {
    let must =
        ["publish.written", "relay.read", "push.taken", "courier.carried", "consume.committed"];
    it_may_die_anywhere("http", &must).await;
}

#[tokio::test]
async fn over_rabbitmq_both_ends_may_die_at_every_place() {
    let must = [
        "publish.written",
        "relay.read",
        "broker.published",
        "broker.confirmed",
        "courier.carried",
        "consume.committed",
        "broker.acknowledging",
        "broker.told",
    ];
    it_may_die_anywhere("rabbitmq", &must).await;
}
