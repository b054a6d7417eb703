//! `cargo xtask bench topologies`: the same purchases in one process and in several, in one run.
//!
//! All shops are open at the same time and take turns, so that a busy moment of the machine is nobody's in
//! particular. What the idle ones cost meanwhile is measured first.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::time::sleep;

use super::figures::{Figures, HEAD, LEGEND};
use super::step::Trade;
use super::topology::Topology;
use super::{Customers, build, megabytes};

/// How long the idle shops are watched.
const IDLE: Duration = Duration::from_secs(5);
/// The share of arrivals that must be completed while customers still arrive, for a rate to be kept up.
const KEPT_UP: f64 = 0.95;

#[derive(Args)]
pub(crate) struct Comparison {
    /// Purchases a second; several, smallest first.
    #[arg(long, value_delimiter = ',', default_values_t = [25.0, 50.0, 100.0, 200.0, 300.0, 400.0, 600.0])]
    rates: Vec<f64>,
    /// How often each rate is put on each shop.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The ways to cut the shop, the first of which the others are compared with.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Topology::Whole, Topology::Split, Topology::Services])]
    topologies: Vec<Topology>,
    #[command(flatten)]
    load: Customers,
}

/// One way to cut the shop.
struct Way {
    topology: Topology,
    trade: Trade,
    /// The medians of the rates so far.
    figures: Vec<Figures>,
    /// Whether the last rate was more than it can do.
    beyond: bool,
}

impl Comparison {
    pub(crate) async fn run(self) -> Result<()> {
        build().await?;
        let mut ways = Vec::new();
        for topology in &self.topologies {
            let trade = self.load.open(*topology).await?;
            trade.warm_up().await?;
            ways.push(Way { topology: *topology, trade, figures: Vec::new(), beyond: false });
        }
        idle(&ways).await?;
        println!("\n{:10}{HEAD}", "");
        for rate in &self.rates {
            self.compare(*rate, &mut ways).await?;
        }
        println!("{LEGEND}");
        summary(&ways)?;
        for way in ways {
            way.trade.shop.close().await?;
        }
        Ok(())
    }

    /// Puts one rate on every shop that can still bear more, in turn.
    async fn compare(&self, rate: f64, ways: &mut [Way]) -> Result<()> {
        let mut rounds: Vec<Vec<Figures>> = ways.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.rounds {
            for (way, rounds) in ways.iter_mut().zip(&mut rounds).filter(|(way, _)| !way.beyond) {
                let step = way.trade.step(rate, self.load.time).await?;
                rounds.push(step.figures());
                if step.is_beyond() {
                    way.beyond = true;
                    let cause = step.causes().first().map_or("", String::as_str);
                    println!("{:10}cannot do {rate:.0}: {cause}", way.topology);
                }
            }
        }
        for (way, rounds) in ways.iter_mut().zip(rounds).filter(|(_, rounds)| !rounds.is_empty()) {
            let median = Figures::median(&rounds);
            println!("{:10}{median}", way.topology);
            way.figures.push(median);
        }
        println!();
        Ok(())
    }
}

/// Says what each shop costs while nobody buys.
async fn idle(ways: &[Way]) -> Result<()> {
    println!();
    for way in ways {
        let before = way.trade.shop.usage()?;
        sleep(IDLE).await;
        let after = way.trade.shop.usage()?;
        let percent = (after.cpu - before.cpu).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
        let memory = megabytes(after.resident);
        println!("{:10}idle: {percent:.1} % of a processor, {memory:.0} MB resident", way.topology);
    }
    Ok(())
}

/// Compares the processor time for a purchase, and the highest rate that was kept up.
fn summary(ways: &[Way]) -> Result<()> {
    let Some((first, others)) = ways.split_first() else { return Ok(()) };
    for base in &first.figures {
        let same = |way: &Way| way.figures.iter().find(|it| it.rate == base.rate).cloned();
        let ratio = |way: &Way| match same(way) {
            Some(it) => format!("{} {:.2}", way.topology, it.cpu / base.cpu),
            None => format!("{} -", way.topology),
        };
        let ratios: Vec<String> = others.iter().map(ratio).collect();
        let (name, rate) = (first.topology, base.rate);
        println!("CPU for a purchase at {rate:>4.0}/s: {name} 1 : {}", ratios.join(" : "));
    }
    for way in ways {
        let kept = way.figures.iter().filter(|it| it.completed >= KEPT_UP * it.rate);
        let most = kept.map(|it| it.rate).fold(0.0, f64::max);
        let peak = megabytes(way.trade.shop.usage()?.peak);
        let best = way.figures.iter().map(|it| it.completed).fold(0.0, f64::max);
        println!(
            "{:10}keeps up with {most:.0}/s, completes at most {best:.0}/s, {peak:.0} MB resident at most",
            way.topology
        );
    }
    Ok(())
}
