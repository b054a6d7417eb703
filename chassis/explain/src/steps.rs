//! Which step of which saga a command or an answer is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kernel::Timestamp;
use messaging::{Kind, journal::Published};
use saga::{Entry, Errand, Story, What as Moved};

use crate::Step;

/// What sagas remember, to be matched with messages.
pub(crate) struct Steps {
    stories: BTreeMap<String, Told>,
}

/// What one saga remembers.
#[derive(Default)]
struct Told {
    log: Vec<Entry>,
    /// The entries that answers have made, by the number of the command, in their order.
    answers: BTreeMap<u64, VecDeque<usize>>,
    /// The names of steps, by their places.
    names: BTreeMap<usize, String>,
    shown: BTreeSet<usize>,
}

impl Steps {
    pub(crate) fn new<'a>(
        stories: impl IntoIterator<Item = &'a Story>,
        messages: impl IntoIterator<Item = &'a Published>,
    ) -> Self {
        let stories = stories.into_iter().map(|story| (story.id.clone(), Told::of(story)));
        let mut steps = Self { stories: stories.collect() };
        for message in messages {
            let Some((saga, errand)) = errand(message) else { continue };
            let Some(told) = steps.stories.get_mut(saga) else { continue };
            if let Some(entry) = told.log.iter().find(|entry| entry.turn == errand.turn) {
                told.names.insert(errand.position, entry.step.clone());
            }
        }
        steps
    }

    /// What `message` means to its saga. Messages are asked for in the order of time.
    pub(crate) fn of(&mut self, message: &Published) -> Option<Step> {
        let (saga, Errand { turn, position, undoes }) = errand(message)?;
        let mut step = Step { saga: saga.to_owned(), name: None, turn, undoes, entry: None };
        let Some(told) = self.stories.get_mut(saga) else { return Some(step) };
        step.name = told.names.get(&position).cloned();
        let place = match message.kind {
            Kind::Reply => told.answers.get_mut(&turn).and_then(VecDeque::pop_front),
            _ => told.reason(turn, undoes),
        };
        if let Some(place) = place {
            told.shown.insert(place);
            step.entry = Some(told.log[place].clone());
        }
        Some(step)
    }

    /// What sagas remember and no message has shown: by saga, with the time.
    pub(crate) fn rest(self) -> Vec<(String, Timestamp, Entry)> {
        let mut rest = Vec::new();
        for (saga, Told { log, shown, .. }) in self.stories {
            for (place, entry) in log.into_iter().enumerate() {
                if !shown.contains(&place) && entry.what != Moved::Started {
                    rest.push((saga.clone(), entry.at, entry));
                }
            }
        }
        rest
    }
}

impl Told {
    fn of(story: &Story) -> Self {
        let mut told = Self { log: story.log.clone(), ..Self::default() };
        for (place, entry) in told.log.iter().enumerate() {
            let answered = matches!(
                entry.what,
                Moved::Done | Moved::Refused | Moved::Stayed | Moved::Undone | Moved::Late
            );
            if answered {
                told.answers.entry(entry.turn).or_default().push_back(place);
            }
        }
        told
    }

    /// Why the command with this number was sent, if it was not because of an answer.
    fn reason(&self, turn: u64, undoes: bool) -> Option<usize> {
        let is_reason = |entry: &Entry| match entry.what {
            Moved::Again => entry.turn == turn,
            Moved::Abandoned | Moved::TimedOut => undoes && entry.turn + 1 == turn,
            _ => false,
        };
        self.log.iter().position(is_reason)
    }
}

/// The saga that a command was sent by or that an answer has come to, and what for.
fn errand(message: &Published) -> Option<(&str, Errand)> {
    let saga = match message.kind {
        Kind::Command => message.answer_at.as_deref()?,
        Kind::Reply => &message.key,
        Kind::Event | Kind::Document => return None,
    };
    Some((saga, Errand::read(message.sent_for.as_deref()?)?))
}
