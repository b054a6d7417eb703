//! The functions of one position of a plan, with the types of its command forgotten.

use std::any::Any;

use kernel::Command;
use messaging::{Delivery, Failure};

use crate::{Saga, outgoing::Outgoing};

/// What a refusal means for a saga, and what its module changes because of it.
#[derive(Debug)]
pub struct Verdict<C> {
    pub(crate) stay: bool,
    pub(crate) change: Option<C>,
}

impl<C> Verdict<C> {
    /// The saga turns back.
    pub fn abandon() -> Self {
        Self { stay: false, change: None }
    }

    /// The saga waits until the module sends the step again, the step's owner gets it done after
    /// all, or the module abandons the saga.
    pub fn stay() -> Self {
        Self { stay: true, change: None }
    }

    /// The module changes this as well.
    #[must_use]
    pub fn record(self, change: C) -> Self {
        Self { change: Some(change), ..self }
    }
}

/// A reply or a refusal of some type.
pub(crate) type Content = Box<dyn Any + Send>;

/// How a command was answered.
pub(crate) enum Heard {
    Done(Content),
    Refused(Content),
}

type Make<S> = Box<dyn Fn(&S) -> Box<dyn Outgoing> + Send + Sync>;
type Hear = fn(&Delivery) -> Result<Heard, Failure>;
type Keep<S> = Box<dyn Fn(&mut S, &Content) + Send + Sync>;
type Change<S> = Box<dyn Fn(&S) -> <S as Saga>::Change + Send + Sync>;
type Decide<S> = Box<dyn Fn(&mut S, &Content) -> Verdict<<S as Saga>::Change> + Send + Sync>;

/// A command and how its answer is read.
pub(crate) struct Request<S: Saga> {
    pub(crate) make: Make<S>,
    pub(crate) hear: Hear,
}

impl<S: Saga> Request<S> {
    fn of<C: Command>(make: impl Fn(&S) -> C + Send + Sync + 'static) -> Self {
        Self { make: Box::new(move |saga| Box::new(make(saga))), hear: hear::<C> }
    }
}

fn hear<C: Command>(delivery: &Delivery) -> Result<Heard, Failure> {
    Ok(match delivery.answer::<C>()? {
        Ok(reply) => Heard::Done(Box::new(reply)),
        Err(refusal) => Heard::Refused(Box::new(refusal)),
    })
}

/// The functions of one position.
pub(crate) struct Parts<S: Saga> {
    pub(crate) command: Option<Request<S>>,
    pub(crate) undo: Option<Request<S>>,
    pub(crate) keep: Option<Keep<S>>,
    pub(crate) decide: Option<Decide<S>>,
    pub(crate) change: Option<Change<S>>,
}

impl<S: Saga> Parts<S> {
    const NONE: Self = Self { command: None, undo: None, keep: None, decide: None, change: None };

    /// Sends a command. A refusal of it turns the saga back.
    pub(crate) fn sent<C: Command>(command: impl Fn(&S) -> C + Send + Sync + 'static) -> Self {
        Self { command: Some(Request::of(command)), ..Self::NONE }
    }

    /// Has nothing to do and something to undo.
    pub(crate) fn undone_by<U: Command>(undo: impl Fn(&S) -> U + Send + Sync + 'static) -> Self {
        Self { undo: Some(Request::of(undo)), ..Self::NONE }
    }

    /// Makes a change and sends nothing.
    pub(crate) fn local(change: impl Fn(&S) -> S::Change + Send + Sync + 'static) -> Self {
        Self { change: Some(Box::new(change)), ..Self::NONE }
    }

    pub(crate) fn undo_with<U: Command>(&mut self, undo: impl Fn(&S) -> U + Send + Sync + 'static) {
        self.undo = Some(Request::of(undo));
    }

    pub(crate) fn on_done(&mut self, change: impl Fn(&S) -> S::Change + Send + Sync + 'static) {
        self.change = Some(Box::new(change));
    }

    pub(crate) fn on_reply<C: Command>(
        &mut self,
        keep: impl Fn(&mut S, &C::Reply) + Send + Sync + 'static,
    ) {
        self.keep = Some(Box::new(move |saga, reply| keep(saga, content(reply))));
    }

    pub(crate) fn on_refusal<C: Command>(
        &mut self,
        decide: impl Fn(&mut S, &C::Refusal) -> Verdict<S::Change> + Send + Sync + 'static,
    ) {
        self.decide = Some(Box::new(move |saga, refusal| decide(saga, content(refusal))));
    }
}

/// What [`hear`] put into the box; the same step names the type on both sides.
fn content<T: Any>(content: &Content) -> &T {
    content.downcast_ref().expect("an answer is read as the type of its step's command")
}
