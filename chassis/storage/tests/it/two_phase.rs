//! Transactions in two databases commit together, or neither does, whoever dies.

mod deaths;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, Statement};
use storage::{
    Attachment, Database, Error, Options, Tx,
    two_phase::{Coordinator, Recovered},
};
use testkit::eventually;

/// Two databases, and who commits in both.
struct Pair {
    left: Database,
    right: Database,
    coordinator: Coordinator,
}

const WITHIN: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(30);

impl Pair {
    async fn new() -> Self {
        Self::of(&testkit::postgres().await, &testkit::postgres().await, WITHIN).await
    }

    async fn of(left: &str, right: &str, within: Duration) -> Self {
        let (left, right) = (open(left).await, open(right).await);
        let participants = vec![left.clone(), right.clone()];
        let coordinator = Coordinator::open("test", left.clone(), participants).await.unwrap();
        Self { coordinator: coordinator.within(within), left, right }
    }

    /// A transaction in each that notes `what`.
    async fn note(&self, what: &str) -> Vec<Tx> {
        let mut both = Vec::new();
        for db in [&self.left, &self.right] {
            let tx = db.begin().await.unwrap();
            write(&tx, what).await.unwrap();
            both.push(tx);
        }
        both
    }

    async fn notes(&self) -> [Vec<String>; 2] {
        [notes(&self.left).await, notes(&self.right).await]
    }

    /// What is prepared or decided, and therefore not over.
    async fn pending(&self) -> Vec<String> {
        let mut pending = Vec::new();
        for (db, sql) in [
            (&self.left, PREPARED),
            (&self.right, PREPARED),
            (&self.left, "SELECT id AS name FROM two_phase_decision WHERE outcome = 'commit'"),
        ] {
            pending.extend(names(db, sql).await);
        }
        pending
    }
}

const PREPARED: &str =
    "SELECT gid AS name FROM pg_prepared_xacts WHERE database = current_database()";

async fn open(url: &str) -> Database {
    let db = Database::open(&Options::new(url)).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("CREATE TABLE IF NOT EXISTS note (what TEXT PRIMARY KEY)").await.unwrap();
    tx.commit().await.unwrap();
    db
}

async fn write(tx: &Tx, what: &str) -> Result<(), Error> {
    let sql = "INSERT INTO note (what) VALUES ($1)";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [what.into()]);
    tx.execute_raw(statement).await?;
    Ok(())
}

async fn notes(db: &Database) -> Vec<String> {
    names(db, "SELECT what AS name FROM note ORDER BY what").await
}

async fn names(db: &Database, sql: &str) -> Vec<String> {
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

#[tokio::test]
async fn both_commit_and_nothing_is_left() {
    let pair = Pair::new().await;
    for what in ["one", "two"] {
        pair.coordinator.commit(pair.note(what).await).await.unwrap();
    }
    assert_eq!(pair.notes().await, [["one", "two"], ["one", "two"]]);
    assert_eq!(pair.pending().await, Vec::<String>::new());
}

/// Writes at the commit, and is told of it.
#[derive(Default)]
struct Late(Option<Arc<std::sync::atomic::AtomicBool>>);

#[async_trait]
impl Attachment for Late {
    async fn before_commit(&mut self, tx: &Tx) -> Result<(), Error> {
        write(tx, "late").await
    }

    fn committed(self: Box<Self>, _db: &Database) {
        self.0.unwrap().store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_a_transaction_takes_along_is_committed_with_it() {
    let pair = Pair::new().await;
    let told = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut both = pair.note("early").await;
    both[1].attachment::<Late>().0 = Some(Arc::clone(&told));
    pair.coordinator.commit(both).await.unwrap();
    assert_eq!(pair.notes().await, [vec!["early"], vec!["early", "late"]]);
    assert!(told.load(std::sync::atomic::Ordering::SeqCst));
}

#[tokio::test]
async fn when_one_cannot_commit_neither_does() {
    let pair = Pair::new().await;
    pair.coordinator.commit(pair.note("one").await).await.unwrap();
    let (left, right) = (pair.left.begin().await.unwrap(), pair.right.begin().await.unwrap());
    write(&left, "two").await.unwrap();
    assert!(matches!(write(&right, "one").await, Err(Error::Unique { .. })));
    pair.coordinator.commit(vec![left, right]).await.unwrap_err();
    assert_eq!(pair.notes().await, [["one"], ["one"]]);
    assert_eq!(pair.pending().await, Vec::<String>::new());
    pair.coordinator.commit(pair.note("two").await).await.unwrap();
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let Pair { left, right, coordinator } = Pair::new().await;
    let pair = Pair { left, right, coordinator: coordinator.within(Duration::ZERO) };
    let refused = pair.coordinator.commit(pair.note("one").await).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!(pair.notes().await, [Vec::<String>::new(), Vec::new()]);
    assert_eq!(pair.pending().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_coordinator_leaves_alone_what_others_have_prepared() {
    let pair = Pair::new().await;
    let theirs = "rialto/another/01997f7a-0000-7000-8000-000000000000/0";
    let tx = pair.left.begin().await.unwrap();
    write(&tx, "foreign").await.unwrap();
    tx.execute_unprepared(&format!("PREPARE TRANSACTION '{theirs}'")).await.unwrap();
    tx.rollback().await.unwrap();
    let Pair { left, coordinator, .. } = pair;
    let hasty = coordinator.within(Duration::ZERO);
    assert_eq!(hasty.recover().await.unwrap(), Recovered::default());
    assert_eq!(names(&left, PREPARED).await, [theirs]);
    let another = Coordinator::open("another", left.clone(), vec![left.clone()]).await.unwrap();
    let one = Recovered { committed: 0, rolled_back: 1 };
    assert_eq!(another.within(Duration::ZERO).recover().await.unwrap(), one);
}

#[tokio::test]
async fn who_cannot_take_part_is_told_so() {
    let there = open(&testkit::postgres().await).await;
    let sqlite = Database::open(&Options::new("sqlite::memory:")).await.unwrap();
    let refused = Coordinator::open("test", there.clone(), vec![there.clone(), sqlite]).await;
    let why = refused.err().unwrap().to_string();
    assert!(why.contains("between Postgres databases only"), "{why}");
    let refused = Coordinator::open("It's me", there.clone(), vec![there.clone()]).await;
    assert!(refused.err().unwrap().to_string().contains("lower-case letters"));
    let (coordinator, stranger) =
        (Coordinator::open("test", there.clone(), vec![there]).await.unwrap(), Pair::new().await);
    let refused = coordinator.commit(stranger.note("one").await).await;
    assert!(refused.unwrap_err().to_string().contains("no participant"));
}

/// Recovery runs from the beginning, and faster than anybody commits: it takes what is under way for left
/// behind. Nothing is committed by halves even so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_that_is_too_early_breaks_nothing() {
    let pair = Arc::new(Pair::new().await);
    let hasty = Pair::of(&url(&pair.left), &url(&pair.right), Duration::ZERO).await;
    let recovery = tokio::spawn(async move {
        loop {
            hasty.coordinator.recover().await.unwrap();
        }
    });
    let mut committed = Vec::new();
    for nth in 100..160 {
        let what = nth.to_string();
        match pair.coordinator.commit(pair.note(&what).await).await {
            Ok(()) => committed.push(what),
            Err(Error::Unavailable(_)) => {}
            Err(surprise) => panic!("{surprise}"),
        }
    }
    recovery.abort();
    eventually("nothing is pending", LIMIT, async || {
        let ended = pair.coordinator.recover().await;
        ended.is_ok() && pair.pending().await.is_empty()
    })
    .await;
    assert_eq!(pair.notes().await, [committed.clone(), committed]);
}

fn url(db: &Database) -> String {
    let storage::Login { host, port, user, database, .. } = db.login().unwrap();
    format!("postgres://{user}@{host}:{port}/{database}")
}
