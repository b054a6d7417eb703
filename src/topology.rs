//! Where every module lives, once the configuration has been found to make sense.

mod check;
mod graph;
mod patience;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

use anyhow::{Result, bail};

pub use check::Findings;
pub use graph::Graph;
pub use render::compose;
use resilience::Numbers;

use crate::{
    config::{Bus, Carrier, Config, Internal, Process},
    wiring::{self, Module},
};

/// The name of the one process that hosts everything.
pub const WHOLE: &str = "rialto";

/// Every process of a deployment, and how calls and messages cross between them.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The processes in the order of their names.
    pub processes: Vec<Place>,
    /// How messages cross.
    pub bus: Bus,
    /// How calls cross where nothing else is said.
    calls: Carrier,
    /// How calls cross from one module to another where it is said: caller, callee, carrier.
    edges: Vec<(&'static str, &'static str, Carrier)>,
    /// What callers do about neighbours that are slow, overloaded or gone.
    patience: patience::Patience,
}

/// One process of a deployment, or several alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in the topology.
    pub name: String,
    /// The modules it hosts, after those they ask.
    pub modules: Vec<&'static str>,
    /// Where each replica answers the world, `host:port`; empty without the gateway.
    pub public: Vec<String>,
    /// Whether it answers the world over TLS.
    pub tls: bool,
    /// Where its neighbours find each replica, `host:port`; empty when it has none.
    pub internal: Vec<String>,
    /// How many there are.
    pub replicas: u16,
}

/// One replica of one process: who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The process.
    pub place: Place,
    /// Which of its replicas, from 1.
    pub replica: u16,
}

impl Layout {
    /// The layout that `config` describes.
    ///
    /// # Errors
    /// Everything that is wrong with it, each in a sentence that says what to do.
    pub fn of(config: &Config) -> Result<Self> {
        let (layout, findings) = check::layout(config);
        match findings.is_empty() {
            true => Ok(layout),
            false => bail!("the topology is not right\n{findings}"),
        }
    }

    /// The seat that `process` and `replica` name. The process may be left out when there is only one.
    ///
    /// # Errors
    /// Names what there is instead.
    pub fn seat(&self, process: Option<&str>, replica: u16) -> Result<Seat> {
        let names = || {
            self.processes.iter().map(|place| place.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let place = match (process, self.processes.as_slice()) {
            (None, [only]) => only,
            (None, _) => bail!(
                "this topology has several processes: say which one with --process ({}), or start all \
                 of them with `rialto up`",
                names()
            ),
            (Some(name), all) => match all.iter().find(|place| place.name == name) {
                Some(place) => place,
                None => bail!("this topology has no process {name}: there are {}", names()),
            },
        };
        if replica == 0 || replica > place.replicas {
            bail!(
                "{} has the replicas 1 to {}, and no {replica}: see topology.processes.{}.replicas",
                place.name,
                place.replicas,
                place.name
            );
        }
        Ok(Seat { place: place.clone(), replica })
    }

    /// The process that hosts `module`.
    pub fn home(&self, module: &str) -> Option<&Place> {
        self.processes.iter().find(|place| place.hosts(module))
    }

    /// How calls of `caller` get to `callee`.
    pub fn carrier(&self, caller: &str, callee: &str) -> Carrier {
        let said = self.edges.iter().find(|(from, to, _)| *from == caller && *to == callee);
        said.map_or(self.calls, |(_, _, carrier)| *carrier)
    }

    /// What `caller` does about `callee` when that is slow, overloaded or gone.
    pub fn numbers(&self, caller: &str, callee: &str) -> Numbers {
        self.patience.of(caller, callee).clone()
    }

    /// Whether more than one operating-system process is at work.
    pub fn is_split(&self) -> bool {
        self.processes.iter().map(|place| place.replicas).sum::<u16>() > 1
    }

    /// Whether some call to `module` crosses by `carrier`.
    pub fn carried(&self, module: &str, carrier: Carrier) -> bool {
        let Some(home) = self.home(module) else { return false };
        wiring::MODULES.iter().any(|caller| {
            caller.asks.contains(&module)
                && !home.hosts(caller.name)
                && self.carrier(caller.name, module) == carrier
        })
    }

    /// The layout in a line.
    pub fn summary(&self) -> String {
        let process = |place: &Place| match place.replicas {
            1 => format!("{} ({})", place.name, place.modules.join(", ")),
            many => format!("{} ×{many} ({})", place.name, place.modules.join(", ")),
        };
        self.processes.iter().map(process).collect::<Vec<_>>().join("; ")
    }

    /// Whether anything crosses over a broker.
    pub fn needs_broker(&self) -> bool {
        self.bus == Bus::Rabbitmq
            || wiring::MODULES.iter().any(|module| self.carried(module.name, Carrier::Rabbitmq))
    }
}

impl Place {
    /// Whether `module` lives here.
    pub fn hosts(&self, module: &str) -> bool {
        self.modules.contains(&module)
    }

    /// How the world talks to it.
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

impl Seat {
    /// Where this replica answers the world.
    pub fn public(&self) -> Option<&str> {
        self.place.public.get(self.index()).map(String::as_str)
    }

    /// Where its neighbours find this replica.
    pub fn internal(&self) -> Option<&str> {
        self.place.internal.get(self.index()).map(String::as_str)
    }

    /// What tells whether this replica is ready, by the address that always is there.
    pub fn probe(&self) -> Option<String> {
        let inside = self.internal().map(|address| ("http", address));
        let (scheme, address) = inside.or(self.public().map(|it| (self.place.scheme(), it)))?;
        Some(format!("{scheme}://{address}/readyz"))
    }

    /// Where its twins are: the other replicas of the same process.
    pub fn siblings(&self) -> Vec<String> {
        let all = self.place.internal.iter().enumerate();
        all.filter(|(index, _)| *index != self.index()).map(|(_, it)| it.clone()).collect()
    }

    fn index(&self) -> usize {
        usize::from(self.replica) - 1
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.replicas {
            1 => f.write_str(&self.place.name),
            _ => write!(f, "{}-{}", self.place.name, self.replica),
        }
    }
}
