//! What no source file contains, and what each one does.

use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Where our sources are.
const FOLDERS: &[&str] =
    &["src", "modules", "chassis", "doubles", "migrations", "tests", "benches", "xtask"];

const LONGEST: usize = 400;

/// A source file with its path from the root, in which `/` separates.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are not comments, by number.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the file is compiled for tests or measurements only.
    fn is_test(&self) -> bool {
        self.path.split('/').any(|part| ["tests", "tests.rs", "benches"].contains(&part))
    }
}

/// Every Rust file but this one, which spells out what it forbids.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        collect(&root().join(folder), "rs", &mut paths);
    }
    let read = |path: &PathBuf| Source {
        path: path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    };
    let sources: Vec<Source> = paths.iter().map(read).collect();
    assert!(sources.iter().any(|source| source.path == "src/main.rs"), "the search is broken");
    sources.into_iter().filter(|source| source.path != file!()).collect()
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
}

/// Fails with every place outside `allowed` files whose code contains one of `words`.
fn nowhere(words: &[&str], allowed: impl Fn(&Source) -> bool, rule: &str) {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !allowed(source)) {
        for (number, line) in source.code() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{rule}:\n  {}\n", found.join("\n  "));
}

#[test]
fn features_are_the_composition_roots_business() {
    nowhere(
        &["cfg(feature", "cfg(not(feature", "cfg(any(feature", "cfg(all(feature", "cfg!(feature"],
        |source| {
            // An adapter to something heavy is a feature of its crate, declared at one door.
            let adapters = ["chassis/wire/", "chassis/messaging/"];
            let door =
                source.path.ends_with("/src/lib.rs") || source.path.ends_with("/tests/it/main.rs");
            source.path.starts_with("src/")
                || (door && adapters.iter().any(|folder| source.path.starts_with(folder)))
        },
        "which modules are compiled in is decided in src/, and which adapters at the doors of two crates",
    );
}

#[test]
fn the_environment_is_read_in_one_file() {
    let tools = ["xtask/", "chassis/testkit/", "chassis/servers/", "chassis/fault/"];
    nowhere(
        &["std::env", "env::var"],
        |source| {
            source.path == "src/config.rs"
                || source.is_test()
                || tools.iter().any(|folder| source.path.starts_with(folder))
        },
        "the environment is configuration, and configuration is read in src/config.rs",
    );
}

#[test]
fn nothing_unfinished_lands() {
    let rule = "finish it, or leave it out";
    nowhere(&["todo!(", "unimplemented!(", "dbg!("], |_| false, rule);
    // What `cargo xtask prove` runs, and the lives that these tests give to processes of their own.
    let lives = [
        "chassis/fault/tests/it.rs",
        "chassis/messaging/tests/it/deaths/",
        "chassis/messaging/tests/it/disasters",
        "chassis/messaging/tests/it/space.rs",
        "chassis/saga/tests/it/crash",
        "chassis/storage/tests/it/two_phase/",
        "tests/it/storm.rs",
    ];
    let proofs = |source: &Source| lives.iter().any(|path| source.path.starts_with(path));
    nowhere(&["#[ignore"], proofs, rule);
}

#[test]
fn every_file_says_what_it_is_for() {
    let sources = sources();
    let silent = |source: &&Source| !source.is_test() && !source.text.starts_with("//! ");
    let found: Vec<&str> = sources.iter().filter(silent).map(|it| it.path.as_str()).collect();
    assert!(found.is_empty(), "these begin without a `//!` sentence:\n  {}\n", found.join("\n  "));
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let lengths = sources().into_iter().map(|source| (source.text.lines().count(), source.path));
    let mut found: Vec<(usize, String)> = lengths.filter(|(lines, _)| *lines > LONGEST).collect();
    found.sort_by(|a, b| b.cmp(a));
    let list: Vec<String> = found.iter().map(|(lines, path)| format!("{lines} {path}")).collect();
    assert!(found.is_empty(), "longer than {LONGEST} lines:\n  {}\n", list.join("\n  "));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut manifests = vec![root().join("Cargo.toml")];
    for folder in FOLDERS {
        collect(&root().join(folder), "toml", &mut manifests);
    }
    // The rivals are a workspace of their own, so that nobody downloads them to build the shop.
    manifests.retain(|path| path.ends_with("Cargo.toml") && !path.ends_with("rivals/Cargo.toml"));
    assert!(manifests.len() > 1, "the search is broken");
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        let takes = text.contains("\n[lints]\nworkspace = true\n");
        assert!(takes, "{} lacks `[lints] workspace = true`", manifest.display());
    }
}
