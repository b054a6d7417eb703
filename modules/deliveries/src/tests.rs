//! Stories of deliveries: told in process, over the wire, and on Postgres.

mod calling_off;
mod dispatching;
mod quoting;
mod routes;
mod shipping;
mod simulating;
mod splitting;
mod tracking;
mod world;

/// Makes three tests of each story: the module here, elsewhere, and on the other database.
macro_rules! told_everywhere {
    ($($story:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::World::here().await).await;
            })*
        }
        mod over_the_wire {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::World::there().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::tests::world::World::on_postgres().await).await;
            })*
        }
    };
}
use told_everywhere;
