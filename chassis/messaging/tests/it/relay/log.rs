//! The transaction log: what can happen to it, and what it alone can do.

use messaging::Options;
use storage::Database;
use testkit::eventually;

use super::{Place, followed, number, write};
use crate::world::*;

/// Ends every session that follows the log of this database, and its slot with it.
async fn lose_the_slot(db: &Database) {
    let sql = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots \
               WHERE database = current_database() AND active_pid IS NOT NULL";
    script(db, sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_is_lost_under_way_loses_no_message_and_is_made_again() {
    let place = Place::log().await;
    let running = place.start(place.options()).await;
    for round in 1..=3 {
        let losing = async {
            place.heard(200 * (round - 1) + 20).await;
            lose_the_slot(&place.shop).await;
        };
        tokio::join!(write(&place.shop, 5, 25), losing);
        running.quiet(LIMIT).await.unwrap();
        place.assert_complete(5, 40 * i64::try_from(round).unwrap()).await;
        followed(&running).await;
    }
}

/// Nobody polls and nobody nudges.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_commits_is_told_by_the_server() {
    let place = Place::log().await;
    let elsewhere = place.elsewhere().await;
    let never = LIMIT * 100;
    let running =
        place.start(Options { poll_postgres: never, lease: never, ..place.options() }).await;
    for n in 1..=5 {
        publish(&elsewhere, "k", [n]).await;
        place.heard(usize::try_from(n).unwrap()).await;
    }
    place.assert_complete(1, 5).await;
    drop(running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_replicate_messages_are_read_by_ticks() {
    let place = Place::log().await;
    let own = "SELECT CAST(oid AS BIGINT) AS n FROM pg_database WHERE datname = current_database()";
    let role = format!("rialto_{}", number(&place.shop, own).await);
    let mut url: url::Url = place.url("shop").parse().unwrap();
    script(
        &place.shop,
        &format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ),
    )
    .await;
    url.set_username(&role).unwrap();
    let shop = Database::open(&storage::Options::new(url.as_str())).await.unwrap();
    let owner = place.shop.clone();
    let place = Place { shop, ..place };
    let running = place.open(&place.options(), Vec::new());
    write(&place.shop, 5, 25).await;
    running.quiet(LIMIT).await.unwrap();
    place.assert_complete(5, 40).await;
    assert!(!running.gauges().source("shop").log);
    running.drain(LIMIT).await.unwrap();
    script(&owner, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// Only other tables are written to, and the slot lets go of the log all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_slot_moves_with_the_log() {
    let place = Place::log().await;
    let soon = std::time::Duration::from_millis(50);
    let running = place.start(Options { poll_postgres: soon, ..place.options() }).await;
    script(&place.shop, "CREATE TABLE noise (text TEXT)").await;
    let confirmed = "SELECT CAST(confirmed_flush_lsn - '0/0' AS BIGINT) AS n FROM pg_replication_slots \
                     WHERE database = current_database()";
    let here = "SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS BIGINT) AS n";
    script(&place.shop, "INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, 2000)")
        .await;
    let place_of_noise = number(&place.shop, here).await;
    eventually("the slot is past the noise", LIMIT, async || {
        number(&place.shop, confirmed).await >= place_of_noise
    })
    .await;
    running.drain(LIMIT).await.unwrap();
    let slots =
        "SELECT COUNT(*) AS n FROM pg_replication_slots WHERE database = current_database()";
    eventually("no slot is left", LIMIT, async || number(&place.shop, slots).await == 0).await;
}

#[tokio::test]
async fn the_server_for_tests_can_be_followed_by_some_and_not_by_any_number() {
    let place = Place::log().await;
    assert_eq!(messaging::log_demands(&place.shop, 2).await.unwrap(), Vec::<String>::new());
    let demands = messaging::log_demands(&place.shop, 100_000).await.unwrap();
    assert!(demands[0].starts_with("set max_replication_slots to 100000 or more"), "{demands:?}");
    assert!(demands[1].starts_with("set max_wal_senders to 100000 or more"), "{demands:?}");
}
