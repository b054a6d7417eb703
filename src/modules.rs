//! `rialto modules`: what is in this binary, where each lives, and where it keeps its tables.

use crate::{
    config::Loaded,
    wiring::{MODULES, Module},
};

/// Everything that keeps tables: the modules in the order of their dependence, and the sandbox that
/// stands for a payment provider.
pub fn with_tables() -> Vec<&'static str> {
    MODULES.iter().flat_map(Module::databases).collect()
}

/// A line for each module.
pub fn list(loaded: &Loaded) -> String {
    MODULES.iter().map(|module| line(loaded, module)).collect()
}

fn line(loaded: &Loaded, module: &Module) -> String {
    let Module { name, purpose, .. } = module;
    let built = if module.built { "in this binary" } else { "not built in" };
    let home = loaded.layout.home(name).map_or("nowhere", |place| &place.name);
    let place = match module.tables {
        true => loaded.config.storage.place(name),
        false => "no tables".to_owned(),
    };
    format!("{name:11} {built:14} {home:11} {purpose:46} {place}\n")
}
