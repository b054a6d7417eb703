//! One situation on a path: where the saga stands, and what really happened outside.
//!
//! What may come and what must follow is derived here a second time, from the outside, so that the
//! transition function is not checked against itself.

use crate::{
    Shape,
    shape::Kind,
    transition::{Effect, Input, Move, State, Status},
};

/// How often a path sends a refused step again. More repeats lead to nothing new.
const REPEATS: usize = 2;

/// The truth about one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fact {
    /// Nothing was sent.
    Untouched,
    /// Sent, and nobody knows; it may also still happen.
    Maybe,
    /// It happened, or was held from the start.
    Done,
    /// It did not happen and will not.
    Refused,
}

/// A command that was sent. Its number is its place in the list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sent {
    position: usize,
    undo: bool,
    answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Done,
    Stayed,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    state: State,
    facts: Vec<Fact>,
    sent: Vec<Sent>,
    turned_back: bool,
}

impl World {
    pub(super) fn start(shape: &Shape, first: Move) -> Result<Self, String> {
        let held = |kind| if kind == Kind::Holding { Fact::Done } else { Fact::Untouched };
        let mut world = Self {
            state: first.state,
            facts: shape.positions.iter().map(|it| held(it.kind)).collect(),
            sent: Vec::new(),
            turned_back: false,
        };
        world.cause(shape, &first.effects)?;
        Ok(world)
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether a path may end here.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state.status, Status::Completed | Status::Compensated)
    }

    /// The inputs that can come now and must make a difference.
    pub(super) fn expected(&self, shape: &Shape) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (turn, sent) in self.turns() {
            let late = self.state.given_up == Some(turn);
            let awaited = turn == self.state.turn && !self.has_ended();
            match sent.answer {
                None if awaited || late => {
                    inputs.push(Input::Done { turn });
                    if !sent.undo && shape.positions[sent.position].refusable {
                        inputs.push(Input::Refused { turn, stay: true });
                        inputs.push(Input::Refused { turn, stay: false });
                    }
                    if !sent.undo && !late && shape.limit(sent.position).is_some() {
                        inputs.push(Input::TimedOut { turn });
                    }
                }
                Some(Answer::Stayed) if late || self.can_reopen(shape, turn) => {
                    inputs.push(Input::Done { turn });
                }
                _ => {}
            }
        }
        if self.can_abandon(shape) {
            inputs.push(Input::Abandon);
        }
        let stays = self.sent.iter().filter(|it| it.answer == Some(Answer::Stayed)).count();
        if self.state.status == Status::Waiting && stays <= REPEATS {
            inputs.push(Input::Again);
        }
        inputs
    }

    /// The inputs that can come now and must change nothing: duplicates, and what is too late.
    pub(super) fn stale(&self, shape: &Shape) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (turn, sent) in self.turns() {
            let late = self.state.given_up == Some(turn);
            match sent.answer {
                Some(Answer::Done) => inputs.push(Input::Done { turn }),
                Some(Answer::Refused) => inputs.push(Input::Refused { turn, stay: false }),
                Some(Answer::Stayed) if !late => {
                    inputs.push(Input::Refused { turn, stay: true });
                    inputs.push(Input::Refused { turn, stay: false });
                    if !self.can_reopen(shape, turn) {
                        inputs.push(Input::Done { turn });
                    }
                }
                _ => {}
            }
            let awaited = turn == self.state.turn && self.state.status == Status::Running;
            if !awaited || shape.limit(sent.position).is_none() {
                inputs.push(Input::TimedOut { turn });
            }
        }
        if !self.can_abandon(shape) {
            inputs.push(Input::Abandon);
        }
        if self.state.status != Status::Waiting {
            inputs.push(Input::Again);
        }
        inputs
    }

    /// The world after `input`, to which the saga reacted by `step`.
    pub(super) fn after(&self, shape: &Shape, input: Input, step: Move) -> Result<Self, String> {
        let mut world = self.clone();
        world.happen(shape, input);
        world.state = step.state;
        world.cause(shape, &step.effects)?;
        Ok(world)
    }

    /// The input in words.
    pub(super) fn describe(&self, shape: &Shape, input: Input) -> String {
        let of = |turn: u64, what: &str| {
            let sent = self.sent[index(turn)];
            let late = if self.state.given_up == Some(turn) { " late" } else { "" };
            let undo = if sent.undo { "undo of " } else { "" };
            format!("{undo}{} {what}{late}", shape.name_of(sent.position))
        };
        match input {
            Input::Done { turn } => of(turn, "done"),
            Input::Refused { turn, stay: true } => of(turn, "refused, the saga stays"),
            Input::Refused { turn, stay: false } => of(turn, "refused"),
            Input::TimedOut { turn } => of(turn, "timed out"),
            Input::Again => format!("{} sent again", shape.name_of(self.state.position)),
            Input::Abandon => "abandoned".to_owned(),
        }
    }

    fn turns(&self) -> impl Iterator<Item = (u64, Sent)> {
        (1..).zip(self.sent.iter().copied())
    }

    /// Whether a refused step may still be done by its owner.
    fn can_reopen(&self, shape: &Shape, turn: u64) -> bool {
        let kind = shape.positions.get(self.state.position).map(|it| it.kind);
        let waits = self.state.status == Status::Waiting && turn == self.state.turn;
        waits && kind == Some(Kind::Undoable)
    }

    fn can_abandon(&self, shape: &Shape) -> bool {
        let kind = shape.positions.get(self.state.position).map(|it| it.kind);
        match self.state.status {
            Status::Running => kind == Some(Kind::Undoable),
            Status::Waiting => true,
            Status::Undoing | Status::Completed | Status::Compensated => false,
        }
    }

    /// What an input says about the world.
    fn happen(&mut self, shape: &Shape, input: Input) {
        let (turn, answer) = match input {
            Input::Done { turn } => (turn, Answer::Done),
            Input::Refused { turn, stay } if stay && turn == self.state.turn => {
                (turn, Answer::Stayed)
            }
            Input::Refused { turn, .. } => (turn, Answer::Refused),
            Input::TimedOut { .. } | Input::Again | Input::Abandon => return,
        };
        let sent = &mut self.sent[index(turn)];
        sent.answer = Some(answer);
        if sent.undo {
            return;
        }
        let stays_open = shape.positions[sent.position].kind == Kind::Undoable;
        self.facts[sent.position] = match answer {
            Answer::Done => Fact::Done,
            Answer::Stayed if stays_open => Fact::Maybe,
            Answer::Stayed | Answer::Refused => Fact::Refused,
        };
    }

    /// Checks and applies the effects of a move, and the state after it.
    fn cause(&mut self, shape: &Shape, effects: &[Effect]) -> Result<(), String> {
        for effect in effects {
            self.effect(shape, *effect)?;
        }
        let under_way = self.sent.last().filter(|it| it.answer.is_none());
        let (status, name) = (self.state.status, shape.name_of(self.state.position));
        let holds = match status {
            Status::Running => under_way.is_some_and(|it| !it.undo),
            Status::Undoing => under_way.is_some_and(|it| it.undo),
            Status::Waiting => self.sent.last().and_then(|it| it.answer) == Some(Answer::Stayed),
            Status::Completed => self.facts.iter().all(|it| *it == Fact::Done) && !self.turned_back,
            Status::Compensated => self.turned_back && self.left_to_undo(shape).is_none(),
        };
        if !holds {
            return Err(format!("the saga is {} at {name:?}, but should not be", status.as_str()));
        }
        if (1..).nth(self.sent.len()) != Some(self.state.turn + 1) {
            return Err(format!("the command numbered {} is not the last", self.state.turn));
        }
        Ok(())
    }

    fn effect(&mut self, shape: &Shape, effect: Effect) -> Result<(), String> {
        let name = |position| shape.name_of(position);
        let wrong = |why: String| Err(why);
        match effect {
            Effect::Send(at) | Effect::Local(at) if self.turned_back => {
                wrong(format!("{:?} is taken on the way back", name(at)))
            }
            Effect::Send(at) | Effect::Local(at) if self.reached() != at => {
                wrong(format!("{:?} is taken before {:?}", name(at), name(self.reached())))
            }
            Effect::Send(at) if at >= shape.pivot && shape.positions[at].refusable => {
                wrong(format!("{:?} can be refused and follows the pivot", name(at)))
            }
            Effect::Send(at) => {
                self.facts[at] = Fact::Maybe;
                self.sent.push(Sent { position: at, undo: false, answer: None });
                Ok(())
            }
            Effect::Local(at) if at < shape.pivot => {
                wrong(format!("{:?} cannot be undone and precedes the pivot", name(at)))
            }
            Effect::Local(at) => {
                self.facts[at] = Fact::Done;
                Ok(())
            }
            Effect::Done(at) if self.facts[at] != Fact::Done => {
                wrong(format!("the module hears of {:?}, which is not done", name(at)))
            }
            Effect::Done(_) => Ok(()),
            Effect::TurnBack => self.turn_back(shape),
            Effect::Undo(at) if !self.turned_back || self.left_to_undo(shape) != Some(at) => {
                wrong(format!("{:?} is undone: too early, once more, or for nothing", name(at)))
            }
            Effect::Undo(at) => {
                self.sent.push(Sent { position: at, undo: true, answer: None });
                Ok(())
            }
            Effect::Compensated => match self.left_to_undo(shape) {
                Some(left) => wrong(format!("{:?} is not undone", name(left))),
                None => Ok(()),
            },
        }
    }

    fn turn_back(&mut self, shape: &Shape) -> Result<(), String> {
        let final_ = |(at, fact): (usize, &Fact)| {
            let stands = matches!(fact, Fact::Maybe | Fact::Done);
            stands && (at >= shape.pivot || shape.positions[at].kind == Kind::Pivot)
        };
        if self.turned_back || self.facts.iter().enumerate().any(final_) {
            return Err("the saga turns back where there is no way back".to_owned());
        }
        self.turned_back = true;
        Ok(())
    }

    /// The first position that is not done.
    fn reached(&self) -> usize {
        self.facts.iter().position(|it| *it != Fact::Done).unwrap_or(self.facts.len())
    }

    /// The last position that happened, or may have, and is not known to be undone.
    fn left_to_undo(&self, shape: &Shape) -> Option<usize> {
        let undone = |at| {
            let is_undo = |it: &&Sent| it.undo && it.position == at;
            self.sent.iter().find(is_undo).is_some_and(|it| it.answer.is_some())
        };
        (0..self.facts.len()).rev().find(|&at| {
            let stands = matches!(self.facts[at], Fact::Maybe | Fact::Done);
            stands && shape.positions[at].undo.is_some() && !undone(at)
        })
    }
}

fn index(turn: u64) -> usize {
    usize::try_from(turn).unwrap_or(usize::MAX).wrapping_sub(1)
}
