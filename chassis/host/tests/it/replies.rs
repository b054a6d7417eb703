//! A handler and its service carry out an intention once, on both databases.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use host::{
    Fingerprint, IdempotencyKey, Intent, Problem, Who,
    idempotency::{Once, Replies, remember},
};
use kernel::{Code, ManualClock, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::json;
use storage::{Database, Options};

const TABLES: [&str; 2] = [
    include_str!("../../../../migrations/chassis/0002_idempotency.sql"),
    "CREATE TABLE note (text TEXT NOT NULL)",
];

const NOBODY: Who = Who(None);

/// A service that writes notes: the same one, however often a key is sent.
struct Notes {
    db: Database,
    written: AtomicU32,
}

impl Notes {
    async fn write(&self) -> Result<u32, Problem> {
        self.try_write().await.map_err(|cause| Problem::of(Code::Internal, cause.to_string()))
    }

    async fn try_write(&self) -> Result<u32, storage::Error> {
        let mut tx = self.db.begin().await?;
        tx.execute_unprepared("INSERT INTO note VALUES ('hello')").await?;
        let nth = self.written.fetch_add(1, Ordering::Relaxed) + 1;
        remember(&mut tx, &nth)?;
        tx.commit().await?;
        Ok(nth)
    }

    async fn count(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM note";
        let row = sea_orm::Statement::from_string(self.db.reader().get_database_backend(), sql);
        let row = self.db.reader().query_one_raw(row).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

async fn databases() -> [Database; 2] {
    let mut opened = Vec::new();
    for url in ["sqlite::memory:".to_owned(), testkit::postgres().await] {
        let db = Database::open(&Options::new(url)).await.unwrap();
        let tx = db.begin().await.unwrap();
        for table in TABLES {
            tx.execute_unprepared(table).await.unwrap();
        }
        tx.commit().await.unwrap();
        opened.push(db);
    }
    opened.try_into().unwrap()
}

fn replies(db: &Database) -> Replies {
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    Replies::new(db.clone(), Arc::new(ManualClock::at(now)))
}

fn notes(db: &Database) -> Notes {
    Notes { db: db.clone(), written: AtomicU32::new(0) }
}

fn intent(key: &str, body: &serde_json::Value) -> Option<Intent> {
    let key: IdempotencyKey = serde_json::from_value(json!(key)).unwrap();
    Some(Intent { key, fingerprint: Fingerprint::of("POST", "/v1/notes", body) })
}

fn key() -> Option<Intent> {
    intent("k", &json!({}))
}

#[tokio::test]
async fn a_repeated_request_gets_the_reply_of_the_first_and_has_no_effect() {
    for db in databases().await {
        let (replies, notes) = (replies(&db), notes(&db));
        let first = replies.once(&NOBODY, "write", key(), notes.write()).await.unwrap();
        let again = replies.once(&NOBODY, "write", key(), notes.write()).await.unwrap();
        assert_eq!(first, Once { reply: 1, replayed: false });
        assert_eq!(again, Once { reply: 1, replayed: true });
        assert_eq!(notes.count().await, 1);
        let other = intent("k", &json!({ "text": "other" }));
        let reused = replies.once(&NOBODY, "write", other, notes.write()).await;
        assert_eq!(reused.unwrap_err().code(), Code::IdempotencyKeyReused);
        for elsewhere in ["rewrite", "erase"] {
            let once = replies.once(&NOBODY, elsewhere, key(), notes.write()).await.unwrap();
            assert!(!once.replayed);
        }
    }
}

#[tokio::test]
async fn without_a_key_every_request_counts() {
    for db in databases().await {
        let (replies, notes) = (replies(&db), notes(&db));
        for nth in 1..=2 {
            let before = db.statements();
            let written = replies.once(&NOBODY, "write", None, notes.write()).await.unwrap();
            assert_eq!(written, Once { reply: nth, replayed: false });
            assert_eq!(db.statements() - before, 3, "begin, insert, commit");
        }
    }
}

#[tokio::test]
async fn a_key_costs_two_statements() {
    for db in databases().await {
        let (replies, notes) = (replies(&db), notes(&db));
        let before = db.statements();
        replies.once(&NOBODY, "write", key(), notes.write()).await.unwrap();
        assert_eq!(db.statements() - before, 3 + 2);
    }
}

#[tokio::test]
async fn a_twin_in_another_process_that_was_faster_is_the_one_that_is_told_of() {
    for db in databases().await {
        let (here, there, notes) = (replies(&db), replies(&db), notes(&db));
        let late = here.once(&NOBODY, "write", key(), async {
            let faster = there.once(&NOBODY, "write", key(), notes.write()).await.unwrap();
            assert_eq!(faster, Once { reply: 1, replayed: false });
            notes.write().await
        });
        assert_eq!(late.await.unwrap(), Once { reply: 1, replayed: true });
        assert_eq!(notes.count().await, 1);
    }
}

#[tokio::test]
async fn a_twin_in_this_process_waits() {
    let db = &databases().await[0];
    let (replies, notes) = (replies(db), notes(db));
    let outer = replies.once(&NOBODY, "write", key(), async {
        let twin = replies.once(&NOBODY, "write", key(), notes.write()).await;
        assert_eq!(twin.unwrap_err().code(), Code::RequestInProgress);
        notes.write().await
    });
    assert_eq!(outer.await.unwrap(), Once { reply: 1, replayed: false });
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    for db in databases().await {
        let (replies, notes) = (replies(&db), notes(&db));
        let refused = async { Err::<u32, _>(Problem::of(Code::Conflict, "full")) };
        let refused = replies.once(&NOBODY, "write", key(), refused).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        let then = replies.once(&NOBODY, "write", key(), notes.write()).await.unwrap();
        assert_eq!(then, Once { reply: 1, replayed: false });
    }
}

#[tokio::test]
async fn a_reply_without_an_effect_is_kept_all_the_same() {
    for db in databases().await {
        let replies = replies(&db);
        let reply = |value: u32| async move { Ok::<_, Problem>(value) };
        let first = replies.once(&NOBODY, "count", key(), reply(1)).await.unwrap();
        let again = replies.once(&NOBODY, "count", key(), reply(2)).await.unwrap();
        assert_eq!((first.reply, again), (1, Once { reply: 1, replayed: true }));
    }
}

#[tokio::test]
async fn the_module_next_door_does_not_keep_the_reply() {
    let [ours, theirs] = databases().await;
    let (replies, next_door) = (replies(&ours), notes(&theirs));
    replies.once(&NOBODY, "write", key(), next_door.write()).await.unwrap();
    let begun = theirs.statements();
    next_door.write().await.unwrap();
    assert_eq!(theirs.statements() - begun, 3);
    let kept = host::idempotency::lookup(&theirs.reader(), "anybody write", &key().unwrap()).await;
    assert_eq!(kept.unwrap(), host::idempotency::Lookup::Fresh);
}

#[tokio::test]
async fn what_is_rolled_back_is_not_remembered() {
    for db in databases().await {
        let replies = replies(&db);
        let given_up = async {
            let mut tx = db.begin().await.unwrap();
            remember(&mut tx, &1).unwrap();
            tx.rollback().await.unwrap();
            Ok::<u32, Problem>(2)
        };
        replies.once(&NOBODY, "write", key(), given_up).await.unwrap();
        let later = tokio::time::timeout(
            Duration::from_secs(5),
            replies.once(&NOBODY, "write", key(), async { Ok::<u32, Problem>(3) }),
        );
        let expected = Once { reply: 2, replayed: true };
        assert_eq!(later.await.unwrap().unwrap(), expected, "what was given is what is kept");
    }
}
