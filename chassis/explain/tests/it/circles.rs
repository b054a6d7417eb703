//! Whatever modules say, a tree comes of it.

use std::collections::BTreeMap;

use explain::{Fragment, Line, What, assemble};
use messaging::journal::Published;
use proptest::prelude::*;
use uuid::Uuid;

use crate::shop::*;

const MODULES: [&str; 3] = ["orders", "payments", "products"];

/// Messages of which each may say that any other, or an unknown one, or itself has caused it.
fn messages() -> impl Strategy<Value = Vec<(&'static str, Published)>> {
    let message = (0..3_usize, 0..40_u64, proptest::option::of(0..60_u64), any::<bool>());
    let message = message.prop_map(|(module, millis, cause, requested)| {
        let origin = requested.then(|| request(millis % 3));
        let message = event(millis, "something", "ord_1", cause);
        (MODULES[module], Published { origin, ..message })
    });
    proptest::collection::vec(message, 0..60)
}

/// The line that caused the one at `place`.
fn cause(lines: &[Line], place: usize) -> Option<&Line> {
    lines[..place].iter().rev().find(|line| line.depth < lines[place].depth)
}

fn message(line: &Line) -> Option<Uuid> {
    match &line.what {
        What::Message { message, .. } => Some(message.id),
        What::Gap { message } => Some(*message),
        _ => None,
    }
}

/// What the messages say of each other's causes: the first of a module in the order of names counts.
fn causes(all: &BTreeMap<String, Fragment>) -> BTreeMap<Uuid, Option<Uuid>> {
    let mut causes = BTreeMap::new();
    for message in all.values().flat_map(|fragment| &fragment.found.published) {
        causes.entry(message.id).or_insert(message.cause);
    }
    causes
}

/// Whether a message comes back to itself when its causes are followed.
fn is_in_a_circle(causes: &BTreeMap<Uuid, Option<Uuid>>, id: Uuid) -> bool {
    let mut place = id;
    for _ in 0..=causes.len() {
        match causes.get(&place).copied().flatten() {
            Some(cause) if cause == id => return true,
            Some(cause) => place = cause,
            None => return false,
        }
    }
    false
}

proptest! {
    #[test]
    fn every_message_is_told_once(said in messages()) {
        let all = fragments(said);
        let lines = assemble(&all);
        let mut told: Vec<_> = lines.iter().filter_map(message).collect();
        let count = told.len();
        told.sort();
        told.dedup();
        prop_assert_eq!(told.len(), count);
        for (id, cause) in causes(&all) {
            prop_assert!(told.contains(&id));
            prop_assert!(cause.is_none_or(|cause| told.contains(&cause)));
        }
    }

    #[test]
    fn each_line_is_below_its_cause(said in messages()) {
        let all = fragments(said);
        let (lines, causes) = (assemble(&all), causes(&all));
        prop_assert!(lines.first().is_none_or(|line| line.depth == 0));
        prop_assert!(lines.windows(2).all(|pair| pair[1].depth <= pair[0].depth + 1));
        for (place, line) in lines.iter().enumerate() {
            let Some(id) = message(line) else { continue };
            let said = causes.get(&id).copied().flatten();
            if said.is_some() && !is_in_a_circle(&causes, id) {
                prop_assert_eq!(cause(&lines, place).and_then(message), said);
            }
        }
    }

    #[test]
    fn what_has_one_cause_is_in_the_order_of_time(said in messages()) {
        let lines = assemble(&fragments(said));
        for (place, line) in lines.iter().enumerate() {
            let next = lines[place + 1..].iter().find(|next| next.depth <= line.depth);
            if let Some(next) = next.filter(|next| next.depth == line.depth) {
                prop_assert!(line.at <= next.at);
            }
        }
    }

    #[test]
    fn it_does_not_matter_who_speaks_first(said in messages(), turn in 0..60_usize) {
        // One message is one thing: whoever says it says the same.
        let mut said: Vec<_> = fragments(said).into_iter().collect();
        let mut known = std::collections::BTreeSet::new();
        for (_, fragment) in &mut said {
            fragment.found.published.retain(|message| known.insert(message.id));
        }
        let all: BTreeMap<_, _> = said.clone().into_iter().collect();
        for (_, fragment) in &mut said {
            let published = &mut fragment.found.published;
            let turn = turn % published.len().max(1);
            published.rotate_left(turn);
        }
        let turned: BTreeMap<_, _> = said.into_iter().collect();
        prop_assert_eq!(assemble(&all), assemble(&turned));
    }
}

#[test]
fn a_long_chain_is_told_to_its_end() {
    let chain = (0..20_000).map(|n: u64| ("orders", event(n, "next", "k", n.checked_sub(1))));
    let lines = assemble(&fragments(chain));
    assert!(lines.iter().enumerate().all(|(depth, line)| line.depth == depth));
    assert_eq!(lines.len(), 20_000);
}
