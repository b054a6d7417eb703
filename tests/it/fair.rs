//! A crowd that buys one thing after the other, whatever happens to the shop.
//!
//! Customers place orders and try again under the same key when nobody answers. What was acknowledged must
//! exist once, money and stock must add up, and every order must end.

mod whims;

use std::{
    env,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    books::Books,
    world::{DECLINED, Goods, Shopper, Stage, VISA, address, euros, eventually, fresh_key, text},
};

const CUSTOMERS: usize = 8;
/// How long a customer waits before trying again.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a customer tries. A broker takes a while to come back.
const TENACITY: Duration = Duration::from_secs(120);
/// On hand in the beginning: more than can be sold in the time.
const STOCK: u32 = 1_000_000;
/// For a shop with a fair: nobody's order expires before it is over.
pub(crate) const SETTINGS: &[&str] = &["orders.hold = \"1h\""];

/// Repeats what a fair draws, as far as it is the customers' doing.
const SEED: &str = "RIALTO_SEED";

/// Where all customers buy until it is over.
pub(crate) struct Fair<'a> {
    stage: &'a Stage,
    goods: [Goods; 2],
    customers: Vec<Shopper>,
    /// Whether they change their minds.
    fickle: bool,
    seed: u64,
    /// What delivery costs, in cents.
    delivery: i64,
    over: AtomicBool,
    requests: AtomicU64,
    acknowledged: AtomicUsize,
}

/// An order that was acknowledged, and the key under which it was asked for.
struct Acknowledged {
    key: String,
    order: Value,
    customer: Shopper,
}

impl<'a> Fair<'a> {
    /// Goods on sale and customers who want them.
    pub(crate) async fn open(stage: &'a Stage) -> Self {
        let goods =
            [stage.publish("teapot", 1999, STOCK).await, stage.publish("cup", 450, STOCK).await];
        let names = (0..CUSTOMERS).map(|number| format!("Buyer {number}")).collect::<Vec<_>>();
        let customers = join_all(names.iter().map(|name| stage.shopper(name))).await;
        let nothing = json!({ "total": euros(0) });
        let delivery = customers[0].total(&nothing).await["minor"].as_i64().unwrap();
        let given = env::var(SEED).ok().map(|seed| seed.parse().expect("a seed is a number"));
        let seed = given.unwrap_or_else(rand::random);
        eprintln!("{SEED}={seed}");
        Self {
            stage,
            goods,
            customers,
            fickle: false,
            seed,
            delivery,
            over: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            acknowledged: AtomicUsize::new(0),
        }
    }

    /// The same with customers who change their minds. In the end every order has ended.
    pub(crate) fn of_the_fickle(self) -> Self {
        Self { fickle: true, ..self }
    }

    /// Chance for whoever strikes.
    pub(crate) fn chance(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }

    /// Lets everybody buy while the blows of `strike` fall on the shop, then waits until it is quiet and audits
    /// it.
    pub(crate) async fn during(&self, strike: impl AsyncFnOnce()) {
        let shopping = self.customers.iter().enumerate().map(|(number, customer)| {
            self.visit(customer, StdRng::seed_from_u64(self.seed ^ (number as u64 + 1)))
        });
        let striking = async {
            strike().await;
            self.over.store(true, Ordering::SeqCst);
        };
        let (acknowledged, ()) = futures::join!(join_all(shopping), striking);
        let acknowledged: Vec<Acknowledged> = acknowledged.into_iter().flatten().collect();
        let requests = self.requests.load(Ordering::SeqCst);
        eprintln!("{} orders acknowledged, {requests} requests to place one", acknowledged.len());
        self.audit(&acknowledged).await;
    }

    /// Waits until so many more orders are acknowledged: business goes on.
    pub(crate) async fn goes_on(&self, orders: usize) {
        let before = self.acknowledged.load(Ordering::SeqCst);
        let what = format!("{orders} more orders are acknowledged");
        let sold = async || self.acknowledged.load(Ordering::SeqCst) - before;
        eventually(&what, TENACITY, async || (sold().await >= orders).then_some(())).await;
    }

    async fn audit(&self, acknowledged: &[Acknowledged]) {
        let books = Books::of(self.stage).await;
        let expected: &[&str] = match self.fickle {
            true => &["completed", "cancelled", "expired", "rejected"],
            false => &["pending", "completed"],
        };
        match self.fickle {
            true => books.ended().await,
            false => books.quiet().await,
        }
        for Acknowledged { key, order, customer } in acknowledged {
            let now = customer.follow(order, "self").await;
            assert!(expected.contains(&text(&now["status"])), "{now}");
            assert_eq!(books.orders_under(key).await, [text(&order["id"])], "under the key {key}");
        }
        books.check().await;
    }

    /// Buys one thing after the other until it is over; gives what was acknowledged.
    async fn visit(&self, customer: &Shopper, mut random: StdRng) -> Vec<Acknowledged> {
        let (mut acknowledged, mut whims) = (Vec::new(), JoinSet::new());
        while !self.over.load(Ordering::SeqCst) {
            let goods = &self.goods[random.random_range(0..self.goods.len())];
            let quantity = random.random_range(1..4);
            let card = match self.fickle {
                true => whims::card(&mut random),
                // The order of a declined card stays pending.
                false if random.random_range(0..8) == 0 => DECLINED,
                false => VISA,
            };
            let Ok(Some(cart)) = fill(customer, goods, quantity).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let key = fresh_key();
            if let Some(order) = self.place(customer, &key, &self.wish(&cart, card)).await {
                self.acknowledged.fetch_add(1, Ordering::SeqCst);
                if self.fickle {
                    let random = StdRng::seed_from_u64(random.random());
                    whims.spawn(whims::follow(customer.clone(), order.clone(), card, random));
                }
                acknowledged.push(Acknowledged { key, order, customer: customer.clone() });
            }
        }
        whims.join_all().await;
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
            assert!(begun.elapsed() < TENACITY, "no answer to {wish}");
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
