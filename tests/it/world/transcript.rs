//! What was said in a journey: every request and its answer, in an order that never changes.
//!
//! Ids, times and whatever else is new each time are replaced by names, so that the same journey reads the
//! same in every world.

mod names;

use std::{
    fmt::Write,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;

use super::browser::Answer;
use names::Names;

/// The headers that are part of what is promised.
const HEADERS: [&str; 9] = [
    "allow",
    "cache-control",
    "content-type",
    "etag",
    "idempotent-replayed",
    "location",
    "retry-after",
    "vary",
    "www-authenticate",
];

/// What has been said so far.
pub(crate) struct Transcript {
    state: Mutex<State>,
    asking: AtomicBool,
}

struct State {
    text: String,
    names: Names,
}

/// A request that is under way. Nobody else may ask before it is answered.
pub(super) struct Turn<'a>(&'a AtomicBool);

impl Transcript {
    /// An empty one. `mark` is in everything that the journey named itself.
    pub(crate) fn new(mark: &str) -> Self {
        let state = State { text: String::new(), names: Names::new(mark) };
        Self { state: Mutex::new(state), asking: AtomicBool::new(false) }
    }

    /// Begins a request whose answer will be recorded.
    pub(super) fn turn(&self) -> Turn<'_> {
        assert!(
            !self.asking.swap(true, Ordering::SeqCst),
            "two requests at once: which is answered first is chance, so say unrecorded(\"why\")"
        );
        Turn(&self.asking)
    }

    /// Writes down what `who` asked and heard.
    pub(super) fn add(&self, who: &str, answer: &Answer) {
        let mut state = self.state.lock().unwrap();
        let State { text, names } = &mut *state;
        let body = Body::of(answer, names);
        let path = names.scrub(&answer.path);
        writeln!(text, "{who}: {} {path}\n{}", answer.method, answer.status.as_u16()).unwrap();
        for name in HEADERS {
            let Some(value) = answer.headers.get(name) else { continue };
            let value = value.to_str().unwrap();
            match is_digest(name, value) {
                true => writeln!(text, "{name}: (of what it says)").unwrap(),
                false => writeln!(text, "{name}: {}", names.scrub(value)).unwrap(),
            }
        }
        match body {
            Body::Nothing => {}
            Body::Json(value) => {
                lay_out(&value, 0, text);
                text.push('\n');
            }
            Body::Other => writeln!(text, "(a body that is not JSON)").unwrap(),
        }
        text.push('\n');
    }

    /// Writes down that something is left out, and why.
    pub(super) fn leave_out(&self, why: &str) {
        writeln!(self.state.lock().unwrap().text, "(not recorded: {why})\n").unwrap();
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.state.lock().unwrap().text.clone()
    }
}

/// Whether a value is a tag of contents, which are new each time. A tag of a version is a number.
fn is_digest(name: &str, value: &str) -> bool {
    name == "etag" && value.trim_matches('"').parse::<u64>().is_err()
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

enum Body {
    Nothing,
    Json(Value),
    Other,
}

impl Body {
    fn of(answer: &Answer, names: &mut Names) -> Self {
        let kind = answer.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
        if answer.text.is_empty() {
            return Self::Nothing;
        }
        if !kind.contains("json") {
            return Self::Other;
        }
        let value = answer.json();
        names.learn(&value);
        Self::Json(names.scrub_all(value))
    }
}

/// Writes a value on one line if it fits, else a line for each of its parts.
fn lay_out(value: &Value, depth: usize, text: &mut String) {
    const WIDTH: usize = 100;
    const INDENT: usize = 2;
    let short = value.to_string();
    let parts: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, member)| (format!("{key:?}: "), member)).collect()
        }
        _ => Vec::new(),
    };
    if parts.is_empty() || depth * INDENT + short.len() <= WIDTH {
        text.push_str(&short);
        return;
    }
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    for (key, part) in parts {
        let indent = " ".repeat((depth + 1) * INDENT);
        write!(text, "\n{indent}{key}").unwrap();
        lay_out(part, depth + 1, text);
    }
    write!(text, "\n{}{close}", " ".repeat(depth * INDENT)).unwrap();
}

/// Where two texts begin to differ, with what comes before.
pub(crate) fn difference(expected: &str, found: &str) -> Option<String> {
    const CONTEXT: usize = 8;
    if expected == found {
        return None;
    }
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = expected.iter().zip(&found).take_while(|(expected, found)| expected == found);
    let line = same.count();
    let request = expected[..line].iter().rposition(|line| line.is_empty()).map_or(0, |it| it + 1);
    let mut text = format!("from line {} on, in the answer to", line + 1);
    writeln!(text, " `{}`", expected.get(request).unwrap_or(&"nothing")).unwrap();
    for shared in &expected[line.saturating_sub(CONTEXT).max(request)..line] {
        writeln!(text, "      {shared}").unwrap();
    }
    for (sign, lines) in [('-', &expected), ('+', &found)] {
        for differing in lines.iter().skip(line).take(CONTEXT) {
            writeln!(text, "    {sign} {differing}").unwrap();
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_the_request_it_is_about() {
        let (one, other) = (
            "ada: GET /a\n200\n\nada: GET /b\n200\n{}\n",
            "ada: GET /a\n200\n\nada: GET /b\n404\n",
        );
        let said = difference(one, other).unwrap();
        assert!(said.contains("line 5") && said.contains("`ada: GET /b`"), "{said}");
        assert!(said.contains("- 200") && said.contains("+ 404"), "{said}");
        assert_eq!(difference(one, one), None);
    }

    #[test]
    #[should_panic(expected = "two requests at once")]
    fn two_requests_at_once_are_not_recorded() {
        let transcript = Transcript::new("");
        let _one = transcript.turn();
        let _other = transcript.turn();
    }
}
