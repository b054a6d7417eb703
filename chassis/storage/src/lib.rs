//! Where a module keeps its rows: one [`Database`] each, on SQLite or on Postgres, behind one API.
//!
//! A [`Reader`] answers queries that need no transaction; a [`Tx`] is the only way to write. Both
//! are sea-orm connections, so entities and queries are the same on both databases:
//!
//! ```
//! use sea_orm::ConnectionTrait;
//! use storage::{Database, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Database::open(&Options::new("sqlite::memory:")).await?;
//! let tx = db.begin().await?;
//! tx.execute_unprepared("CREATE TABLE shelf (id TEXT PRIMARY KEY, books BIGINT NOT NULL)").await?;
//! tx.execute_unprepared("INSERT INTO shelf VALUES ('top', 3)").await?;
//! tx.commit().await?; // returns when the rows are on the disk
//! # Ok(())
//! # }
//! ```
//!
//! # What holds on both databases
//!
//! - Columns are `BIGINT` (`i64`), `TEXT` (`String`) or `BLOB`/`BYTEA` (`Vec<u8>`), nothing else.
//! - Columns are read by name, never by position: on SQLite a row is a map ordered by name, so
//!   `into_tuple` and `try_get_by_index` read the wrong column.
//! - A transaction one of whose statements failed can only be rolled back: further statements
//!   and `commit` are refused. Postgres is like that; SQLite is held to it.
//! - Nothing but the database is awaited while a `Tx` is open. On SQLite it holds the only
//!   writer, and with it everyone else who wants to write.
//! - Constraints are immediate. One that is checked at commit would fail every member of a group.
//!
//! # SQLite
//!
//! Statements run on the caller's thread (microseconds; a hop to a driver's thread and back costs
//! more than the statement), COMMIT, which waits for the disk, on a thread of its own. Concurrent
//! transactions share one COMMIT: see [`Options::group_commit`].

mod attachment;
mod copy;
mod database;
mod error;
mod login;
pub mod migration;
mod options;
mod postgres;
mod reader;
mod retry;
mod sqlite;
pub mod two_phase;
mod tx;

pub use attachment::Attachment;
pub use copy::{Copied, CopyError, copy};
pub use database::Database;
pub use error::{Error, Failure};
pub use login::Login;
pub use options::{Backend, Options, Synchronous};
pub use reader::Reader;
pub use retry::retry;
pub use tx::Tx;
