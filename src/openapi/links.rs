//! Links between operations (OpenAPI Link Objects), found by the shape of the API: what has an `id` is
//! found again below the collection that it was put into or listed in, and what has a `payment` leads
//! to that payment.

use serde_json::{Map, Value, json};

/// An operation on one resource: `/v1/carts/{id}`, `/v1/carts/{id}/merge`.
struct Target {
    /// `/v1/carts`.
    collection: String,
    /// `id`.
    parameter: String,
    /// The id of the operation.
    operation: String,
}

/// Adds links to every answer that says where to go on.
pub(super) fn add(document: &mut Value) {
    let targets = targets(document);
    let schemas = document["components"]["schemas"].clone();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, status) in [("post", "201"), ("get", "200")] {
            let Some(operation) = item.get_mut(method) else { continue };
            let own = operation["operationId"].clone();
            let Some(answer) = operation["responses"].get_mut(status) else { continue };
            let shape = &answer["content"]["application/json"]["schema"];
            let others = targets.iter().filter(|target| own != target.operation.as_str());
            let links: Map<String, Value> =
                others.filter_map(|target| target.link(path, &schemas, shape)).collect();
            if !links.is_empty() {
                answer["links"] = Value::Object(links);
            }
        }
    }
}

/// Every operation that is about one resource, and needs nothing else to be named.
fn targets(document: &Value) -> Vec<Target> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let Some((collection, rest)) = path.split_once("/{") else { continue };
        let Some((parameter, rest)) = rest.split_once('}') else { continue };
        if rest.contains('{') {
            continue;
        }
        let operations = item.as_object().into_iter().flatten();
        for operation in operations.filter_map(|(_, operation)| operation["operationId"].as_str()) {
            found.push(Target {
                collection: collection.to_owned(),
                parameter: parameter.to_owned(),
                operation: operation.to_owned(),
            });
        }
    }
    found
}

impl Target {
    /// The link from an answer of this shape at `path`, if there is one.
    fn link(&self, path: &str, schemas: &Value, shape: &Value) -> Option<(String, Value)> {
        let pointer = self.pointer(path, schemas, shape)?;
        let link = json!({
            "operationId": self.operation,
            "parameters": { &self.parameter: format!("$response.body#{pointer}") },
        });
        Some((self.operation.clone(), link))
    }

    /// Where the answer names the resource.
    fn pointer(&self, path: &str, schemas: &Value, shape: &Value) -> Option<String> {
        let noun = self.collection.rsplit('/').next()?.strip_suffix('s')?;
        let one = properties(schemas, shape);
        if path == self.collection {
            if let Some(name) = self.named(&one) {
                return Some(format!("/{name}"));
            }
            let name = self.named(&properties(schemas, &one.get("items")?["items"]))?;
            return Some(format!("/items/0/{name}"));
        }
        let names = [noun.to_owned(), format!("{noun}_id")];
        names.into_iter().find(|name| one.contains_key(name)).map(|name| format!("/{name}"))
    }

    /// The property that is the parameter.
    fn named(&self, properties: &Map<String, Value>) -> Option<&str> {
        let mut names = [self.parameter.as_str(), "id"].into_iter();
        names.find(|name| properties.contains_key(*name))
    }
}

/// The properties of a schema or of what it refers to.
fn properties(schemas: &Value, shape: &Value) -> Map<String, Value> {
    let name = shape["$ref"].as_str().and_then(|place| place.rsplit('/').next());
    let shape = name.map_or(shape, |name| &schemas[name]);
    shape["properties"].as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_or_listed_leads_to_what_may_be_done_with_it() {
        let answer =
            |schema: Value| json!({ "content": { "application/json": { "schema": schema } } });
        let order = json!({ "$ref": "#/components/schemas/Order" });
        let list = json!({ "properties": { "items": { "type": "array", "items": order } } });
        let mut document = json!({
            "paths": {
                "/v1/orders": {
                    "post": { "operationId": "place", "responses": { "201": answer(order.clone()) } },
                    "get": { "operationId": "list", "responses": { "200": answer(list) } },
                },
                "/v1/orders/{id}/cancellation": { "post": { "operationId": "cancel", "responses": {} } },
                "/v1/payments/{id}": { "get": { "operationId": "pay", "responses": {} } },
                "/v1/payments/{id}/actions/{action}": { "post": { "operationId": "act", "responses": {} } },
            },
            "components": { "schemas": { "Order": { "properties": { "id": {}, "payment": {} } } } },
        });
        add(&mut document);
        let links = |method: &str, status: &str| {
            document["paths"]["/v1/orders"][method]["responses"][status]["links"].clone()
        };
        let link = |operation: &str, pointer: &str| json!({ "operationId": operation, "parameters": { "id": format!("$response.body#{pointer}") } });
        let made = json!({ "cancel": link("cancel", "/id"), "pay": link("pay", "/payment") });
        assert_eq!(links("post", "201"), made);
        assert_eq!(links("get", "200"), json!({ "cancel": link("cancel", "/items/0/id") }));
    }
}
