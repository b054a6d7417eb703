//! Sagas.

mod bound;
mod engine;
mod explorer;
mod id;
mod log;
mod outgoing;
mod parts;
mod plan;
mod shape;
mod store;
mod transition;

pub use bound::{NoSteps, Steps};
pub use engine::{Abandoned, Census, Engine, Filter, Inspection, Progress, StepProgress, Summary};
pub use explorer::{Report, explore};
pub use id::SagaId;
pub use log::Entry;
pub use parts::Verdict;
pub use plan::{Plan, Retriable, Saga, Sealed, Step, Undoable};
pub use shape::Shape;
pub use transition::{Status, What};
