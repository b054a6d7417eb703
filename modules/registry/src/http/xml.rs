//! Trees of JSON as XML and back: attributes are members that begin with `@`, the text beside them is `$`.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};
use serde_json::{Map, Value};

/// How deep a document may be.
const DEEPEST: usize = 8;

/// The document with the root `name`. What XML cannot say is left out.
pub(super) fn write(name: &str, value: &Value) -> String {
    let mut text = String::new();
    element(&mut text, name, value);
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    if !is_name(name) {
        return;
    }
    match value {
        Value::Array(each) => each.iter().for_each(|value| element(text, name, value)),
        Value::Object(members) => {
            text.push('<');
            text.push_str(name);
            for (name, value) in members {
                let Some(name) = name.strip_prefix('@').filter(|name| is_name(name)) else {
                    continue;
                };
                text.push_str(&format!(" {name}=\"{}\"", escaped(value)));
            }
            text.push('>');
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
                match name.as_str() {
                    "$" => text.push_str(&escaped(value)),
                    name => element(text, name, value),
                }
            }
            text.push_str(&format!("</{name}>"));
        }
        Value::Null => {}
        plain => text.push_str(&format!("<{name}>{}</{name}>", escaped(plain))),
    }
}

fn escaped(plain: &Value) -> String {
    let text = match plain {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    quick_xml::escape::escape(text).into_owned()
}

/// Whether something can be called so. Names with a prefix are none of ours.
fn is_name(name: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    name.starts_with(begins) && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// An element that is not closed yet.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// The name of the root and the tree below it. An element without attributes and elements is its text.
pub(super) fn read(text: &str) -> Result<(String, Value), String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|cause| cause.to_string())?;
        let closed = match event {
            Event::Start(start) if open.len() < DEEPEST => {
                open.push(Open::of(&start)?);
                None
            }
            Event::Empty(start) if open.len() < DEEPEST => Some(Open::of(&start)?),
            Event::Start(_) | Event::Empty(_) => return Err("it is too deep".to_owned()),
            Event::End(_) => open.pop(),
            Event::Text(piece) => said(&mut open, &piece.xml10_content()),
            Event::CData(piece) => said(&mut open, &piece.xml10_content()),
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref().map_err(|cause| cause.to_string())?;
                let entity = name.xml10_content();
                let letter = letter.map(String::from);
                let letter = letter.or_else(|| resolve_xml_entity(&entity).map(str::to_owned));
                said(&mut open, &letter.ok_or("it refers to an entity that XML does not have")?)
            }
            Event::DocType(_) => return Err("a document type is not wanted here".to_owned()),
            Event::Eof => return Err("it ends before its root is closed".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        let Some(closed) = closed else { continue };
        let (name, value) = closed.close();
        match open.last_mut() {
            Some(parent) => drop(parent.members.insert(name, value)),
            None => return Ok((name, value)),
        }
    }
}

fn said(open: &mut [Open], piece: &str) -> Option<Open> {
    if let Some(element) = open.last_mut() {
        element.text.push_str(piece);
    }
    None
}

impl Open {
    fn of(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut members = Map::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|cause| cause.to_string())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|cause| cause.to_string())?;
            members.insert(format!("@{}", attribute.key.as_ref()), value.into_owned().into());
        }
        Ok(Self { name: start.name().as_ref().to_owned(), members, text: String::new() })
    }

    fn close(self) -> (String, Value) {
        let Self { name, mut members, text } = self;
        let text = text.trim();
        if members.is_empty() {
            return (name, text.into());
        }
        if !text.is_empty() {
            members.insert("$".to_owned(), text.into());
        }
        (name, members.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_comes_back_from_xml_as_it_was() {
        let tree = json!({
            "app": "A & <B> \"c\"",
            "port": { "@enabled": "true", "$": "8080" },
            "metadata": { "zone": "a]]>b", "empty": "" },
        });
        let text = write("instance", &tree);
        assert_eq!(read(&text), Ok(("instance".to_owned(), tree)), "{text}");
    }

    #[test]
    fn what_xml_cannot_say_is_left_out_and_nothing_else_gets_in() {
        let tree = json!({ "a": [1, 2], "b c": 3, "x><y": 4, "n": null, "@b": true });
        assert_eq!(write("r", &tree), "<r b=\"true\"><a>1</a><a>2</a></r>");
    }

    #[test]
    fn entities_are_those_of_xml_and_documents_declare_none() {
        let read = |text: &str| read(text).map(|(_, value)| value);
        assert_eq!(read("<a>&lt;&#x41;&amp;<![CDATA[<b>]]></a>"), Ok(json!("<A&<b>")));
        assert!(read("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").is_err());
        assert!(read("<a>&b;</a>").is_err());
        assert!(read("<a><b></a>").is_err());
        assert!(read("<a>").is_err());
        assert!(read(&"<a>".repeat(20)).is_err());
    }
}
