//! `rialto`: the shop in one binary.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use clap::Parser;
use rialto::{
    admin,
    cli::{Cli, Command},
    config::{Layers, Loaded},
    doctor, migrate, modules,
};

/// Many small allocations on many threads are what a request is made of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rialto: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    rialto::install_crypto()?;
    let layers = Layers::from(cli.overrides);
    let loaded = match Loaded::read(&layers) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("rialto: the configuration is not right\n{error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    match cli.command.unwrap_or(Command::Serve) {
        #[cfg(feature = "gateway")]
        Command::Serve => rialto::serve::run(&loaded).await?,
        #[cfg(not(feature = "gateway"))]
        Command::Serve => anyhow::bail!(
            "this binary was built without the gateway, which answers the public address: build it \
             with --features gateway"
        ),
        Command::Migrate { status: true } => say(migrate::status(&loaded).await?)?,
        Command::Migrate { status: false } => say(migrate::apply(&loaded).await?)?,
        Command::Config => say(loaded.report()?)?,
        Command::Modules => say(modules::list(&loaded))?,
        Command::Admin(command) => admin::run(&loaded, command).await?,
        Command::Doctor => {
            let findings = doctor::examine(&loaded).await;
            say(&findings)?;
            return Ok(if findings.healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what was asked for. A reader who has seen enough (`rialto config | head`) is no error.
fn say(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}
