//! The plan of a saga: steps in three phases, and types that refuse a plan that cannot be undone.

use std::{marker::PhantomData, time::Duration};

use kernel::{Command, Never};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    parts::{Parts, Verdict},
    shape::{Kind, Position, Shape, Wire},
};

/// A story over several modules that ends completed or undone. Its fields are its data: what the
/// commands need, stored as JSON with each instance.
pub trait Saga: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the kind of saga, in kebab case, once in a process.
    const NAME: &'static str;

    /// What it changes in its own module, usually an enum; [`Never`] when nothing.
    type Change: Send + 'static;

    /// The thing it is about. There is one instance per name and key, ever.
    fn key(&self) -> String;

    /// The steps in order.
    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self>;

    /// What its module changes when the saga turns back: a step was refused or not answered in
    /// time, or the module abandoned it. `why` is meant for people.
    fn abandoned(&self, why: &str) -> Option<Self::Change> {
        let _ = why;
        None
    }

    /// What its module changes when everything is undone.
    fn compensated(&self) -> Option<Self::Change> {
        None
    }
}

/// The phase in which everything can still be undone.
#[derive(Debug)]
pub enum Undoable {}

/// The phase after the pivot. `C` is the command of the step that was added last.
#[derive(Debug)]
pub struct Retriable<C = ()>(PhantomData<C>);

/// A plan in the making, in phase `P`: [`Undoable`] until its pivot, [`Retriable`] after it.
#[must_use = "a plan ends with `done`"]
pub struct Plan<S: Saga, P> {
    draft: Draft<S>,
    phase: PhantomData<P>,
}

/// A plan that is complete.
pub struct Sealed<S: Saga> {
    pub(crate) shape: Shape,
    pub(crate) parts: Vec<Parts<S>>,
}

struct Draft<S: Saga> {
    positions: Vec<Position>,
    parts: Vec<Parts<S>>,
    pivot: usize,
}

impl<S: Saga> Draft<S> {
    fn add(&mut self, position: Position, parts: Parts<S>) {
        self.positions.push(position);
        self.parts.push(parts);
    }

    fn last(&mut self) -> &mut Parts<S> {
        self.parts.last_mut().expect("only called after a step was added")
    }

    fn into<P>(self) -> Plan<S, P> {
        Plan { draft: self, phase: PhantomData }
    }
}

impl Position {
    fn of<C: Command>(name: &'static str, kind: Kind) -> Self {
        let (undo, limit) = (None, None);
        Self { name, kind, command: Some(Wire::of::<C>()), undo, refusable: false, limit }
    }
}

pub(crate) fn seal<S: Saga>() -> Sealed<S> {
    S::plan(Draft { positions: Vec::new(), parts: Vec::new(), pivot: 0 }.into())
}

impl<S: Saga> Plan<S, Undoable> {
    /// Something that is held before the saga begins. Given back by `undo` when the saga is
    /// abandoned, after its steps. All holdings stand before the first step.
    pub fn holding<U>(
        mut self,
        name: &'static str,
        undo: impl Fn(&S) -> U + Send + Sync + 'static,
    ) -> Self
    where
        U: Command<Refusal = Never>,
    {
        let started = self.draft.positions.iter().any(|it| it.kind != Kind::Holding);
        assert!(!started, "{}: the holding {name:?} follows a step", S::NAME);
        let undo_wire = Some(Wire::of::<U>());
        let position = Position {
            name,
            kind: Kind::Holding,
            command: None,
            undo: undo_wire,
            refusable: false,
            limit: None,
        };
        self.draft.add(position, Parts::undone_by(undo));
        self
    }

    /// A step that may be refused. It becomes part of the plan by [`Step::undo`] or
    /// [`Step::read_only`].
    pub fn step<C: Command>(
        self,
        name: &'static str,
        command: impl Fn(&S) -> C + Send + Sync + 'static,
    ) -> Step<S, C> {
        let mut position = Position::of::<C>(name, Kind::Undoable);
        position.refusable = true;
        Step { draft: self.draft, position, parts: Parts::sent(command), command: PhantomData }
    }

    /// From here on there is no way back.
    pub fn pivot(mut self) -> Plan<S, Retriable> {
        self.draft.pivot = self.draft.positions.len();
        self.draft.into()
    }

    /// A pivot that is a step itself: it may be refused, as `refused` decides, and once it is done
    /// there is no way back. It has no time limit, because an unanswered one cannot be undone.
    pub fn pivot_step<C: Command>(
        mut self,
        name: &'static str,
        command: impl Fn(&S) -> C + Send + Sync + 'static,
        refused: impl Fn(&mut S, &C::Refusal) -> Verdict<S::Change> + Send + Sync + 'static,
    ) -> Plan<S, Retriable<C>> {
        let mut position = Position::of::<C>(name, Kind::Pivot);
        position.refusable = true;
        let mut parts = Parts::sent(command);
        parts.on_refusal::<C>(refused);
        self.draft.add(position, parts);
        self.draft.pivot = self.draft.positions.len();
        self.draft.into()
    }
}

/// A step that lacks its undo.
#[must_use = "a step belongs to the plan once it has its `undo` or is `read_only`"]
pub struct Step<S: Saga, C> {
    draft: Draft<S>,
    position: Position,
    parts: Parts<S>,
    command: PhantomData<C>,
}

impl<S: Saga, C: Command> Step<S, C> {
    /// The longest time to wait for an answer. A step that takes longer may have happened, so it
    /// is undone and the saga turns back.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.position.limit = Some(limit);
        self
    }

    /// What a refusal means; without this, that the saga is abandoned.
    pub fn refused(
        mut self,
        decide: impl Fn(&mut S, &C::Refusal) -> Verdict<S::Change> + Send + Sync + 'static,
    ) -> Self {
        self.parts.on_refusal::<C>(decide);
        self
    }

    /// What the saga keeps of the reply. Costs a statement.
    pub fn replied(mut self, keep: impl Fn(&mut S, &C::Reply) + Send + Sync + 'static) -> Self {
        self.parts.on_reply::<C>(keep);
        self
    }

    /// What its module changes when the step is done.
    pub fn records(mut self, change: impl Fn(&S) -> S::Change + Send + Sync + 'static) -> Self {
        self.parts.on_done(change);
        self
    }

    /// The command that undoes the step, whether it happened or not. It cannot be refused, may
    /// come twice, and outlaws the original when it comes first.
    pub fn undo<U>(mut self, undo: impl Fn(&S) -> U + Send + Sync + 'static) -> Plan<S, Undoable>
    where
        U: Command<Refusal = Never>,
    {
        self.position.undo = Some(Wire::of::<U>());
        self.parts.undo_with(undo);
        self.added()
    }

    /// The step changes nothing, so that there is nothing to undo.
    pub fn read_only(self) -> Plan<S, Undoable> {
        self.added()
    }

    fn added(mut self) -> Plan<S, Undoable> {
        self.draft.add(self.position, self.parts);
        self.draft.into()
    }
}

impl<S: Saga, L> Plan<S, Retriable<L>> {
    /// A step that cannot be refused. It is delivered again until it is done.
    pub fn then<C>(
        mut self,
        name: &'static str,
        command: impl Fn(&S) -> C + Send + Sync + 'static,
    ) -> Plan<S, Retriable<C>>
    where
        C: Command<Refusal = Never>,
    {
        self.draft.add(Position::of::<C>(name, Kind::Retriable), Parts::sent(command));
        self.draft.into()
    }

    /// A change in the saga's own module, made in the transaction in which the step before it is
    /// recorded as done.
    pub fn then_local(
        mut self,
        name: &'static str,
        change: impl Fn(&S) -> S::Change + Send + Sync + 'static,
    ) -> Plan<S, Retriable> {
        let kind = Kind::Local;
        let position =
            Position { name, kind, command: None, undo: None, refusable: false, limit: None };
        self.draft.add(position, Parts::local(change));
        self.draft.into()
    }

    /// The plan is complete.
    ///
    /// # Panics
    ///
    /// When two positions have the same name.
    pub fn done(self) -> Sealed<S> {
        let Draft { positions, parts, pivot } = self.draft;
        for (index, position) in positions.iter().enumerate() {
            let twice = positions[..index].iter().any(|it| it.name == position.name);
            assert!(!twice, "{}: two steps are named {:?}", S::NAME, position.name);
        }
        Sealed { shape: Shape { name: S::NAME, positions, pivot }, parts }
    }
}

impl<S: Saga, C: Command> Plan<S, Retriable<C>> {
    /// What the saga keeps of the last step's reply. Costs a statement.
    pub fn replied(mut self, keep: impl Fn(&mut S, &C::Reply) + Send + Sync + 'static) -> Self {
        self.draft.last().on_reply::<C>(keep);
        self
    }

    /// What its module changes when the last step is done.
    pub fn records(mut self, change: impl Fn(&S) -> S::Change + Send + Sync + 'static) -> Self {
        self.draft.last().on_done(change);
        self
    }
}

impl<S: Saga> Sealed<S> {
    /// The plan without its functions.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

#[cfg(test)]
mod tests;
