//! Where the neighbours are: as the topology says, as a registry says, or as DNS says.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use discovery::{
    Instances,
    dns::{self, Name, Resolver},
    registry::{Announcement, Directory, Membership, Options},
};
use host::Background;
use identity::InternalTokens;
use url::Url;

use crate::{
    config::{By, Loaded},
    topology::{Layout, Place, Seat},
    wiring,
};

/// Who says where everybody is.
pub(super) enum Finding {
    /// The topology.
    Static,
    /// A registry.
    Registry(Directory),
    /// DNS: each process by its name in the topology.
    Dns { resolver: Resolver, processes: Vec<Asked>, every: Duration },
}

/// One process, as DNS knows it.
pub(super) struct Asked {
    process: String,
    name: Name,
    instances: Instances,
}

impl Finding {
    pub(super) fn of(loaded: &Loaded) -> Result<Self> {
        let said = &loaded.config.topology.discovery;
        match said.by {
            By::Static => Ok(Self::Static),
            By::Registry => Ok(Self::Registry(Directory::default())),
            By::Dns => {
                let resolver = Resolver::new(&said.name_servers)?;
                let mut processes = Vec::new();
                for place in &loaded.layout.processes {
                    let own = said.names.get(&place.name).or(place.internal.first());
                    let Some(name) = own else { continue };
                    let instances = Instances::fixed(at_first(Some(place)));
                    let (process, name) = (place.name.clone(), name.parse()?);
                    processes.push(Asked { process, name, instances });
                }
                Ok(Self::Dns { resolver, processes, every: said.every })
            }
        }
    }

    /// Where the process that hosts `module` is found.
    pub(super) fn module(&self, layout: &Layout, module: &str) -> Instances {
        let home = layout.home(module);
        match self {
            Self::Static => {
                Instances::fixed(home.map(|it| it.internal.clone()).unwrap_or_default())
            }
            Self::Registry(directory) => directory.instances(module, at_first(home)),
            Self::Dns { processes, .. } => {
                let asked =
                    processes.iter().find(|it| home.is_some_and(|home| home.name == it.process));
                asked.map_or_else(|| Instances::fixed(at_first(home)), |it| it.instances.clone())
            }
        }
    }

    /// Where a service is found that is no module: wherever it registered.
    pub(super) fn service(&self, name: &str) -> Instances {
        match self {
            Self::Registry(directory) => directory.instances(name, []),
            Self::Static | Self::Dns { .. } => Instances::fixed(Vec::<String>::new()),
        }
    }

    /// Registers whatever is at `address`, if there is a registry.
    pub(super) fn join(
        &self,
        loaded: &Loaded,
        seat: &Seat,
        tokens: &InternalTokens,
        address: Option<SocketAddr>,
    ) -> Result<Option<Membership>> {
        let (Self::Registry(directory), Some(address)) = (self, address) else { return Ok(None) };
        let said = &loaded.config.topology.discovery;
        let urls = match said.registry.as_slice() {
            [] => ours(&loaded.layout)?,
            others => others.to_vec(),
        };
        let (tokens, process) = (tokens.clone(), seat.to_string());
        let options = Options {
            urls,
            credential: Arc::new(move || {
                format!("Bearer {}", tokens.sign(&process, wiring::REGISTRY))
            }),
            beat: said.beat,
            lease: said.lease,
        };
        let modules = seat.place.modules.clone();
        let announcement = Announcement { modules, id: format!("{seat}:{address}"), address };
        let joined = Membership::begin(options, announcement, directory.clone());
        joined.map(Some).context("the registry cannot be spoken to")
    }

    /// What has to be done all the time.
    pub(super) fn lookouts(&self) -> Vec<Background> {
        let Self::Dns { resolver, processes, every } = self else { return Vec::new() };
        let lookout = |asked: &Asked| {
            let (name, instances) = (asked.name.clone(), asked.instances.clone());
            let (resolver, every) = (resolver.clone(), *every);
            Background::new("names in DNS", move |stop| async move {
                stop.run_until_cancelled(dns::follow(resolver, name, instances, every)).await;
            })
        };
        processes.iter().map(lookout).collect()
    }
}

/// Where a process is until somebody says more. Port 0 is any free one, which nobody can know.
fn at_first(place: Option<&Place>) -> Vec<String> {
    let all = place.iter().flat_map(|place| &place.internal);
    all.filter(|address| !address.ends_with(":0")).cloned().collect()
}

/// Where the registry of this topology is.
fn ours(layout: &Layout) -> Result<Vec<Url>> {
    let all = at_first(layout.home(wiring::REGISTRY));
    let url = |address: &String| {
        Url::parse(&format!("http://{address}/eureka/"))
            .with_context(|| format!("{address} is no address"))
    };
    all.iter().map(url).collect()
}
