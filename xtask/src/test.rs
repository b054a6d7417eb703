//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! The cheap checks come first and the first one that fails ends the run. The tests come last, so
//! that the output ends with the runner's own summary.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result, ensure};
use servers::{Postgres, RabbitMq};

use crate::children::Children;
use crate::preflight::{self, Tools};
use crate::say;
use crate::workspace::{cargo, metadata};

/// The modules that can be compiled in alone, by feature.
const MODULES: [&str; 10] = [
    "users",
    "products",
    "carts",
    "orders",
    "payments",
    "deliveries",
    "history",
    "notifications",
    "gateway",
    "registry",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs the tests only: no formatting, lints, documentation and documentation tests.
    #[arg(long)]
    quick: bool,
    /// Looks at this crate only; may be given several times.
    #[arg(long, short, value_name = "CRATE")]
    package: Vec<String>,
    /// Passed on to the test runner: names of tests, or its options.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    filter: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct Proofs {
    /// Proves only what has one of these in its name.
    filter: Vec<String>,
}

/// Which tests are proofs, to nextest.
const PROOFS: &str = "test(/prove_/)";

impl Args {
    /// Which crates cargo looks at; `all` is the subcommand's word for every one.
    fn scope(&self, all: &str) -> Vec<String> {
        match self.package.is_empty() {
            true => vec![all.into()],
            false => self.package.iter().map(|name| format!("--package={name}")).collect(),
        }
    }
}

/// Says whether all tests passed; what fails earlier is an error.
pub(crate) async fn run(args: Args) -> Result<bool> {
    let folder = folder()?;
    // Two runs would remove each other's server; the lock goes with this process however it ends.
    let lock = lock(&folder)?;
    let mut children = Children::new()?;
    let tools =
        say::step("preflight", preflight::check(&folder, &mut children, !args.quick)).await?;
    if args.package.iter().all(|name| name == "rialto") {
        let installed = preflight::schemathesis(&folder, &mut children);
        say::step("schemathesis", installed).await?;
        say::step("slowhttptest", preflight::slowhttptest(&mut children)).await?;
    }
    if !args.quick {
        checks(&args, &mut children).await?;
    }
    let servers = say::step("servers", Servers::start(&folder)).await?;
    let tested = tests(&args, &tools, &servers, &mut children).await;
    servers.stop().await?;
    drop(lock);
    Ok(tested?.success())
}

/// Runs every test that takes too long for each change, beside the servers; says whether all passed.
///
/// They are called `prove_…` and ignored otherwise.
pub(crate) async fn prove(args: Proofs) -> Result<bool> {
    let folder = folder()?;
    let lock = lock(&folder)?;
    let mut children = Children::new()?;
    let tools = say::step("preflight", preflight::check(&folder, &mut children, false)).await?;
    ensure!(
        tools.nextest,
        "install cargo-nextest, which runs the proofs: cargo install cargo-nextest"
    );
    let servers = say::step("servers", Servers::start(&folder)).await?;
    let mut runner = cargo(&["nextest", "run", "--workspace", "--profile", "prove"]);
    runner.args(["--run-ignored", "only", "--no-capture", "-E", PROOFS]).args(&args.filter);
    runner.envs(servers.urls()).envs(tools.paths());
    say::begin("proofs");
    let proved = children.status(&mut runner).await;
    servers.stop().await?;
    drop(lock);
    Ok(proved?.success())
}

/// What all tests of a run share; read from the environment by the `testkit` crate.
struct Servers {
    postgres: Postgres,
    rabbitmq: RabbitMq,
}

impl Servers {
    async fn start(folder: &Path) -> Result<Self> {
        let started = tokio::join!(Postgres::start(folder), RabbitMq::start(folder));
        let servers = Self { postgres: started.0?, rabbitmq: started.1? };
        for (name, url) in servers.urls() {
            say::note(format!("{name}={url}"));
        }
        Ok(servers)
    }

    fn urls(&self) -> [(&'static str, String); 2] {
        let (postgres, rabbitmq) = (self.postgres.url(), self.rabbitmq.url());
        [("RIALTO_TEST_POSTGRES", postgres), ("RIALTO_TEST_RABBITMQ", rabbitmq)]
    }

    async fn stop(self) -> Result<()> {
        let stopped = tokio::join!(self.postgres.stop(), self.rabbitmq.stop());
        stopped.0.and(stopped.1)
    }
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

async fn checks(args: &Args, children: &mut Children) -> Result<()> {
    let mut format = cargo(&["fmt", "--check"]);
    say::step("format", children.run(format.args(args.scope("--all")))).await?;
    let mut clippy = cargo(&["clippy", "--all-targets"]);
    clippy.args(args.scope("--workspace")).args(["--", "--deny", "warnings"]);
    say::step("lints", children.run(&mut clippy)).await?;
    let mut doc = cargo(&["doc", "--no-deps"]);
    doc.args(args.scope("--workspace")).env("RUSTDOCFLAGS", "--deny warnings");
    say::step("documentation", children.run(&mut doc)).await?;
    if args.package.is_empty() {
        say::step("each module alone", alone(children)).await?;
    }
    Ok(())
}

/// A binary for one module compiles; one for none does too, and says what it lacks.
async fn alone(children: &mut Children) -> Result<()> {
    const NO_DEFAULTS: [&str; 4] = ["--quiet", "--bin", "rialto", "--no-default-features"];
    for module in MODULES {
        let mut check = cargo(&["check"]);
        let outcome = children.run(check.args(NO_DEFAULTS).args(["--features", module])).await;
        outcome.with_context(|| format!("a binary for {module} alone does not compile"))?;
    }
    children.run(cargo(&["build"]).args(NO_DEFAULTS)).await?;
    let serve = cargo(&["run"]).args(NO_DEFAULTS).args(["--", "serve"]).output().await?;
    let said = String::from_utf8_lossy(&serve.stderr);
    ensure!(
        !serve.status.success() && said.contains("--features"),
        "a binary without modules should refuse to serve and say with which --features to build it, \
         but: {} {said}",
        serve.status
    );
    Ok(())
}

async fn tests(
    args: &Args,
    tools: &Tools,
    servers: &Servers,
    children: &mut Children,
) -> Result<ExitStatus> {
    if !args.quick {
        let mut examples = cargo(&["test", "--doc"]);
        examples.args(args.scope("--workspace")).envs(servers.urls());
        say::step("documentation tests", children.run(&mut examples)).await?;
    }
    let mut runner = match tools.nextest {
        true => cargo(&["nextest", "run"]),
        false => cargo(&["test", "--tests", "--no-fail-fast"]),
    };
    say::begin("tests");
    runner.args(args.scope("--workspace")).args(&args.filter).envs(servers.urls());
    runner.envs(tools.paths());
    children.status(&mut runner).await
}
