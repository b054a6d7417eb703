//! A tree of causes for a terminal.

use std::{collections::BTreeMap, time::Duration};

use kernel::Timestamp;
use messaging::{
    Kind,
    journal::{Late, Published, Waiting},
    parked::State,
};
use saga::{Entry, What as Moved};

use crate::{Call, Line, Step, What};

/// The lines of a tree: first when it began and what most of it is about, then each with the time since, and
/// what it was.
pub fn text(lines: &[Line]) -> String {
    let Some(begun) = lines.iter().map(|line| line.at).min() else { return String::new() };
    let mut text = format!("{begun}   {}\n", subject(lines));
    for ((line, branches), told) in lines.iter().zip(branches(lines)).zip(sentences(lines)) {
        let after = offset(line.at.since(begun));
        text.push_str(&format!("{after:>10}  {branches}{told}\n"));
    }
    text
}

/// What each line of a tree tells, in a few words.
pub fn sentences(lines: &[Line]) -> Vec<String> {
    let subject = subject(lines);
    lines.iter().map(|line| told(line, subject)).collect()
}

/// What is drawn before each line: `├─`, `└─`, and `│` where another one follows further down.
fn branches(lines: &[Line]) -> Vec<String> {
    let mut ends = vec![true; lines.len()];
    let mut open: Vec<bool> = Vec::new();
    for (end, line) in ends.iter_mut().zip(lines).rev() {
        open.resize(line.depth + 1, false);
        *end = !std::mem::replace(&mut open[line.depth], true);
    }
    let mut above: Vec<bool> = Vec::new();
    let mut drawn = Vec::with_capacity(lines.len());
    for (end, line) in ends.into_iter().zip(lines) {
        above.resize(line.depth, true);
        let mut branch = String::new();
        for end in above.iter().skip(1) {
            branch.push_str(if *end { "   " } else { "│  " });
        }
        if line.depth > 0 {
            branch.push_str(if end { "└─ " } else { "├─ " });
        }
        above.push(end);
        drawn.push(branch);
    }
    drawn
}

/// `+1.234 s`.
fn offset(time: Duration) -> String {
    format!("+{:.3} s", time.as_secs_f64())
}

/// The thing that most messages are about.
fn subject(lines: &[Line]) -> &str {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        if let What::Message { message, .. } = &line.what
            && message.kind != Kind::Reply
        {
            *counts.entry(&message.key).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or("", |(key, _)| key)
}

fn told(line: &Line, subject: &str) -> String {
    match &line.what {
        What::Origin { name, trace: Some(trace) } => format!("{name}   trace {trace}"),
        What::Origin { name, trace: None } => name.clone(),
        What::Message { module, message, step } => {
            message_of(module, message, step.as_ref(), subject)
        }
        What::Late(late) => late_of(late),
        What::Waiting(waiting) => waiting_of(waiting),
        What::Call { module, call } => call_of(module, call, line.at),
        What::Move { saga, entry } => {
            format!("[{} {}: {}]", kind_of(saga), entry.step, moved(entry))
        }
        What::Gap { message } => format!("message {message}, of which nothing is remembered"),
    }
}

fn message_of(module: &str, message: &Published, step: Option<&Step>, subject: &str) -> String {
    let Published { kind, type_name, key, settled, .. } = message;
    let does = match kind {
        Kind::Event => "says",
        Kind::Document => "copies",
        Kind::Command => "asks for",
        Kind::Reply => "answers",
    };
    let mut text = format!("{module} {does} {type_name}");
    if *kind != Kind::Reply && key != subject {
        text.push_str(&format!(" of {key}"));
    }
    if let Some(step) = step {
        text.push_str(&format!("   [{}]", step_of(step)));
    }
    if !settled {
        text.push_str("   (not everybody has it yet)");
    }
    text
}

fn step_of(Step { saga, name, turn, undoes, entry }: &Step) -> String {
    let name = name.as_deref().map_or_else(|| format!("command {turn}"), str::to_owned);
    let way = if *undoes { "compensation of " } else { "" };
    let entry = entry.as_ref().map(|entry| format!(": {}", moved(entry)));
    format!("{} {way}{name}{}", kind_of(saga), entry.unwrap_or_default())
}

/// `checkout` of `checkout:ord_…`.
fn kind_of(saga: &str) -> &str {
    saga.split(':').next().unwrap_or(saga)
}

fn moved(Entry { what, why, .. }: &Entry) -> String {
    let what = match what {
        Moved::Started => "began",
        Moved::Done => "done",
        Moved::Refused => "refused",
        Moved::Stayed => "refused, may be tried again",
        Moved::TimedOut => "not answered in time",
        Moved::Again => "tried again",
        Moved::Abandoned => "given up",
        Moved::Undone => "undone",
        Moved::Late => "answered too late",
    };
    match why {
        Some(why) => format!("{what}: {why}"),
        None => what.to_owned(),
    }
}

fn late_of(late: &Late) -> String {
    let Late { subscriber, attempts, reason, dropped, .. } = late;
    let end = if *dropped { "was told to give it up" } else { "applied it" };
    match attempts {
        0 => format!("{subscriber} {end} late: {reason}"),
        attempts => format!("{subscriber} {end} after {attempts} failures: {reason}"),
    }
}

fn waiting_of(waiting: &Waiting) -> String {
    let Waiting { place, state, attempts, reason, due_at, .. } = waiting;
    let end = match state {
        State::Waiting => format!("it is tried again at {due_at}"),
        State::Dead => "it waits for a person".to_owned(),
        State::Dropped => "it is to be given up".to_owned(),
    };
    let subscriber = &place.subscriber;
    format!("{subscriber} has set it aside after {attempts} failures, and {end}: {reason}")
}

fn call_of(module: &str, call: &Call, at: Timestamp) -> String {
    let Call { name, answered_at, outcome, .. } = call;
    match answered_at {
        Some(answered) => {
            let millis = answered.since(at).as_millis();
            format!("{module} calls {name}: {outcome} after {millis} ms")
        }
        None => format!("{module} calls {name}: {outcome}"),
    }
}
