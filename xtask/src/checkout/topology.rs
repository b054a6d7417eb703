//! The processes that make up the shop, as a topology file has them, each on a port of its own.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use servers::Port;

use crate::workspace;

/// What the processes of one shop know each other by.
const SECRET: &str = "topology.secret = 'what all processes of this benchmark know'";

/// A way to cut the shop into processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Topology {
    /// One process hosts everything.
    Whole,
    /// config/split.toml: the edge, the shop and the checkout.
    Split,
    /// config/services.toml: each module is a process.
    Services,
}

/// The processes of one shop, before they run.
pub(crate) struct Plan {
    pub(crate) processes: Vec<Process>,
    /// Where customers go: `127.0.0.1:…`
    pub(crate) public: String,
    /// What the command line of each of them ends with.
    pub(crate) shared: Vec<String>,
    /// Kept, because a port is ours for as long as its guard is.
    ports: Vec<Port>,
}

/// One process, before it runs.
pub(crate) struct Process {
    pub(crate) name: String,
    /// How it is started.
    pub(crate) command: Vec<String>,
    /// Where it says whether it is ready: `127.0.0.1:…`
    pub(crate) address: String,
}

impl Topology {
    /// Its processes, on ports that nobody else uses.
    pub(crate) fn plan(self, folder: &Path) -> Result<Plan> {
        let port = Port::take(folder)?;
        let public = port.address().to_string();
        let mut plan =
            Plan { processes: Vec::new(), public, shared: Vec::new(), ports: vec![port] };
        match self.file() {
            None => plan.add_whole(),
            Some(file) => plan.add_all(&file, folder)?,
        }
        Ok(plan)
    }

    /// Where it is written down, from the workspace's root.
    fn file(self) -> Option<String> {
        (self != Self::Whole).then(|| format!("config/{self}.toml"))
    }
}

impl Plan {
    fn add_whole(&mut self) {
        let command = ["serve", "--listen", &self.public].map(str::to_owned).to_vec();
        let (name, address) = ("whole".to_owned(), self.public.clone());
        self.processes.push(Process { name, command, address });
    }

    /// Reads only what is needed here: the names, and who hosts the gateway.
    fn add_all(&mut self, file: &str, folder: &Path) -> Result<()> {
        let path = workspace::root().join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{file} cannot be read"))?;
        let table: toml::Table = text.parse().with_context(|| format!("{file} is no TOML"))?;
        let processes = table.get("topology").and_then(|topology| topology.get("processes"));
        let processes = processes.and_then(toml::Value::as_table);
        self.shared.extend(["--config".to_owned(), path.display().to_string()]);
        self.set(SECRET.to_owned());
        for (name, process) in processes.with_context(|| format!("{file} names no processes"))? {
            let port = Port::take(folder)?;
            let (key, address) = (format!("topology.processes.{name}"), port.address().to_string());
            self.set(format!("{key}.internal = '{address}'"));
            if process.get("public").is_some() {
                self.set(format!("{key}.public = '{}'", self.public));
            }
            let command = ["serve", "--process", name].map(str::to_owned).to_vec();
            self.processes.push(Process { name: name.clone(), command, address });
            self.ports.push(port);
        }
        Ok(())
    }

    fn set(&mut self, line: String) {
        self.shared.extend(["--set".to_owned(), line]);
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Whole => "whole",
            Self::Split => "split",
            Self::Services => "services",
        })
    }
}
