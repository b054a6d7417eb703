//! The ways in which one shop can be deployed.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Deserialize;

/// Which processes there are, and on what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deployment {
    /// Says which one failed.
    pub(crate) name: &'static str,
    /// The configuration, from the root of the workspace. Without a topology there is one process.
    file: Option<&'static str>,
    /// What is said otherwise than in the file.
    settings: &'static [&'static str],
    /// Where modules keep their tables.
    pub(crate) storage: Storage,
}

/// Where modules keep their tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Storage {
    /// Files in the folder of the world.
    Sqlite,
    /// A database of its own, with a schema a module.
    Postgres,
}

use Storage::{Postgres, Sqlite};

const BROKER: &str = "rabbitmq";
const OVER_RABBITMQ: &[&str] = &["topology.calls = \"rabbitmq\"", "topology.bus = \"rabbitmq\""];

impl Deployment {
    /// What most shops begin with.
    pub(crate) const WHOLE_ON_SQLITE: Self = Self::of("whole-sqlite", None, Sqlite);
    /// The same beside a database server.
    pub(crate) const WHOLE_ON_POSTGRES: Self =
        Self::of("whole-postgres", Some("config/production.toml"), Postgres);
    /// Three processes that need nothing installed.
    pub(crate) const SPLIT_OVER_HTTP: Self =
        Self::of("split-http-sqlite", Some("config/split.toml"), Sqlite);
    /// The same three over a broker.
    pub(crate) const SPLIT_OVER_RABBITMQ: Self =
        Self::of("split-rabbitmq-sqlite", Some("config/rabbitmq.toml"), Sqlite);
    /// Every module in a process of its own.
    pub(crate) const SERVICES_OVER_HTTP: Self =
        Self::of("services-http-postgres", Some("config/services.toml"), Postgres);
    /// The same over a broker.
    pub(crate) const SERVICES_OVER_RABBITMQ: Self = Self {
        settings: OVER_RABBITMQ,
        ..Self::of("services-rabbitmq-postgres", Some("config/services.toml"), Postgres)
    };
    /// Two whole shops on one database.
    pub(crate) const REPLICAS: Self =
        Self::of("replicas-postgres", Some("config/replicas.toml"), Postgres);
    /// Two shops without a gateway behind one that hosts nothing else.
    pub(crate) const REPLICAS_BEHIND_A_GATEWAY: Self =
        Self::of("gateway-replicas-postgres", Some("tests/it/world/gateway.toml"), Postgres);

    /// Two shops without a gateway that the gateway finds by a registry, each in a process of its own.
    pub(crate) const FOUND_BY_A_REGISTRY: Self =
        Self::of("registry-postgres", Some("tests/it/world/registry.toml"), Postgres);

    const fn of(name: &'static str, file: Option<&'static str>, storage: Storage) -> Self {
        Self { name, file, settings: &[], storage }
    }

    /// The file that says so.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.file.map(|file| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file))
    }

    /// What is said over the file.
    pub(super) fn settings(&self) -> &'static [&'static str] {
        self.settings
    }

    /// Whether anything crosses over a broker.
    pub(super) fn needs_broker(&self) -> bool {
        let Topology { calls, bus, .. } = self.topology();
        let carriers = [calls, bus].map(Option::unwrap_or_default);
        carriers.contains(&BROKER.to_owned()) || self.settings.iter().any(|it| it.contains(BROKER))
    }

    /// The processes of the file by name; none when one process hosts everything.
    pub(super) fn processes(&self) -> BTreeMap<String, Described> {
        self.topology().processes
    }

    fn topology(&self) -> Topology {
        let Some(file) = self.file() else { return Topology::default() };
        let text = fs::read_to_string(&file).unwrap();
        let read: Result<File, _> = toml::from_str(&text);
        read.unwrap_or_else(|no| panic!("{}: {no}", file.display())).topology
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    topology: Topology,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Topology {
    calls: Option<String>,
    bus: Option<String>,
    processes: BTreeMap<String, Described>,
}

/// What a test has to know of a process that a file describes.
#[derive(Deserialize)]
pub(super) struct Described {
    /// Where it answers the world, if it does.
    pub(super) public: Option<String>,
    /// How many there are.
    #[serde(default = "one")]
    pub(super) replicas: u16,
}

fn one() -> u16 {
    1
}
