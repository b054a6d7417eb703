//! What `cargo xtask test` needs on the machine, checked before anything takes long.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use servers::{Postgres, RabbitMq, is_root};
use tokio::process::Command;

use crate::children::Children;
use crate::{node, python, say, workspace};

const APT: &str = "/usr/bin/apt-get";
/// What reads the document of the API and asks accordingly, in the version that the tests know.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// Clients that are slow on purpose.
const SLOWHTTPTEST: &str = "slowhttptest";
const HOW_TO_INSTALL_SLOWHTTPTEST: &str = "the tests need the program `slowhttptest`: install the package of that \
    name (Debian, Ubuntu: `apt-get install slowhttptest`; Fedora: `dnf install slowhttptest`; macOS: `brew install \
    slowhttptest`)";
/// A mail server for tests.
const AIOSMTPD: &str = "aiosmtpd==1.4.6";
/// A client of Eureka that we did not write.
const PY_EUREKA: &str = "py-eureka-client==0.13.3";
/// Another one.
const EUREKA_JS: &str = "eureka-js-client@4.5.0";

/// What was found.
pub(crate) struct Tools {
    /// Whether `cargo nextest` can run the tests.
    pub(crate) nextest: bool,
    /// A Python with what tests run in it.
    pub(crate) python: PathBuf,
    /// A `node_modules` with what tests run in it.
    pub(crate) node_modules: PathBuf,
}

impl Tools {
    /// By which tests find what was installed.
    pub(crate) fn paths(&self) -> [(&'static str, &Path); 2] {
        [(python::PYTHON, &self.python), (node::MODULES, &self.node_modules)]
    }
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
    let packages = [AIOSMTPD, PY_EUREKA];
    let python = python::environment(&folder.join("python"), &packages, children).await?;
    say::note(format!("Python for tests is {}", python.display()));
    let node_modules = node::modules(&folder.join("node"), &[EUREKA_JS], children).await?;
    say::note(format!("JavaScript for tests is in {}", node_modules.display()));
    Ok(Tools { nextest, python, node_modules })
}

/// Installs what attacks the shop slowly, unless it is there.
pub(crate) async fn slowhttptest(children: &mut Children) -> Result<()> {
    let mut asked = Command::new(SLOWHTTPTEST);
    asked.arg("-h").stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().await.is_err() {
        install(SLOWHTTPTEST, HOW_TO_INSTALL_SLOWHTTPTEST, children).await?;
    }
    Ok(())
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
