//! What is true after the process was killed in the middle of its work, again and again.
//!
//! Customers place orders and try again under the same key when nobody answers. Whatever the moment of
//! a kill: what was acknowledged exists once, money and stock add up, and every order ends.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    books::Books,
    world::{DECLINED, Goods, Patience, Shopper, Stage, VISA, address, euros, fresh_key, text},
};

const KILLS: usize = 20;
const CUSTOMERS: usize = 8;
/// How long a process works before it is killed: anything from nothing to this.
const LONGEST: Duration = Duration::from_millis(900);
/// How long a customer waits before trying again.
const PAUSE: Duration = Duration::from_millis(20);
/// On hand in the beginning: more than can be sold in the time.
const STOCK: u32 = 1_000_000;

/// Where all customers buy until it is over.
struct Fair {
    goods: [Goods; 2],
    /// What delivery costs, in cents.
    delivery: i64,
    over: AtomicBool,
    requests: AtomicU64,
}

/// An order that was acknowledged, and the key under which it was asked for.
struct Acknowledged {
    key: String,
    order: Value,
    customer: Shopper,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_twenty_kills_every_acknowledged_order_exists_once_and_the_books_add_up() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let stage = Stage::with(&["orders.hold = \"1h\""]).await;
    let goods =
        [stage.publish("teapot", 1999, STOCK).await, stage.publish("cup", 450, STOCK).await];
    let names = (0..CUSTOMERS).map(|number| format!("Buyer {number}")).collect::<Vec<_>>();
    let customers = join_all(names.iter().map(|name| stage.shopper(name))).await;

    let nothing = json!({ "total": euros(0) });
    let delivery = customers[0].total(&nothing).await["minor"].as_i64().unwrap();
    let fair = Fair { goods, delivery, over: AtomicBool::new(false), requests: AtomicU64::new(0) };
    let shopping = customers.iter().enumerate().map(|(number, customer)| {
        fair.visit(customer, StdRng::seed_from_u64(seed ^ (number as u64 + 1)))
    });
    let killing = async {
        kill_again_and_again(&stage, seed).await;
        fair.over.store(true, Ordering::SeqCst);
    };
    let (acknowledged, ()) = futures::join!(join_all(shopping), killing);
    let acknowledged: Vec<Acknowledged> = acknowledged.into_iter().flatten().collect();
    let requests = fair.requests.load(Ordering::SeqCst);
    println!("{} orders acknowledged, {requests} requests to place one", acknowledged.len());
    assert!(acknowledged.len() >= KILLS, "too few orders to say anything");

    let books = Books::of(&stage).await;
    books.quiet().await;
    for Acknowledged { order, customer, .. } in &acknowledged {
        let now = customer.follow(order, "self").await;
        assert!(["pending", "completed"].contains(&text(&now["status"])), "{now}");
    }
    for Acknowledged { key, order, .. } in &acknowledged {
        assert_eq!(books.orders_under(key).await, [text(&order["id"])], "under the key {key}");
    }
    books.check().await;
    stage.stop_all().await;
}

/// Lets the process work for a random while, kills it and starts it again.
async fn kill_again_and_again(stage: &Stage, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..KILLS {
        let micros = random.random_range(0..LONGEST.as_micros() as u64);
        tokio::time::sleep(Duration::from_micros(micros)).await;
        stage.kill_all().await;
        stage.start_all().await;
    }
}

impl Fair {
    /// Buys one thing after the other until it is over; gives what was acknowledged.
    async fn visit(&self, customer: &Shopper, mut random: StdRng) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        while !self.over.load(Ordering::SeqCst) {
            let goods = &self.goods[random.random_range(0..self.goods.len())];
            let quantity = random.random_range(1..4);
            // The order of a declined card stays pending.
            let card = if random.random_range(0..8) == 0 { DECLINED } else { VISA };
            let Ok(Some(cart)) = fill(customer, goods, quantity).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let key = fresh_key();
            if let Some(order) = self.place(customer, &key, &self.wish(&cart, card)).await {
                acknowledged.push(Acknowledged { key, order, customer: customer.clone() });
            }
        }
        acknowledged
    }

    fn wish(&self, cart: &Value, card: &str) -> Value {
        json!({
            "cart_id": cart["id"],
            "expected_total": euros(cart["total"]["minor"].as_i64().unwrap() + self.delivery),
            "address": address(),
            "delivery_method": "standard",
            "payment": { "token": card },
        })
    }

    /// Sends the same request under the same key until there is an answer.
    async fn place(&self, customer: &Shopper, key: &str, wish: &Value) -> Option<Value> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Patience::START, "no answer to {wish}");
            self.requests.fetch_add(1, Ordering::SeqCst);
            let answer = customer.try_post_once("/v1/orders", key, wish).await;
            match answer.as_ref().map(|answer| answer.status.as_u16()) {
                Ok(201) => return answer.ok().map(|answer| answer.json()),
                // A message converts the cart of the last order, and may be still on its way.
                Ok(409) if answer.as_ref().is_ok_and(|it| it.json()["code"] == "conflict") => {
                    return None;
                }
                Ok(409 | 500..=599) | Err(_) => tokio::time::sleep(PAUSE).await,
                Ok(_) => panic!("{answer:?}"),
            }
        }
    }
}

/// A cart with one line; nothing when it could not be had.
async fn fill(customer: &Shopper, goods: &Goods, quantity: u32) -> reqwest::Result<Option<Value>> {
    let open = customer.request(Method::POST, "/v1/carts").json(&json!({}));
    let cart = customer.send(open).await?;
    if !cart.status.is_success() {
        return Ok(None);
    }
    let line = format!("/v1/carts/{}/lines/{}", text(&cart.json()["id"]), goods.variant);
    let put = customer.request(Method::PUT, &line).json(&json!({ "quantity": quantity }));
    let cart = customer.send(put).await?;
    Ok(cart.status.is_success().then(|| cart.json()))
}
