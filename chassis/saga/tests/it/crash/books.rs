//! What must be true when all is done, however often the process died.

use sea_orm::{ConnectionTrait, Statement};
use storage::Database;

use super::life::{KEYS, STEPS, said, trip};
use crate::world::notes;

/// Everything that is wrong, in sentences.
pub(super) async fn audit(travel: &Database, desk: &Database) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    let work = notes(travel, "work").await;
    let whole: Vec<_> = (0..STEPS).map(|step| step.to_string()).collect();
    check(work == whole, format!("the work that was done is {work:?}"));
    for key in 0..KEYS {
        let heard = notes(desk, &format!("k{key}")).await;
        let whole: Vec<_> = (1..=said(key)).map(|n| n.to_string()).collect();
        check(heard == whole, format!("of k{key} the desk heard {heard:?}"));
    }
    for trip in (0..STEPS).filter_map(trip) {
        let status = status(travel, &trip).await;
        let (asked, noted) = (notes(desk, &trip).await, notes(travel, &trip).await);
        let right = match status.as_str() {
            "completed" => is_completed(&trip, &asked, &noted),
            "compensated" => is_compensated(&trip, &asked, &noted),
            _ => false,
        };
        check(right, format!("{trip} is {status}: asked for {asked:?}, noted {noted:?}"));
    }
    for (name, db) in [("travel", travel), ("desk", desk)] {
        for table in ["outbox", "parked"] {
            let left = number(db, &format!("SELECT COUNT(*) AS n FROM {table}")).await;
            check(left == 0, format!("{left} rows are left in the {table} of {name}"));
        }
    }
    wrong
}

/// Everything once, nothing undone.
fn is_completed(trip: &str, asked: &[String], noted: &[String]) -> bool {
    trip.starts_with("trip")
        && asked == ["hotel", "money", "ticket"]
        && noted == ["paid", "arrived"]
}

/// No ticket; everything that was asked for is undone, in the opposite order, once.
fn is_compensated(trip: &str, asked: &[String], noted: &[String]) -> bool {
    // Refused, nothing was taken; late or given up, it may have been.
    let whole: &[&[&str]] = match trip.split('-').next() {
        Some("refused") => {
            &[&["hotel", "money", "cancel the hotel", "give back the seat"], WITH_MONEY]
        }
        _ => &[WITH_MONEY],
    };
    let is_undone = noted.len() == 2 && noted[0].starts_with("given up") && noted[1] == "undone";
    is_undone && whole.iter().any(|whole| asked == *whole)
}

const WITH_MONEY: &[&str] =
    &["hotel", "money", "give back the money", "cancel the hotel", "give back the seat"];

async fn status(db: &Database, trip: &str) -> String {
    let sql = format!("SELECT status FROM saga WHERE id LIKE '%{trip}'");
    let rows = rows(db, &sql).await;
    assert!(rows.len() < 2, "{trip} was begun twice");
    rows.first().map_or("not there".to_owned(), |row| row.try_get("", "status").unwrap())
}

async fn number(db: &Database, sql: &str) -> i64 {
    rows(db, sql).await[0].try_get("", "n").unwrap()
}

async fn rows(db: &Database, sql: &str) -> Vec<sea_orm::QueryResult> {
    let reader = db.reader();
    let backend = reader.get_database_backend();
    reader.query_all_raw(Statement::from_string(backend, sql)).await.unwrap()
}
