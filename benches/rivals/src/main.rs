//! What a call to another module costs, beside what others offer: one run, interleaved rounds, one table.
//!
//! Every contestant asks the same goods for the same three variants, over loopback TCP, with its client
//! on one thread and its server on another, each with a single-threaded runtime, TCP_NODELAY where it has
//! a socket of its own, and the shop's allocator. Ours does all that it does in the shop; the others are
//! bare. Logging is on at the shop's level, but for the other libraries' own spans.

mod broker;
mod direct_reply;
mod goods;
mod grpc;
mod measure;
mod ours;
mod server;
mod table;
mod tarpc;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use telemetry::{Format, Options};

use crate::broker::Broker;
use crate::goods::Shelf;
use crate::measure::Contestant;
use crate::table::{Goal, Row};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How dear ours may be.
const GOALS: &[Goal] = &[
    Goal { ours: ours::HTTP, theirs: grpc::NAME, at_most: 1.0 },
    Goal { ours: ours::RABBITMQ, theirs: direct_reply::NAME, at_most: 1.2 },
];

#[derive(Parser)]
#[command(
    name = "rivals",
    about = "What a call to another module costs, beside what others offer."
)]
struct Cli {
    /// How often everybody is measured, in turn.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// How long one measurement takes, in milliseconds.
    #[arg(long, default_value_t = 500)]
    millis: u64,
    /// Callers at once, beside one alone.
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// The broker, as `amqp://guest:guest@127.0.0.1:5672/%2f`; without it nobody goes over one.
    #[arg(long, env = "RIALTO_TEST_RABBITMQ")]
    broker: Option<String>,
    /// Only contestants whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let filter = "info,actix_server=warn,tarpc=warn,lapin=warn,tonic=warn,h2=warn".to_owned();
    telemetry::init(&Options { format: Format::Json, filter })?;
    // lapin is built with TLS, whose provider is chosen once a process.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(cli.run())
}

impl Cli {
    async fn run(self) -> Result<()> {
        let mut contestants = self.contestants().await?;
        if let Some(part) = &self.only {
            contestants.retain(|contestant| contestant.name.contains(part.as_str()));
        }
        let broker = self.broker.as_deref().and_then(port).and_then(Broker::at);
        let rows = self.measure(&contestants, broker.as_ref()).await?;
        println!(
            "{} rounds of {} ms, medians; CPU: both sides of one call; broker: its CPU beside them",
            self.rounds, self.millis
        );
        table::print(&rows, self.callers);
        table::compare(&rows, GOALS);
        Ok(())
    }

    async fn contestants(&self) -> Result<Vec<Contestant>> {
        let shelf = Shelf::fill();
        let mut all = vec![ours::in_process(&shelf), ours::over_http(&shelf)?];
        all.push(grpc::contestant(&shelf).await?);
        all.push(tarpc::bincode(&shelf).await?);
        all.push(tarpc::json(&shelf).await?);
        match &self.broker {
            Some(broker) => {
                all.push(ours::over_rabbitmq(&shelf, broker).await?);
                all.push(direct_reply::contestant(&shelf, broker).await?);
            }
            None => println!("no broker is named (RIALTO_TEST_RABBITMQ, --broker): none is used"),
        }
        Ok(all)
    }

    /// Everybody in turn, so that a busy moment of the machine is nobody's in particular.
    async fn measure(
        &self,
        contestants: &[Contestant],
        broker: Option<&Broker>,
    ) -> Result<Vec<Row>> {
        let row = |it: &Contestant| Row { name: it.name, one: Vec::new(), many: Vec::new() };
        let mut rows: Vec<Row> = contestants.iter().map(row).collect();
        // The first round only warms up.
        for round in 0..=self.rounds {
            for (contestant, row) in contestants.iter().zip(&mut rows) {
                for (callers, rounds) in [(1, &mut row.one), (self.callers, &mut row.many)] {
                    let broker = broker.filter(|_| contestant.brokered);
                    let before = broker.and_then(Broker::cpu);
                    let calls = contestant.round(callers, Duration::from_millis(self.millis)).await;
                    let calls = calls.with_context(|| contestant.name)?;
                    let after = broker.and_then(Broker::cpu);
                    let spent = after.zip(before).map(|(after, before)| after - before);
                    if round > 0 {
                        rounds.push(calls.with_broker(spent));
                    }
                }
            }
        }
        Ok(rows)
    }
}

/// The port of a broker on this machine.
fn port(url: &str) -> Option<u16> {
    let (_, rest) = url.rsplit_once('@')?;
    let (host, rest) = rest.split_once(':')?;
    let local = ["127.0.0.1", "localhost"].contains(&host);
    rest.split('/').next()?.parse().ok().filter(|_| local)
}
