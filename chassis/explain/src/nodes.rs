//! What happened and what caused it, before it is a tree.

use std::collections::{BTreeMap, btree_map::Entry};

use kernel::Timestamp;
use messaging::{Because, journal::made_at};
use ports::Origin;
use uuid::Uuid;

use crate::{Line, What};

/// Everything that happened, each with its cause.
#[derive(Default)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    messages: BTreeMap<Uuid, usize>,
    origins: BTreeMap<(String, Timestamp, Option<String>), usize>,
}

struct Node {
    at: Timestamp,
    what: What,
    parent: Option<usize>,
}

impl Nodes {
    /// Adds a message, whose cause is said by [`caused`](Self::caused).
    pub(crate) fn message(&mut self, id: Uuid, at: Timestamp, what: What) {
        let place = self.nodes.len();
        if let Entry::Vacant(vacant) = self.messages.entry(id) {
            vacant.insert(place);
            self.nodes.push(Node { at, what, parent: None });
        }
    }

    /// Says what caused a message.
    pub(crate) fn caused(
        &mut self,
        id: Uuid,
        cause: Option<Uuid>,
        origin: Option<&Origin>,
        trace: Option<String>,
    ) {
        let parent = self.cause(cause, origin, trace);
        if let Some(place) = self.messages.get(&id) {
            self.nodes[*place].parent = parent;
        }
    }

    /// Adds something below a message.
    pub(crate) fn below(&mut self, message: Uuid, at: Timestamp, what: What) {
        let parent = Some(self.place_of(message));
        self.nodes.push(Node { at, what, parent });
    }

    /// Adds something else.
    pub(crate) fn other(&mut self, at: Timestamp, what: What, because: Option<&Because>) {
        let parent = because.and_then(|why| {
            let trace = why.traceparent.as_deref().and_then(ports::Trace::parse);
            self.cause(why.message, why.origin.as_ref(), trace.map(ports::Trace::id))
        });
        self.nodes.push(Node { at, what, parent });
    }

    fn cause(
        &mut self,
        message: Option<Uuid>,
        origin: Option<&Origin>,
        trace: Option<String>,
    ) -> Option<usize> {
        match (message, origin) {
            (Some(id), _) => Some(self.place_of(id)),
            (None, Some(origin)) => Some(self.origin(origin, trace)),
            (None, None) => None,
        }
    }

    /// The place of a message, or of the gap that it has left.
    fn place_of(&mut self, message: Uuid) -> usize {
        self.message(message, made_at(message), What::Gap { message });
        self.messages[&message]
    }

    fn origin(&mut self, origin: &Origin, trace: Option<String>) -> usize {
        let (name, at) = (origin.what.to_string(), origin.at);
        let place = self.nodes.len();
        let known = self.origins.entry((name.clone(), at, trace.clone()));
        let found = *known.or_insert(place);
        if found == place {
            self.nodes.push(Node { at, what: What::Origin { name, trace }, parent: None });
        }
        found
    }

    /// The tree: what has the same cause in the order of time.
    pub(crate) fn lines(mut self) -> Vec<Line> {
        self.cut_circles();
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut waiting = Vec::new();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        // The last first: what is taken from a stack comes in the order of time.
        order.sort_by_key(|place| std::cmp::Reverse((self.nodes[*place].at, *place)));
        for place in order {
            match self.nodes[place].parent {
                Some(parent) => below[parent].push(place),
                None => waiting.push((place, 0)),
            }
        }
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let mut lines = Vec::with_capacity(nodes.len());
        while let Some((place, depth)) = waiting.pop() {
            waiting.extend(below[place].iter().map(|child| (*child, depth + 1)));
            let Some(Node { at, what, .. }) = nodes[place].take() else { continue };
            lines.push(Line { depth, at, what });
        }
        lines
    }

    /// Nothing causes itself: where modules say so, the cause is left out.
    fn cut_circles(&mut self) {
        let mut checked = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut way = Vec::new();
            let mut on_the_way = std::collections::BTreeSet::new();
            let mut place = start;
            while !checked[place] {
                if !on_the_way.insert(place) {
                    self.nodes[place].parent = None;
                    break;
                }
                way.push(place);
                match self.nodes[place].parent {
                    Some(parent) => place = parent,
                    None => break,
                }
            }
            way.into_iter().for_each(|place| checked[place] = true);
        }
    }
}
