//! `cargo xtask bench checkout` and `topologies`: how many purchases a second the shop takes, and what each
//! costs, in one process or in several.
//!
//! A purchase is what a shop lives on: open a cart, put a line in, place the order; then the saga takes
//! the money, sells the stock, completes the order and prepares a shipment. Customers arrive at a fixed
//! rate whatever the answers. Only what a customer does is asked of the shop; when an order was
//! completed is read from its database afterwards, so that watching costs nothing.

mod comparison;
mod completions;
mod customer;
mod figures;
mod log_ins;
mod shop;
mod step;
mod topology;

use std::time::Duration;

use anyhow::Result;
use clap::Args;

pub(crate) use self::comparison::Comparison;
use self::figures::{HEAD, LEGEND};
pub(crate) use self::log_ins::LogIns;
use self::shop::Shop;
use self::step::Trade;
use self::topology::Topology;
use crate::children::Children;
use crate::workspace;

/// The rates of the ladder, in purchases a second.
const LADDER: [f64; 6] = [100.0, 200.0, 400.0, 600.0, 800.0, 1000.0];

#[derive(Args)]
pub(crate) struct Checkout {
    /// Purchases a second; without it a ladder of rates.
    #[arg(long)]
    rate: Option<f64>,
    /// The processes that the shop is cut into.
    #[arg(long, value_enum, default_value_t = Topology::Whole)]
    topology: Topology,
    #[command(flatten)]
    load: Customers,
}

/// Who buys, and for how long.
#[derive(Args)]
struct Customers {
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

impl Checkout {
    pub(crate) async fn run(self) -> Result<()> {
        build().await?;
        let trade = self.load.open(self.topology).await?;
        trade.warm_up().await?;
        println!("\n{HEAD}");
        let rates = self.rate.map_or(LADDER.to_vec(), |rate| vec![rate]);
        for rate in rates {
            let step = trade.step(rate, self.load.time).await?;
            println!("{}", step.figures());
            for cause in step.causes() {
                println!("        {cause}");
            }
            if step.is_beyond() {
                println!("        beyond what the shop can do: no higher rate is tried");
                break;
            }
        }
        println!("{LEGEND}\nresident, at most  {:>8.1} MB", megabytes(trade.shop.usage()?.peak));
        trade.shop.close().await
    }
}

impl Customers {
    /// A shop with goods on sale and customers at the door; says what it costs while nobody buys.
    async fn open(&self, topology: Topology) -> Result<Trade> {
        let shop = Shop::open(topology, &self.settings).await?;
        println!("{topology}: {} process(es)", shop.processes());
        println!("binary, stripped   {:>8.1} MB", megabytes(shop.binary));
        println!("start to ready     {:>8} ms", shop.start.as_millis());
        println!("resident, idle     {:>8.1} MB", megabytes(shop.usage()?.resident));
        let trade = Trade::open(shop, self.customers).await?;
        println!("customers          {:>8}", self.customers);
        Ok(trade)
    }
}

async fn build() -> Result<()> {
    let mut build = workspace::cargo(&["build", "--release", "--bin", "rialto"]);
    Children::new()?.run(&mut build).await
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
