//! The command line.

mod edges;
mod messages;
mod sagas;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Layers;

pub use edges::Edges;
pub use messages::{By, Messages};
pub use sagas::Sagas;

/// A commerce backend in one binary whose modules can be pulled out into services by configuration.
#[derive(Debug, Parser)]
#[command(name = "rialto", version, propagate_version = true)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What holds for every command.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs one process of the shop; the whole shop when no topology splits it (the default)
    Serve(Which),
    /// Starts every process of the topology on this machine, and again when one dies
    Up,
    /// Shows, checks and renders which module lives in which process
    #[command(subcommand)]
    Topology(Topology),
    /// Brings every module's tables up to date, or says what would be done
    Migrate {
        /// Changes nothing: lists what is applied and what is pending
        #[arg(long)]
        status: bool,
    },
    /// Copies a module's tables out of SQLite into another, empty database; stop the module first
    Copy {
        /// The module
        module: String,
        /// Where to: postgres://… (a schema named after the module) or sqlite://… with {module} in it
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Makes copies again from what they are copies of, while the shop is open
    #[command(subcommand)]
    Rebuild(Rebuild),
    /// Tells why things happened to an order: the tree of causes over all modules
    Explain {
        /// The id of an order or its number; also the id of anything else, or of a trace (32 digits)
        thing: String,
        /// Prints the tree as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the configuration in force and where each value came from; secrets are masked
    Config,
    /// Lists the modules in this binary and where they keep their tables
    Modules,
    /// Manages the shop's administrators and the keys that sign access tokens
    #[command(subcommand)]
    Admin(Admin),
    /// Shows the messages that were set aside, has them tried again, changes them, gives them up
    #[command(subcommand)]
    Messages(Messages),
    /// Shows sagas step by step, and sends on those that stand still
    #[command(subcommand)]
    Sagas(Sagas),
    /// Shows what processes know about the neighbours they call, and tunes that while they run
    #[command(subcommand)]
    Edges(Edges),
    /// Takes a file into the shop; stopped and started again, it goes on where it was
    #[command(subcommand)]
    Import(Import),
    /// Writes what is in the shop to a file that can be imported
    #[command(subcommand)]
    Export(Export),
    /// Checks configuration, ports and databases, and says what to do
    Doctor {
        /// Looks at this process only; at all of the topology when it is not said
        #[arg(long, value_name = "NAME")]
        process: Option<String>,
    },
    /// Exits with 0 when a process is ready: for health checks
    Probe {
        /// What to ask; without it the process that the configuration (and --process) describes
        url: Option<String>,
        /// Which process
        #[command(flatten)]
        which: Which,
    },
}

/// One replica of one process.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Which {
    /// The process of the topology; may be left out when there is only one
    #[arg(long, value_name = "NAME", env = "RIALTO_PROCESS")]
    pub process: Option<String>,
    /// Which of its replicas, from 1
    #[arg(long, value_name = "N", default_value_t = 1, env = "RIALTO_REPLICA")]
    pub replica: u16,
    /// Stops when standard input ends, as if told to by a signal
    #[arg(long, hide = true)]
    pub stop_with_stdin: bool,
}

/// Shows, checks and renders which module lives in which process.
#[derive(Debug, Subcommand)]
pub enum Topology {
    /// Says whether the topology makes sense, and what to change
    Check {
        /// Looks only whether this binary can host this process
        #[arg(long, value_name = "NAME")]
        process: Option<String>,
    },
    /// Shows processes, modules, calls and messages
    Graph {
        /// How it looks
        #[arg(long, value_enum, default_value_t)]
        format: GraphFormat,
    },
    /// Writes a deployment for something else to standard output
    Render {
        /// For whom
        target: Target,
    },
}

/// How a graph looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For a terminal
    #[default]
    Text,
    /// For a document
    Mermaid,
}

/// What a deployment is rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Docker Compose
    Compose,
}

/// Makes copies again from what they are copies of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Rebuild {
    /// Everybody's orders and their timelines, from orders, payments and deliveries
    History,
}

/// Manages the shop's administrators and the keys that sign access tokens.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Creates an administrator; without --password-stdin a random password is printed once
    Create {
        /// The administrator's e-mail address
        #[arg(long)]
        email: String,
        /// The administrator's name
        #[arg(long, default_value = "Administrator")]
        name: String,
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes the next key that signs access tokens; running processes take it up, nobody is logged out
    RotateKeys,
}

/// What is taken in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Products by slug, variants by SKU; exits with 1 when some were refused, which FILE.errors.csv names
    Products {
        /// A .csv or .ndjson file
        file: PathBuf,
    },
}

/// What is written.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// All products with what is on hand
    Products {
        /// A .csv or .ndjson file; NDJSON on standard output when it is not said
        file: Option<PathBuf>,
    },
}

/// Flags that overrule the configuration.
#[derive(Debug, Args)]
pub struct Overrides {
    /// A configuration file over the defaults; may be given several times, the last one wins
    #[arg(long, global = true, value_name = "FILE", env = "RIALTO_CONFIG", value_delimiter = ',')]
    config: Vec<PathBuf>,
    /// Where to answer shoppers and staff (http.public)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The folder of the SQLite databases (storage.url)
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Any key of the configuration, as a line of TOML: --set 'orders.hold = "5m"'
    #[arg(long, global = true, value_name = "KEY = VALUE")]
    set: Vec<String>,
}

impl Default for Which {
    fn default() -> Self {
        Self { process: None, replica: 1, stop_with_stdin: false }
    }
}

impl From<Overrides> for Layers {
    fn from(overrides: Overrides) -> Self {
        let Overrides { config, listen, data, set } = overrides;
        let listen = listen.map(|address| line("http.public", &address.to_string()));
        let data = data.map(|folder| {
            line("storage.url", &format!("sqlite://{}/{{module}}.db", folder.display()))
        });
        Self { files: config, flags: listen.into_iter().chain(data).chain(set).collect() }
    }
}

/// `key = "text"` in TOML, whatever is in the text.
fn line(key: &str, text: &str) -> String {
    format!("{key} = {}", toml::Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn who_says_nothing_serves_the_first_replica() {
        let said = Cli::parse_from(["rialto", "serve"]).command;
        assert!(matches!(said, Some(Command::Serve(which)) if which == Which::default()));
    }

    #[test]
    fn flags_become_lines_of_toml() {
        let cli = Cli::parse_from(["rialto", "--listen", "127.0.0.1:9", "--data", "a \"b\""]);
        let layers = Layers::from(cli.overrides);
        let expected = r#"storage.url = 'sqlite://a "b"/{module}.db'"#;
        assert_eq!(layers.flags, [r#"http.public = "127.0.0.1:9""#, expected]);
    }
}
