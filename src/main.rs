//! `rialto`: the shop in one binary.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use anyhow::ensure;
use clap::Parser;
use rialto::{
    admin,
    cli::{Cli, Command, GraphFormat, Rebuild, Target, Topology, Which},
    config::{Layers, Loaded},
    doctor, edges, explain, messages, migrate, modules, probe, rebuild, relocate, sagas, serve,
    topology::{self, Graph},
    up,
};
#[cfg(feature = "products")]
use rialto::{
    cli::{Export, Import},
    feed,
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
    // Needs no configuration, and in a container may have only a part of it.
    if let Some(Command::Probe { url: Some(url), .. }) = &cli.command {
        say(probe::ask(url).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let layers = Layers::from(cli.overrides);
    let loaded = match Loaded::read(&layers) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("rialto: the configuration is not right\n{error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    match cli.command.unwrap_or(Command::Serve(Which::default())) {
        Command::Serve(which) => serve::run(&loaded, &which).await?,
        Command::Up => up::run(&loaded, &layers).await?,
        Command::Topology(asked) => say(topology(&loaded, &layers, asked)?)?,
        Command::Migrate { status: true } => say(migrate::status(&loaded).await?)?,
        Command::Migrate { status: false } => say(migrate::apply(&loaded).await?)?,
        Command::Copy { module, to } => say(relocate::copy(&loaded, &module, &to).await?)?,
        Command::Rebuild(Rebuild::History) => say(rebuild::history(&loaded).await?)?,
        Command::Explain { thing, json } => say(explain::run(&loaded, &thing, json).await?)?,
        Command::Config => say(loaded.report()?)?,
        Command::Modules => say(modules::list(&loaded))?,
        #[cfg(feature = "products")]
        Command::Import(Import::Products { file }) => {
            let (told, whole) = feed::import(&loaded, &file).await?;
            say(told)?;
            return Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        #[cfg(feature = "products")]
        Command::Export(Export::Products { file }) => {
            feed::export(&loaded, file.as_deref()).await?
        }
        #[cfg(not(feature = "products"))]
        Command::Import(_) | Command::Export(_) => {
            anyhow::bail!("products is not in this binary: it was built without that feature")
        }
        Command::Messages(command) => {
            let (told, whole) = messages::run(&loaded, command).await?;
            say(told)?;
            return Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Sagas(command) => {
            let (told, whole) = sagas::run(&loaded, command).await?;
            say(told)?;
            return Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Edges(command) => {
            let (told, whole) = edges::run(&loaded, command).await?;
            say(told)?;
            return Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Admin(command) => admin::run(&loaded, command).await?,
        Command::Probe { which, .. } => {
            let seat = loaded.layout.seat(which.process.as_deref(), which.replica)?;
            say(probe::run(&loaded, &seat).await?)?;
        }
        Command::Doctor { process } => {
            let findings = doctor::examine(&loaded, process.as_deref()).await;
            say(&findings)?;
            return Ok(if findings.healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is to say about the topology, which has been found to make sense by now.
fn topology(loaded: &Loaded, layers: &Layers, asked: Topology) -> anyhow::Result<String> {
    let layout = &loaded.layout;
    match asked {
        Topology::Check { process } => {
            let places = layout.processes.iter();
            let chosen = places.filter(|it| process.as_ref().is_none_or(|name| it.name == *name));
            let missing = layout.unbuilt(chosen);
            ensure!(missing.is_empty(), "this binary is not enough\n{missing}");
            if let Some(name) = &process {
                layout.seat(Some(name), 1)?;
            }
            Ok(format!("The topology makes sense: {}.\n", layout.summary()))
        }
        Topology::Graph { format: GraphFormat::Text } => Ok(Graph::text(layout).to_string()),
        Topology::Graph { format: GraphFormat::Mermaid } => Ok(Graph::mermaid(layout).to_string()),
        Topology::Render { target: Target::Compose } => {
            topology::compose(&loaded.config, layout, &layers.files)
        }
    }
}

/// Prints what was asked for. A reader who has seen enough (`rialto config | head`) is no error.
fn say(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}
