//! Which of our crates depends on which, as the manifests say it.
//!
//! Also compiled into the architecture test, so that the record and its check cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use cargo_metadata::{DependencyKind, Metadata};

/// The golden file, from the workspace's root.
pub(crate) const RECORD: &str = "docs/dependencies.txt";

/// Each of our crates with those of ours that it depends on in this way, optional ones included.
pub(crate) fn edges(
    metadata: &Metadata,
    kind: DependencyKind,
) -> BTreeMap<String, BTreeSet<String>> {
    let ours: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let mut edges = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let named = package.dependencies.iter().filter(|dependency| dependency.kind == kind);
        let targets = named.map(|dependency| dependency.name.clone());
        edges
            .insert(package.name.to_string(), targets.filter(|name| ours.contains(name)).collect());
    }
    edges
}

/// One line for each of our crates: its name, then its normal dependencies among ours.
pub(crate) fn render(metadata: &Metadata) -> String {
    let mut text = String::new();
    for (name, targets) in edges(metadata, DependencyKind::Normal) {
        let targets: String = targets.iter().fold(String::new(), |line, next| line + " " + next);
        writeln!(text, "{name}:{targets}").expect("writing to a String cannot fail");
    }
    text
}
