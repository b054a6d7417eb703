//! Makes one tree of what all modules know.

use std::collections::BTreeMap;

use messaging::journal::{Published, made_at};

use crate::{Fragment, Line, What, nodes::Nodes, steps::Steps};

/// The tree of causes: whatever has no cause that is known begins one of its own. The same knowledge gives the
/// same tree.
pub fn assemble(fragments: &BTreeMap<String, Fragment>) -> Vec<Line> {
    let messages = messages(fragments);
    let stories = fragments.values().flat_map(|fragment| &fragment.stories);
    let mut steps = Steps::new(stories, messages.iter().map(|(_, message)| *message));
    let mut nodes = Nodes::default();
    for (module, message) in &messages {
        let what = What::Message {
            module: (*module).to_owned(),
            message: (*message).clone(),
            step: steps.of(message),
        };
        nodes.message(message.id, message.at, what);
    }
    for (_, message) in &messages {
        let Published { id, cause, trace, origin, .. } = message;
        nodes.caused(*id, *cause, origin.as_ref(), trace.clone());
    }
    for (saga, at, entry) in steps.rest() {
        nodes.other(at, What::Move { saga, entry }, None);
    }
    for (module, fragment) in fragments {
        for late in &fragment.found.late {
            nodes.below(late.message, late.at, What::Late(late.clone()));
        }
        for waiting in &fragment.found.waiting {
            nodes.below(waiting.message, made_at(waiting.message), What::Waiting(waiting.clone()));
        }
        for call in &fragment.calls {
            let what = What::Call { module: module.clone(), call: call.clone() };
            nodes.other(call.asked_at, what, call.because.as_ref());
        }
    }
    nodes.lines()
}

/// Every message once, in the order of time, with the module that published it.
fn messages(fragments: &BTreeMap<String, Fragment>) -> Vec<(&str, &Published)> {
    let mut messages = BTreeMap::new();
    for (module, fragment) in fragments {
        for message in &fragment.found.published {
            let known = messages.entry(message.id).or_insert((&**module, message));
            // Read while it moved from the outbox to the journal.
            if message.settled && !known.1.settled {
                *known = (module, message);
            }
        }
    }
    let mut messages: Vec<_> = messages.into_values().collect();
    messages.sort_by_key(|(_, message)| (message.at, message.id));
    messages
}
