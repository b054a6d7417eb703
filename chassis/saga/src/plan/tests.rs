use kernel::Message;
use serde::Deserialize;

use super::*;

#[derive(Serialize, Deserialize)]
struct Ask;

#[derive(Serialize, Deserialize)]
struct Tell;

impl Message for Ask {
    const CHANNEL: &'static str = "neighbour";
    const TYPE: &'static str = "ask";
    fn key(&self) -> String {
        String::new()
    }
}

impl Message for Tell {
    const CHANNEL: &'static str = "neighbour";
    const TYPE: &'static str = "tell";
    fn key(&self) -> String {
        String::new()
    }
}

impl Command for Ask {
    type Reply = ();
    type Refusal = String;
}

impl Command for Tell {
    type Reply = ();
    type Refusal = Never;
}

#[derive(Serialize, Deserialize)]
struct Story;

impl Saga for Story {
    const NAME: &'static str = "story";
    type Change = Never;

    fn key(&self) -> String {
        String::new()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.pivot().done()
    }
}

fn begin() -> Plan<Story, Undoable> {
    Draft { positions: Vec::new(), parts: Vec::new(), pivot: 0 }.into()
}

fn hash(plan: Sealed<Story>) -> i64 {
    plan.shape().hash()
}

#[test]
fn a_plan_with_other_steps_has_another_hash() {
    let one = || begin().step("ask", |_| Ask).undo(|_| Tell);
    let plain = hash(one().pivot().then("tell", |_| Tell).done());
    assert_eq!(plain, hash(one().pivot().then("tell", |_| Tell).done()));
    for other in [
        hash(one().pivot().done()),
        hash(one().pivot().then("say", |_| Tell).done()),
        hash(one().pivot().then("tell", |_| Tell).then("again", |_| Tell).done()),
        hash(begin().step("ask", |_| Ask).read_only().pivot().then("tell", |_| Tell).done()),
        hash(begin().step("ask", |_| Tell).undo(|_| Tell).pivot().then("tell", |_| Tell).done()),
        hash(begin().holding("ask", |_| Tell).pivot().then("tell", |_| Tell).done()),
        hash(one().step("tell", |_| Tell).read_only().pivot().done()),
    ] {
        assert_ne!(plain, other);
    }
}

#[test]
fn a_time_limit_does_not_change_the_hash() {
    let step = || begin().step("ask", |_| Ask);
    let without = hash(step().undo(|_| Tell).pivot().done());
    let with = hash(step().limit(Duration::from_secs(1)).undo(|_| Tell).pivot().done());
    assert_eq!(without, with, "or changing one would orphan what is under way");
}

#[test]
#[should_panic(expected = "two steps are named \"ask\"")]
fn two_steps_with_one_name_are_refused() {
    let plan = begin().step("ask", |_| Ask).undo(|_| Tell);
    plan.step("ask", |_| Ask).undo(|_| Tell).pivot().done();
}

#[test]
#[should_panic(expected = "the holding \"held\" follows a step")]
fn a_holding_after_a_step_is_refused() {
    begin().step("ask", |_| Ask).undo(|_| Tell).holding("held", |_| Tell).pivot().done();
}
