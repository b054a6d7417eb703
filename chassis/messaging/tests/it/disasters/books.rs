//! What was said and what was heard, as the databases have it.

use sea_orm::{ConnectionTrait, Statement};
use storage::{Database, Error};

use super::actor::{GROUPS, KEYS, key};
use crate::world::script;

/// The databases of all roles, past the links that are disturbed.
pub(super) struct Books {
    shop: Database,
    groups: [Database; 2],
}

/// What everything takes.
pub(super) struct Space {
    /// Bytes on the disk.
    pub(super) outbox: i64,
    /// Memory of all processes, in KiB.
    pub(super) memory: u64,
}

impl Books {
    pub(super) async fn open(url: &str) -> Self {
        let shop = open(url, "shop").await;
        script(&shop, "CREATE TABLE said (key TEXT PRIMARY KEY, last BIGINT NOT NULL)").await;
        script(&shop, &zeros("said")).await;
        let groups = [open(url, GROUPS[0]).await, open(url, GROUPS[1]).await];
        for group in &groups {
            script(group, "CREATE TABLE heard (key TEXT PRIMARY KEY, last BIGINT NOT NULL)").await;
            script(group, &zeros("heard")).await;
            script(group, "CREATE TABLE wrong (key TEXT, n BIGINT, last BIGINT)").await;
        }
        Self { shop, groups }
    }

    /// Numbers that were said; nothing while nobody can tell.
    pub(super) async fn said(&self) -> Option<i64> {
        number(&self.shop, "SELECT CAST(SUM(last) AS BIGINT) AS n FROM said").await.ok()
    }

    /// Numbers that each group has heard; nothing while nobody can tell.
    pub(super) async fn heard(&self) -> Option<[i64; 2]> {
        let sql = "SELECT CAST(SUM(last) AS BIGINT) AS n FROM heard";
        let [ear, eye] = &self.groups;
        Some([number(ear, sql).await.ok()?, number(eye, sql).await.ok()?])
    }

    /// Fails when anybody has heard another number than the next.
    pub(super) async fn nothing_is_wrong(&self) {
        for (group, name) in self.groups.iter().zip(GROUPS) {
            let doubled = number(group, "SELECT COUNT(*) AS n FROM wrong WHERE n <= last").await;
            let early = number(group, "SELECT COUNT(*) AS n FROM wrong WHERE n > last").await;
            if let (Ok(doubled), Ok(early)) = (doubled, early) {
                assert_eq!((doubled, early), (0, 0), "{name}: doubled, and lost or out of order");
            }
        }
    }

    /// Fails unless each group has heard the last number about each thing, and nothing failed.
    pub(super) async fn all_is_heard(&self) {
        self.nothing_is_wrong().await;
        let said = lasts(&self.shop, "said").await;
        assert_eq!(said.len(), KEYS);
        for (group, name) in self.groups.iter().zip(GROUPS) {
            assert_eq!(lasts(group, "heard").await, said, "{name}");
            assert_eq!(
                number(group, "SELECT COUNT(*) AS n FROM parked").await.unwrap(),
                0,
                "{name}"
            );
        }
    }

    /// Whether nothing waits to be sent.
    pub(super) async fn is_empty(&self) -> bool {
        number(&self.shop, "SELECT COUNT(*) AS n FROM outbox").await == Ok(0)
    }

    /// What the outbox takes on the disk.
    pub(super) async fn bytes_of_outbox(&self) -> i64 {
        let sql = "SELECT CAST(SUM(pg_total_relation_size(inhrelid)) AS BIGINT) AS n \
                   FROM pg_inherits WHERE inhparent = 'outbox'::regclass";
        number(&self.shop, sql).await.unwrap()
    }
}

async fn open(url: &str, schema: &str) -> Database {
    let mut options = storage::Options::new(url);
    options.schema = Some(schema.to_owned());
    let db = Database::open(&options).await.unwrap();
    db.migrate(&migrations::CHASSIS).await.unwrap();
    db
}

fn zeros(table: &str) -> String {
    let rows: Vec<_> = (0..KEYS).map(|nth| format!("('{}', 0)", key(nth))).collect();
    format!("INSERT INTO {table} (key, last) VALUES {}", rows.join(", "))
}

/// The last number about each thing.
async fn lasts(db: &Database, table: &str) -> Vec<(String, i64)> {
    let reader = db.reader();
    let sql = format!("SELECT key, last FROM {table} ORDER BY key");
    let rows = reader.query_all_raw(Statement::from_string(reader.get_database_backend(), sql));
    let read = |row: &sea_orm::QueryResult| {
        (row.try_get("", "key").unwrap(), row.try_get("", "last").unwrap())
    };
    rows.await.unwrap().iter().map(read).collect()
}

async fn number(db: &Database, sql: &str) -> Result<i64, String> {
    let reader = db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.map_err(Error::from);
    let row = row.map_err(|cause| cause.to_string())?.ok_or("no row")?;
    row.try_get("", "n").map_err(|cause| cause.to_string())
}
