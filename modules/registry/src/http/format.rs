//! JSON or XML: the same tree in both.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT, CONTENT_TYPE, VARY},
};
use host::Problem;
use kernel::Code;
use serde_json::{Map, Value};

use super::xml;

/// Answers with `value` in an element, or a member, called `name`: in JSON to whoever accepts it, to all
/// others in XML.
pub(super) fn answer(request: &HttpRequest, name: &str, value: Value) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "accept, authorization"));
    if wants_json(request) {
        return response.json(Map::from_iter([(name.to_owned(), value)]));
    }
    response.insert_header((CONTENT_TYPE, "application/xml; charset=utf-8"));
    response.body(xml::write(name, &value))
}

/// The tree that a body says, without its root `name`.
pub(super) fn read(request: &HttpRequest, body: &[u8], name: &str) -> Result<Value, Problem> {
    let (root, value) = if is_xml(request, body) { from_xml(body)? } else { from_json(body)? };
    if root != name {
        let detail = format!("the body is called {root:?} and not {name:?}");
        return Err(Problem::of(Code::MalformedRequest, detail));
    }
    Ok(value)
}

fn wants_json(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.into_iter().any(|value| value.to_ascii_lowercase().contains("json"))
}

fn is_xml(request: &HttpRequest, body: &[u8]) -> bool {
    let said = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = said.unwrap_or_default().to_ascii_lowercase();
    if said.contains("json") || said.contains("xml") {
        return said.contains("xml");
    }
    body.trim_ascii_start().starts_with(b"<")
}

fn from_json(body: &[u8]) -> Result<(String, Value), Problem> {
    let whole = serde_json::from_slice::<Map<String, Value>>(body);
    let whole = whole.map_err(|cause| malformed("JSON", &cause.to_string()))?;
    let mut members = whole.into_iter();
    members.next().ok_or_else(|| malformed("JSON", "there is nothing in it"))
}

fn from_xml(body: &[u8]) -> Result<(String, Value), Problem> {
    let text = std::str::from_utf8(body).map_err(|cause| malformed("XML", &cause.to_string()))?;
    xml::read(text).map_err(|cause| malformed("XML", &cause))
}

fn malformed(format: &str, cause: &str) -> Problem {
    Problem::of(Code::MalformedRequest, format!("the body cannot be read as {format}: {cause}"))
}
