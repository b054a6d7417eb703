//! `cargo xtask bench checkout`: how many purchases a second one process takes, and what each costs.
//!
//! A purchase is what a shop lives on: open a cart, put a line in, place the order; then the saga takes
//! the money, sells the stock, completes the order and prepares a shipment. Customers arrive at a fixed
//! rate whatever the answers. Only what a customer does is asked of the shop; when an order was
//! completed is read from its database afterwards, so that watching costs nothing.

mod completions;
mod customer;
mod shop;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use self::completions::Completions;
use self::customer::{Customer, Market};
use self::shop::Shop;
use crate::children::Children;
use crate::load::{Latency, Load, Report};
use crate::usage::Usage;
use crate::workspace;

/// The rates of the ladder, in purchases a second.
const LADDER: [f64; 6] = [100.0, 200.0, 400.0, 600.0, 800.0, 1000.0];
/// Requests at hand at one time: so many that nobody waits for a place.
const CONCURRENCY: usize = 20_000;
/// The share of failures that ends the ladder. A customer who comes back before the last order has
/// left the cart cannot open a fresh one: that is how an overload shows.
const LIMIT: f64 = 0.1;
/// How long orders may take to complete after the last arrival.
const PATIENCE: Duration = Duration::from_secs(60);
/// A short load before the measured ones: connections, caches, a first page of everything.
const WARM_UP: (f64, Duration) = (50.0, Duration::from_secs(3));

#[derive(Args)]
pub(crate) struct Checkout {
    /// Purchases a second; without it a ladder of rates.
    #[arg(long)]
    rate: Option<f64>,
    /// How long a rate is kept up, as `20s`.
    #[arg(long, default_value = "10s", value_parser = seconds)]
    time: Duration,
    /// Customers that take turns; signed up before anything is measured.
    #[arg(long, default_value_t = 1000)]
    customers: usize,
    /// Lines of configuration for the shop, as `storage.synchronous = "normal"`.
    #[arg(long = "set")]
    settings: Vec<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse().map_err(|_| "give seconds: 20s")?;
    Ok(Duration::from_secs(number))
}

/// What one rate came to.
struct Step {
    rate: f64,
    load: Report<Duration>,
    completed: Completions,
    window: Duration,
    shop: (Usage, Usage),
    generator: (Usage, Usage),
}

impl Checkout {
    pub(crate) async fn run(self) -> Result<()> {
        Children::new()?
            .run(&mut workspace::cargo(&["build", "--release", "--bin", "rialto"]))
            .await?;
        let shop = Shop::open(&self.settings).await?;
        println!("binary, stripped   {:>8.1} MB", megabytes(shop.binary));
        println!("start to ready     {:>8} ms", shop.start.as_millis());
        println!("resident, idle     {:>8.1} MB", megabytes(shop.usage()?.resident));
        let market = Arc::new(Market::stock(&shop).await?);
        let customers = Customer::sign_up(&market, self.customers).await?;
        println!("customers          {:>8}\n", customers.len());

        let customers = Arc::new(customers);
        let (rate, time) = WARM_UP;
        step(&shop, &market, &customers, rate, time).await?;
        println!("{HEAD}");
        let rates = self.rate.map_or(LADDER.to_vec(), |rate| vec![rate]);
        for rate in rates {
            let step = step(&shop, &market, &customers, rate, self.time).await?;
            println!("{}", step.row()?);
            for cause in &step.load.causes {
                println!("        {cause}");
            }
            if step.failed() > LIMIT {
                println!("        beyond what the shop can do: no higher rate is tried");
                break;
            }
        }
        println!("{LEGEND}\nresident, at most  {:>8.1} MB", megabytes(shop.usage()?.peak));
        shop.close().await
    }
}

/// Keeps up one rate and waits until everything it began has ended.
async fn step(
    shop: &Shop,
    market: &Arc<Market>,
    customers: &Arc<Vec<Customer>>,
    rate: f64,
    time: Duration,
) -> Result<Step> {
    let usage = || anyhow::Ok((shop.usage()?, Usage::of(std::process::id())?));
    let (shop_before, generator_before) = usage()?;
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
    let load = Load { rate, time, count: u64::MAX, concurrency: CONCURRENCY, patience: PATIENCE };
    let load = load
        .run(|number| {
            let (market, customers) = (market.clone(), customers.clone());
            async move {
                let turn = usize::try_from(number)? % customers.len();
                market.purchase(&customers[turn]).await
            }
        })
        .await;
    let (_, generator_after) = usage()?;
    let completed =
        Completions::await_all(shop.folder(), begun, load.answers.len(), PATIENCE).await?;
    let (shop_after, _) = usage()?;
    let (shop, generator) = ((shop_before, shop_after), (generator_before, generator_after));
    Ok(Step { rate, load, completed, window: time, shop, generator })
}

const HEAD: &str = "  rate | placed/s failed | completed/s | POST p50   p99 ms | purchase p50   p99 ms | \
                    completed p50    p99 ms | CPU ms each | RSS MB | generator CPU";
const LEGEND: &str = "\nPOST: POST /v1/orders alone. purchase: its three requests, from the intended \
                      arrival on.\ncompleted: from placed to completed. CPU: of the shop's process, all \
                      of it, for each completed order.";

impl Step {
    /// The share of purchases that came to nothing.
    fn failed(&self) -> f64 {
        let failed = (self.load.failed + self.load.unfinished) as f64;
        failed / (failed + self.load.answers.len() as f64)
    }

    fn row(&self) -> Result<String> {
        let mut post = Latency::new();
        for took in &self.load.answers {
            post.record(*took);
        }
        let ms = |latency: &Latency, share| latency.quantile(share).as_secs_f64() * 1e3;
        let cpu = |(before, after): &(Usage, Usage)| (after.cpu - before.cpu).as_secs_f64();
        let count = self.completed.count().max(1) as f64;
        Ok(format!(
            "{:>6.0} | {:>8.1} {:>6} | {:>11.1} | {:>8.1} {:>8.1} | {:>12.1} {:>8.1} | {:>13.1} {:>9.1} | \
             {:>11.2} | {:>6.0} | {:>7.0} %",
            self.rate,
            self.load.throughput(),
            self.load.failed + self.load.unfinished,
            self.completed.within(self.window) as f64 / self.window.as_secs_f64(),
            ms(&post, 0.5),
            ms(&post, 0.99),
            ms(&self.load.latency, 0.5),
            ms(&self.load.latency, 0.99),
            ms(&self.completed.latency, 0.5),
            ms(&self.completed.latency, 0.99),
            cpu(&self.shop) * 1e3 / count,
            megabytes(self.shop.1.resident),
            cpu(&self.generator) / self.load.elapsed.as_secs_f64() * 100.0,
        ))
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
