//! The workspace this tool belongs to: its folders, its cargo, its record of dependencies.

use std::ffi::OsStr;
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};
use tokio::process::Command;

use crate::dependencies;

/// The folder of the workspace's Cargo.toml.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// Asks cargo about our crates, without theirs and without the network.
pub(crate) fn metadata() -> Result<Metadata> {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().context("cargo metadata failed")
}

/// Prints or writes which of our crates depends on which.
pub(crate) fn dependencies(write: bool) -> Result<()> {
    let text = dependencies::render(&metadata()?);
    if !write {
        print!("{text}");
        return Ok(());
    }
    let file = root().join(dependencies::RECORD);
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))
}

/// A cargo command in the workspace's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // What `cargo run` tells this process about the xtask package would look to build scripts that
    // watch these variables like a change, and rebuild their crates.
    for (name, _) in env::vars_os().filter(|(name, _)| describes_a_package(name)) {
        command.env_remove(name);
    }
    // Nothing is compiled twice in a clean checkout: what would make that faster fills its disk.
    if env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

fn describes_a_package(variable: &OsStr) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    let name = variable.to_string_lossy();
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}
