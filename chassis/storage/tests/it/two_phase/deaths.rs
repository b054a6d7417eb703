//! The process dies at every place of a commit that has a name; what it leaves is ended by the next one.

use std::{collections::BTreeSet, env, fs, os::unix::process::ExitStatusExt, process::ExitStatus};

use tempfile::TempDir;
use tokio::process::Command;

use super::{LIMIT, Pair, eventually};
use std::time::Duration;

const LEFT: &str = "TWO_PHASE_LEFT";
const RIGHT: &str = "TWO_PHASE_RIGHT";
/// What is committed in a life, two notes each.
const COMMITS: usize = 5;
/// How soon what the dead have left is ended.
const SOON: Duration = Duration::from_millis(100);

/// Two databases that outlive processes.
struct Story {
    left: String,
    right: String,
    folder: TempDir,
}

impl Story {
    async fn new() -> Self {
        let (left, right) = (testkit::postgres().await, testkit::postgres().await);
        drop(Pair::of(&left, &right, SOON).await);
        Self { left, right, folder: tempfile::tempdir().unwrap() }
    }

    async fn life(&self, orders: &[(&str, &str)]) -> ExitStatus {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["two_phase::deaths::whole", "--exact", "--ignored", "--test-threads=1"])
            .env(LEFT, &self.left)
            .env(RIGHT, &self.right)
            .envs(orders.iter().copied())
            .stdout(fs::File::create(self.folder.path().join("stdout")).unwrap())
            .stderr(fs::File::create(self.folder.path().join("stderr")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        tokio::time::timeout(LIMIT, child.wait()).await.expect("a life comes to its end").unwrap()
    }

    async fn dies_at(&self, orders: &[(&str, &str)]) {
        let ended = self.life(orders).await;
        assert_eq!(ended.signal(), Some(6), "{orders:?}: {ended}\n{}", self.last_words());
    }

    async fn ends_well(&self, after: &str) {
        let ended = self.life(&[]).await;
        assert!(ended.success(), "after {after}: {ended}\n{}", self.last_words());
        let pair = Pair::of(&self.left, &self.right, SOON).await;
        assert_eq!(pair.pending().await, Vec::<String>::new(), "after {after}");
        let [left, right] = pair.notes().await;
        assert_eq!(left, right, "after {after}");
        assert_eq!(left.len(), COMMITS, "after {after}");
    }

    fn last_words(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }
}

/// One life: ends what the last one left, goes on where it stood, and leaves nothing.
#[tokio::test]
#[ignore = "what the others run in a process of its own"]
async fn whole() {
    let pair = Pair::of(&env::var(LEFT).unwrap(), &env::var(RIGHT).unwrap(), SOON).await;
    eventually("what was left is ended", LIMIT, async || {
        let ended = pair.coordinator.recover().await;
        ended.is_ok() && pair.pending().await.is_empty()
    })
    .await;
    for nth in pair.notes().await[0].len()..COMMITS {
        pair.coordinator.commit(pair.note(&nth.to_string()).await).await.unwrap();
    }
}

/// All places where a life comes by that is about two phases.
async fn places() -> BTreeSet<String> {
    let story = Story::new().await;
    let trace = story.folder.path().join("trace");
    let ended = story.life(&[("RIALTO_FAULT_TRACE", trace.to_str().unwrap())]).await;
    assert!(ended.success(), "{ended}\n{}", story.last_words());
    let trace = fs::read_to_string(trace).unwrap();
    trace.lines().filter(|place| place.starts_with("two-phase.")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_process_may_die_at_every_place_of_a_commit() {
    let places = places().await;
    assert!(places.len() >= 5, "{places:?}");
    for place in &places {
        // The first one, or the one of the second participant, and a later one.
        for nth in [1, 2, 5] {
            let story = Story::new().await;
            let place = format!("{place}:{nth}");
            story.dies_at(&[("RIALTO_FAULT", &place)]).await;
            story.ends_well(&place).await;
        }
    }
}

#[tokio::test]
async fn a_process_may_die_while_it_ends_what_another_has_left() {
    for place in ["two-phase.prepared-one", "two-phase.prepared", "two-phase.decided"] {
        for again in ["two-phase.recovering", "two-phase.recovered"] {
            let story = Story::new().await;
            story.dies_at(&[("RIALTO_FAULT", place)]).await;
            story.dies_at(&[("RIALTO_FAULT", again)]).await;
            story.ends_well(&format!("{place} and {again}")).await;
        }
    }
}

/// Recovery that does not look what was decided commits by halves, and the audit sees it.
#[tokio::test]
async fn without_the_decision_it_is_committed_by_halves() {
    let story = Story::new().await;
    story.dies_at(&[("RIALTO_FAULT", "two-phase.committed-one")]).await;
    story.life(&[("RIALTO_GUARDS_OFF", "decision")]).await;
    let pair = Pair::of(&story.left, &story.right, SOON).await;
    let [left, right] = pair.notes().await;
    assert_ne!(left, right);
}
