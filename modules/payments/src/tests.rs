//! Stories of payments: told in process, over the wire, and on Postgres.

mod attempting;
mod capturing;
mod chaos;
mod collecting;
mod hearing;
mod invariants;
mod recovering;
mod refunding;
mod routes;
mod secrets;
mod stripe;
mod voiding;
mod world;

/// Makes three tests of each story: the module here, elsewhere, and on the other database.
macro_rules! told_everywhere {
    ($($story:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::Stage::here()).await;
            })*
        }
        mod over_the_wire {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::Stage::there()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::Stage::on_postgres().await).await;
            })*
        }
    };
}
use told_everywhere;
