//! How parked messages look on a terminal, and to programs.

use std::fmt::Write;

use anyhow::Result;
use messaging::Envelope;
use operations::{Entry, Inspection, MessageId, Parked, Place, State};
use serde_json::{Value, json};

use crate::{
    report::{Report, Row},
    table::shortened,
};

/// How much of a reason and of a change a list shows.
const REASON: usize = 60;

/// A list of messages.
pub(super) fn messages(json: bool) -> Report<8> {
    Report::new(["MODULE", "STATE", "TRIES", "AHEAD", "TYPE", "KEY", "REASON", "ID"], json)
}

/// A list of what was done.
pub(super) fn audit(json: bool) -> Report<6> {
    Report::new(["MODULE", "AT", "WHO", "WHAT", "CHANGE", "ID"], json)
}

/// A message in a list.
pub(super) fn row(module: &str, parked: &Parked) -> Row<8> {
    let Parked { place, state, attempts, waits_for, reason, envelope, .. } = parked;
    let cells = [
        module.to_owned(),
        state.as_str().to_owned(),
        attempts.to_string(),
        waits_for.to_string(),
        envelope.type_name.clone(),
        place.key.clone(),
        shortened(reason, REASON),
        MessageId::of(place).to_string(),
    ];
    (cells, all(parked))
}

/// Something that was done, in a list.
pub(super) fn deed(module: &str, entry: &Entry) -> Row<6> {
    let Entry { at, actor, deed, subject, before, after, .. } = entry;
    let cells = [
        module.to_owned(),
        at.to_string(),
        actor.clone(),
        deed.to_string(),
        shortened(&format!("{before} → {after}"), REASON),
        subject.clone(),
    ];
    (cells, json!(entry))
}

/// One message as a JSON object.
pub(super) fn json(found: &Inspection) -> Result<String> {
    let Inspection { message, behind, audit } = found;
    let mut everything = all(message);
    everything["behind"] = json!(behind);
    everything["payload"] = json!(message.envelope.payload);
    everything["audit"] = json!(audit);
    Ok(serde_json::to_string_pretty(&everything)?)
}

/// One message for a person.
pub(super) fn page(found: &Inspection) -> Result<String> {
    let Inspection { message, behind, audit } = found;
    let Parked { place, state, attempts, due_at, reason, waits_for, version, envelope } = message;
    let Place { subscriber, source, channel, key, seq } = place;
    let Envelope { type_name, correlation_id, causation_id, traceparent, .. } = envelope;
    let mut told = String::new();
    let mut line = |name: &str, text: String| writeln!(told, "{name:11} {text}");
    line("message", MessageId::of(place).to_string())?;
    line("for", format!("{subscriber}, from {source}"))?;
    line("says", format!("{type_name} v{}, on {channel}", envelope.version))?;
    line("about", format!("{key}, its message {seq}"))?;
    line("state", format!("{} (version {version}){}", state.as_str(), prospect(message)))?;
    line("tries", attempts.to_string())?;
    line("reason", reason.clone())?;
    line("due", due_at.to_string())?;
    line("place", format!("{waits_for} come first, {behind} wait behind it"))?;
    line("envelope", envelope.id.to_string())?;
    let causes = [
        ("caused by", causation_id.map(|id| format!("message {id}"))),
        ("belongs to", correlation_id.clone()),
        ("trace", traceparent.clone()),
    ];
    for (name, cause) in causes {
        if let Some(cause) = cause {
            line(name, cause)?;
        }
    }
    for Entry { at, actor, deed, before, after, .. } in audit {
        line("audit", format!("{at} {actor} {deed}: {before} → {after}"))?;
    }
    let payload: Value = serde_json::from_str(envelope.payload.get())?;
    write!(told, "payload\n{payload:#}\n")?;
    Ok(told)
}

/// What becomes of a message now.
pub(super) fn prospect(parked: &Parked) -> String {
    match (parked.state, parked.waits_for) {
        (State::Dead, _) => ", and waits for a person".to_owned(),
        (State::Waiting | State::Dropped, 0) => ", and is the first of its key".to_owned(),
        (State::Waiting | State::Dropped, first) => {
            format!(", as soon as {first} before it are done")
        }
    }
}

/// What a list tells programs.
fn all(parked: &Parked) -> Value {
    let Parked { place, state, attempts, due_at, reason, waits_for, version, envelope } = parked;
    json!({
        "id": MessageId::of(place),
        "module": place.subscriber,
        "source": place.source,
        "channel": place.channel,
        "key": place.key,
        "seq": place.seq,
        "type": envelope.type_name,
        "kind": envelope.kind,
        "state": state,
        "attempts": attempts,
        "due_at": due_at,
        "reason": reason,
        "waits_for": waits_for,
        "version": version,
        "envelope_id": envelope.id,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "traceparent": envelope.traceparent,
    })
}
