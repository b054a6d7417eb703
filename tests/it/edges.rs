//! What callers know about their neighbours, and other numbers while they run.

use serde_json::{Value, json};

use crate::world::{Deployment, Patience, Stage, VISA, World, eventually, fresh_key, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edges_are_shown_and_tuned_while_the_shop_is_open_and_the_audit_names_who_did_it() {
    let stage = Stage::alone(World::open(Deployment::SPLIT_OVER_HTTP, &[]).await);
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let wish = ada.wish(&cart, VISA).await;
    let placed = ada.place_under(&fresh_key(), &wish).await;
    assert_eq!(placed.status, 201, "{placed:?}");

    let edge = the_edge(&stage, "orders", "products").await;
    assert_eq!(
        (&edge["process"], &edge["circuit"]["state"]),
        (&json!("checkout"), &json!("closed"))
    );
    assert!(edge["counted"]["calls"].as_u64().unwrap() > 0, "{edge}");
    assert_eq!((&edge["counted"]["failed"], &edge["ejected"]), (&json!(0), &json!(0)), "{edge}");
    assert_eq!(edge["instances"].as_array().unwrap().len(), 1, "{edge}");
    assert!(stage.metric("edge_calls_total", "callee=\"products\"").await > 0);

    let words = ["edges", "tune", "orders -> products", "at_once = 7", "--by", "bea"];
    let tuned = stage.rialto().args(words).run().await;
    assert!(tuned.status.success(), "{tuned:?}");
    let edge = the_edge(&stage, "orders", "products").await;
    assert_eq!(
        (&edge["numbers"]["at_once"], &edge["numbers"]["patience"]),
        (&json!(7), &json!("10s"))
    );
    let audit = stage.rialto().args(["messages", "audit", "--module", "orders", "--json"]).run();
    let audit = String::from_utf8(audit.await.stdout).unwrap();
    let entry: Value = serde_json::from_str(audit.lines().next().unwrap()).unwrap();
    assert_eq!((text(&entry["actor"]), text(&entry["deed"])), ("cli:bea", "tune"));
    assert_eq!(
        (text(&entry["subject"]), &entry["after"]["at_once"]),
        ("orders -> products", &json!(7))
    );

    for (edge, numbers, complaint) in [
        ("orders -> products", "at_once = 0", "at_once is 0"),
        ("orders -> products", "at_ones = 1", "unknown field"),
        ("products -> orders", "at_once = 1", "no process that answers has the edge"),
    ] {
        let refused = stage.rialto().args(["edges", "tune", edge, numbers]).run().await;
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(complaint), "{refused:?}");
    }
    for (name, insider) in stage.insiders() {
        assert_eq!(insider.get("/edges").await.status, 401, "{name} shows edges to anybody");
    }
    stage.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_is_gone_is_soon_not_asked_and_asked_again_when_it_is_back() {
    let stage = Stage::alone(World::open(Deployment::SPLIT_OVER_HTTP, &[]).await);
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada = stage.shopper("Ada").await;
    let cart = ada.cart_with(&goods, 1).await;
    let (wish, key) = (ada.wish(&cart, VISA).await, fresh_key());
    stage.kill("shop").await;
    eventually("the circuit opens", Patience::START, async || {
        let answer = ada.place_under(&key, &wish).await;
        answer.problem(503, "dependency-unavailable");
        let edge = the_edge(&stage, "orders", "carts").await;
        (edge["counted"]["opened"] != 0).then_some(())
    })
    .await;
    ada.place_under(&key, &wish).await.problem(503, "dependency-unavailable");
    stage.start("shop").await;
    let order = eventually("the order is placed", Patience::START, async || {
        let answer = ada.place_under(&key, &wish).await;
        (answer.status == 201).then(|| answer.json())
    });
    ada.wait_for(&order.await, "completed").await;
    let edge = the_edge(&stage, "orders", "carts").await;
    assert_eq!(edge["circuit"]["state"], "closed", "{edge}");
    stage.stop_all().await;
}

/// The only edge from one module to another that any process has which is there.
async fn the_edge(stage: &Stage, caller: &str, callee: &str) -> Value {
    let told = stage.rialto().args(["edges", "list", "--json"]).run().await;
    let told = String::from_utf8(told.stdout).unwrap();
    let edges = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut found = edges.filter(|it| it["caller"] == caller && it["callee"] == callee);
    found.next().unwrap_or_else(|| panic!("no edge {caller} -> {callee} in {told}"))
}
