//! What modules may say, as messages of a shop that was never opened.

use std::collections::BTreeMap;

use explain::{Fragment, Line, What};
use kernel::Timestamp;
use messaging::{
    Kind,
    journal::{Found, Published, made_at},
};
use ports::Origin;
use uuid::{Builder, Uuid};

/// The beginning of the stories, in milliseconds since 1970.
const BEGINNING: u64 = 1_700_000_000_000;

/// The id of a message that was published so many milliseconds after the beginning.
pub(crate) fn id(millis: u64) -> Uuid {
    Builder::from_unix_timestamp_millis(BEGINNING + millis, &[0; 10]).into_uuid()
}

/// So many milliseconds after the beginning.
pub(crate) fn at(millis: u64) -> Timestamp {
    made_at(id(millis))
}

/// An event about the thing `key`.
pub(crate) fn event(millis: u64, name: &str, key: &str, cause: Option<u64>) -> Published {
    Published {
        id: id(millis),
        cause: cause.map(id),
        trace: None,
        kind: Kind::Event,
        channel: "shop".to_owned(),
        type_name: name.to_owned(),
        key: key.to_owned(),
        seq: 1,
        sent_for: None,
        answer_at: None,
        origin: None,
        at: at(millis),
        settled: true,
    }
}

/// A request that came so many milliseconds after the beginning.
pub(crate) fn request(millis: u64) -> Origin {
    Origin { what: "POST /v1/orders".into(), at: at(millis) }
}

/// The `turn`th command of a saga.
pub(crate) fn command(
    millis: u64,
    name: &str,
    (saga, turn, way): (&str, u64, &str),
    cause: Option<u64>,
) -> Published {
    Published {
        kind: Kind::Command,
        answer_at: Some(saga.to_owned()),
        sent_for: Some(format!("saga/00000000000000ff/{}/{turn}/{way}", turn - 1)),
        ..event(millis, name, "ord_1", cause)
    }
}

/// The answer to a command.
pub(crate) fn answer(millis: u64, to: &Published) -> Published {
    Published {
        kind: Kind::Reply,
        key: to.answer_at.clone().unwrap(),
        sent_for: to.sent_for.clone(),
        cause: Some(to.id),
        answer_at: None,
        ..event(millis, &to.type_name, "", None)
    }
}

/// What modules say that know of nothing but what they published.
pub(crate) fn fragments(
    published: impl IntoIterator<Item = (&'static str, Published)>,
) -> BTreeMap<String, Fragment> {
    let mut fragments: BTreeMap<String, Fragment> = BTreeMap::new();
    for (module, message) in published {
        fragments.entry(module.to_owned()).or_default().found.published.push(message);
    }
    fragments
}

/// A module that knows this of messages.
pub(crate) fn fragment(found: Found) -> Fragment {
    Fragment { found, ..Fragment::default() }
}

/// How deep in the tree which messages are; other lines by what they are.
pub(crate) fn outline(lines: &[Line]) -> Vec<(usize, String)> {
    let name = |what: &What| match what {
        What::Origin { name, .. } => name.clone(),
        What::Message { message, .. } => message.type_name.clone(),
        What::Late(_) => "late".to_owned(),
        What::Waiting(_) => "waiting".to_owned(),
        What::Call { call, .. } => call.name.clone(),
        What::Move { entry, .. } => format!("{} {:?}", entry.step, entry.what),
        What::Gap { .. } => "gap".to_owned(),
    };
    lines.iter().map(|line| (line.depth, name(&line.what))).collect()
}

/// As [`outline`] gives it.
pub(crate) fn expected(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
    lines.iter().map(|(depth, name)| (*depth, (*name).to_owned())).collect()
}
