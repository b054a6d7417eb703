//! Python environments for what tests need of PyPI: in cargo's target folder, in fixed versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::children::Children;
use crate::preflight::install;
use crate::say;

/// By which tests find the interpreter; the `testkit` crate reads it.
pub(crate) const PYTHON: &str = "RIALTO_TEST_PYTHON";

const HOW_TO_INSTALL: &str = "Python 3 with its module venv is missing: install Debian's packages \
                              python3 and python3-venv, or what your system calls them";

/// Makes an environment with these packages in `home`, unless it is there as it should be; gives its
/// interpreter.
pub(crate) async fn environment(
    home: &Path,
    packages: &[&str],
    children: &mut Children,
) -> Result<PathBuf> {
    let (interpreter, record) = (home.join("bin/python"), home.join("packages.txt"));
    let (wanted, listed) = (packages.join("\n"), packages.join(", "));
    if fs::read_to_string(&record).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    if !has_venv().await {
        install("python3-venv", HOW_TO_INSTALL, children).await?;
    }
    say::note(format!("installing {listed} from PyPI"));
    let made = children.run(python().args(["-m", "venv", "--clear"]).arg(home)).await;
    made.context(HOW_TO_INSTALL)?;
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    children.run(&mut pip).await.with_context(|| {
        format!("{listed} cannot be had: pip must reach PyPI or a mirror of it (PIP_INDEX_URL)")
    })?;
    fs::write(&record, wanted)
        .with_context(|| format!("{} cannot be written", record.display()))?;
    Ok(interpreter)
}

fn python() -> Command {
    Command::new("python3")
}

async fn has_venv() -> bool {
    let mut asked = python();
    asked.args(["-c", "import venv, ensurepip"]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().await.is_ok_and(|status| status.success())
}
