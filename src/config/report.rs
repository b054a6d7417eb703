//! The configuration in force, for people: every value, and where it came from.

use std::fmt;

use anyhow::Result;
use figment::{Figment, value::Value};

use super::complaint;

/// Keys whose values nobody should read over a shoulder, by their last part.
const SECRETS: &[&str] = &["password", "secret", "key", "token"];

/// Every value in force and where it came from.
pub struct Report(Vec<Entry>);

struct Entry {
    key: String,
    value: String,
    origin: String,
}

impl Report {
    pub(super) fn of(figment: &Figment) -> Result<Self> {
        let all: Value = figment.extract().map_err(complaint::explain)?;
        let mut entries = Vec::new();
        walk(figment, "", &all, &mut entries);
        Ok(Self(entries))
    }
}

fn walk(figment: &Figment, path: &str, value: &Value, entries: &mut Vec<Entry>) {
    if let Some(dict) = value.as_dict() {
        for (key, value) in dict {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(figment, &path, value, entries);
        }
        return;
    }
    let metadata = figment.find_metadata(path);
    let origin = metadata.map_or_else(|| "the defaults".to_owned(), complaint::origin);
    let last = path.rsplit('.').next().unwrap_or(path);
    entries.push(Entry { key: path.to_owned(), value: shown(last, value), origin });
}

fn shown(key: &str, value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("{:?}", mask(key, text)),
        None if SECRETS.iter().any(|secret| key.ends_with(secret)) => "\"…\"".to_owned(),
        None => match value {
            Value::Num(_, number) => number_text(number),
            Value::Bool(_, value) => value.to_string(),
            Value::Array(_, all) => {
                let all: Vec<_> = all.iter().map(|value| shown(key, value)).collect();
                format!("[{}]", all.join(","))
            }
            other => serde_json::to_string(other).unwrap_or_else(|cause| cause.to_string()),
        },
    }
}

fn number_text(number: &figment::value::Num) -> String {
    match (number.to_i128(), number.to_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(real)) => real.to_string(),
        (None, None) => number.to_u128().map_or_else(String::new, |whole| whole.to_string()),
    }
}

/// `text` without what is secret in it: all of it, or the password of a URL.
pub(super) fn mask(key: &str, text: &str) -> String {
    if SECRETS.iter().any(|secret| key.ends_with(secret)) {
        return "…".to_owned();
    }
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let Some((credentials, place)) = rest.rsplit_once('@') else { return text.to_owned() };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:…@{place}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |part: fn(&Entry) -> &String| self.0.iter().map(part).map(String::len).max();
        let keys = width(|entry| &entry.key).unwrap_or_default();
        let values = width(|entry| &entry.value).unwrap_or_default().min(40);
        for Entry { key, value, origin } in &self.0 {
            writeln!(f, "{key:keys$} = {value:values$}  # {origin}")?;
        }
        Ok(())
    }
}
