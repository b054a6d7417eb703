//! `cargo xtask bench log-ins`: whether many who log in at once hold up those who look at the catalogue.
//!
//! Passwords are hashed at 19 MiB and tens of milliseconds each, so that a crowd at the door could take all
//! processors. Quiet and crowded rounds take turns, so that a busy moment of the machine is nobody's in
//! particular, and what counts is a ratio: too large a one is a failure.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::task::JoinSet;

use super::customer::{Customer, Market};
use super::shop::Shop;
use super::topology::Topology;
use super::{build, seconds};
use crate::load::{Latency, Load};

/// Everybody comes from one address, which is no attack here.
const SETTING: &str = "users.failures_per_address = { burst = 10000, interval = \"1ms\" }";
/// Reads at hand at one time.
const AT_HAND: usize = 1000;

#[derive(Args)]
pub(crate) struct LogIns {
    /// How many log in at any time; each of them again and again.
    #[arg(long, default_value_t = 200)]
    crowd: usize,
    /// Reads of the catalogue a second.
    #[arg(long, default_value_t = 100.0)]
    reads: f64,
    /// How long a round takes, as `4s`.
    #[arg(long, default_value = "4s", value_parser = seconds)]
    time: Duration,
    /// Rounds of each kind.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many times the 99th percentile of quiet rounds it may be; more is a failure.
    #[arg(long, default_value_t = 2.0)]
    at_most: f64,
    /// Lines of configuration for the shop, as `users.hashing_threads = 1`.
    #[arg(long = "set")]
    settings: Vec<String>,
    /// The binary, when it is not to be a release build.
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// How reads fared.
struct Reads {
    latency: Latency,
    failed: u64,
}

impl LogIns {
    pub(crate) async fn run(mut self) -> Result<()> {
        if self.binary.is_none() {
            build().await?;
        }
        self.settings.push(SETTING.to_owned());
        let shop = Shop::of(self.binary.as_deref(), Topology::Whole, &self.settings).await?;
        let market = Arc::new(Market::stock(&shop).await?);
        Customer::sign_up(&market, self.crowd).await?;

        let mut quiet = Reads::none();
        let mut crowded = Reads::none();
        let (mut good, mut bad, mut time) = (0, 0, Duration::ZERO);
        for _ in 0..self.rounds {
            self.read(&market, &mut quiet).await?;
            let (begun, crowd) = (Instant::now(), Crowd::gather(&market, self.crowd));
            self.read(&market, &mut crowded).await?;
            let tries = crowd.scatter().await?;
            (good, bad, time) = (good + tries.0, bad + tries.1, time + begun.elapsed());
        }
        let rate = good as f64 / time.as_secs_f64();
        println!("reads a second        {:>8.0}", self.reads);
        println!("quiet                 {}, {} failed", quiet.latency, quiet.failed);
        println!(
            "{:>4} log in at once   {}, {} failed",
            self.crowd, crowded.latency, crowded.failed
        );
        println!("log-ins a second      {rate:>8.1}, {bad} not in time");
        let p99 = |reads: &Reads| reads.latency.quantile(0.99).as_secs_f64();
        let times = p99(&crowded) / p99(&quiet);
        println!("p99 of reads          {times:>8.2} times that of quiet rounds");
        shop.close().await?;
        let failed = quiet.failed + crowded.failed;
        ensure!(failed == 0, "{failed} reads of the catalogue failed");
        let at_most = self.at_most;
        ensure!(times <= at_most, "{times:.2} times is more than {at_most:.2} times");
        Ok(())
    }

    async fn read(&self, market: &Arc<Market>, reads: &mut Reads) -> Result<()> {
        let load = Load {
            rate: self.reads,
            time: self.time,
            count: u64::MAX,
            concurrency: AT_HAND,
            patience: self.time,
        };
        let market = market.clone();
        let report = load.run(move |_| {
            let market = market.clone();
            async move { market.browse().await }
        });
        let report = report.await;
        reads.failed += report.failed + report.unfinished;
        reads.latency.add(&report.latency).context("the histograms are alike")
    }
}

impl Reads {
    fn none() -> Self {
        Self { latency: Latency::new(), failed: 0 }
    }
}

/// People who log in again and again.
struct Crowd {
    people: JoinSet<()>,
    leave: Arc<AtomicBool>,
    tries: Arc<Tries>,
}

/// How often people got in, and how often they were not answered in time.
#[derive(Default)]
struct Tries {
    good: AtomicU64,
    bad: AtomicU64,
}

impl Crowd {
    fn gather(market: &Arc<Market>, size: usize) -> Self {
        let (leave, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(Tries::default()));
        let mut people = JoinSet::new();
        for number in 0..size {
            let (market, leave, tries) = (market.clone(), leave.clone(), tries.clone());
            people.spawn(async move {
                while !leave.load(Ordering::Relaxed) {
                    let tried = match Customer::again(&market, number).await {
                        Ok(_) => &tries.good,
                        Err(_) => &tries.bad,
                    };
                    tried.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { people, leave, tries }
    }

    /// How often they got in, and how often not, until they leave.
    async fn scatter(mut self) -> Result<(u64, u64)> {
        self.leave.store(true, Ordering::Relaxed);
        while let Some(ended) = self.people.join_next().await {
            ended?;
        }
        Ok((self.tries.good.load(Ordering::Relaxed), self.tries.bad.load(Ordering::Relaxed)))
    }
}
