//! Why something happened: the tree of causes of one thing over all modules.
//!
//! Every module says what its own database knows ([`Fragment`]); [`gather`] asks all of them, again and
//! again, until nothing new comes; [`assemble`] makes one tree of it, which is shown as [`text()`] or as
//! JSON. A tree is a list of [`Line`]s in the order in which they are read, each with its depth.
//!
//! **Invariant:** whatever modules say, every message is in the tree once. What nobody remembers any more is
//! a gap in it.

mod assemble;
mod fragment;
mod gather;
mod line;
mod nodes;
mod steps;
mod text;

pub use assemble::assemble;
pub use fragment::{Call, Fragment, Question, Start};
pub use gather::{Gathered, Missing, gather};
pub use line::{Line, Step, What};
pub use saga::stories;
pub use text::{sentences, text};
