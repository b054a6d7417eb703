//! `cargo xtask bench`: the figures, each by one command.

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::calls::Calls;
use crate::checkout::{Checkout, Comparison, LogIns};
use crate::children::Children;
use crate::workspace;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// What a call through a port costs beside a direct method call.
    Ports(Criterion),
    /// What a statement, a transaction and group commit cost beside plain rusqlite.
    Storage(Criterion),
    /// What a call to another process costs: ours beside gRPC, tarpc and bare RabbitMQ.
    Calls(Calls),
    /// How many purchases a second the shop takes, and what each costs.
    Checkout(Checkout),
    /// The same in one process, in three and in seven, in one run.
    Topologies(Comparison),
    /// Whether many who log in at once hold up those who look at the catalogue.
    LogIns(LogIns),
}

#[derive(Args)]
pub(crate) struct Criterion {
    /// Passed on to criterion: a filter, `--quick`, `--save-baseline NAME`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Ports(criterion) => criterion.run("ports").await,
            Self::Storage(criterion) => criterion.run("storage").await,
            Self::Calls(calls) => calls.run().await,
            Self::Checkout(checkout) => checkout.run().await,
            Self::Topologies(comparison) => comparison.run().await,
            Self::LogIns(log_ins) => log_ins.run().await,
        }
    }
}

impl Criterion {
    async fn run(self, name: &str) -> Result<()> {
        let mut bench = workspace::cargo(&["bench", "--bench", name, "--"]);
        Children::new()?.run(bench.args(self.arguments)).await
    }
}
