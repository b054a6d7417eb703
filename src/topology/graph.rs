//! A topology as a picture: text for a terminal, Mermaid for a document.

use std::fmt;

use super::{Bus, Carrier, Layout, wiring};

/// Processes, their modules, and what goes between them.
pub struct Graph<'a> {
    layout: &'a Layout,
    mermaid: bool,
}

/// One thing that goes from module to module.
struct Edge {
    from: &'static str,
    to: &'static str,
    what: &'static str,
    /// Whether it leaves the process.
    crosses: bool,
}

impl<'a> Graph<'a> {
    /// For a terminal.
    pub fn text(layout: &'a Layout) -> Self {
        Self { layout, mermaid: false }
    }

    /// For a document: <https://mermaid.js.org>.
    pub fn mermaid(layout: &'a Layout) -> Self {
        Self { layout, mermaid: true }
    }

    fn calls(&self) -> Vec<Edge> {
        let modules = wiring::MODULES.iter();
        let asked = modules.flat_map(|module| module.asks.iter().map(|to| (module.name, *to)));
        let edge = |(from, to)| {
            let crosses = self.crosses(from, to);
            let what = match self.layout.carrier(from, to) {
                _ if !crosses => "in process",
                Carrier::Http => "http",
                Carrier::Rabbitmq => "rabbitmq",
            };
            Edge { from, to, what, crosses }
        };
        asked.map(edge).collect()
    }

    /// Who is told by whom.
    fn messages(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for listener in wiring::MODULES {
            for channel in listener.listens {
                for from in speakers(channel, listener.name) {
                    let crosses = self.crosses(from, listener.name);
                    let what = match self.layout.bus {
                        _ if !crosses => "in process",
                        Bus::InProcess => "memory",
                        Bus::Http => "http",
                        Bus::Rabbitmq => "rabbitmq",
                    };
                    edges.push(Edge { from, to: listener.name, what, crosses });
                }
            }
        }
        edges
    }

    fn crosses(&self, from: &str, to: &str) -> bool {
        let home = self.layout.home(from);
        home.is_some_and(|home| !home.hosts(to)) && self.layout.home(to).is_some()
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in &self.layout.processes {
            let replicas =
                if place.replicas > 1 { format!(" ×{}", place.replicas) } else { String::new() };
            writeln!(f, "{}{replicas}", place.name)?;
            writeln!(f, "  modules   {}", place.modules.join(", "))?;
            for (what, addresses) in [("public", &place.public), ("internal", &place.internal)] {
                if !addresses.is_empty() {
                    writeln!(f, "  {what:9} {}", addresses.join(", "))?;
                }
            }
        }
        for (what, edges) in [("calls", self.calls()), ("messages", self.messages())] {
            writeln!(f, "\n{what}")?;
            for Edge { from, to, what, .. } in edges {
                writeln!(f, "  {from:10} → {to:10} {what}")?;
            }
        }
        Ok(())
    }

    fn write_mermaid(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "flowchart LR")?;
        for place in &self.layout.processes {
            let replicas =
                if place.replicas > 1 { format!(" ×{}", place.replicas) } else { String::new() };
            writeln!(f, "  subgraph p-{0}[\"{0}{replicas}\"]", place.name)?;
            for module in &place.modules {
                writeln!(f, "    {module}")?;
            }
            writeln!(f, "  end")?;
        }
        let label =
            |edge: &Edge| if edge.crosses { format!("|{}|", edge.what) } else { String::new() };
        for edge in self.calls() {
            writeln!(f, "  {} -->{} {}", edge.from, label(&edge), edge.to)?;
        }
        for edge in self.messages() {
            writeln!(f, "  {} -.->{} {}", edge.from, label(&edge), edge.to)?;
        }
        Ok(())
    }
}

/// Who else publishes to `channel`.
fn speakers(channel: &str, listener: &str) -> Vec<&'static str> {
    let speaks =
        |module: &&wiring::Module| module.name != listener && module.speaks.contains(&channel);
    wiring::MODULES.iter().filter(speaks).map(|module| module.name).collect()
}

impl fmt::Display for Graph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mermaid {
            true => self.write_mermaid(f),
            false => self.write_text(f),
        }
    }
}
