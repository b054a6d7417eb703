//! What is published, and where it is kept.

use async_trait::async_trait;
use kernel::{Event, Message};
use messaging::{Delivery, Failure, Handle};
use sea_orm::{ConnectionTrait, Statement};
use serde::{Deserialize, Serialize};
use storage::{
    Database, Options, Tx,
    migration::{History, Step},
};
use tempfile::TempDir;

/// A number about something.
#[derive(Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) key: String,
    pub(crate) n: i64,
}

impl Message for Counted {
    const CHANNEL: &'static str = "shop.count";
    const TYPE: &'static str = "counted";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Counted {}

/// Writes a row for every event.
pub(crate) struct Ear;

#[async_trait]
impl Handle<Counted> for Ear {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        let sql = "INSERT INTO effect (who, key, n) VALUES ('ear', $1, $2)";
        let (backend, values) = (tx.get_database_backend(), [it.key.into(), it.n.into()]);
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }
}

/// The kind of databases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Sqlite,
    Postgres,
}

static HISTORY: History = History {
    module: "bench",
    steps: &[Step {
        name: "bench/0001_effect",
        sqlite: "CREATE TABLE effect (pos INTEGER PRIMARY KEY, who TEXT, key TEXT, n BIGINT)",
        postgres: "CREATE TABLE effect (pos BIGINT GENERATED ALWAYS AS IDENTITY, \
                       who TEXT, key TEXT, n BIGINT)",
    }],
};

impl Place {
    /// A database with its tables.
    pub(crate) async fn database(self, folder: &TempDir, name: &str) -> Database {
        let url = match self {
            Self::Sqlite => {
                format!("sqlite://{}", folder.path().join(format!("{name}.db")).display())
            }
            Self::Postgres => testkit::postgres().await,
        };
        let options = Options { writers: 16, ..Options::new(url) };
        let db = Database::open(&options).await.unwrap();
        db.migrate(&migrations::CHASSIS).await.unwrap();
        db.migrate(&HISTORY).await.unwrap();
        db
    }
}
