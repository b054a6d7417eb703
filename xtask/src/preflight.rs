//! What `cargo xtask test` needs on the machine, checked before anything takes long.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use servers::{Postgres, RabbitMq, is_root};
use tokio::process::Command;

use crate::children::Children;
use crate::{python, say, workspace};

const APT: &str = "/usr/bin/apt-get";
/// What reads the document of the API and asks accordingly, in the version that the tests know.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// A mail server for tests.
const AIOSMTPD: &str = "aiosmtpd==1.4.6";

/// What was found.
pub(crate) struct Tools {
    /// Whether `cargo nextest` can run the tests.
    pub(crate) nextest: bool,
    /// A Python with what tests run in it.
    pub(crate) python: PathBuf,
}

/// Finds every tool, or says how to install the one that is missing. What can be had is put into `folder`.
pub(crate) async fn check(folder: &Path, children: &mut Children, lints: bool) -> Result<Tools> {
    if lints {
        for component in ["fmt", "clippy"] {
            if !has(component).await? {
                bail!("`cargo {component}` is missing: run `rustup component add rustfmt clippy`");
            }
        }
    }
    let nextest = has("nextest").await?;
    if !nextest {
        say::note("cargo-nextest is not installed: the tests run under `cargo test`");
    }
    if Postgres::programs().is_none() {
        install("postgresql", Postgres::HOW_TO_INSTALL, children).await?;
    }
    if RabbitMq::programs().is_none() {
        install("rabbitmq-server", RabbitMq::HOW_TO_INSTALL, children).await?;
    }
    let found = Postgres::programs().context(Postgres::HOW_TO_INSTALL)?;
    say::note(format!("PostgreSQL's programs are in {}", found.display()));
    let found = RabbitMq::programs().context(RabbitMq::HOW_TO_INSTALL)?;
    say::note(format!("RabbitMQ's programs are in {}", found.display()));
    let python = python::environment(&folder.join("python"), &[AIOSMTPD], children).await?;
    say::note(format!("Python for tests is {}", python.display()));
    Ok(Tools { nextest, python })
}

/// Installs schemathesis from PyPI into a virtual environment in `folder`, unless it is there.
pub(crate) async fn schemathesis(folder: &Path, children: &mut Children) -> Result<()> {
    let home = folder.join("schemathesis");
    let interpreter = python::environment(&home, &[SCHEMATHESIS], children).await?;
    say::note(format!("schemathesis runs in {}", interpreter.display()));
    Ok(())
}

async fn has(subcommand: &str) -> Result<bool> {
    let mut version = workspace::cargo(&[subcommand, "--version"]);
    Ok(version.stdout(Stdio::null()).stderr(Stdio::null()).status().await?.success())
}

/// Installs a package of Debian's. In a container or in CI we are root and may help ourselves; on a person's
/// machine we ask.
pub(crate) async fn install(package: &str, otherwise: &str, children: &mut Children) -> Result<()> {
    let apt = Path::new(APT);
    if !apt.exists() || !is_root() {
        bail!("{otherwise}");
    }
    say::note(format!("installing Debian's package `{package}`"));
    children.run(Command::new(apt).arg("update")).await?;
    let install = ["install", "--yes", "--no-install-recommends", package];
    children.run(Command::new(apt).args(install).env("DEBIAN_FRONTEND", "noninteractive")).await
}
