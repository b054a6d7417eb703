//! What is wrong with how the processes find each other.

use std::time::Duration;

use super::{Config, Findings, Layout, wiring};
use crate::config::By;

/// The shortest lease there is.
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn check(config: &Config, layout: &Layout, findings: &mut Findings) {
    match config.topology.discovery.by {
        By::Static => {}
        By::Registry => registry(config, layout, findings),
        By::Dns => names(config, layout, findings),
    }
    let asked = config.gateway.get("services").and_then(|services| services.as_dict());
    let asks = asked.is_some_and(|services| !services.is_empty());
    if asks && config.topology.discovery.by != By::Registry {
        findings.add(
            "gateway.services names services, which are found by a registry: set topology.discovery.by = \
             \"registry\"",
        );
    }
}

fn registry(config: &Config, layout: &Layout, findings: &mut Findings) {
    let said = &config.topology.discovery;
    if said.lease < SHORTEST || said.lease <= said.beat {
        findings.add(format!(
            "topology.discovery.lease is {:?}, and a process is heard of every {:?}: let the lease be 1s or \
             more, and three times as long",
            said.lease, said.beat
        ));
    }
    if !said.registry.is_empty() {
        for url in said.registry.iter().filter(|url| url.cannot_be_a_base()) {
            findings.add(format!("{url} is no registry: write http://host:8761/eureka"));
        }
        return;
    }
    let Some(home) = layout.home(wiring::REGISTRY) else {
        findings.add(
            "topology.discovery.by = \"registry\", but there is none: add \"registry\" to the modules of one \
             process, or name another one in topology.discovery.registry",
        );
        return;
    };
    if home.internal.is_empty() || home.internal.iter().any(|address| address.ends_with(":0")) {
        findings.add(format!(
            "the registry lives in {0}, which nobody finds: set topology.processes.{0}.internal to an address \
             with a port",
            home.name
        ));
    }
    if home.replicas > 1 {
        findings.add(format!(
            "the registry lives in {0}, which has {1} replicas that know nothing of each other: put it in a \
             process with one",
            home.name, home.replicas
        ));
    }
}

fn names(config: &Config, layout: &Layout, findings: &mut Findings) {
    let said = &config.topology.discovery;
    for name in said.names.keys() {
        if !layout.processes.iter().any(|place| place.name == *name) {
            findings.add(format!(
                "topology.discovery.names has a name for {name}, but there is no such process: there are {}",
                layout.summary()
            ));
        }
    }
    for place in &layout.processes {
        let own = said.names.get(&place.name).or(place.internal.first());
        let parsed = own.map(|name| name.parse::<discovery::dns::Name>());
        if let Some(Err(wrong)) = parsed {
            findings.add(format!("{}: {wrong}; see topology.discovery.names", place.name));
        }
    }
    if said.every.is_zero() {
        findings.add("topology.discovery.every is nothing: set it to 5s or so");
    }
}
