//! A neighbour that accepts connections and is of no use: it never answers, or not in our language.
//!
//! Whoever needs it is told so before the deadline; whoever does not need it notices nothing.

use std::time::{Duration, Instant};

use super::impostor::{GARBAGE, Impostor};
use crate::world::{
    Answer, Deployment, Goods, Patience, Shopper, Stage, VISA, World, eventually, fresh_key, href,
};
use serde_json::Value;

/// The longest that a request may take. Stock that is held for an order that came to nothing, because its answer
/// was not waited for, is given back soon.
const SETTINGS: &[&str] = &[
    "http.deadline = \"3s\"",
    "orders.hold = \"20s\"",
    "products.hold_grace = \"1s\"",
    "products.sweep_every = \"500ms\"",
];
/// The same, and what it takes to say so on a busy machine.
const LIMIT: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_never_answers_holds_nobody_up_over_http() {
    a_neighbour_never_answers(Deployment::SERVICES_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_never_answers_holds_nobody_up_over_rabbitmq() {
    a_neighbour_never_answers(Deployment::SERVICES_OVER_RABBITMQ).await;
}

async fn a_neighbour_never_answers(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, SETTINGS).await);
    let visit = Visit::begin(&stage).await;
    stage.freeze("products");
    visit.without_products().await;
    stage.thaw("products");
    visit.ends_well().await;
    stage.stop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_that_answers_garbage_is_believed_by_nobody() {
    let stage = Stage::alone(World::open(Deployment::SERVICES_OVER_HTTP, SETTINGS).await);
    let visit = Visit::begin(&stage).await;
    stage.kill("products").await;
    for garbage in GARBAGE {
        let impostor = Impostor::of(&stage, "products", garbage).await;
        eprintln!("{:?}", String::from_utf8_lossy(garbage));
        visit.without_products().await;
        impostor.leave().await;
    }
    stage.start("products").await;
    visit.ends_well().await;
    stage.stop_all().await;
}

/// Somebody who was about to buy something.
struct Visit<'a> {
    stage: &'a Stage,
    goods: Goods,
    ada: Shopper,
    cart: Value,
    wish: Value,
    key: String,
}

impl<'a> Visit<'a> {
    async fn begin(stage: &'a Stage) -> Self {
        let goods = stage.publish("teapot", 1999, 10).await;
        let ada = stage.shopper("Ada").await;
        let cart = ada.cart_with(&goods, 1).await;
        let wish = ada.wish(&cart, VISA).await;
        Self { stage, goods, ada, cart, wish, key: fresh_key() }
    }

    async fn without_products(&self) {
        let Self { stage, goods, ada, cart, wish, key } = self;
        let guest = stage.guest();
        unavailable(async || guest.try_get(&goods.path()).await).await;
        unavailable(async || guest.try_get("/v1/categories").await).await;
        unavailable(async || ada.try_post_once("/v1/orders", key, wish).await).await;
        let stale = in_time(async || ada.get(href(cart, "self")).await).await.expect(200);
        assert_eq!(stale["warnings"][0]["code"], "stale", "{stale}");
        in_time(async || ada.get("/v1/users/me").await).await.expect(200);
        in_time(async || ada.get("/v1/delivery-methods?country=DE&currency=EUR").await)
            .await
            .expect(200);
    }

    async fn ends_well(&self) {
        let Self { goods, ada, wish, key, .. } = self;
        ada.until("products are shown", Patience::START, &goods.path(), |_| true).await;
        // Until everybody has found everybody again it may still be turned away.
        let placed = async || {
            let answer = ada.place_under(key, wish).await;
            (answer.status == 201).then(|| answer.json())
        };
        let order = eventually("the order is placed", Patience::START, placed).await;
        ada.wait_for(&order, "completed").await;
        ada.wait_for_stock(goods, 9, Patience::MESSAGES).await;
    }
}

/// Asks, and insists on an answer in time.
async fn in_time<T>(ask: impl AsyncFn() -> T) -> T {
    let begun = Instant::now();
    let answer = ask().await;
    assert!(begun.elapsed() < LIMIT, "it took {:?}", begun.elapsed());
    answer
}

/// Asks, and insists on being told in time that somebody else is not there.
async fn unavailable(ask: impl AsyncFn() -> reqwest::Result<Answer>) {
    let answer = match in_time(ask).await {
        Ok(answer) => answer,
        // What was begun cannot be taken back: it is cut.
        Err(cut) => return assert!(cut.is_decode() || cut.is_body(), "{cut:?}"),
    };
    let code = answer.json()["code"].clone();
    match code.as_str() {
        Some("dependency-unavailable") => drop(answer.problem(503, "dependency-unavailable")),
        _ => drop(answer.problem(504, "deadline-exceeded")),
    }
}
