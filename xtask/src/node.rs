//! What tests need of npm: in cargo's target folder, in fixed versions.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::children::Children;
use crate::preflight::install;
use crate::say;

/// By which tests find the packages; the `testkit` crate reads it.
pub(crate) const MODULES: &str = "RIALTO_TEST_NODE_MODULES";

/// Names further certificates to Node.
const TRUSTED: &str = "NODE_EXTRA_CA_CERTS";
const OF_THE_MACHINE: &str = "/etc/ssl/certs/ca-certificates.crt";

const HOW_TO_INSTALL: &str = "Node.js or npm is missing: install Debian's packages nodejs and npm, or what your \
                              system calls them";

/// Puts these packages into `home`, unless they are there as they should be; gives their `node_modules`.
pub(crate) async fn modules(
    home: &Path,
    packages: &[&str],
    children: &mut Children,
) -> Result<PathBuf> {
    for program in ["node", "npm"] {
        if !runs(program).await {
            let package = if program == "node" { "nodejs" } else { "npm" };
            install(package, HOW_TO_INSTALL, children).await?;
        }
    }
    let (modules, record) = (home.join("node_modules"), home.join("packages.txt"));
    let (wanted, listed) = (packages.join("\n"), packages.join(", "));
    if fs::read_to_string(&record).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    say::note(format!("installing {listed} from npm"));
    fs::create_dir_all(home)?;
    let mut npm = Command::new("npm");
    // Node brings certificates of its own, and trusts those of the machine only when it is told to.
    if env::var_os(TRUSTED).is_none() && Path::new(OF_THE_MACHINE).exists() {
        npm.env(TRUSTED, OF_THE_MACHINE);
    }
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(home);
    children.run(npm.args(packages)).await.with_context(|| {
        format!("{listed} cannot be had: npm must reach its registry or a mirror of it")
    })?;
    fs::write(&record, wanted)
        .with_context(|| format!("{} cannot be written", record.display()))?;
    Ok(modules)
}

async fn runs(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().await.is_ok_and(|status| status.success())
}
