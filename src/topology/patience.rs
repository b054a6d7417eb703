//! What callers do about neighbours that are slow, overloaded or gone.

use resilience::Numbers;

use super::{check::Findings, wiring};
use crate::config::Topology;

/// The caller of what people look at in all modules.
const EDGE: &str = "gateway";

/// The numbers of every edge.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience {
    all: Numbers,
    /// Edges that differ: caller, callee, numbers.
    edges: Vec<(&'static str, &'static str, Numbers)>,
}

impl Patience {
    pub(super) fn of(&self, caller: &str, callee: &str) -> &Numbers {
        let own = self.edges.iter().find(|(from, to, _)| *from == caller && *to == callee);
        own.map_or(&self.all, |(.., numbers)| numbers)
    }

    /// What a topology says, if it can be used.
    pub(super) fn read(topology: &Topology, findings: &mut Findings) -> Self {
        let said = &topology.resilience;
        let ingress = topology.ingress.clone().checked();
        if let Err(unusable) = ingress {
            findings.add(format!("topology.ingress: {unusable}"));
        }
        let all = said.all.clone().checked().unwrap_or_else(|unusable| {
            findings.add(format!("topology.resilience.all: {unusable}"));
            Numbers::default()
        });
        let mut edges = Vec::new();
        for (edge, patch) in &said.edges {
            match (ends(edge), all.patched(patch)) {
                (Some((from, to)), Ok(numbers)) => edges.push((from, to, numbers)),
                (None, _) => findings.add(format!(
                    "topology.resilience.edges names {edge:?}, but there is no such call: write \"carts -> \
                     products\", as `rialto topology graph` shows them"
                )),
                (_, Err(unusable)) => {
                    findings.add(format!("topology.resilience.edges.{edge:?}: {unusable}"));
                }
            }
        }
        Self { all, edges }
    }
}

/// Caller and callee of an edge, if there is one. The gateway asks every module that keeps tables, for those
/// who operate them.
fn ends(edge: &str) -> Option<(&'static str, &'static str)> {
    let (from, to) = edge.split_once("->")?;
    let (from, to) = (wiring::module(from.trim())?, wiring::module(to.trim())?);
    let asks = from.asks.contains(&to.name) || (from.name == EDGE && to.tables);
    asks.then_some((from.name, to.name))
}
