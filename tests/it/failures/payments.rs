//! Nobody can pay for a while. The shop goes on selling, and is paid afterwards.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    books::Books,
    world::{Deployment, Patience, Shopper, Stage, World, href, text},
};

/// Orders are held for less long than payments are away, and what was not paid in time is looked for often.
const SETTINGS: &[&str] =
    &["orders.hold = \"12s\"", "orders.sweep = \"200ms\"", "products.hold_grace = \"1s\""];
/// How long payments are away at least, and how often somebody buys meanwhile.
const AWAY: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_taken_while_payments_are_away_and_paid_when_they_return_over_http() {
    payments_are_away(Deployment::SERVICES_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_taken_while_payments_are_away_and_paid_when_they_return_over_rabbitmq() {
    payments_are_away(Deployment::SERVICES_OVER_RABBITMQ).await;
}

async fn payments_are_away(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, SETTINGS).await);
    let goods = stage.publish("teapot", 1999, 1000).await;
    let (ada, window) = (stage.shopper("Ada").await, stage.shopper("Window Shopper").await);
    let kept = window.cart_with(&goods, 2).await;
    let before = sights(&window, &kept).await;

    stage.kill("payments").await;
    let (begun, mut orders) = (Instant::now(), Vec::new());
    while begun.elapsed() < AWAY {
        let order = ada.buy(&goods, 1).await;
        assert_eq!(order["status"], "pending");
        orders.push(order);
        assert_eq!(sights(&window, &kept).await, before, "the catalogue and carts are as before");
        tokio::time::sleep(PAUSE).await;
    }
    let first = &orders[0];
    let later = |order: &Value| text(&order["expires_at"]) > text(&first["expires_at"]);
    let what = "the first order is held for longer";
    ada.until(what, Patience::MESSAGES, href(first, "self"), later).await;
    for order in &orders {
        assert_eq!(ada.follow(order, "self").await["status"], "pending");
        ada.get(href(order, "payment")).await.problem(503, "dependency-unavailable");
    }

    stage.start("payments").await;
    for order in &orders {
        let order = ada.wait_for(order, "completed").await;
        let payment = ada.follow(&order, "payment").await;
        assert_eq!(payment["captured"], order["totals"]["grand"]);
        assert_eq!(ada.shipments(&order).await.len(), 1);
    }
    eprintln!("{} orders were placed without payments", orders.len());
    let books = Books::of(&stage).await;
    books.quiet().await;
    books.check().await;
    stage.stop_all().await;
}

/// What somebody sees who does not pay.
async fn sights(window: &Shopper, cart: &Value) -> Vec<Value> {
    let mut seen = vec![window.follow(cart, "self").await];
    for path in ["/v1/categories", "/v1/users/me", "/v1/delivery-methods?country=DE&currency=EUR"] {
        seen.push(window.get(path).await.expect(200));
    }
    let shelf = window.get("/v1/products").await.expect(200);
    seen.push(json!(shelf["items"].as_array().unwrap().len()));
    seen
}
