//! The house rules, checked over the manifests and the source text.

use std::path::Path;

/// How `docs/dependencies.txt` is written; shared with the tool that writes it.
#[path = "../../xtask/src/dependencies.rs"]
mod dependencies;
mod rings;
mod tidy;

/// The folder of the workspace's Cargo.toml.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
