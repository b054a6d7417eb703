//! One rate of purchases, kept up for some time, and what it came to.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::completions::Completions;
use super::customer::{Customer, Market};
use super::figures::Figures;
use super::megabytes;
use super::shop::Shop;
use crate::load::{Latency, Load, Report};
use crate::usage::Usage;

/// Requests at hand at one time: so many that nobody waits for a place.
const CONCURRENCY: usize = 20_000;
/// The share of failures that is too much. A customer who comes back before the last order has left the
/// cart cannot open a fresh one: that is how an overload shows.
const LIMIT: f64 = 0.1;
/// How long orders may take to complete after the last arrival.
const PATIENCE: Duration = Duration::from_secs(60);
/// A short load before the measured ones: connections, caches, a first page of everything.
const WARM_UP: (f64, Duration) = (50.0, Duration::from_secs(3));

/// A shop with its goods and its customers.
pub(crate) struct Trade {
    pub(crate) shop: Shop,
    market: Arc<Market>,
    customers: Arc<Vec<Customer>>,
}

/// What one rate came to.
pub(crate) struct Step {
    rate: f64,
    load: Report<Duration>,
    completed: Completions,
    window: Duration,
    shop: (Usage, Usage),
    generator: (Usage, Usage),
}

impl Trade {
    /// Puts goods on sale and signs up customers.
    pub(crate) async fn open(shop: Shop, customers: usize) -> Result<Self> {
        let market = Arc::new(Market::stock(&shop).await?);
        let customers = Arc::new(Customer::sign_up(&market, customers).await?);
        Ok(Self { shop, market, customers })
    }

    pub(crate) async fn warm_up(&self) -> Result<()> {
        let (rate, time) = WARM_UP;
        self.step(rate, time).await.map(drop)
    }

    /// Keeps up one rate and waits until everything it began has ended.
    pub(crate) async fn step(&self, rate: f64, time: Duration) -> Result<Step> {
        let usage = || anyhow::Ok((self.shop.usage()?, Usage::of(std::process::id())?));
        let (shop_before, generator_before) = usage()?;
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
        let load =
            Load { rate, time, count: u64::MAX, concurrency: CONCURRENCY, patience: PATIENCE };
        let load = load
            .run(|number| {
                let (market, customers) = (self.market.clone(), self.customers.clone());
                async move {
                    let turn = usize::try_from(number)? % customers.len();
                    market.purchase(&customers[turn]).await
                }
            })
            .await;
        let (_, generator_after) = usage()?;
        let completed =
            Completions::of(self.shop.folder(), begun, load.answers.len(), PATIENCE).await?;
        let (shop_after, _) = usage()?;
        let (shop, generator) = ((shop_before, shop_after), (generator_before, generator_after));
        Ok(Step { rate, load, completed, window: time, shop, generator })
    }
}

impl Step {
    /// Whether this rate is more than the shop can do.
    pub(crate) fn is_beyond(&self) -> bool {
        self.failed() as f64 > LIMIT * (self.load.failed + self.load.answers.len() as u64) as f64
    }

    /// What explains the failures, as far as it was kept.
    pub(crate) fn causes(&self) -> &[String] {
        &self.load.causes
    }

    /// Purchases that came to nothing: refused, unanswered, or never completed.
    fn failed(&self) -> u64 {
        let pending = self.load.answers.len().saturating_sub(self.completed.count());
        self.load.failed + self.load.unfinished + pending as u64
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut post = Latency::new();
        for took in &self.load.answers {
            post.record(*took);
        }
        let ms = |latency: &Latency, share| latency.quantile(share).as_secs_f64() * 1e3;
        let quantiles = |latency: &Latency| [ms(latency, 0.5), ms(latency, 0.99)];
        let cpu = |(before, after): &(Usage, Usage)| (after.cpu - before.cpu).as_secs_f64();
        let count = self.completed.count().max(1) as f64;
        Figures {
            rate: self.rate,
            placed: self.load.throughput(),
            failed: self.failed() as f64,
            completed: self.completed.within(self.window) as f64 / self.window.as_secs_f64(),
            post: quantiles(&post),
            purchase: quantiles(&self.load.latency),
            completion: quantiles(&self.completed.latency),
            cpu: cpu(&self.shop) * 1e3 / count,
            resident: megabytes(self.shop.1.resident),
            generator: cpu(&self.generator) / self.load.elapsed.as_secs_f64() * 100.0,
        }
    }
}
