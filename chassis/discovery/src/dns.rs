//! By DNS: whoever keeps the names, such as Kubernetes with its headless services or Consul, registers us.
//!
//! A name with a port is asked for addresses (A, AAAA). One that begins with an underscore, such as
//! `_calls._tcp.shop.internal`, is asked for services (SRV, RFC 2782), which say their ports themselves; of
//! these only the most preferred are taken.
//!
//! **Invariant:** a name server that does not answer, or knows nobody, changes nothing.

use std::{collections::BTreeSet, net::SocketAddr, str::FromStr, sync::Arc, time::Duration};

use futures::future::join_all;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
};

use crate::Instances;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Addresses of a host, whose port is known.
    Host {
        /// The host.
        host: String,
        /// The port of all of them.
        port: u16,
    },
    /// Services, each with its own host and port.
    Service(String),
}

/// A name that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of instances: write host:port, or _service._tcp.domain for SRV records")]
pub struct Nameless(String);

/// Asks name servers.
#[derive(Clone)]
pub struct Resolver(Arc<TokioResolver>);

/// No name server is known.
#[derive(Debug, thiserror::Error)]
#[error("no name server is known: name one in topology.discovery.name_servers ({0})")]
pub struct Unresolvable(String);

impl FromStr for Name {
    type Err = Nameless;

    fn from_str(text: &str) -> Result<Self, Nameless> {
        let nameless = || Nameless(text.to_owned());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| nameless())?)),
            None => (text, None),
        };
        match port {
            _ if host.is_empty() => Err(nameless()),
            None if host.starts_with('_') => Ok(Self::Service(host.to_owned())),
            Some(port) if port > 0 => Ok(Self::Host { host: host.to_owned(), port }),
            _ => Err(nameless()),
        }
    }
}

impl Resolver {
    /// Asks these servers, or those of the machine when there are none.
    ///
    /// # Errors
    /// When the machine knows none.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, Unresolvable> {
        let unresolvable = |cause: hickory_resolver::net::NetError| Unresolvable(cause.to_string());
        let mut builder = match servers {
            [] => TokioResolver::builder_tokio().map_err(unresolvable)?,
            servers => {
                let servers = servers.iter().map(named).collect();
                let config = ResolverConfig::from_parts(None, Vec::new(), servers);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        // Whoever asks again wants to know anew.
        builder.options_mut().cache_size = 0;
        let resolver = builder.build().map_err(unresolvable)?;
        Ok(Self(Arc::new(resolver)))
    }

    /// Where everybody with that name is, in order; nobody when there is no answer.
    async fn ask(&self, name: &Name) -> Result<BTreeSet<SocketAddr>, String> {
        match name {
            Name::Host { host, port } => self.addresses(host, *port).await,
            Name::Service(service) => {
                let found = self.0.srv_lookup(service.as_str()).await;
                let found = found.map_err(|cause| cause.to_string())?;
                let records = found.answers().iter().filter_map(|record| match &record.data {
                    RData::SRV(service) => Some(service),
                    _ => None,
                });
                let preferred = records.clone().map(|service| service.priority).min();
                let preferred = records.filter(|service| Some(service.priority) == preferred);
                let all = preferred.map(|service| async {
                    let (host, port) = (service.target.to_ascii(), service.port);
                    self.addresses(&host, port).await
                });
                // One host that is not known says nothing about the others.
                let all = join_all(all).await;
                Ok(all.into_iter().flatten().flatten().collect())
            }
        }
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<BTreeSet<SocketAddr>, String> {
        let found = self.0.lookup_ip(host).await.map_err(|cause| cause.to_string())?;
        Ok(found.iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

fn named(server: &SocketAddr) -> NameServerConfig {
    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    udp.port = server.port();
    tcp.port = server.port();
    NameServerConfig::new(server.ip(), true, vec![udp, tcp])
}

/// Keeps `instances` as DNS says they are, asking `every` so often, for ever.
pub async fn follow(resolver: Resolver, name: Name, instances: Instances, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_silent = false;
    loop {
        ticks.tick().await;
        let found = tokio::time::timeout(PATIENCE, resolver.ask(&name)).await;
        let found = found.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        match found {
            Ok(found) => {
                instances.keep(found.iter().map(|address| Arc::from(address.to_string())));
                is_silent = false;
            }
            Err(cause) if !is_silent => {
                tracing::warn!(
                    ?name,
                    cause,
                    "DNS does not say where they are; who is known stays known"
                );
                is_silent = true;
            }
            Err(_) => {}
        }
    }
}
