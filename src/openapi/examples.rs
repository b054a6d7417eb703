//! An example of every request body, put together from the examples of its fields.

use serde_json::{Map, Value, json};

/// Gives each request body that has no example one, if its fields tell what it could be.
pub(super) fn add(document: &mut Value) {
    if let Some(money) = document.pointer_mut("/components/schemas/Money") {
        money["examples"] = json!([{ "minor": 1999, "currency": "EUR" }]);
    }
    let schemas = document["components"]["schemas"].clone();
    let items = document["paths"].as_object_mut().into_iter().flatten();
    let operations = items.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let Some(content) = operation.pointer_mut("/requestBody/content") else { continue };
        for (_, body) in content.as_object_mut().into_iter().flatten() {
            let told = body.get("example").is_some() || body.get("examples").is_some();
            if let Some(example) = of(&schemas, &body["schema"]).filter(|_| !told) {
                body["example"] = example;
            }
        }
    }
}

/// A value that a schema describes; nothing when the schema does not tell what would make sense.
fn of(schemas: &Value, schema: &Value) -> Option<Value> {
    let name = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next());
    let schema = name.map_or(schema, |name| &schemas[name]);
    let told = ["/example", "/examples/0", "/default", "/const", "/enum/0"];
    if let Some(value) = told.iter().find_map(|place| schema.pointer(place)) {
        return Some(value.clone());
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
        kind => Some(kind),
    };
    match kind.and_then(Value::as_str) {
        Some("object") => object(schemas, schema),
        Some("array") => of(schemas, &schema["items"]).map(|item| json!([item])),
        Some("integer") => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(1))),
        Some("boolean") => Some(json!(true)),
        _ => one_of(schemas, schema),
    }
}

/// All members that must be there, and those that have an example.
fn object(schemas: &Value, schema: &Value) -> Option<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut members = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        if required.iter().any(|required| *required == name.as_str()) {
            members.insert(name.clone(), of(schemas, member)?);
        } else if let Some(example) = member.get("example") {
            members.insert(name.clone(), example.clone());
        }
    }
    Some(Value::Object(members))
}

/// The first of several descriptions that tells something, or what all of them say together.
fn one_of(schemas: &Value, schema: &Value) -> Option<Value> {
    let several = ["oneOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    if let Some(found) = several.filter_map(|one| of(schemas, one)).next() {
        return Some(found);
    }
    let mut members = Map::new();
    for part in schema["allOf"].as_array()? {
        members.extend(of(schemas, part)?.as_object()?.clone());
    }
    Some(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(schema: Value) -> Option<Value> {
        let schemas = json!({ "Money": { "example": { "minor": 5 } } });
        of(&schemas, &schema)
    }

    #[test]
    fn a_body_is_put_together_from_its_fields() {
        let body = json!({
            "type": "object",
            "required": ["price", "tags", "name"],
            "properties": {
                "price": { "$ref": "#/components/schemas/Money" },
                "tags": { "type": "array", "items": { "enum": ["new", "old"] } },
                "name": { "type": ["string", "null"], "example": "Ada" },
                "note": { "type": "string", "example": "fragile" },
                "silent": { "type": "string" },
            },
        });
        let whole =
            json!({ "price": { "minor": 5 }, "tags": ["new"], "name": "Ada", "note": "fragile" });
        assert_eq!(example(body), Some(whole));
    }

    #[test]
    fn where_a_field_must_be_there_and_says_nothing_there_is_no_example() {
        let body = json!({
            "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } },
        });
        assert_eq!(example(body), None);
    }

    #[test]
    fn of_several_descriptions_the_first_that_says_something_is_taken() {
        let either = json!({ "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 3 }] });
        assert_eq!(example(either), Some(json!(3)));
        let both = json!({ "allOf": [
            { "type": "object", "properties": { "a": { "example": 1 } } },
            { "type": "object", "properties": { "b": { "example": 2 } } },
        ] });
        assert_eq!(example(both), Some(json!({ "a": 1, "b": 2 })));
    }
}
