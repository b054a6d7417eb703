//! What messages cost, counted in statements.

use std::time::Duration;

use async_trait::async_trait;
use messaging::{Delivery, Failure, Handle, Options, Process, Publish, Subscriptions};
use storage::Tx;
use testkit::eventually;

use crate::world::*;

on_both!(publishing_costs_two_statements_and_handling_one);

/// Does nothing.
struct Deaf;

#[async_trait]
impl Handle<Counted> for Deaf {
    async fn handle(&self, _: &mut Tx, _: Counted, _: &Delivery) -> Result<(), Failure> {
        Ok(())
    }
}

async fn publishing_costs_two_statements_and_handling_one(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("ear").await);
    let before = shop.statements();
    let mut tx = shop.begin().await.unwrap();
    for key in ["a", "b"] {
        tx.publish(&Counted { key: key.into(), n: 1 }).unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(shop.statements() - before, 4, "BEGIN, heads, outbox, COMMIT");

    let never = LIMIT * 100;
    let options = Options { reclaim_every: never, poll_postgres: never, lease: never, ..patient() };
    let hears = Subscriptions::of("ear").on::<Counted>(std::sync::Arc::new(Deaf));
    let modules = vec![module("shop", &shop, Subscriptions::of("shop")), module("ear", &db, hears)];
    let running = Process::start_with(modules, options);
    running.quiet(LIMIT).await.unwrap();
    let gauges = running.gauges();
    eventually("retries have seen that there are none", LIMIT, async || {
        let statements = db.statements();
        tokio::time::sleep(Duration::from_millis(100)).await;
        statements == db.statements()
    })
    .await;

    let (heard, said) = (db.statements(), shop.statements());
    publish(&shop, "a", [2]).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(db.statements() - heard, 3, "BEGIN, mark, COMMIT");
    let relayed = shop.statements() - said - 4;
    match shop.backend() {
        storage::Backend::Sqlite => assert_eq!(relayed, 0, "the relay asked nothing"),
        storage::Backend::Postgres => assert!(relayed <= 4, "ticks and their rows: {relayed}"),
    }
    let (heard, applied) = (db.statements(), gauges.read().applied);
    let mut tx = shop.begin().await.unwrap();
    for _ in 0..10 {
        tx.publish(&Painted { key: "a".into() }).unwrap();
    }
    tx.publish(&Counted { key: "a".into(), n: 3 }).unwrap();
    tx.commit().await.unwrap();
    eventually("it is heard", LIMIT, async || gauges.read().applied > applied).await;
    assert_eq!(db.statements() - heard, 3, "what concerns nobody here adds nothing");
}
