//! What `cargo xtask test` needs on the machine, checked before anything takes long.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use servers::{Postgres, RabbitMq, is_root};
use tokio::process::Command;

use crate::children::Children;
use crate::{say, workspace};

const APT: &str = "/usr/bin/apt-get";
/// What reads the document of the API and asks accordingly, in the version that the tests know.
const SCHEMATHESIS: &str = "4.32.5";

const NO_PYTHON: &str = "schemathesis needs Python 3 with its `venv` module: install Debian's \
                         packages python3 and python3-venv, or what they are called here";

/// What was found.
pub(crate) struct Tools {
    /// Whether `cargo nextest` can run the tests.
    pub(crate) nextest: bool,
}

/// Finds every tool, or says how to install the one that is missing.
pub(crate) async fn check(children: &mut Children, lints: bool) -> Result<Tools> {
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
    Ok(Tools { nextest })
}

/// Installs schemathesis from PyPI into a virtual environment in `folder`, unless it is there.
pub(crate) async fn schemathesis(folder: &Path, children: &mut Children) -> Result<()> {
    let home = folder.join("schemathesis");
    let program = home.join("bin/st");
    let version = Command::new(&program).arg("--version").output().await;
    if version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(SCHEMATHESIS)) {
        say::note(format!("schemathesis {SCHEMATHESIS} is in {}", home.display()));
        return Ok(());
    }
    say::note(format!("installing schemathesis {SCHEMATHESIS} from PyPI"));
    let mut venv = Command::new("python3");
    let made = children.run(venv.args(["-m", "venv", "--clear"]).arg(&home)).await;
    if made.is_err() {
        install("python3-venv", NO_PYTHON, children).await?;
        children.run(&mut venv).await.context(NO_PYTHON)?;
    }
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip.arg(format!("schemathesis=={SCHEMATHESIS}"));
    children.run(&mut pip).await.with_context(|| {
        format!(
            "schemathesis {SCHEMATHESIS} cannot be had: `pip` must reach PyPI or a mirror of it \
             (PIP_INDEX_URL)"
        )
    })
}

async fn has(subcommand: &str) -> Result<bool> {
    let mut version = workspace::cargo(&[subcommand, "--version"]);
    Ok(version.stdout(Stdio::null()).stderr(Stdio::null()).status().await?.success())
}

/// Installs a package of Debian's. In a container or in CI we are root and may help ourselves; on a person's
/// machine we ask.
async fn install(package: &str, otherwise: &str, children: &mut Children) -> Result<()> {
    let apt = Path::new(APT);
    if !apt.exists() || !is_root() {
        bail!("{otherwise}");
    }
    say::note(format!("installing Debian's package `{package}`"));
    children.run(Command::new(apt).arg("update")).await?;
    let install = ["install", "--yes", "--no-install-recommends", package];
    children.run(Command::new(apt).args(install).env("DEBIAN_FRONTEND", "noninteractive")).await
}
