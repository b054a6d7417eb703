//! The process dies at every place that has a name, is started again, and nothing is lost, doubled or out
//! of order.
//!
//! Each life is a process of its own: this program again, told by its environment where to die. One run that
//! is left alone writes down all places and how often it was there.

mod books;
mod guards;
mod life;

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;
use tokio::process::Command;

use crate::world;

/// Longer than any life takes on a loaded machine.
const LIFE: Duration = Duration::from_secs(60);
/// Pairs of places that are tried in every run of the tests.
const SOME_PAIRS: usize = 24;

/// The databases of one story.
pub(super) struct Story {
    travel: String,
    desk: String,
    folder: TempDir,
}

/// What the orders of a life are: variables of its environment.
type Orders<'a> = &'a [(&'a str, &'a str)];

#[derive(Clone, Copy)]
pub(super) enum On {
    Sqlite,
    Postgres,
}

impl Story {
    pub(super) async fn new(on: On) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name| format!("sqlite://{}", folder.path().join(name).display());
        let (travel, desk) = match on {
            On::Sqlite => (url("travel.db"), url("desk.db")),
            On::Postgres => (testkit::postgres().await, testkit::postgres().await),
        };
        let story = Self { travel, desk, folder };
        drop((world::open(&story.travel).await, world::open(&story.desk).await));
        story
    }

    /// One life of the process: until its work is done, or until it dies.
    pub(super) async fn life(&self, orders: Orders<'_>) -> ExitStatus {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["crash::life::whole", "--exact", "--ignored", "--test-threads=1"])
            .env(life::TRAVEL, &self.travel)
            .env(life::DESK, &self.desk)
            .envs(orders.iter().copied())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.path().join("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(LIFE, child.wait()).await;
        ended.expect("a life comes to its end").unwrap()
    }

    /// A life that dies at `place`; false when it ended before it was there as often.
    async fn dies_at(&self, place: &str) -> bool {
        let ended = self.life(&[("RIALTO_FAULT", place)]).await;
        let as_told = ended.success() || ended.signal() == Some(6);
        assert!(as_told, "{place}: {ended}\n{}", self.last_words());
        !ended.success()
    }

    /// A life that nothing happens to, after which the books must be right.
    async fn ends_well(&self, what: &str) {
        let ended = self.life(&[]).await;
        let last = self.last_words();
        assert!(ended.success(), "after {what} it did not come to its end: {ended}\n{last}");
        let wrong = self.audit().await;
        assert!(wrong.is_empty(), "after {what}:\n{}", wrong.join("\n"));
    }

    pub(super) async fn audit(&self) -> Vec<String> {
        books::audit(&world::open(&self.travel).await, &world::open(&self.desk).await).await
    }

    fn last_words(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }
}

/// All places that a life which is left alone comes to, with the number of times.
async fn places(on: On) -> BTreeMap<String, usize> {
    let story = Story::new(on).await;
    let path = story.trace();
    let ended = story.life(&[("RIALTO_FAULT_TRACE", path.to_str().unwrap())]).await;
    assert!(ended.success(), "the process did not come to its end: {ended}");
    assert_eq!(story.audit().await, Vec::<String>::new());
    let mut places = BTreeMap::new();
    for place in fs::read_to_string(path).unwrap().lines() {
        *places.entry(place.to_owned()).or_default() += 1;
    }
    places
}

/// The first, a middle and a late time at each place.
fn times(places: &BTreeMap<String, usize>) -> Vec<String> {
    let times = |(place, times): (&String, &usize)| {
        let mut times = vec![1, times / 2, times * 9 / 10];
        times.retain(|nth| *nth > 0);
        times.dedup();
        times.into_iter().map(|nth| format!("{place}:{nth}")).collect::<Vec<_>>()
    };
    places.iter().flat_map(times).collect()
}

async fn it_may_die_anywhere(on: On) {
    let places = places(on).await;
    for expected in MUST {
        assert!(places.contains_key(*expected), "no life comes to {expected}: {places:?}");
    }
    let times = times(&places);
    let mut deaths = 0;
    for place in &times {
        let story = Story::new(on).await;
        let died = story.dies_at(place).await;
        // Some places are come by only when messages happen to meet.
        let sure = place.strip_suffix(":1").is_some_and(|place| MUST.contains(&place));
        assert!(died || !sure, "nobody died at {place}");
        deaths += usize::from(died);
        story.ends_well(place).await;
    }
    println!("{} places, {} deaths", places.len(), deaths);
}

async fn it_may_die_twice(on: On, pairs: impl IntoIterator<Item = (String, String)>) {
    let (mut stories, mut deaths) = (0, 0);
    for (first, second) in pairs {
        let story = Story::new(on).await;
        for place in [&first, &second] {
            deaths += usize::from(story.dies_at(place).await);
        }
        story.ends_well(&format!("{first} and {second}")).await;
        stories += 1;
    }
    println!("{stories} pairs, {deaths} deaths");
}

/// Pairs of places and times, drawn with a seed that is printed.
async fn some_pairs(on: On) -> Vec<(String, String)> {
    let times = times(&places(on).await);
    let seed = env::var("RIALTO_SEED").ok().and_then(|it| it.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("RIALTO_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut draw = || times[dice.random_range(0..times.len())].clone();
    (0..SOME_PAIRS).map(|_| (draw(), draw())).collect()
}

async fn all_pairs(on: On) -> Vec<(String, String)> {
    let places = places(on).await;
    let first = |place: &String| format!("{place}:1");
    let pair = |one: &String| places.keys().map(|two| (first(one), first(two))).collect::<Vec<_>>();
    places.keys().flat_map(pair).collect()
}

/// Places that a life cannot do without; there are more.
const MUST: &[&str] = &[
    "publish.numbered",
    "publish.written",
    "publish.committed",
    "commit.before",
    "commit.after",
    "relay.read",
    "relay.handed-out",
    "relay.reclaiming",
    "relay.reclaimed",
    "consume.marked",
    "consume.handled",
    "consume.committed",
    "consume.acknowledged",
    "consume.passed-by",
    "park.written",
    "park.committed",
    "saga.begun",
    "saga.moved",
    "saga.played",
    "saga.turned-back",
];

mod sqlite {
    use super::*;

    #[tokio::test]
    async fn a_process_may_die_at_every_place() {
        it_may_die_anywhere(On::Sqlite).await;
    }

    #[tokio::test]
    async fn a_process_may_die_again_after_its_restart() {
        it_may_die_twice(On::Sqlite, some_pairs(On::Sqlite).await).await;
    }

    #[tokio::test]
    #[ignore = "takes long; cargo xtask prove runs it"]
    async fn prove_every_pair_of_places() {
        it_may_die_twice(On::Sqlite, all_pairs(On::Sqlite).await).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn a_process_may_die_at_every_place() {
        it_may_die_anywhere(On::Postgres).await;
    }

    #[tokio::test]
    async fn a_process_may_die_again_after_its_restart() {
        it_may_die_twice(On::Postgres, some_pairs(On::Postgres).await).await;
    }

    #[tokio::test]
    #[ignore = "takes long; cargo xtask prove runs it"]
    async fn prove_every_pair_of_places() {
        it_may_die_twice(On::Postgres, all_pairs(On::Postgres).await).await;
    }
}
