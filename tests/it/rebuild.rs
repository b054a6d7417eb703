//! History is made again while customers buy and look.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::Value;

use crate::{
    books::Books,
    world::{Deployment, Goods, Patience, Shopper, Stage, World, text},
};

const BUYERS: usize = 4;
const EACH: usize = 4;

/// The orders of a customer as the list and their timelines show them.
async fn remembered(shopper: &Shopper) -> Vec<(Value, Value)> {
    let list = shopper.get("/v1/orders?limit=100").await.expect(200);
    let mut all = Vec::new();
    for entry in list["items"].as_array().unwrap() {
        let path = format!("/v1/orders/{}/timeline?limit=100", text(&entry["id"]));
        all.push((entry.clone(), shopper.get(&path).await.expect(200)["items"].clone()));
    }
    all
}

/// Waits until so many orders of a customer are known to be in preparation.
async fn known(shopper: &Shopper, count: usize) {
    let path =
        "/v1/orders?limit=100&status=completed&payment_status=paid&delivery_status=preparing";
    let all = |list: &Value| list["items"].as_array().unwrap().len() == count;
    shopper.until("history knows all orders", Patience::MESSAGES, path, all).await;
}

/// Buys and waits for the parcel.
async fn buy(shopper: &Shopper, goods: &Goods) {
    let order = shopper.buy(goods, 1).await;
    let order = shopper.wait_for(&order, "completed").await;
    shopper.shipments(&order).await;
}

async fn history_is_made_again_while_customers_buy_and_look(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, &["history.rebuild_pause = \"100ms\""]).await);
    let goods = stage.publish("teapot", 1999, 10_000).await;
    let names: Vec<String> = (0..BUYERS).map(|number| format!("Buyer {number}")).collect();
    let buyers = join_all(names.iter().map(|name| stage.shopper(name))).await;
    join_all(buyers.iter().map(async |buyer| {
        for _ in 0..EACH {
            buy(buyer, &goods).await;
        }
        known(buyer, EACH).await;
    }))
    .await;
    let before = join_all(buyers.iter().map(remembered)).await;

    let (rebuilt, bought, looked) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let rebuild = async {
        for _ in 0..2 {
            let done = stage.rialto().args(["rebuild", "history"]).run().await;
            assert!(done.status.success(), "{done:?}");
            let said = String::from_utf8_lossy(&done.stdout).into_owned();
            assert!(said.contains("orders") && said.contains("shipments"), "{said}");
        }
        rebuilt.store(true, Ordering::SeqCst);
    };
    let buying = join_all(buyers.iter().map(async |buyer| {
        let mut more = 0;
        while !rebuilt.load(Ordering::SeqCst) {
            buy(buyer, &goods).await;
            more += 1;
            bought.fetch_add(1, Ordering::SeqCst);
        }
        known(buyer, EACH + more).await;
    }));
    let looking = async {
        let oldest = text(&before[0][EACH - 1].0["id"]);
        while !rebuilt.load(Ordering::SeqCst) {
            let path = "/v1/orders?limit=100&payment_status=paid&delivery_status=preparing";
            let list = buyers[0].get(path).await.expect(200);
            let there = list["items"].as_array().unwrap().iter().any(|entry| entry["id"] == oldest);
            assert!(there, "an order is gone for a moment: {list}");
            looked.fetch_add(1, Ordering::SeqCst);
        }
    };
    tokio::join!(rebuild, buying, looking);
    println!("{bought:?} bought and {looked:?} looked meanwhile");
    assert!(bought.load(Ordering::SeqCst) > 0 && looked.load(Ordering::SeqCst) > 0);

    for (buyer, before) in buyers.iter().zip(&before) {
        let after = remembered(buyer).await;
        let old = &after[after.len() - EACH..];
        assert_eq!(old, before, "what was known before is known again");
    }
    let books = Books::of(&stage).await;
    books.quiet().await;
    books.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_made_again_on_sqlite() {
    history_is_made_again_while_customers_buy_and_look(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_made_again_on_postgres() {
    history_is_made_again_while_customers_buy_and_look(Deployment::WHOLE_ON_POSTGRES).await;
}
