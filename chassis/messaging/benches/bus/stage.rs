//! Servers, and the databases of a shop and of an ear.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use messaging::{Method, Options};
use servers::{Postgres, RabbitMq};
use storage::{
    Database,
    migration::{History, Step},
};
use tempfile::TempDir;

use crate::world::Board;

/// The kind of databases, and how their outboxes are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Sqlite,
    /// Postgres.
    Ticks,
    /// Postgres.
    Log,
}

/// Private servers.
pub(crate) struct Servers {
    postgres: Postgres,
    pub(crate) rabbitmq: RabbitMq,
    schemas: AtomicU64,
}

/// Databases of two modules, and what one of them has heard.
pub(crate) struct Stage {
    pub(crate) place: Place,
    pub(crate) shop: Database,
    pub(crate) ear: Database,
    pub(crate) board: Arc<Board>,
    _folder: TempDir,
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

impl Servers {
    pub(crate) async fn start(folder: &Path) -> Self {
        let postgres = Postgres::start(folder).await.unwrap();
        let rabbitmq = RabbitMq::start(folder).await.unwrap();
        Self { postgres, rabbitmq, schemas: AtomicU64::new(0) }
    }

    pub(crate) async fn stop(self) {
        self.postgres.stop().await.unwrap();
        self.rabbitmq.stop().await.unwrap();
    }

    /// Two new databases.
    pub(crate) async fn stage(&self, place: Place) -> Stage {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let shop = self.database(place, &folder, "shop").await;
        let ear = self.database(place, &folder, "ear").await;
        Stage { place, shop, ear, board: Board::new(), _folder: folder }
    }

    async fn database(&self, place: Place, folder: &TempDir, name: &str) -> Database {
        let (url, schema) = match place {
            Place::Sqlite => {
                (format!("sqlite://{}", folder.path().join(format!("{name}.db")).display()), None)
            }
            Place::Ticks | Place::Log => {
                let number = self.schemas.fetch_add(1, SeqCst);
                (self.postgres.url(), Some(format!("{name}_{number}")))
            }
        };
        let options = storage::Options { schema, writers: 16, ..storage::Options::new(url) };
        let db = Database::open(&options).await.unwrap();
        db.migrate(&migrations::CHASSIS).await.unwrap();
        db.migrate(&HISTORY).await.unwrap();
        db
    }
}

impl Stage {
    pub(crate) fn options(&self) -> Options {
        let relay = if self.place == Place::Log { Method::Log } else { Method::Ticks };
        Options { relay, ..Options::default() }
    }
}
