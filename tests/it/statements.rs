//! What a purchase costs in SQL statements, over all modules, `BEGIN` and `COMMIT` included.
//!
//! Counted by the shop's own public numbers. Statements that nobody asked for fall in between: a relay
//! looks into its outbox, applied messages are removed every ten seconds however many there are, and a
//! mark is moved over messages that concern no handler. So the median of a few is what counts, and for a
//! whole checkout also the average of many at once, with all tidying included.
//! What the sandbox writes into its own books is not counted: it stands for a bank. What those spend who only
//! listen is told beside it: nobody who buys waits for them.

use std::time::{Duration, Instant};

use futures::future::join_all;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::world::{Goods, Patience, Shopper, Stage, VISA};

const MODULES: [&str; 6] = ["users", "products", "carts", "orders", "payments", "deliveries"];
/// Those who only listen.
const LISTENERS: [&str; 2] = ["history", "notifications"];

/// How long nothing may happen before the shop counts as quiet.
const QUIET: Duration = Duration::from_millis(300);
/// The same, when marks over messages that concern nobody must have been moved before.
const SETTLED: Duration = Duration::from_millis(2500);
/// How often something is counted alone.
const TIMES: usize = 5;
/// How many buy at once.
const BUYERS: usize = 60;

/// Most statements for `POST /v1/orders`.
const PLACING: u64 = 20;
/// Most statements from the first line in the cart to the prepared shipment.
const CHECKOUT: u64 = 60;
/// Most statements to list 20 products.
const LISTING: u64 = 2;

/// The statements so far, by module.
async fn count(stage: &Stage) -> Vec<u64> {
    count_of(stage, &MODULES).await
}

async fn count_of(stage: &Stage, modules: &[&str]) -> Vec<u64> {
    let mut all = Vec::new();
    for module in modules {
        all.push(stage.metric("db_statements_total", &format!("module=\"{module}\"")).await);
    }
    all
}

/// Waits until no statements are made any more, and gives their number.
async fn quiet(stage: &Stage) -> Vec<u64> {
    unchanged(stage, QUIET).await
}

async fn unchanged(stage: &Stage, pause: Duration) -> Vec<u64> {
    let begun = Instant::now();
    let mut seen = (count(stage).await, Instant::now());
    while seen.1.elapsed() < pause {
        assert!(begun.elapsed() < Patience::MESSAGES, "it never becomes quiet");
        let now = count(stage).await;
        if now != seen.0 {
            seen = (now, Instant::now());
        }
    }
    seen.0
}

fn spent(before: &[u64], after: &[u64]) -> Vec<u64> {
    before.iter().zip(after).map(|(before, after)| after - before).collect()
}

/// Prints what was counted and gives the median of the sums.
fn judged(what: &str, counts: &[Vec<u64>], limit: u64) -> u64 {
    println!("{what}: {MODULES:?}");
    let mut sums = Vec::new();
    for count in counts {
        sums.push(count.iter().sum::<u64>());
        println!("  {count:?} = {}", sums[sums.len() - 1]);
    }
    sums.sort_unstable();
    let median = sums[sums.len() / 2];
    println!("  median {median}, at most {limit}");
    median
}

#[tokio::test]
async fn a_whole_checkout_takes_at_most_sixty_statements() {
    // Nobody looks for payments that another process left behind.
    let stage = Stage::with(&["payments.reconcile_every = \"1h\""]).await;
    let goods = stage.publish("teapot", 1999, 200).await;
    let names: Vec<String> = (0..BUYERS).map(|number| format!("Buyer {number}")).collect();
    let buyers = join_all(names.iter().map(|name| stage.shopper(name))).await;

    let mut alone = Vec::new();
    for buyer in &buyers[..TIMES] {
        let cart = buyer.cart().await;
        let before = unchanged(&stage, SETTLED).await;
        let order = buyer.buy_in(&cart, &goods, 1, VISA).await;
        alone.push(spent(&before, &quiet(&stage).await));
        prepared(buyer, &order).await;
    }
    assert!(judged("a checkout alone", &alone, CHECKOUT) <= CHECKOUT);

    let carts = join_all(buyers.iter().map(Shopper::cart)).await;
    let before = quiet(&stage).await;
    let listened = count_of(&stage, &LISTENERS).await;
    let bought = buyers.iter().zip(&carts).map(|(buyer, cart)| buyer.buy_in(cart, &goods, 1, VISA));
    let orders = join_all(bought).await;
    let all = spent(&before, &quiet(&stage).await);
    for (buyer, order) in buyers.iter().zip(&orders) {
        prepared(buyer, order).await;
    }
    let each = all.iter().sum::<u64>() as f64 / BUYERS as f64;
    println!("{BUYERS} checkouts at once: {all:?}, {each:.1} each");
    let listened = spent(&listened, &count_of(&stage, &LISTENERS).await);
    println!("and beside them {LISTENERS:?}: {listened:?}");
    assert!(each <= CHECKOUT as f64);
}

/// Makes sure that what was counted was a whole checkout.
async fn prepared(buyer: &Shopper, order: &Value) {
    let order = buyer.follow(order, "self").await;
    assert_eq!(order["status"], "completed");
    assert_eq!(buyer.shipments(&order).await.len(), 1);
}

#[tokio::test]
async fn placing_an_order_takes_at_most_twenty_statements() {
    let stage = Stage::whole().await;
    let goods = stage.publish("teapot", 1999, 100).await;
    let ada = stage.shopper("Ada").await;
    let mut counts = Vec::new();
    for _ in 0..TIMES {
        let cart = ada.cart_with(&goods, 1).await;
        let wish = ada.wish(&cart, VISA).await;
        let (before, order, after) = placed_alone(&stage, &ada, &wish).await;
        ada.wait_for(&order, "completed").await;
        counts.push(spent(&before, &after));
    }
    assert!(judged("POST /v1/orders", &counts, PLACING) <= PLACING);
}

/// Places an order while those who would go on with it are held back: they wait to write.
async fn placed_alone(stage: &Stage, ada: &Shopper, wish: &Value) -> (Vec<u64>, Value, Vec<u64>) {
    quiet(stage).await;
    let busy: Vec<Connection> = ["payments", "carts"].map(|module| lock(stage, module)).into();
    let before = count(stage).await;
    let order = ada.place(wish).await.expect(201);
    let after = count(stage).await;
    drop(busy);
    (before, order, after)
}

/// Keeps everybody else from writing to a module's database.
fn lock(stage: &Stage, module: &str) -> Connection {
    let connection = Connection::open(stage.folder().join(format!("{module}.db"))).unwrap();
    connection.busy_timeout(Patience::START).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[tokio::test]
async fn listing_twenty_products_takes_at_most_two_statements() {
    let stage = Stage::whole().await;
    let admin = stage.admin().await;
    for number in 0..25 {
        let Goods { .. } = admin.publish(&format!("cup-{number}"), 500 + number, 10).await;
    }
    let mut counts = Vec::new();
    for sort in ["title", "price", "newest", "title", "price"] {
        let before = quiet(&stage).await;
        let page =
            stage.guest().get(&format!("/v1/products?limit=20&sort={sort}")).await.expect(200);
        counts.push(spent(&before, &count(&stage).await));
        assert_eq!(page["items"].as_array().unwrap().len(), 20);
        assert_ne!(page["next_cursor"], json!(null));
    }
    assert!(judged("20 products", &counts, LISTING) <= LISTING);
}
