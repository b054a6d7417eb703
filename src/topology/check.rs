//! What is wrong with a topology, and what would be right.

mod discovery;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use secrecy::ExposeSecret;

use super::{
    Bus, Carrier, Config, Internal, Layout, Module, Place, Process, WHOLE, patience::Patience,
    wiring,
};

/// How alike two names must be for one to be offered instead of the other.
const ALIKE: f64 = 0.7;

/// The shortest secret that processes may know each other by.
const SECRET: usize = 32;

/// The longest beginning of the names of queues, which a broker limits to 255 bytes.
const LONGEST_PREFIX: usize = 64;

/// Everything that is wrong, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The layout that `config` describes, and what is wrong with it.
pub(super) fn layout(config: &Config) -> (Layout, Findings) {
    let mut findings = Findings::default();
    let topology = &config.topology;
    let processes = match topology.processes.is_empty() {
        true => vec![whole(config)],
        false => topology
            .processes
            .iter()
            .map(|(name, it)| place(config, name, it, &mut findings))
            .collect(),
    };
    let edges = edges(&topology.edges, &mut findings);
    let patience = Patience::read(topology, &mut findings);
    let layout = Layout { processes, bus: topology.bus, calls: topology.calls, edges, patience };
    placement(&layout, &mut findings);
    circles(wiring::MODULES, &mut findings);
    addresses(&layout, &mut findings);
    databases(config, &layout, &mut findings);
    crossing(config, &layout, &mut findings);
    discovery::check(config, &layout, &mut findings);
    (layout, findings)
}

/// The one process of a configuration that names none: all that this binary can host.
fn whole(config: &Config) -> Place {
    let built = wiring::MODULES.iter().filter(|module| module.built);
    let modules: Vec<_> = built.map(|module| module.name).collect();
    let public = modules.contains(&"gateway").then(|| config.http.public.to_string());
    Place {
        name: WHOLE.to_owned(),
        modules,
        public: public.into_iter().collect(),
        tls: config.has_tls(),
        internal: Vec::new(),
        replicas: 1,
    }
}

fn place(config: &Config, name: &str, process: &Process, findings: &mut Findings) -> Place {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        findings.add(format!(
            "the process name {name:?} is not made of lower-case letters, digits and dashes: rename it"
        ));
    }
    if process.replicas == 0 {
        findings.add(format!(
            "{name} has no replicas: set topology.processes.{name}.replicas to 1 or more, or remove it"
        ));
    }
    for asked in &process.modules {
        if wiring::module(asked).is_none() {
            findings
                .add(format!("{name} hosts {asked}, but there is no such module{}", near(asked)));
        }
    }
    let known = wiring::MODULES.iter().map(|module| module.name);
    let modules: Vec<_> =
        known.filter(|known| process.modules.iter().any(|it| it == known)).collect();
    let gateway = modules.contains(&"gateway");
    if process.public.is_some() && !gateway {
        findings.add(format!(
            "{name} has a public address, but only the gateway answers the world: remove \
             topology.processes.{name}.public, or add \"gateway\" to its modules"
        ));
    }
    let public =
        gateway.then(|| process.public.clone().unwrap_or_else(|| config.http.public.to_string()));
    let public = public.map(|first| counted(name, &first, process.replicas, findings));
    let internal = match &process.internal {
        None => Vec::new(),
        Some(Internal::First(first)) => counted(name, first, process.replicas, findings),
        Some(Internal::Each(each)) => {
            if each.len() != usize::from(process.replicas) {
                findings.add(format!(
                    "{name} has {} replicas and {} internal addresses: name one for each replica, or \
                     only the first",
                    process.replicas,
                    each.len()
                ));
            }
            for address in each {
                split(name, address, findings);
            }
            each.clone()
        }
    };
    Place {
        name: name.to_owned(),
        modules,
        public: public.unwrap_or_default(),
        tls: config.has_tls(),
        internal,
        replicas: process.replicas,
    }
}

/// The addresses of all replicas: the first one, and its port counted up. Port 0 stays any free one.
fn counted(name: &str, first: &str, replicas: u16, findings: &mut Findings) -> Vec<String> {
    let Some((host, port)) = split(name, first, findings) else { return vec![first.to_owned()] };
    let number = |replica: u16| if port == 0 { Some(0) } else { port.checked_add(replica) };
    let all: Option<Vec<_>> = (0..replicas).map(number).collect();
    match all {
        Some(ports) => ports.into_iter().map(|port| format!("{host}:{port}")).collect(),
        None => {
            findings.add(format!(
                "{name} has {replicas} replicas, and {first} does not leave so many ports above it: \
                 choose a lower one"
            ));
            vec![first.to_owned()]
        }
    }
}

/// Host and port of an address.
fn split<'a>(name: &str, address: &'a str, findings: &mut Findings) -> Option<(&'a str, u16)> {
    let parts = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    if parts.is_none() {
        findings.add(format!(
            "{name} has the address {address:?}, which is not host:port: write 127.0.0.1:9000"
        ));
    }
    parts
}

fn edges(
    said: &BTreeMap<String, Carrier>,
    findings: &mut Findings,
) -> Vec<(&'static str, &'static str, Carrier)> {
    let mut edges = Vec::new();
    for (edge, carrier) in said {
        let ends = edge.split_once("->").map(|(from, to)| (from.trim(), to.trim()));
        let found = ends.and_then(|(from, to)| {
            let from = wiring::module(from)?;
            Some((from.name, *from.asks.iter().find(|asked| **asked == to)?))
        });
        match found {
            Some((from, to)) => edges.push((from, to, *carrier)),
            None => {
                let there = wiring::MODULES.iter().flat_map(|module| {
                    module
                        .asks
                        .iter()
                        .map(|asked| format!("{:?}", format!("{} -> {asked}", module.name)))
                });
                findings.add(format!(
                    "topology.edges names {edge:?}, but there is no such call; there are {}",
                    there.collect::<Vec<_>>().join(", ")
                ));
            }
        }
    }
    edges
}

/// Each module lives in one process, and the binary has it.
fn placement(layout: &Layout, findings: &mut Findings) {
    let whole = layout.processes.len() == 1 && layout.processes[0].name == WHOLE;
    for module in wiring::MODULES {
        let homes: Vec<_> = layout.processes.iter().filter(|it| it.hosts(module.name)).collect();
        match homes.as_slice() {
            [] if whole || module.name == wiring::REGISTRY => {}
            [] => findings.add(format!(
                "{0} lives nowhere: add \"{0}\" to the modules of one process",
                module.name
            )),
            [_] => {}
            [first, others @ ..] => {
                let others: Vec<_> = others.iter().map(|place| place.name.as_str()).collect();
                findings.add(format!(
                    "{} lives in {} and in {}: take it out of all but one; for several of the same \
                     process there is replicas = 2",
                    module.name,
                    first.name,
                    others.join(", ")
                ));
            }
        }
    }
}

pub(super) fn circles(modules: &[Module], findings: &mut Findings) {
    if let Some(circle) = wiring::circle(modules) {
        let first = circle.first().copied().unwrap_or_default();
        findings.add(format!(
            "calls go in a circle: {} -> {first}. Let one of them be told by a message instead",
            circle.join(" -> ")
        ));
    }
}

/// Everybody can be found, by nobody else, and no two are in one place.
fn addresses(layout: &Layout, findings: &mut Findings) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for place in &layout.processes {
        if place.internal.is_empty() && layout.is_split() {
            findings.add(format!(
                "{0} has no internal address, so its neighbours do not find it: set \
                 topology.processes.{0}.internal = \"127.0.0.1:9000\"",
                place.name
            ));
        }
        for address in place.public.iter().chain(&place.internal).filter(|it| !it.ends_with(":0")) {
            if let Some(other) = taken.insert(address, &place.name) {
                findings.add(format!(
                    "{address} is given out twice, to {other} and to {}: choose another port",
                    place.name
                ));
            }
        }
        for address in &place.internal {
            let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
            match host.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(ip) if ip.is_unspecified() => findings.add(format!(
                    "{} is found at {address}, which is no address to call: name the one its \
                     neighbours use",
                    place.name
                )),
                Ok(ip) if !is_private(ip) => findings.add(format!(
                    "{} would be called at {address}, which anybody can reach, and its internal \
                     listener has no TLS: use a loopback or private address",
                    place.name
                )),
                _ => {}
            }
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Nobody else has a module's tables.
fn databases(config: &Config, layout: &Layout, findings: &mut Findings) {
    let storage = &config.storage;
    for name in storage.modules.keys() {
        if wiring::module(name).is_none_or(|module| !module.tables) && name != wiring::SANDBOX {
            findings.add(format!(
                "storage.modules names {name}, but there is no module with tables of that name{}",
                near(name)
            ));
        }
    }
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    for place in &layout.processes {
        let kept = place.modules.iter().filter_map(|name| wiring::module(name));
        for name in kept.flat_map(Module::databases) {
            let url = storage.url_of(name);
            if !url.starts_with("sqlite:") {
                continue;
            }
            if let Some(other) = files.insert(url, name) {
                findings.add(format!(
                    "{other} and {name} are on one database, {}: give each its own, with {{module}} in \
                     storage.url or a line in storage.modules",
                    storage.place(name)
                ));
            }
            if place.replicas > 1 {
                findings.add(format!(
                    "{} has {} replicas, but {name} is on SQLite, which one process can use: set \
                     storage.url to postgres://…, or replicas = 1",
                    place.name, place.replicas
                ));
            }
        }
    }
}

/// What crosses between processes can cross.
fn crossing(config: &Config, layout: &Layout, findings: &mut Findings) {
    let secret = config.topology.secret.expose_secret().len();
    if (1..SECRET).contains(&secret) {
        findings.add(format!(
            "topology.secret has {secret} characters and needs {SECRET} or more: take a random one, as \
             `openssl rand -base64 48` prints it"
        ));
    }
    let prefix = &config.topology.rabbitmq.prefix;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !(1..=LONGEST_PREFIX).contains(&prefix.len()) || !prefix.chars().all(plain) {
        findings.add(format!(
            "topology.rabbitmq.prefix is {prefix:?}: take 1 to {LONGEST_PREFIX} letters, digits, dots, dashes \
             and underscores"
        ));
    }
    if layout.bus == Bus::InProcess && layout.processes.len() > 1 {
        findings.add(
            "topology.bus = \"in-process\" reaches one process only, and there are several: set \
             topology.bus = \"http\" (nothing else to install) or \"rabbitmq\"",
        );
    }
    if layout.needs_broker() && config.topology.rabbitmq.url.expose_secret().is_empty() {
        findings.add(
            "something crosses over RabbitMQ, but topology.rabbitmq.url is empty: set it to \
             amqp://user:password@host:5672/%2f",
        );
    }
    if layout.needs_broker() && cfg!(not(feature = "rabbitmq")) {
        findings.add(
            "something crosses over RabbitMQ, but this binary was built without it: build it with \
             --features rabbitmq",
        );
    }
}

impl Layout {
    /// Refuses what `places` should host and this binary cannot.
    pub fn unbuilt<'a>(&self, places: impl IntoIterator<Item = &'a Place>) -> Findings {
        let mut findings = Findings::default();
        for place in places {
            let missing =
                place.modules.iter().filter(|name| wiring::module(name).is_none_or(|it| !it.built));
            for name in missing.copied().collect::<BTreeSet<_>>() {
                findings.add(format!(
                    "{name} should run in {}, but this binary was built without it: build it with \
                     --features {name}",
                    place.name
                ));
            }
        }
        findings
    }
}

/// The module whose name is nearest, if one is near.
fn near(word: &str) -> String {
    let score = |name: &str| strsim::jaro_winkler(word, name);
    let best = wiring::MODULES.iter().max_by(|a, b| score(a.name).total_cmp(&score(b.name)));
    match best.filter(|best| score(best.name) >= ALIKE) {
        Some(best) => format!("; did you mean {}?", best.name),
        None => {
            let names: Vec<_> = wiring::MODULES.iter().map(|module| module.name).collect();
            format!("; there are {}", names.join(", "))
        }
    }
}
