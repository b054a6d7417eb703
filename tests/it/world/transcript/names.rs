//! Names for what is new each time: ids, times, tokens.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is new each time wherever it stands under this key, and what it is called.
const BY_KEY: [(&str, &str); 9] = [
    ("access_token", "access-token"),
    ("refresh_token", "refresh-token"),
    ("guest_token", "guest-token"),
    ("next_cursor", "cursor"),
    ("number", "order-number"),
    ("order_number", "order-number"),
    ("waybill", "waybill"),
    ("kid", "key"),
    ("x", "public-key"),
];

/// What stands for an instant, and for a position in a trace.
const TIME: &str = "<time>";
const TRACE: &str = "<trace>";

/// Digits of an id behind its prefix and the underscore.
const DIGITS: usize = 26;
/// The letters of an id's prefix.
const PREFIX: usize = 3;

/// What has been named so far: each value gets the next number of its kind when it is first seen.
pub(super) struct Names {
    marks: [String; 2],
    known: BTreeMap<String, String>,
    count: BTreeMap<String, usize>,
}

impl Names {
    /// None yet. `mark` is taken out of every text.
    pub(super) fn new(mark: &str) -> Self {
        let marks = [format!("-{mark}"), format!("-{}", mark.to_uppercase())];
        Self { marks, known: BTreeMap::new(), count: BTreeMap::new() }
    }

    /// Names what is known to be new by the key it stands under.
    pub(super) fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (key, member) in members {
                    let kind = BY_KEY.iter().find(|(known, _)| known == key);
                    if let (Some((_, kind)), Value::String(text)) = (kind, member) {
                        self.name(kind, text);
                    }
                    self.learn(member);
                }
            }
            _ => {}
        }
    }

    /// The value with names in it, and its members in alphabetical order.
    pub(super) fn scrub_all(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.scrub(&text)),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.scrub_all(item)).collect())
            }
            Value::Object(members) => {
                let members: BTreeMap<String, Value> = members.into_iter().collect();
                let mut scrubbed = Map::new();
                for (key, member) in members {
                    let member = match key.as_str() {
                        "trace_id" => Value::String(TRACE.to_owned()),
                        _ => self.scrub_all(member),
                    };
                    scrubbed.insert(self.scrub(&key), member);
                }
                Value::Object(scrubbed)
            }
            other => other,
        }
    }

    /// The text with names in it.
    pub(super) fn scrub(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for mark in self.marks.iter().filter(|mark| mark.len() > 1) {
            text = text.replace(mark, "");
        }
        for (value, name) in &self.known {
            if text.contains(value) {
                text = text.replace(value, name);
            }
        }
        let mut scrubbed = String::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            // What is new each time begins where a word begins.
            let begins = scrubbed.chars().next_back().is_none_or(|it| !it.is_ascii_alphanumeric());
            let found = if begins { new_at(rest) } else { None };
            let length = found.as_ref().map_or(first.len_utf8(), |(length, _)| *length);
            let (here, after) = rest.split_at(length);
            match found.map(|(_, what)| what) {
                Some(New::Time) => scrubbed.push_str(TIME),
                Some(New::Id) => scrubbed.push_str(self.name(&here[..PREFIX], here)),
                None => scrubbed.push_str(here),
            }
            rest = after;
        }
        scrubbed
    }

    fn name(&mut self, kind: &str, value: &str) -> &str {
        if !self.known.contains_key(value) {
            let count = self.count.entry(kind.to_owned()).or_default();
            *count += 1;
            self.known.insert(value.to_owned(), format!("<{kind}-{count}>"));
        }
        &self.known[value]
    }
}

enum New {
    Id,
    Time,
}

/// What is new each time at the beginning of `text`, and how long it is.
fn new_at(text: &str) -> Option<(usize, New)> {
    id_at(text).map(|length| (length, New::Id)).or_else(|| Some((time_at(text)?, New::Time)))
}

/// `ord_01jd8k3v7tf8ntx3v1a9g5r2qc`
fn id_at(text: &str) -> Option<usize> {
    let length = PREFIX + 1 + DIGITS;
    let (head, tail) = text.as_bytes().split_at_checked(length)?;
    let prefix = head[..PREFIX].iter().all(u8::is_ascii_lowercase) && head[PREFIX] == b'_';
    let digit = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = !tail.first().is_some_and(u8::is_ascii_alphanumeric);
    (prefix && ends && head[PREFIX + 1..].iter().all(digit)).then_some(length)
}

/// `2025-01-31T12:00:00.123Z` (RFC 3339, in UTC)
fn time_at(text: &str) -> Option<usize> {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:dd";
    let (head, tail) = text.as_bytes().split_at_checked(SHAPE.len())?;
    let fits = |(byte, shape): (&u8, u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => *byte == other,
    };
    let fraction = tail.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let ends = tail.get(fraction) == Some(&b'Z');
    (head.iter().zip(SHAPE.bytes()).all(fits) && ends).then_some(SHAPE.len() + fraction + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "ord_01jd8k3v7tf8ntx3v1a9g5r2qc";
    const OTHER: &str = "ord_01jd8k3v7tf8ntx3v1a9g5r2qd";

    #[test]
    fn ids_are_named_by_their_first_occurrence_wherever_they_stand() {
        let mut names = Names::new("");
        let text = format!("/v1/orders/{OTHER}?of={ONE}, {OTHER}.");
        assert_eq!(names.scrub(&text), "/v1/orders/<ord-1>?of=<ord-2>, <ord-1>.");
        assert_eq!(names.scrub(ONE), "<ord-2>");
        assert_eq!(names.scrub("word_is_no_id and usr_1"), "word_is_no_id and usr_1");
    }

    #[test]
    fn times_are_times() {
        let mut names = Names::new("");
        let said = names.scrub("from 2025-01-31T12:00:00Z to 2025-01-31T12:00:00.123456Z");
        assert_eq!(said, "from <time> to <time>");
        assert_eq!(names.scrub("2025-01-31"), "2025-01-31");
    }

    #[test]
    fn what_stands_under_a_telling_key_is_named_before_it_is_repeated_elsewhere() {
        let mut names = Names::new("");
        let value = json!({ "_links": { "next": "/v1?cursor=abc" }, "next_cursor": "abc", "n": 1 });
        names.learn(&value);
        let scrubbed = names.scrub_all(value);
        assert_eq!(scrubbed["_links"]["next"], "/v1?cursor=<cursor-1>");
        assert_eq!(scrubbed["n"], 1);
    }

    #[test]
    fn the_mark_of_a_journey_is_taken_out() {
        let mut names = Names::new("jab12");
        assert_eq!(names.scrub("teapot-jab12 TEAPOT-JAB12"), "teapot TEAPOT");
    }
}
