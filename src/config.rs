//! What the operator may decide. Read once, at start.
//!
//! Layers, the later ones winning: the defaults compiled into the binary, `config/default.toml` in the
//! working directory, files named with `--config`, `RIALTO_…` environment variables, flags.

mod complaint;
mod layers;
mod messaging;
mod report;
mod topology;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use figment::Figment;
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

pub use layers::Layers;
pub use messaging::{Messaging, Relay};
pub use report::Report;
pub use topology::{
    Broker, Bus, By, Carrier, Discovery, Internal, Process, Resilience, Topology, Wire,
};

use crate::topology::Layout;

/// The defaults, every key commented.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The configuration in force.
pub struct Loaded {
    /// What the process itself needs to know.
    pub config: Config,
    /// Where every module lives.
    pub layout: Layout,
    figment: Figment,
}

/// Everything but the modules' own sections, which their modules read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether this is a demonstration shop.
    pub demo: bool,
    /// The public listener.
    pub http: Http,
    /// The log.
    pub log: Log,
    /// The modules' databases.
    pub storage: Storage,
    /// How messages leave the modules' databases.
    pub messaging: Messaging,
    /// Which module lives in which process.
    pub topology: Topology,
    /// What gateway reads.
    #[serde(default)]
    pub gateway: Section,
    /// What registry reads.
    #[serde(default)]
    pub registry: Section,
    /// What users reads.
    #[serde(default)]
    pub users: Section,
    /// What products reads.
    #[serde(default)]
    pub products: Section,
    /// What carts reads.
    #[serde(default)]
    pub carts: Section,
    /// What orders reads.
    #[serde(default)]
    pub orders: Section,
    /// What payments reads.
    #[serde(default)]
    pub payments: Section,
    /// What deliveries reads.
    #[serde(default)]
    pub deliveries: Section,
    /// What history reads.
    #[serde(default)]
    pub history: Section,
    /// What notifications reads.
    #[serde(default)]
    pub notifications: Section,
}

/// A module's own section. Its shape is the module's business.
pub type Section = figment::value::Dict;

/// The public listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where it listens.
    pub public: SocketAddr,
    /// Threads that answer requests; 0 for one a processor.
    pub workers: usize,
    /// The longest a request may take.
    #[serde(with = "humantime_serde")]
    pub deadline: Duration,
    /// The longest a stop may take.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
    /// How long an idle connection is kept.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// Signs the cursors of lists; empty for a random one at each start.
    pub cursor_key: SecretString,
}

impl Http {
    /// Threads that answer requests.
    pub fn threads(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        }
    }
}

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines there are.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people on a terminal, for programs elsewhere.
    Auto,
    /// For programs.
    Json,
    /// For people.
    Pretty,
}

/// The modules' databases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// With `{module}` where the module's name goes.
    pub url: String,
    /// Modules that keep their tables elsewhere.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
    /// What a commit survives.
    pub synchronous: Synchronous,
    /// Whether waiting transactions become durable together.
    pub group_commit: bool,
    /// Connections that read, a module.
    pub readers: u32,
    /// Connections that write, a module.
    pub writers: u32,
    /// The longest wait for a connection or a lock.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Synchronous {
    /// A power cut.
    Full,
    /// A crash of the process.
    Normal,
}

impl Loaded {
    /// Reads all `layers`.
    ///
    /// # Errors
    /// Names the file or variable, the key, and what would be right.
    pub fn read(layers: &Layers) -> Result<Self> {
        let figment = layers.figment()?;
        let config: Config = figment.extract().map_err(complaint::explain)?;
        config.storage.check()?;
        config.messaging.check()?;
        let layout = Layout::of(&config)?;
        config.check(&layout)?;
        Ok(Self { config, layout, figment })
    }

    /// The section of `module`, as the module wants it.
    ///
    /// # Errors
    /// As [`Loaded::read`].
    pub fn settings<S: DeserializeOwned>(&self, module: &str) -> Result<S> {
        self.figment.extract_inner(module).map_err(complaint::explain)
    }

    /// Every value in force and where it came from.
    pub fn report(&self) -> Result<Report> {
        Report::of(&self.figment)
    }
}

impl Config {
    /// Whether the gateway shows a certificate.
    pub(crate) fn has_tls(&self) -> bool {
        let certificate = self.gateway.get("tls").and_then(|tls| tls.find_ref("certificate"));
        certificate.and_then(figment::value::Value::as_str).is_some_and(|file| !file.is_empty())
    }

    fn check(&self, layout: &Layout) -> Result<()> {
        for public in layout.processes.iter().flat_map(|place| &place.public) {
            ensure!(
                !self.demo || is_loopback(public),
                "demo = true is refused on {public}: a demonstration shop is for this machine only. Set \
                 demo = false (RIALTO_DEMO=false), or listen on 127.0.0.1"
            );
        }
        Ok(())
    }
}

/// Whether only this machine reaches `host:port`.
fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Storage {
    pub(crate) fn check(&self) -> Result<()> {
        let own =
            self.modules.iter().map(|(module, url)| (format!("storage.modules.{module}"), url));
        for (key, url) in own.chain([("storage.url".to_owned(), &self.url)]) {
            let kinds = ["sqlite:", "postgres:", "postgresql:"];
            ensure!(
                kinds.iter().any(|kind| url.starts_with(kind)),
                "{key} must begin with sqlite:// or postgres://, not {:?}",
                report::mask("url", url)
            );
        }
        ensure!(
            !self.url.starts_with("sqlite:") || self.url.contains("{module}"),
            "storage.url must contain {{module}}, so that each module has a file of its own; for \
             example sqlite://data/{{module}}.db"
        );
        Ok(())
    }

    /// Where `module` keeps its tables.
    pub fn url_of(&self, module: &str) -> String {
        self.modules.get(module).unwrap_or(&self.url).replace("{module}", module)
    }

    /// Where `module` keeps its tables, without secrets.
    pub fn place(&self, module: &str) -> String {
        report::mask("url", &self.url_of(module))
    }

    /// How to open the database of `module`. A folder that is missing is created.
    pub fn options(&self, module: &str) -> Result<storage::Options> {
        let mut options = storage::Options::new(self.url_of(module));
        if let Some(file) = options.url.strip_prefix("sqlite://") {
            let folder =
                std::path::Path::new(file).parent().filter(|path| !path.as_os_str().is_empty());
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot create the folder {}", folder.display()))?;
            }
        } else {
            options.schema = Some(module.to_owned());
        }
        options.synchronous = match self.synchronous {
            Synchronous::Full => storage::Synchronous::Full,
            Synchronous::Normal => storage::Synchronous::Normal,
        };
        options.group_commit = self.group_commit;
        options.readers = self.readers;
        options.writers = self.writers;
        options.patience = self.patience;
        Ok(options)
    }
}

#[cfg(test)]
mod tests;
