use std::time::Duration;

use kernel::{Command, Message, Never};
use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    shape::{Kind, Position, Wire},
    transition::{Effect, Status},
};

#[derive(Serialize, Deserialize)]
struct Ask;

impl Message for Ask {
    const CHANNEL: &'static str = "neighbour";
    const TYPE: &'static str = "ask";

    fn key(&self) -> String {
        "it".to_owned()
    }
}

impl Command for Ask {
    type Reply = ();
    type Refusal = Never;
}

fn position(name: &'static str, kind: Kind) -> Position {
    let wire = Some(Wire::of::<Ask>());
    let (has_command, has_undo) = match kind {
        Kind::Holding => (false, true),
        Kind::Undoable => (true, true),
        Kind::Pivot | Kind::Retriable => (true, false),
        Kind::Local => (false, false),
    };
    Position {
        name,
        kind,
        command: wire.filter(|_| has_command),
        undo: wire.filter(|_| has_undo),
        refusable: matches!(kind, Kind::Undoable | Kind::Pivot),
        limit: (kind == Kind::Undoable).then_some(Duration::from_secs(1)),
    }
}

fn shape(kinds: &[(&'static str, Kind)], pivot: usize) -> Shape {
    let positions = kinds.iter().map(|(name, kind)| position(name, *kind)).collect();
    Shape { name: "story", positions, pivot }
}

fn story() -> Shape {
    let kinds = [
        ("held", Kind::Holding),
        ("first", Kind::Undoable),
        ("second", Kind::Undoable),
        ("last", Kind::Retriable),
        ("note", Kind::Local),
    ];
    shape(&kinds, 3)
}

/// What is wrong with `next`, which differs from ours.
fn broken_by(next: fn(&Shape, State, Input) -> Option<Move>) -> String {
    let machine = Machine { begin: transition::begin, next };
    let broken = walk(&story(), &machine).expect_err("a broken machine is found out");
    assert!(!broken.path.is_empty(), "{broken}");
    broken.to_string()
}

#[test]
fn every_path_of_a_sound_plan_ends() {
    let report = walk(&story(), &Machine::OURS).unwrap();
    assert!(report.states > 50 && report.paths > 100, "{report}");
}

#[test]
fn a_pivot_that_is_a_step_is_explored_too() {
    let kinds = [("first", Kind::Undoable), ("pivot", Kind::Pivot), ("last", Kind::Retriable)];
    walk(&shape(&kinds, 2), &Machine::OURS).unwrap();
}

#[test]
fn plans_without_steps_or_without_anything_to_undo_end_as_well() {
    for (kinds, pivot) in [
        (&[][..], 0),
        (&[("note", Kind::Local)], 0),
        (&[("last", Kind::Retriable)], 0),
        (&[("held", Kind::Holding), ("pivot", Kind::Pivot)], 2),
    ] {
        walk(&shape(kinds, pivot), &Machine::OURS).unwrap();
    }
}

#[test]
fn a_refusable_step_after_the_pivot_is_found_out() {
    let mut plan = story();
    plan.positions[3].refusable = true;
    let broken = walk(&plan, &Machine::OURS).unwrap_err().to_string();
    assert!(broken.contains("\"last\" can be refused and follows the pivot"), "{broken}");
}

#[test]
fn a_pivot_with_a_time_limit_is_found_out() {
    let mut plan = shape(&[("first", Kind::Undoable), ("pivot", Kind::Pivot)], 2);
    plan.positions[1].limit = Some(Duration::from_secs(1));
    let broken = walk(&plan, &Machine::OURS).unwrap_err().to_string();
    assert!(broken.contains("where there is no way back"), "{broken}");
}

#[test]
fn forgetting_that_a_timed_out_step_may_have_happened_is_found_out() {
    let broken = broken_by(|shape, state, input| {
        let refused = |turn| Input::Refused { turn, stay: false };
        match input {
            Input::TimedOut { turn } if transition::next(shape, state, input).is_some() => {
                transition::next(shape, state, refused(turn))
            }
            other => transition::next(shape, state, other),
        }
    });
    assert!(broken.contains("too early, once more, or for nothing"), "{broken}");
    assert!(broken.contains("timed out"), "{broken}");
}

#[test]
fn undoing_in_the_wrong_order_is_found_out() {
    let broken = broken_by(|shape, state, input| {
        let mut step = transition::next(shape, state, input)?;
        for effect in &mut step.effects {
            if *effect == Effect::Undo(1) {
                *effect = Effect::Undo(0);
                step.state.position = 0;
            }
        }
        Some(step)
    });
    assert!(broken.contains("\"held\" is undone: too early"), "{broken}");
}

#[test]
fn leaving_something_held_is_found_out() {
    let broken = broken_by(|shape, state, input| {
        let mut step = transition::next(shape, state, input)?;
        if step.effects.contains(&Effect::Undo(0)) {
            step.effects = vec![Effect::Compensated];
            step.state.status = Status::Compensated;
        }
        Some(step)
    });
    assert!(broken.contains("\"held\" is not undone"), "{broken}");
}

#[test]
fn taking_a_duplicate_for_an_answer_is_found_out() {
    let broken = broken_by(|shape, state, input| match input {
        Input::Done { .. } => transition::next(shape, state, Input::Done { turn: state.turn }),
        other => transition::next(shape, state, other),
    });
    assert!(broken.contains("too late or once more"), "{broken}");
}

#[test]
fn losing_a_late_answer_is_found_out() {
    let broken = broken_by(|shape, state, input| {
        transition::next(shape, state, input).filter(|step| step.what != transition::What::Late)
    });
    assert!(broken.contains("late") && broken.contains("it made no difference"), "{broken}");
}

#[test]
fn abandoning_after_the_pivot_is_found_out() {
    let broken = broken_by(|shape, state, input| {
        if input == Input::Abandon && state.status == Status::Running && state.position == 3 {
            let state = State { position: 2, ..state };
            return transition::next(shape, state, input);
        }
        transition::next(shape, state, input)
    });
    assert!(broken.contains("Abandon") && broken.contains("it made a difference"), "{broken}");
}

#[test]
fn a_saga_that_never_ends_is_found_out() {
    let broken = broken_by(|shape, state, input| match (state.status, input) {
        (Status::Undoing, Input::Done { turn }) if turn == state.turn => None,
        _ => transition::next(shape, state, input),
    });
    assert!(broken.contains("it made no difference"), "{broken}");
}
