//! The databases of all modules at once, as an auditor reads them: nothing is written.

mod orphans;
mod sentences;

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::world::World;

use orphans::{OPEN, ORPHANS, OWNERLESS, WEATHERED};
use sentences::{ENDED, FORBIDDEN, ON_THE_WAY, ORDERS_UNDER, UNREST, UNREST_OF_A_MODULE};

/// Those whose messages are looked at. On SQLite each file is attached under this name, on Postgres it is a
/// schema.
const MODULES: [&str; 8] =
    ["users", "products", "carts", "orders", "payments", "deliveries", "history", "notifications"];
/// What the sandbox provider remembers, beside them.
const PROVIDER: &str = "sandbox";

/// How long it may take until a shop is at rest. What a broker lost is sent again after half a minute, or
/// twice or four times that when it was lost again.
const REST: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(50);
/// How much of what keeps it from resting is shown.
const SHOWN: usize = 5;

/// All databases of a shop.
pub(crate) enum Books {
    /// Files.
    Sqlite(rusqlite::Connection),
    /// Schemas of one database.
    Postgres(DatabaseConnection),
}

/// What the two say differently.
struct Dialect {
    /// Makes JSON of text.
    json: &'static str,
    /// Makes a row, `value`, of each item of a JSON array.
    each: &'static str,
}

/// The messages of all modules that are not applied.
fn messages() -> Vec<String> {
    let of_all = |query: &str| MODULES.map(|module| query.replace("{module}", module));
    UNREST_OF_A_MODULE.iter().flat_map(|query| of_all(query)).collect()
}

impl Books {
    /// The books of this shop.
    pub(crate) async fn of(world: &World) -> Self {
        match world.database() {
            Some(url) => Self::Postgres(sea_orm::Database::connect(url).await.unwrap()),
            None => Self::Sqlite(attach(world.folder())),
        }
    }

    /// Waits until every saga rests and no answer of the provider is awaited.
    pub(crate) async fn settled(&self) {
        self.wait_for_none(&UNREST.map(str::to_owned)).await;
    }

    /// Waits until every message is applied as well. A shop that runs looks every ten seconds which are.
    pub(crate) async fn quiet(&self) {
        self.settled().await;
        self.wait_for_none(&messages()).await;
        self.settled().await;
    }

    /// Waits until no parcel is on its way any more; gives how many arrived, and how many did not.
    pub(crate) async fn arrived(&self) -> (usize, usize) {
        self.wait_for_none(&[ON_THE_WAY.to_owned()]).await;
        let ended = async |status: &str| self.ask(&ENDED.replace("{status}", status)).await.len();
        let others = ended("returned").await + ended("lost").await;
        (ended("delivered").await, others)
    }

    /// Waits until nothing more is expected of any order, and stock is held for none that does not exist: what
    /// a killed process had set aside is taken back when its time is over.
    pub(crate) async fn ended(&self) {
        self.wait_for_none(&[OPEN, OWNERLESS].map(str::to_owned)).await;
        self.quiet().await;
    }

    /// Fails when stock is held for an order that was not placed.
    pub(crate) async fn check_owners(&self) {
        let found = self.ask(OWNERLESS).await;
        assert!(found.is_empty(), "{found:?}");
    }

    /// Fails when a storm has left something out that it is there for; tells how much of it there was.
    pub(crate) async fn weathered(&self) {
        for (what, query) in WEATHERED {
            let count = self.ask(query).await.len();
            eprintln!("{count} {what}");
            assert!(count > 0, "no {what}");
        }
    }

    /// Whether every message is applied, as far as the shop has looked.
    pub(crate) async fn is_quiet(&self) -> bool {
        self.find(&messages()).await.is_empty()
    }

    /// Waits until none of the queries finds anything.
    async fn wait_for_none(&self, queries: &[String]) {
        let begun = Instant::now();
        loop {
            let found = self.find(queries).await;
            if found.is_empty() {
                return;
            }
            let (count, first) = (found.len(), &found[..found.len().min(SHOWN)]);
            assert!(begun.elapsed() < REST, "not at rest after {REST:?}: {count}, as {first:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn find(&self, queries: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for query in queries {
            found.extend(self.ask(query).await);
        }
        found
    }

    /// All orders.
    pub(crate) async fn orders(&self) -> Vec<String> {
        self.ask("SELECT id AS subject FROM orders.orders").await
    }

    /// The orders that were placed under this key.
    pub(crate) async fn orders_under(&self, key: &str) -> Vec<String> {
        self.ask(&ORDERS_UNDER.replace("{key}", key)).await
    }

    /// What was taken by a provider and not given back, in minor units, as the shop knows it.
    pub(crate) async fn kept_by(&self, provider: &str) -> i64 {
        let query = format!(
            "SELECT CAST(COALESCE(SUM(captured - refunded), 0) AS TEXT) AS subject
             FROM payments.payment WHERE attempts LIKE '%_provider_:_{provider}_%'"
        );
        self.ask(&query).await[0].parse().unwrap()
    }

    /// Fails with everything that may not be.
    pub(crate) async fn check(&self) {
        let mut found = Vec::new();
        for (what, query) in FORBIDDEN.into_iter().chain(ORPHANS) {
            found.extend(self.ask(query).await.into_iter().map(|row| format!("{what}: {row}")));
        }
        assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    }

    /// The first column, `subject`, of what `query` finds.
    async fn ask(&self, query: &str) -> Vec<String> {
        let Dialect { json, each } = self.dialect();
        let query = query.replace("{json}", json).replace("{each}", each);
        self.try_ask(&query).await.unwrap_or_else(|cause| panic!("{cause}: {query}"))
    }

    async fn try_ask(&self, query: &str) -> Result<Vec<String>, Box<dyn Error>> {
        match self {
            Self::Sqlite(db) => {
                let mut statement = db.prepare(query)?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Self::Postgres(db) => {
                let statement = Statement::from_string(DbBackend::Postgres, query);
                let rows = db.query_all_raw(statement).await?;
                Ok(rows.iter().map(|row| row.try_get("", "subject")).collect::<Result<_, _>>()?)
            }
        }
    }

    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect { json: "", each: "json_each" },
            Self::Postgres(_) => Dialect { json: "::json", each: "json_array_elements" },
        }
    }
}

/// Every module's file in one connection.
fn attach(folder: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for module in MODULES.into_iter().chain([PROVIDER]) {
        let file = folder.join(format!("{module}.db"));
        let attach = format!("ATTACH '{}' AS {module}", file.display());
        connection.execute_batch(&attach).unwrap();
    }
    connection.execute_batch("PRAGMA query_only = 1").unwrap();
    connection
}
