//! `cargo xtask`: the project's own tasks, the same on a developer's machine and in CI.

mod account;
mod bench;
mod children;
mod dependencies;
mod postgres;
mod preflight;
mod say;
mod test;
mod workspace;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks everything: format, lints, documentation, and all tests beside a private Postgres.
    Test(test::Args),
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
async fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Test(args) => test::run(args).await,
        Task::Dependencies { write } => workspace::dependencies(write),
        Task::Bench(bench) => bench.run().await,
    }
}
