//! What the database promises, on SQLite and on Postgres.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

mod attachments;
mod copying;
mod files;
mod group_commit;
mod migrations;
mod retrying;
mod rows;
mod server;
mod shelf;
mod transactions;
mod two_phase;

/// Makes a test of each function that takes a database: one on SQLite, one on Postgres.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::shelf::on_sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::shelf::on_postgres().await).await;
            })*
        }
    };
}
use on_both;
