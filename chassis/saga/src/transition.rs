//! How a saga moves: from a state and something that happened to the next state and its effects.
//!
//! **Invariant:** nothing here awaits, reads a clock or touches a database. The engine and the
//! explorer call the same functions, so what is proved of the one holds for the other.

use serde::{Deserialize, Serialize};

use crate::shape::{Kind, Shape};

/// Where a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A step was sent and its answer is awaited.
    Running,
    /// A step was refused and may be sent again, or be done by its owner after all.
    Waiting,
    /// An undo was sent and its answer is awaited.
    Undoing,
    /// All steps are done.
    Completed,
    /// Everything that was done, or may have been, is undone.
    Compensated,
}

impl Status {
    const ALL: [Self; 5] =
        [Self::Running, Self::Waiting, Self::Undoing, Self::Completed, Self::Compensated];

    /// The status as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Undoing => "undoing",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// All that decides what happens next. Positions before the current one are done; while undoing,
/// positions after it are undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// Where it stands.
    pub(crate) status: Status,
    /// The index of the step that is sent, refused or being undone.
    pub(crate) position: usize,
    /// Counts the commands sent. An answer carries the number of the command it answers.
    pub(crate) turn: u64,
    /// The command whose answer is not waited for any longer, until that answer comes.
    pub(crate) given_up: Option<u64>,
}

/// Something that happened to a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The command with this number was done.
    Done {
        /// The number of the command.
        turn: u64,
    },
    /// The command with this number was refused.
    Refused {
        /// The number of the command.
        turn: u64,
        /// Whether the saga waits to send it again, instead of turning back.
        stay: bool,
    },
    /// The command with this number was not answered within its limit.
    TimedOut {
        /// The number of the command.
        turn: u64,
    },
    /// The module wants the refused step to be sent again.
    Again,
    /// The module does not want the saga any longer.
    Abandon,
}

/// What a move causes, in this order, in the transaction that records the move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// The module hears that this step is done.
    Done(usize),
    /// The command of this step is sent.
    Send(usize),
    /// The change of this local step is made.
    Local(usize),
    /// The module hears that the saga turns back.
    TurnBack,
    /// The undo command of this position is sent.
    Undo(usize),
    /// The module hears that everything is undone.
    Compensated,
}

/// What is written into the log about a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The saga began.
    Started,
    /// A step was done.
    Done,
    /// A step was refused, and the saga turns back.
    Refused,
    /// A step was refused, and the saga waits.
    Stayed,
    /// A step was not answered in time, so it counts as one that may have happened.
    TimedOut,
    /// A step was sent again, or its undo: it had been refused, or somebody wanted it.
    Again,
    /// The module abandoned the saga.
    Abandoned,
    /// A step or holding was undone.
    Undone,
    /// A step that was given up on answered after all. Its undo was sent before.
    Late,
}

/// One move of a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Where it stands now.
    pub(crate) state: State,
    /// What this causes.
    pub(crate) effects: Vec<Effect>,
    /// What happened, for the log.
    pub(crate) what: What,
}

/// The first move.
pub(crate) fn begin(shape: &Shape) -> Move {
    let first = shape.positions.iter().take_while(|it| it.kind == Kind::Holding).count();
    forward(shape, first, 0, Vec::new(), What::Started)
}

/// The move that `input` causes, or nothing: a duplicate, too late, or not meant for this state.
pub(crate) fn next(shape: &Shape, state: State, input: Input) -> Option<Move> {
    let State { status, position, turn: awaited, given_up } = state;
    match (status, input) {
        (Status::Running, Input::Done { turn }) if turn == awaited => {
            Some(forward(shape, position + 1, turn, vec![Effect::Done(position)], What::Done))
        }
        (Status::Waiting, Input::Done { turn }) if turn == awaited && is_open(shape, position) => {
            Some(forward(shape, position + 1, turn, vec![Effect::Done(position)], What::Done))
        }
        (Status::Undoing, Input::Done { turn }) if turn == awaited => {
            Some(backward(shape, position, state, Vec::new(), What::Undone))
        }
        (Status::Running, Input::Refused { turn, stay: true }) if turn == awaited => {
            let state = State { status: Status::Waiting, ..state };
            Some(Move { state, effects: Vec::new(), what: What::Stayed })
        }
        (Status::Running, Input::Refused { turn, stay: false }) if turn == awaited => {
            Some(turn_back(shape, position, state, What::Refused))
        }
        (Status::Running, Input::TimedOut { turn }) if turn == awaited => {
            shape.limit(position)?;
            Some(give_up(shape, state, What::TimedOut))
        }
        (Status::Waiting, Input::Again) => {
            let state = State { status: Status::Running, turn: awaited + 1, ..state };
            Some(Move { state, effects: vec![Effect::Send(position)], what: What::Again })
        }
        (Status::Running | Status::Waiting, Input::Abandon) if is_open(shape, position) => {
            Some(give_up(shape, state, What::Abandoned))
        }
        (Status::Waiting, Input::Abandon) => {
            Some(turn_back(shape, position, state, What::Abandoned))
        }
        (_, Input::Done { turn } | Input::Refused { turn, .. }) if given_up == Some(turn) => {
            let state = State { given_up: None, ..state };
            Some(Move { state, effects: Vec::new(), what: What::Late })
        }
        _ => None,
    }
}

/// The command under way once more, under its number, so that the saga stands where it stood and the first of the
/// two answers is the answer; a refused one as by [`Input::Again`]. Nothing when the saga has ended.
pub(crate) fn repeat(shape: &Shape, state: State) -> Option<Move> {
    let effect = match state.status {
        Status::Running => Effect::Send(state.position),
        Status::Undoing => Effect::Undo(state.position),
        Status::Waiting => return next(shape, state, Input::Again),
        Status::Completed | Status::Compensated => return None,
    };
    Some(Move { state, effects: vec![effect], what: What::Again })
}

/// Whether the step at `position` may happen at any time and can be undone all the same.
///
/// That is so while it is under way, and also when it was refused and waits: its owner may get it
/// done after all, say with the shopper's next card. A pivot that is under way may be done already
/// and cannot be undone; a pivot that was refused stays undone until it is sent again.
fn is_open(shape: &Shape, position: usize) -> bool {
    position < shape.pivot && shape.positions[position].kind != Kind::Pivot
}

/// Turns back while a step is open: it is the first to be undone, as it may have happened.
fn give_up(shape: &Shape, state: State, what: What) -> Move {
    let unanswered = State { given_up: Some(state.turn), ..state };
    turn_back(shape, state.position + 1, unanswered, what)
}

/// Begins to undo what lies before `end`, the last first.
fn turn_back(shape: &Shape, end: usize, state: State, what: What) -> Move {
    backward(shape, end, state, vec![Effect::TurnBack], what)
}

/// Sends the undo of the last position before `end` that has one.
fn backward(shape: &Shape, end: usize, state: State, mut effects: Vec<Effect>, what: What) -> Move {
    match shape.positions[..end].iter().rposition(|it| it.undo.is_some()) {
        Some(position) => {
            effects.push(Effect::Undo(position));
            let turn = state.turn + 1;
            let state = State { status: Status::Undoing, position, turn, ..state };
            Move { state, effects, what }
        }
        None => {
            effects.push(Effect::Compensated);
            let state = State { status: Status::Compensated, position: 0, ..state };
            Move { state, effects, what }
        }
    }
}

/// Makes the local changes from `position` on, then sends the step that follows them.
fn forward(
    shape: &Shape,
    mut position: usize,
    turn: u64,
    mut effects: Vec<Effect>,
    what: What,
) -> Move {
    while shape.positions.get(position).is_some_and(|it| it.kind == Kind::Local) {
        effects.push(Effect::Local(position));
        position += 1;
    }
    let given_up = None;
    if position == shape.positions.len() {
        let state = State { status: Status::Completed, position, turn, given_up };
        return Move { state, effects, what };
    }
    effects.push(Effect::Send(position));
    let state = State { status: Status::Running, position, turn: turn + 1, given_up };
    Move { state, effects, what }
}
