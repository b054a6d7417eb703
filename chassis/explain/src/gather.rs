//! Asks all modules, again and again, until nothing new comes.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use messaging::journal::{Found, Published};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Fragment, Question, Start};

/// Rounds at most: a message further than that from what was asked for is left out.
const ROUNDS: usize = 64;
/// Messages at most.
const MESSAGES: usize = 5_000;

/// What all modules know.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered<E> {
    /// By module.
    pub fragments: BTreeMap<String, Fragment>,
    /// Those that did not answer.
    pub missing: Vec<Missing<E>>,
    /// Whether there is more.
    pub cut: bool,
}

/// A module that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing<E> {
    /// Which.
    pub module: String,
    /// Why not.
    pub why: E,
}

/// Asks `modules` for all that has to do with `start`: the messages about it, what they caused, and what
/// caused them.
pub async fn gather<E>(
    modules: &[&str],
    start: Start,
    ask: impl AsyncFn(&str, &Question) -> Result<Fragment, E>,
) -> Gathered<E> {
    let mut gathered = Gathered { fragments: BTreeMap::new(), missing: Vec::new(), cut: false };
    let mut asker = Asker::default();
    let mut question = asker.first(start);
    for round in 0.. {
        gathered.cut = round == ROUNDS || asker.known.len() > MESSAGES;
        if question == Question::default() || gathered.cut {
            break;
        }
        let missing = |module: &&&str| gathered.missing.iter().any(|it| it.module == **module);
        let asked: Vec<&str> = modules.iter().filter(|it| !missing(it)).copied().collect();
        let answers = join_all(asked.iter().map(|module| ask(module, &question))).await;
        for (module, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(fragment) => {
                    asker.hear(&fragment, &question);
                    gathered.fragments.entry(module.to_owned()).or_default().add(fragment);
                }
                Err(why) => {
                    gathered.missing.push(Missing { module: module.to_owned(), why });
                }
            }
        }
        question = std::mem::take(&mut asker.next);
    }
    gathered
}

/// Remembers what was asked, so that nothing is asked twice.
#[derive(Default)]
struct Asker {
    keys: BTreeSet<String>,
    things: BTreeSet<String>,
    asked: BTreeSet<Uuid>,
    /// The messages that were found; true for those whose consequences belong to it as well.
    known: BTreeMap<Uuid, bool>,
    next: Question,
}

impl Asker {
    fn first(&mut self, start: Start) -> Question {
        match start {
            Start::Thing(key) => self.key(key),
            Start::Trace(trace) => drop(self.next.wanted.traces.insert(trace)),
        }
        std::mem::take(&mut self.next)
    }

    fn hear(&mut self, fragment: &Fragment, question: &Question) {
        let Found { published, late, waiting } = &fragment.found;
        for message in published {
            self.message(message, question);
        }
        for id in late.iter().map(|it| it.message).chain(waiting.iter().map(|it| it.message)) {
            self.cause(id);
        }
        for id in &fragment.ids {
            self.key(id.clone());
        }
        for call in &fragment.calls {
            for key in &call.about {
                self.key(key.clone());
            }
            call.because.iter().filter_map(|it| it.message).for_each(|id| self.cause(id));
        }
    }

    fn message(&mut self, message: &Published, question: &Question) {
        let Question { wanted, .. } = question;
        let belongs = self.keys.contains(&message.key)
            || message.cause.is_some_and(|id| wanted.caused_by.contains(&id))
            || message.trace.as_ref().is_some_and(|trace| wanted.traces.contains(trace));
        if self.known.get(&message.id).is_some_and(|known| *known || !belongs) {
            return;
        }
        self.known.insert(message.id, belongs);
        if let Some(cause) = message.cause {
            self.cause(cause);
        }
        if belongs {
            self.asked.insert(message.id);
            self.next.wanted.messages.insert(message.id);
            self.next.wanted.caused_by.insert(message.id);
            self.thing(message.key.clone());
            if let Some(key) = &message.answer_at {
                self.key(key.clone());
            }
        }
    }

    /// Wants to know a message that caused something, and not what else it caused.
    fn cause(&mut self, id: Uuid) {
        if !self.known.contains_key(&id) && self.asked.insert(id) {
            self.next.wanted.messages.insert(id);
        }
    }

    fn key(&mut self, key: String) {
        self.thing(key.clone());
        if self.keys.insert(key.clone()) {
            self.next.wanted.keys.insert(key);
        }
    }

    fn thing(&mut self, thing: String) {
        if self.things.insert(thing.clone()) {
            self.next.things.insert(thing);
        }
    }
}

impl Fragment {
    /// Adds what is new in `other`.
    fn add(&mut self, other: Self) {
        let Self { found: Found { published, late, waiting }, stories, calls, ids } = other;
        add_new(&mut self.found.published, published);
        add_new(&mut self.found.late, late);
        add_new(&mut self.found.waiting, waiting);
        add_new(&mut self.stories, stories);
        add_new(&mut self.calls, calls);
        self.ids.extend(ids);
    }
}

fn add_new<T: PartialEq>(to: &mut Vec<T>, more: Vec<T>) {
    for it in more {
        if !to.contains(&it) {
            to.push(it);
        }
    }
}
