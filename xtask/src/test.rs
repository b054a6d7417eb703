//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! The cheap checks come first and the first one that fails ends the run. The tests come last, so
//! that the output ends with the runner's own summary.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::children::Children;
use crate::postgres::Server;
use crate::preflight::{self, Tools};
use crate::say;
use crate::workspace::{cargo, metadata};

/// Read by the `testkit` crate.
const SERVER: &str = "RIALTO_TEST_POSTGRES";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs the tests only: no formatting, lints, documentation and documentation tests.
    #[arg(long)]
    quick: bool,
    /// Passed on to the test runner: names of tests, or its options.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    filter: Vec<String>,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = folder()?;
    // Two runs would remove each other's server; the lock goes with this process however it ends.
    let lock = lock(&folder)?;
    let mut children = Children::new()?;
    let tools = say::step("preflight", preflight::check(&mut children, !args.quick)).await?;
    if !args.quick {
        checks(&mut children).await?;
    }
    let server = say::step("postgres", async {
        let server = Server::start(&tools.postgres, &folder, &mut children).await?;
        say::note(format!("{SERVER}={}", server.url()));
        Ok(server)
    })
    .await?;
    let tested = tests(&args, &tools, &server.url(), &mut children).await;
    let stopped = server.stop().await;
    drop(lock);
    tested.and(stopped)
}

/// Where a run keeps its files: in cargo's target folder.
fn folder() -> Result<PathBuf> {
    let folder = metadata()?.target_directory.join("xtask").into_std_path_buf();
    fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be created", folder.display()))?;
    Ok(folder)
}

fn lock(folder: &Path) -> Result<File> {
    let lock = File::create(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say::note("waiting for another `cargo xtask test` in this folder");
            lock.lock()?;
        }
        Err(TryLockError::Error(cause)) => return Err(cause.into()),
    }
    Ok(lock)
}

async fn checks(children: &mut Children) -> Result<()> {
    let mut format = cargo(&["fmt", "--all", "--check"]);
    say::step("format", children.run(&mut format)).await?;
    let mut clippy =
        cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]);
    say::step("lints", children.run(&mut clippy)).await?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    say::step("documentation", children.run(&mut doc)).await
}

async fn tests(args: &Args, tools: &Tools, server: &str, children: &mut Children) -> Result<()> {
    if !args.quick {
        let mut examples = cargo(&["test", "--workspace", "--doc"]);
        examples.env(SERVER, server);
        say::step("documentation tests", children.run(&mut examples)).await?;
    }
    let mut runner = match tools.nextest {
        true => cargo(&["nextest", "run", "--workspace"]),
        false => cargo(&["test", "--workspace", "--all-targets"]),
    };
    say::begin("tests");
    children.run(runner.args(&args.filter).env(SERVER, server)).await
}
