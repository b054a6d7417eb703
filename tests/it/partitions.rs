//! All ways to group the six commerce modules, in one process: calls between groups cross loopback wires,
//! messages an in-memory bus. What a client hears must not tell which way it was.

use std::{
    fs, io,
    net::TcpListener,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::dev::ServerHandle;
use futures::{StreamExt, future::join_all, stream};
use rialto::{
    config::{Layers, Loaded},
    rehearsal::Rehearsal,
    wiring,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::{
    books::Books,
    journeys::{ALL, Journey},
    world::{Stage, World},
};

/// Groups are tried by so many tests at once.
const PARTS: usize = 4;
/// Ways that one test tries at the same time.
const AT_ONCE: usize = 3;
/// How long the messages of a shop may take in the end.
const DRAIN: Duration = Duration::from_secs(20);

/// The modules that are grouped are those that have a part in a purchase; the gateway stands in front of all, and
/// nobody is looked up in a registry.
const SET_APART: [&str; 2] = ["gateway", wiring::REGISTRY];
/// These only listen: they live with the last group.
const LISTENERS: [&str; 2] = ["history", "notifications"];

fn modules() -> Vec<&'static str> {
    let modules = wiring::MODULES.iter().map(|module| module.name);
    modules.filter(|name| !SET_APART.contains(name) && !LISTENERS.contains(name)).collect()
}

/// The same way with those who only listen.
fn peopled(grouping: &[Vec<&'static str>]) -> Vec<Vec<&'static str>> {
    let mut groups = grouping.to_vec();
    groups.last_mut().expect("a way has groups").extend(LISTENERS);
    groups
}

/// Every way to put `names` into groups.
fn groupings(names: &[&'static str]) -> Vec<Vec<Vec<&'static str>>> {
    let Some((first, rest)) = names.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for smaller in groupings(rest) {
        for group in 0..smaller.len() {
            let mut joined = smaller.clone();
            joined[group].insert(0, first);
            all.push(joined);
        }
        let mut apart = smaller;
        apart.insert(0, vec![*first]);
        all.push(apart);
    }
    all
}

#[test]
fn there_are_203_ways_to_group_six_modules() {
    let mut all = groupings(&modules());
    assert_eq!(all.len(), 203);
    for grouping in &mut all {
        grouping.iter_mut().for_each(|group| group.sort_unstable());
        grouping.sort_unstable();
        assert_eq!(grouping.iter().flatten().count(), 6, "{grouping:?}");
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 203, "no way occurs twice");
}

/// What is told in each of them: every way in which modules ask, refuse and tell each other, once.
const TOLD: [&str; 5] = [
    "purchase/a_stranger_signs_up_fills_a_cart_pays_and_gets_a_waybill",
    "purchase/an_order_goes_to_an_address_from_the_address_book",
    "cards/a_declined_card_leaves_the_order_payable_and_another_one_completes_it",
    "stock/cancelling_a_pending_order_frees_its_stock",
    "stock/too_little_stock_is_a_conflict_that_names_the_lines",
];

fn told() -> Vec<&'static Journey> {
    let find = |name: &&str| ALL.iter().find(|journey| journey.name == *name);
    TOLD.iter().map(|name| find(name).unwrap_or_else(|| panic!("no journey {name}"))).collect()
}

macro_rules! parts {
    ($($test:ident = $part:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            try_part($part).await;
        }
    )+};
}

parts! {
    every_grouping_answers_alike_first_quarter = 0;
    every_grouping_answers_alike_second_quarter = 1;
    every_grouping_answers_alike_third_quarter = 2;
    every_grouping_answers_alike_last_quarter = 3;
}

async fn try_part(part: usize) {
    let begun = Instant::now();
    let template = World::unopened(&[]);
    Stage::appoint(&template).await;
    let migrated = template.rialto().args(["migrate"]).run().await;
    assert!(migrated.status.success(), "{migrated:?}");
    let chosen: Vec<_> = groupings(&modules()).into_iter().skip(part).step_by(PARTS).collect();
    let count = chosen.len();
    let tried = chosen.iter().map(|grouping| try_grouping(grouping, template.folder()));
    let failures: Vec<Vec<String>> = stream::iter(tried).buffer_unordered(AT_ONCE).collect().await;
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    let journeys = told().len();
    eprintln!("{journeys} journeys in {count} groupings took {:.1?}", begun.elapsed());
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// Plays everything in one grouping; gives what went wrong.
async fn try_grouping(grouping: &[Vec<&'static str>], template: &Path) -> Vec<String> {
    let folder = copy(template);
    let url = format!("storage.url = \"sqlite://{}/{{module}}.db\"", folder.path().display());
    let told_to = [
        "demo = false",
        "gateway.address_rate = 0",
        "gateway.user_rate = 0",
        "http.workers = 1",
        "storage.synchronous = \"normal\"",
        &url,
    ];
    let flags = told_to.map(str::to_owned).into();
    let loaded = Loaded::read(&Layers { files: Vec::new(), flags }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let world = Arc::new(World::rehearsed(base, folder));
    let shop = Open::of(&loaded, grouping, listener).await;
    let played = join_all(told().into_iter().map(|journey| journey.play_in(&world))).await;
    let books = Books::of(&world).await;
    books.settled().await;
    shop.close().await;
    if !books.is_quiet().await {
        // One group told another something when that one had already closed: it hears it after the next start.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shop = Open::of(&loaded, grouping, listener).await;
        books.quiet().await;
        shop.close().await;
    }
    books.check().await;
    played.into_iter().filter_map(Result::err).map(|no| format!("  {grouping:?}: {no}")).collect()
}

/// A shop in groups that answers.
struct Open<'a> {
    shop: Rehearsal<'a>,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl<'a> Open<'a> {
    async fn of(loaded: &'a Loaded, grouping: &[Vec<&'static str>], listener: TcpListener) -> Self {
        let shop = Rehearsal::open(loaded, &peopled(grouping)).await.unwrap();
        let server = shop.listen(listener).unwrap();
        Self { handle: server.handle(), serving: tokio::spawn(server), shop }
    }

    async fn close(self) {
        self.handle.stop(false).await;
        self.serving.await.unwrap().unwrap();
        self.shop.close(DRAIN).await.unwrap();
    }
}

/// The databases of a shop that nobody has used.
fn copy(template: &Path) -> TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for entry in fs::read_dir(template).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}
