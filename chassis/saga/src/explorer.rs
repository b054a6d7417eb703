//! Walks every path of a plan and proves that each one ends, completed or fully undone.
//!
//! The world outside is as bad as it can be: a step is done, refused, not answered in time, or
//! answered after the saga gave up on it; every answer arrives twice; the module abandons the saga
//! at every point. What is proved holds for the engine too, because both use the same transition
//! function.

mod world;

use std::{collections::HashMap, fmt};

use crate::{
    Saga, Shape, plan,
    transition::{self, Input, Move, State},
};
use world::World;

/// How much of a plan was walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The situations that can be told apart: the saga's state and what happened outside.
    pub states: usize,
    /// The different ways from the start to an end.
    pub paths: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} paths over {} states, all of which end", self.paths, self.states)
    }
}

/// Explores the plan of `S`, and makes all of its commands for each of the `examples`.
///
/// # Panics
///
/// With the path that led there, when a path does not end, ends half-way, undoes something twice,
/// out of order or not at all, or sends something refusable after the pivot. Also when a command
/// or an example does not survive its own JSON.
pub fn explore<S: Saga>(examples: &[S]) -> Report {
    let sealed = plan::seal::<S>();
    for example in examples {
        if let Err((what, cause)) = check_json(&sealed, example) {
            panic!("{}: the JSON of {what} cannot be read back: {cause}", S::NAME);
        }
    }
    match walk(&sealed.shape, &Machine::OURS) {
        Ok(report) => report,
        Err(broken) => panic!("{}: {broken}", S::NAME),
    }
}

fn check_json<S: Saga>(
    sealed: &plan::Sealed<S>,
    example: &S,
) -> Result<(), (&'static str, serde_json::Error)> {
    let copy = || serde_json::from_str::<S>(&serde_json::to_string(example)?);
    copy().map_err(|cause| ("its data", cause))?;
    for (position, parts) in sealed.shape.positions.iter().zip(&sealed.parts) {
        for request in [&parts.command, &parts.undo].into_iter().flatten() {
            (request.make)(example).check().map_err(|cause| (position.name, cause))?;
        }
    }
    Ok(())
}

/// The functions that are explored; others than ours in tests that break them.
struct Machine {
    begin: fn(&Shape) -> Move,
    next: fn(&Shape, State, Input) -> Option<Move>,
}

impl Machine {
    const OURS: Self = Self { begin: transition::begin, next: transition::next };
}

/// What is wrong with a plan, and how one gets there.
#[derive(Debug)]
struct Broken {
    path: Vec<String>,
    why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; the path: {}", self.why, self.path.join(" → "))
    }
}

/// More moves than any path of a plan with `positions` positions can have.
const fn longest(positions: usize) -> usize {
    4 * positions + 16
}

fn walk(shape: &Shape, machine: &Machine) -> Result<Report, Broken> {
    let mut walker = Walker { shape, machine, path: Vec::new(), known: HashMap::new() };
    let start = World::start(shape, (machine.begin)(shape));
    let paths = match start {
        Ok(world) => walker.paths_from(&world),
        Err(why) => Err(why),
    };
    match paths {
        Ok(paths) => Ok(Report { states: walker.known.len(), paths }),
        Err(why) => Err(Broken { path: walker.path, why }),
    }
}

struct Walker<'a> {
    shape: &'a Shape,
    machine: &'a Machine,
    /// How the world that is looked at was reached.
    path: Vec<String>,
    /// The number of ways to an end from each world that was seen.
    known: HashMap<World, u64>,
}

impl Walker<'_> {
    fn paths_from(&mut self, world: &World) -> Result<u64, String> {
        if let Some(paths) = self.known.get(world) {
            return Ok(*paths);
        }
        if self.path.len() > longest(self.shape.positions.len()) {
            return Err("this path does not end".to_owned());
        }
        for input in world.stale(self.shape) {
            if (self.machine.next)(self.shape, world.state(), input).is_some() {
                self.path.push(format!("{input:?} too late or once more"));
                return Err("it made a difference".to_owned());
            }
        }
        let mut paths = u64::from(world.has_ended());
        for input in world.expected(self.shape) {
            self.path.push(world.describe(self.shape, input));
            let Some(step) = (self.machine.next)(self.shape, world.state(), input) else {
                return Err("it made no difference".to_owned());
            };
            let after = world.after(self.shape, input, step)?;
            paths = paths.saturating_add(self.paths_from(&after)?);
            self.path.pop();
        }
        if paths == 0 {
            return Err("the saga is stuck".to_owned());
        }
        self.known.insert(world.clone(), paths);
        Ok(paths)
    }
}

#[cfg(test)]
mod tests;
