//! Moving a module's rows out of SQLite.

use sea_orm::{ConnectionTrait, Statement, Value};
use storage::{
    CopyError, Database, Options, copy,
    migration::{History, Step},
};

static HISTORY: History = History {
    module: "library",
    steps: &[Step {
        name: "library/0001",
        sqlite: "CREATE TABLE shelf (id TEXT PRIMARY KEY, parent TEXT REFERENCES shelf (id)); \
                 CREATE TABLE book (shelf TEXT NOT NULL REFERENCES shelf (id), n BIGINT NOT NULL, \
                 cover BLOB, PRIMARY KEY (shelf, n)) WITHOUT ROWID; \
                 CREATE TABLE visit (pos INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT)",
        postgres: "CREATE TABLE shelf (id TEXT PRIMARY KEY, parent TEXT REFERENCES shelf (id)); \
                   CREATE TABLE book (shelf TEXT NOT NULL REFERENCES shelf (id), n BIGINT NOT NULL, \
                   cover BYTEA, PRIMARY KEY (shelf, n)); \
                   CREATE TABLE visit (pos BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who TEXT)",
    }],
};

/// More than a page of them.
const BOOKS: i64 = 1_234;

async fn open(url: &str) -> Database {
    let db = Database::open(&Options::new(url)).await.unwrap();
    db.migrate(&HISTORY).await.unwrap();
    db
}

/// A library whose rows were not inserted in the order of their keys.
async fn library() -> Database {
    let db = open("sqlite::memory:").await;
    let tx = db.begin().await.unwrap();
    let fill = "INSERT INTO shelf VALUES ('z', NULL), ('a', 'z'); \
                INSERT INTO visit (who) VALUES ('Ada'), (NULL), ('Bob'); DELETE FROM visit WHERE pos = 1;";
    tx.execute_unprepared(fill).await.unwrap();
    for n in 0..BOOKS {
        let cover = (n % 2 == 0).then(|| vec![n as u8; 3]);
        let values: [Value; 3] =
            [if n % 3 == 0 { "a" } else { "z" }.into(), n.into(), cover.into()];
        let backend = tx.get_database_backend();
        let sql = "INSERT INTO book VALUES ($1, $2, $3)";
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    }
    tx.commit().await.unwrap();
    db
}

async fn numbers(db: &Database, sql: &str) -> Vec<i64> {
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "n").unwrap()).collect()
}

#[tokio::test]
async fn every_row_arrives_in_a_server_and_in_another_file() {
    for url in [testkit::postgres().await, "sqlite::memory:".to_owned()] {
        let (from, to) = (library().await, open(&url).await);
        let copied = copy(&from, &to, &HISTORY).await.unwrap();
        let expected = [("shelf", 2), ("book", BOOKS as u64), ("visit", 2)];
        assert_eq!(copied, expected.map(|(table, rows)| (table.to_owned(), rows)));
        assert_eq!(numbers(&to, "SELECT n FROM book ORDER BY n").await, Vec::from_iter(0..BOOKS));
        let covered = "SELECT COUNT(*) AS n FROM book WHERE length(cover) = 3";
        assert_eq!(numbers(&to, covered).await, [(BOOKS + 1) / 2]);
        let places = "SELECT pos AS n FROM visit ORDER BY who IS NULL DESC";
        assert_eq!(numbers(&to, places).await, [1, 2], "places are given out again, in order");
        assert_eq!(
            numbers(&from, "SELECT COUNT(*) AS n FROM book").await,
            [BOOKS],
            "nothing is taken"
        );
    }
}

#[tokio::test]
async fn a_database_with_rows_is_not_copied_into() {
    let (from, to) = (library().await, library().await);
    let no = copy(&from, &to, &HISTORY).await.unwrap_err();
    assert!(matches!(&no, CopyError::NotEmpty(table) if table == "shelf"), "{no}");
}

#[tokio::test]
async fn nothing_is_copied_out_of_a_server_or_before_the_tables_are_there() {
    let server = open(&testkit::postgres().await).await;
    let empty = Database::open(&Options::new("sqlite::memory:")).await.unwrap();
    let no = copy(&server, &library().await, &HISTORY).await.unwrap_err();
    assert!(matches!(no, CopyError::NotSqlite), "{no}");
    let no = copy(&library().await, &empty, &HISTORY).await.unwrap_err();
    assert!(matches!(no, CopyError::NotUpToDate("library")), "{no}");
}
