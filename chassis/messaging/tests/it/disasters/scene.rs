//! The servers, the links to them that can be disturbed, and the cast.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use messaging::Method;
use servers::{Postgres, RabbitMq, Signal, send};
use storage::Database;
use tempfile::TempDir;
use testkit::Proxy;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{
    actor::{self, CURTAIN, SILENCE},
    books::{Books, Space},
};

/// Everything there is.
pub(super) struct Scene {
    pub(super) postgres: Postgres,
    pub(super) rabbitmq: RabbitMq,
    /// From the processes with one role to their database.
    pub(super) to_database: [Proxy; 3],
    /// From those who speak, and from those who listen, to the broker.
    pub(super) to_broker: [Proxy; 2],
    cast: Vec<Actor>,
    books: Books,
    folder: TempDir,
}

/// A process, and how it is started again.
struct Actor {
    name: &'static str,
    orders: Vec<(&'static str, String)>,
    /// What it complains about.
    log: PathBuf,
    child: Child,
}

/// Who plays what: the index of the role's database, and that of the link to the broker.
const CAST: [(&str, &str, usize, usize); 5] = [
    ("shop 1", "shop", 0, 0),
    ("shop 2", "shop", 0, 0),
    ("ear 1", "ear", 1, 1),
    ("ear 2", "ear", 1, 1),
    ("eye", "eye", 2, 1),
];
/// Processes that can be struck.
pub(super) const PROCESSES: usize = CAST.len();
pub(super) const PREFIX: &str = "disasters";
const LOOK: Duration = Duration::from_millis(10);
/// How long a process may take to end.
const END: Duration = Duration::from_secs(60);

impl Scene {
    pub(super) async fn open(relay: Method) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Servers run as users who must be able to come here.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let postgres = Postgres::start(folder.path()).await.unwrap();
        let rabbitmq = RabbitMq::start(folder.path()).await.unwrap();
        let (database, broker) = (postgres.url(), rabbitmq.url());
        let books = Books::open(&database).await;
        let databases = [
            Proxy::before(&database).await,
            Proxy::before(&database).await,
            Proxy::before(&database).await,
        ];
        let brokers = [Proxy::before(&broker).await, Proxy::before(&broker).await];
        let relay = if relay == Method::Log { "log" } else { "ticks" };
        let cast = CAST.map(|(name, role, database, broker)| {
            Actor::start(
                name,
                folder.path().join(format!("{name}.log")),
                vec![
                    (actor::ROLE, role.to_owned()),
                    (actor::DATABASE, databases[database].1.clone()),
                    (actor::BROKER, brokers[broker].1.clone()),
                    (actor::PREFIX, PREFIX.to_owned()),
                    (actor::FOLDER, folder.path().display().to_string()),
                    (actor::RELAY, relay.to_owned()),
                ],
            )
        });
        Self {
            postgres,
            rabbitmq,
            to_database: databases.map(|(proxy, _)| proxy),
            to_broker: brokers.map(|(proxy, _)| proxy),
            cast: cast.into(),
            books,
            folder,
        }
    }

    /// A connection of somebody who has nothing to do with it.
    pub(super) async fn stranger(&self) -> Database {
        Database::open(&storage::Options::new(self.postgres.url())).await.unwrap()
    }

    /// Kills a process and starts it again.
    pub(super) async fn kill(&mut self, nth: usize, pause: Duration) {
        let actor = &mut self.cast[nth];
        actor.child.kill().await.unwrap();
        sleep(pause).await;
        actor.restart();
    }

    /// Stops a process, which knows nothing of it, and lets it go on.
    pub(super) async fn freeze(&mut self, nth: usize, pause: Duration) {
        let id = self.cast[nth].child.id().unwrap();
        send(Signal::STOP, id).unwrap();
        sleep(pause).await;
        send(Signal::CONT, id).unwrap();
    }

    /// Fails when a process has ended by itself.
    pub(super) fn nobody_has_left(&mut self) {
        for actor in &mut self.cast {
            let left = actor.child.try_wait().unwrap();
            assert!(left.is_none(), "{} has ended: {left:?}\n{}", actor.name, actor.last_words());
        }
    }

    /// Waits until both groups have heard something new, and gives how long that took.
    pub(super) async fn wait_for_more(&mut self, limit: Duration) -> Duration {
        let (begun, mut before) = (Instant::now(), None);
        loop {
            // The database itself may be on its way back.
            if let Some(now) = self.books.heard().await {
                let before = *before.get_or_insert(now);
                if now.iter().zip(before).all(|(now, before)| *now > before) {
                    return begun.elapsed();
                }
            }
            self.nobody_has_left();
            let words = || self.cast.iter().map(Actor::last_words).collect::<String>();
            assert!(begun.elapsed() < limit, "nothing new was heard in {limit:?}\n{}", words());
            sleep(LOOK).await;
        }
    }

    /// Waits until so much was said.
    pub(super) async fn wait_for_messages(&mut self, number: i64, limit: Duration) {
        let begun = Instant::now();
        while self.books.said().await.is_none_or(|said| said < number) {
            assert!(begun.elapsed() < limit, "{number} were not said in {limit:?}");
            sleep(LOOK * 10).await;
        }
    }

    /// Nothing more is said; waits until everything is heard, and gives how much that is.
    pub(super) async fn fall_silent(&mut self, limit: Duration) -> i64 {
        actor::tell(self.folder.path(), SILENCE);
        let (begun, mut last) = (Instant::now(), None);
        loop {
            self.books.nothing_is_wrong().await;
            let (said, heard) = (self.books.said().await, self.books.heard().await);
            if let (Some(said), Some(heard)) = (said, heard)
                && heard == [said, said]
                && last == Some(said)
            {
                self.books.all_is_heard().await;
                return said;
            }
            last = said;
            let so_far = format!("said {said:?}, heard {heard:?}");
            assert!(begun.elapsed() < limit, "not everything was heard in {limit:?}: {so_far}");
            sleep(LOOK * 10).await;
        }
    }

    /// Waits until nothing is left of what was heard, and gives what it takes nevertheless.
    pub(super) async fn settled(&mut self, limit: Duration) -> Space {
        let begun = Instant::now();
        while !self.books.is_empty().await {
            assert!(begun.elapsed() < limit, "outboxes are not empty after {limit:?}");
            sleep(LOOK * 10).await;
        }
        self.space().await
    }

    /// What everything takes at this moment.
    pub(super) async fn space(&self) -> Space {
        let ids = self.cast.iter().filter_map(|actor| actor.child.id());
        Space { outbox: self.books.bytes_of_outbox().await, memory: ids.map(resident).sum() }
    }

    /// Everybody ends, well.
    pub(super) async fn close(mut self) {
        actor::tell(self.folder.path(), CURTAIN);
        for actor in &mut self.cast {
            let ended = timeout(END, actor.child.wait()).await;
            let ended = ended.unwrap_or_else(|_| panic!("{} does not end", actor.name)).unwrap();
            assert!(ended.success(), "{}: {ended}", actor.name);
        }
        self.postgres.stop().await.unwrap();
        self.rabbitmq.stop().await.unwrap();
    }

    /// Where the broker keeps what it stores.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Actor {
    fn start(name: &'static str, log: PathBuf, orders: Vec<(&'static str, String)>) -> Self {
        let child = spawn(&log, &orders);
        Self { name, orders, log, child }
    }

    fn restart(&mut self) {
        self.child = spawn(&self.log, &self.orders);
    }

    /// The end of what it complained about.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(WORDS).collect();
        let lines: Vec<_> = lines.into_iter().rev().collect();
        format!("{}:\n{}\n", self.name, lines.join("\n"))
    }
}

/// Lines that are shown of a complaint.
const WORDS: usize = 15;

fn spawn(log: &Path, orders: &[(&'static str, String)]) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["disasters::actor::acts", "--exact", "--ignored", "--test-threads=1"])
        .envs(orders.iter().map(|(name, value)| (name, value)))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Memory that a process has, in KiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
