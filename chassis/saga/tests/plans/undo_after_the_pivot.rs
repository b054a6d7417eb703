mod commands;

use commands::Tell;
use kernel::Never;
use saga::{Plan, Saga, Sealed, Undoable};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Story;

impl Saga for Story {
    const NAME: &'static str = "story";
    type Change = Never;

    fn key(&self) -> String {
        String::new()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.pivot().then("tell", |_| Tell).undo(|_| Tell).done()
    }
}

fn main() {}
