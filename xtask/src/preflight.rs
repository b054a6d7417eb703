//! What `cargo xtask test` needs on the machine, checked before anything takes long.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Result, bail};
use tokio::process::Command;

use crate::account::is_root;
use crate::children::Children;
use crate::{say, workspace};

/// Where Debian and Ubuntu keep the server's programs, a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

const HOW_TO_INSTALL: &str = "the tests need the programs `initdb` and `postgres`: install \
    PostgreSQL 14 or newer (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install \
    postgresql-server`; macOS: `brew install postgresql`) and, when they are in neither the PATH \
    nor /usr/lib/postgresql/*/bin, add their folder to the PATH";

/// What was found.
pub(crate) struct Tools {
    /// The folder with `initdb` and `postgres`.
    pub(crate) postgres: PathBuf,
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
    let postgres = match find_postgres() {
        Some(folder) => folder,
        None => install_postgres(children).await?,
    };
    say::note(format!("PostgreSQL's programs are in {}", postgres.display()));
    Ok(Tools { postgres, nextest })
}

async fn has(subcommand: &str) -> Result<bool> {
    let mut version = workspace::cargo(&[subcommand, "--version"]);
    Ok(version.stdout(Stdio::null()).stderr(Stdio::null()).status().await?.success())
}

fn find_postgres() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(debian_versions())
        .find(|folder| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file()))
}

/// Debian's folders, newest version first.
fn debian_versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut versions: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| Path::new(DEBIAN).join(version.to_string()).join("bin")).collect()
}

/// In a container or in CI we are root and may help ourselves; on a person's machine we ask.
async fn install_postgres(children: &mut Children) -> Result<PathBuf> {
    let apt = Path::new("/usr/bin/apt-get");
    if !apt.exists() || !is_root().await? {
        bail!("{HOW_TO_INSTALL}");
    }
    say::note("PostgreSQL is missing: installing Debian's package `postgresql`");
    children.run(Command::new(apt).arg("update")).await?;
    let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
    children.run(Command::new(apt).args(install).env("DEBIAN_FRONTEND", "noninteractive")).await?;
    match find_postgres() {
        Some(folder) => Ok(folder),
        None => bail!("the package `postgresql` brought no server; {HOW_TO_INSTALL}"),
    }
}
