//! Which module lives in which process, as a file says it.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use resilience::{Ingress, Numbers};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::Url;

/// Processes, and what crosses between them. Without processes there is one, and it hosts everything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// How calls cross.
    pub calls: Carrier,
    /// How messages cross.
    pub bus: Bus,
    /// What the processes know each other by.
    #[serde(deserialize_with = "text")]
    pub secret: SecretString,
    /// The processes by name.
    #[serde(default)]
    pub processes: BTreeMap<String, Process>,
    /// Call edges that differ: `"orders -> products" = "rabbitmq"`.
    #[serde(default)]
    pub edges: BTreeMap<String, Carrier>,
    /// How the processes find each other.
    pub discovery: Discovery,
    /// The broker.
    pub rabbitmq: Broker,
    /// The internal listeners and those who speak to them.
    pub wire: Wire,
    /// What callers do about neighbours that are slow, overloaded or gone.
    pub resilience: Resilience,
    /// What a process takes at once.
    pub ingress: Ingress,
}

/// What callers do about neighbours that are slow, overloaded or gone.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resilience {
    /// The numbers of every edge.
    pub all: Numbers,
    /// Edges that differ, each with the numbers that do: `"carts -> products" = { patience = "1s" }`.
    #[serde(default)]
    pub edges: BTreeMap<String, serde_json::Value>,
}

/// One process, or several alike.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The modules it hosts.
    pub modules: Vec<String>,
    /// Where the world is answered, if the gateway lives here.
    pub public: Option<String>,
    /// Where its neighbours find it.
    pub internal: Option<Internal>,
    /// How many there are.
    #[serde(default = "one")]
    pub replicas: u16,
}

/// Where the neighbours find the replicas of a process, `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Internal {
    /// The first one; the others count its port up.
    First(String),
    /// Each.
    Each(Vec<String>),
}

/// What carries calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// HTTP between the internal listeners.
    Http,
    /// Requests and replies over a broker.
    Rabbitmq,
}

/// What carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    /// Memory: publisher and subscriber live in one process.
    InProcess,
    /// Pushed to the internal listeners.
    Http,
    /// A broker.
    Rabbitmq,
}

/// How the processes find each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// Who says where they are.
    pub by: By,
    /// Registries outside of this topology, to be asked in turn.
    pub registry: Vec<Url>,
    /// How often a process tells the registry that it is alive.
    #[serde(with = "humantime_serde")]
    pub beat: Duration,
    /// How long the registry lists it after it last did.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// Name servers; those of the machine when there are none.
    pub name_servers: Vec<SocketAddr>,
    /// How often DNS is asked.
    #[serde(with = "humantime_serde")]
    pub every: Duration,
    /// What processes are called in DNS when it is not their internal address.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}

/// Who says where the processes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The topology.
    Static,
    /// A registry, in which they register.
    Registry,
    /// DNS.
    Dns,
}

/// The broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    /// Where it is and who we are there: `amqp://user:password@host:port/vhost`.
    pub url: SecretString,
    /// What the names of our exchanges and queues begin with.
    pub prefix: String,
}

/// The internal listeners and those who speak to them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// The longest wait for a connection.
    #[serde(with = "humantime_serde")]
    pub connect: Duration,
    /// How long an idle connection is kept.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// The largest request or reply of a call, in bytes.
    pub body_limit: usize,
}

fn one() -> u16 {
    1
}

/// Text, also where an environment variable that holds digits only was taken for a number.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Text(String),
        Number(u128),
    }
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) => text.into(),
        Loose::Number(number) => number.to_string().into(),
    })
}
