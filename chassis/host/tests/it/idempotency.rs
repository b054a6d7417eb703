//! A request that is sent twice is answered as if it had been sent once, on both databases.

use std::time::Duration;

use host::{
    Fingerprint, IdempotencyKey, Intent,
    idempotency::{InFlight, KEPT, Lookup, Recorded, lookup, record, sweep},
};
use kernel::{Code, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::json;
use storage::{Database, Options};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const SCHEMA: &str = include_str!("../../../../migrations/chassis/0002_idempotency.sql");

async fn databases() -> [Database; 2] {
    let urls = ["sqlite::memory:".to_owned(), testkit::postgres().await];
    let mut opened = Vec::new();
    for url in urls {
        let db = Database::open(&Options::new(url)).await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared(SCHEMA).await.unwrap();
        tx.commit().await.unwrap();
        opened.push(db);
    }
    opened.try_into().unwrap()
}

fn intent(key: &str, body: serde_json::Value) -> Intent {
    let key: IdempotencyKey = serde_json::from_value(json!(key)).unwrap();
    Intent { key, fingerprint: Fingerprint::of("POST", "/v1/orders", &body) }
}

async fn answered(db: &Database, scope: &str, intent: &Intent) -> Result<(), storage::Error> {
    let answer = Recorded { status: 201, body: "{\"id\":1}".into() };
    let tx = db.begin().await?;
    record(&tx, scope, intent, &answer, NOW).await?;
    tx.commit().await
}

#[tokio::test]
async fn an_answer_is_replayed_to_its_own_caller_and_request_only() {
    for db in databases().await {
        let first = intent("k", json!({ "a": 1, "b": 2 }));
        assert_eq!(lookup(&db.reader(), "usr_1", &first).await.unwrap(), Lookup::Fresh);
        answered(&db, "usr_1", &first).await.unwrap();
        let same = intent("k", serde_json::from_str(r#"{ "b": 2, "a": 1 }"#).unwrap());
        let expected = Recorded { status: 201, body: "{\"id\":1}".into() };
        let found = lookup(&db.reader(), "usr_1", &same).await.unwrap();
        assert_eq!(found, Lookup::Replay(expected));
        let other = intent("k", json!({ "a": 1, "b": 3 }));
        assert_eq!(lookup(&db.reader(), "usr_1", &other).await.unwrap(), Lookup::Reused);
        assert_eq!(lookup(&db.reader(), "usr_2", &first).await.unwrap(), Lookup::Fresh);
    }
}

#[tokio::test]
async fn the_slower_of_two_twins_is_told_that_it_is_one() {
    for db in databases().await {
        let twin = intent("k", json!({}));
        answered(&db, "usr_1", &twin).await.unwrap();
        let slower = answered(&db, "usr_1", &twin).await;
        assert!(matches!(slower, Err(storage::Error::Unique { .. })), "{slower:?}");
    }
}

#[tokio::test]
async fn answers_are_kept_for_three_days() {
    for db in databases().await {
        answered(&db, "usr_1", &intent("k", json!({}))).await.unwrap();
        assert_eq!(sweep(&db, NOW.plus(KEPT)).await.unwrap(), 0);
        assert_eq!(sweep(&db, NOW.plus(KEPT + Duration::from_secs(1))).await.unwrap(), 1);
    }
}

#[test]
fn a_twin_waits_while_the_first_is_being_worked_on() {
    let (all, key) = (InFlight::default(), intent("k", json!({})).key);
    let turn = all.enter("usr_1", &key).unwrap();
    assert_eq!(all.enter("usr_1", &key).unwrap_err().code(), Code::RequestInProgress);
    assert!(all.enter("usr_2", &key).is_ok());
    drop(turn);
    assert!(all.enter("usr_1", &key).is_ok());
}
