//! One order, told as a tree.

use std::collections::BTreeMap;

use explain::{Call, Fragment, Line, Step, What, assemble, text};
use messaging::{
    Because,
    journal::{Found, Late, Published, Waiting},
    parked::{Place, State},
};
use saga::{Entry, Status, Story, What as Moved};

use crate::shop::*;

const CHECKOUT: &str = "checkout:ord_1";

fn entry(millis: u64, what: Moved, step: &str, turn: u64, why: Option<&str>) -> Entry {
    let (step, why) = (step.to_owned(), why.map(str::to_owned));
    Entry { at: at(millis), what, step, turn, why }
}

/// An order that is placed, declined, and given up when somebody asks for it.
fn given_up() -> BTreeMap<String, Fragment> {
    let placed = Published {
        origin: Some(request(0)),
        trace: Some("f".repeat(32)),
        ..event(5, "order-placed", "ord_1", None)
    };
    let collect = Published {
        origin: placed.origin.clone(),
        trace: placed.trace.clone(),
        ..command(6, "collect", (CHECKOUT, 1, "do"), None)
    };
    let declined = answer(20, &collect);
    let void = Published {
        sent_for: Some("saga/00000000000000ff/0/2/undo".to_owned()),
        origin: Some(request(900)),
        ..command(905, "void", (CHECKOUT, 2, "undo"), None)
    };
    let voided = answer(910, &void);
    let mut all = fragments([
        ("orders", placed),
        ("orders", collect.clone()),
        ("payments", declined),
        ("orders", void),
        ("payments", voided),
    ]);
    let log = vec![
        entry(5, Moved::Started, "collect", 1, None),
        entry(21, Moved::Stayed, "collect", 1, Some("card_declined")),
        entry(904, Moved::Abandoned, "collect", 1, Some("found it cheaper")),
        entry(911, Moved::Undone, "collect", 2, None),
    ];
    let status = Status::Compensated;
    let story = Story { id: CHECKOUT.to_owned(), status, began_at: at(5), log };
    all.get_mut("orders").unwrap().stories.push(story);
    all.get_mut("payments").unwrap().calls.push(Call {
        name: "sandbox: attempt 1".to_owned(),
        asked_at: at(10),
        answered_at: Some(at(19)),
        outcome: "declined".to_owned(),
        because: Some(Because { message: Some(collect.id), ..Because::default() }),
        about: ["pay_1".to_owned()].into(),
    });
    all
}

fn step(line: &Line) -> Option<&Step> {
    match &line.what {
        What::Message { step, .. } => step.as_ref(),
        _ => None,
    }
}

#[test]
fn what_has_one_cause_is_told_below_it_in_the_order_of_time() {
    let lines = assemble(&given_up());
    let tree = [
        (0, "POST /v1/orders"),
        (1, "order-placed"),
        (1, "collect"),
        (2, "sandbox: attempt 1"),
        (2, "collect"),
        (0, "POST /v1/orders"),
        (1, "void"),
        (2, "void"),
    ];
    assert_eq!(outline(&lines), expected(&tree));
}

#[test]
fn a_command_says_its_step_and_an_answer_what_it_came_to() {
    let lines = assemble(&given_up());
    let told: Vec<_> = lines
        .iter()
        .filter_map(step)
        .map(|step| {
            let entry = step.entry.as_ref().map(|entry| (entry.what, entry.why.as_deref()));
            (step.name.as_deref(), step.undoes, entry)
        })
        .collect();
    let collect = Some("collect");
    let expected = [
        (collect, false, None),
        (collect, false, Some((Moved::Stayed, Some("card_declined")))),
        (collect, true, Some((Moved::Abandoned, Some("found it cheaper")))),
        (collect, true, Some((Moved::Undone, None))),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_terminal_shows_times_and_branches() {
    let told = text(&assemble(&given_up()));
    let expected = "\
2023-11-14T22:13:20Z   ord_1
  +0.000 s  POST /v1/orders   trace ffffffffffffffffffffffffffffffff
  +0.005 s  ├─ orders says order-placed
  +0.006 s  └─ orders asks for collect   [checkout collect]
  +0.010 s     ├─ payments calls sandbox: attempt 1: declined after 9 ms
  +0.020 s     └─ payments answers collect   \
        [checkout collect: refused, may be tried again: card_declined]
  +0.900 s  POST /v1/orders
  +0.905 s  └─ orders asks for void   \
        [checkout compensation of collect: given up: found it cheaper]
  +0.910 s     └─ payments answers void   \
        [checkout compensation of collect: undone]
";
    assert_eq!(told, expected);
    assert_eq!(text(&[]), "");
}

#[test]
fn what_nobody_remembers_is_a_gap() {
    let late = Late {
        message: id(1),
        subscriber: "carts".to_owned(),
        key: "ord_1".to_owned(),
        attempts: 3,
        reason: "no room".to_owned(),
        dropped: false,
        at: at(50),
    };
    let known = event(10, "order-completed", "ord_1", Some(2));
    let mut all = fragments([("orders", known)]);
    all.insert("carts".to_owned(), fragment(Found { late: vec![late], ..Found::default() }));
    let tree = [(0, "gap"), (1, "late"), (0, "gap"), (1, "order-completed")];
    assert_eq!(outline(&assemble(&all)), expected(&tree));
    assert!(text(&assemble(&all)).contains("carts applied it after 3 failures: no room"));
}

#[test]
fn what_is_parked_is_told_below_its_message() {
    let waiting = Waiting {
        message: id(10),
        place: Place {
            subscriber: "history".to_owned(),
            source: "orders".to_owned(),
            channel: "shop".to_owned(),
            key: "ord_1".to_owned(),
            seq: 1,
        },
        state: State::Dead,
        attempts: 1,
        reason: "missing field".to_owned(),
        due_at: at(12),
    };
    let mut all = fragments([("orders", event(10, "order-placed", "ord_1", None))]);
    let found = Found { waiting: vec![waiting], ..Found::default() };
    all.insert("history".to_owned(), fragment(found));
    let lines = assemble(&all);
    assert_eq!(outline(&lines), expected(&[(0, "order-placed"), (1, "waiting")]));
    assert!(text(&lines).contains("it waits for a person: missing field"));
}

#[test]
fn a_message_that_was_read_twice_is_told_once() {
    let moved = event(10, "order-placed", "ord_1", None);
    let waiting = Published { settled: false, ..moved.clone() };
    let all = fragments([("orders", waiting), ("orders", moved.clone())]);
    let lines = assemble(&all);
    let [Line { what: What::Message { message, .. }, .. }] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(message, &moved);
}

#[test]
fn a_tree_is_read_back_as_it_was_written() {
    let lines = assemble(&given_up());
    let written = serde_json::to_string(&lines).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Line>>(&written).unwrap(), lines);
}
