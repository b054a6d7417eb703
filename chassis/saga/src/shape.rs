//! The skeleton of a plan: its positions in order, without the functions that make the commands.

use std::time::Duration;

use kernel::Command;
use xxhash_rust::xxh3::Xxh3;

/// A plan as plain data: what the transition function and the explorer look at.
///
/// Holdings come first, as positions that are done before the saga starts; then the steps in the
/// order in which they are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub(crate) name: &'static str,
    pub(crate) positions: Vec<Position>,
    /// The first position that is reached only when there is no way back.
    pub(crate) pivot: usize,
}

/// One step of a plan, or something that was held before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) command: Option<Wire>,
    pub(crate) undo: Option<Wire>,
    pub(crate) refusable: bool,
    pub(crate) limit: Option<Duration>,
}

/// What a position is in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Held before the saga began; undone when it is abandoned.
    Holding,
    /// May be refused; can be undone, or left nothing to undo.
    Undoable,
    /// May be refused; once it is done there is no way back.
    Pivot,
    /// Cannot be refused, only retried.
    Retriable,
    /// A change in the saga's own module, made in the transaction of the step before it.
    Local,
}

/// What names a command between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    channel: &'static str,
    of_type: &'static str,
    version: u16,
}

impl Wire {
    pub(crate) const fn of<C: Command>() -> Self {
        Self { channel: C::CHANNEL, of_type: C::TYPE, version: C::VERSION }
    }
}

impl Shape {
    /// The saga's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The names of holdings and steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &'static str> {
        self.positions.iter().map(|position| position.name)
    }

    /// Tells plans apart: instances of one that a binary does not have are left alone by it.
    ///
    /// Time limits are left out, so that changing one does not orphan what is under way.
    pub fn hash(&self) -> i64 {
        let mut hash = Xxh3::new();
        let mut add = |text: &str| {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        };
        add(self.name);
        add(&self.pivot.to_string());
        for position in &self.positions {
            add(position.name);
            add(&format!("{:?} {}", position.kind, position.refusable));
            for wire in [position.command, position.undo] {
                match wire {
                    Some(it) => add(&format!("{} {} {}", it.channel, it.of_type, it.version)),
                    None => add("nothing"),
                }
            }
        }
        i64::from_ne_bytes(hash.digest().to_ne_bytes())
    }

    /// How long the step at `position` may take to answer.
    pub(crate) fn limit(&self, position: usize) -> Option<Duration> {
        self.positions.get(position).and_then(|it| it.limit)
    }

    pub(crate) fn name_of(&self, position: usize) -> &'static str {
        self.positions.get(position).map_or("end", |it| it.name)
    }
}
