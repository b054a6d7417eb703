//! `cargo xtask`: the project's own tasks, the same on a developer's machine and in CI.

mod bench;
mod calls;
mod checkout;
mod children;
mod dependencies;
mod load;
mod node;
mod preflight;
mod python;
mod say;
mod test;
mod usage;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks everything: format, lints, documentation, and all tests beside private servers.
    Test(test::Args),
    /// Proves what takes longer than tests may, beside private servers; see docs/how-to/prove-it.md.
    Prove(test::Proofs),
    /// Prints which of our crates depends on which.
    Dependencies {
        /// Writes it to docs/dependencies.txt instead, where the architecture test expects it.
        #[arg(long)]
        write: bool,
    },
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Bench),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Cli::parse().task.run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("\ncargo xtask: {cause:#}");
            ExitCode::FAILURE
        }
    }
}

impl Task {
    /// `false` is a failure of which everything has been said.
    async fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::Test(args) => return test::run(args).await,
            Self::Prove(proofs) => return test::prove(proofs).await,
            Self::Dependencies { write } => workspace::dependencies(write)?,
            Self::Bench(bench) => bench.run().await?,
        }
        Ok(true)
    }
}
