//! The document of the API, as tests read it.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::world::{Browser, text};

/// What a process says about itself, and not the shop.
const PROBES: [&str; 3] = ["/livez", "/readyz", "/startupz"];

/// The document of a running shop.
pub(super) struct Api {
    document: Value,
    /// Every operation but those of probes.
    pub(super) operations: Vec<Operation>,
}

/// One operation, as it is documented.
#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// With its parameters: `/v1/orders/{id}`.
    pub(super) path: String,
    /// Its part of the document.
    pub(super) said: Value,
}

impl Api {
    /// Asks a shop for its document.
    pub(super) async fn of(browser: &Browser) -> Self {
        let document = browser.get("/openapi.json").await.expect(200);
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            if PROBES.contains(&path.as_str()) {
                continue;
            }
            for (method, said) in item.as_object().unwrap() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                operations.push(Operation { method, path: path.clone(), said: said.clone() });
            }
        }
        Self { document, operations }
    }

    /// What a value refers to, or the value itself.
    pub(super) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self.document.pointer(place.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// The parameters of an operation in one place: `header`, `path`, `query`.
    pub(super) fn parameters<'a>(&'a self, of: &'a Operation, place: &str) -> Vec<&'a Value> {
        let all = of.said["parameters"].as_array().into_iter().flatten();
        all.map(|given| self.resolved(given)).filter(|given| given["in"] == place).collect()
    }

    /// A parameter by its name.
    pub(super) fn parameter<'a>(
        &'a self,
        of: &'a Operation,
        place: &str,
        name: &str,
    ) -> Option<&'a Value> {
        let all = self.parameters(of, place);
        all.into_iter().find(|given| text(&given["name"]).eq_ignore_ascii_case(name))
    }

    /// The query that an operation cannot do without, as its document gives an example of it: `?country=DE`.
    pub(super) fn query(&self, of: &Operation) -> String {
        let given = self.parameters(of, "query").into_iter().filter(|it| it["required"] == true);
        let given: Vec<_> =
            given.map(|it| format!("{}={}", text(&it["name"]), text(&it["example"]))).collect();
        if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
    }

    /// Every answer of an operation by its status.
    pub(super) fn answers<'a>(&'a self, of: &'a Operation) -> Vec<(&'a str, &'a Value)> {
        let all = of.said["responses"].as_object().unwrap();
        all.iter().map(|(status, answer)| (status.as_str(), self.resolved(answer))).collect()
    }

    /// The schema of the JSON that an answer holds, if it holds some.
    pub(super) fn json<'a>(&'a self, answer: &'a Value) -> Option<&'a Value> {
        let schema = answer["content"]["application/json"].get("schema")?;
        Some(self.resolved(schema))
    }

    /// The operation at this path, whatever the names in it are.
    pub(super) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |operation: &Operation| {
            let mut asked = path.split('/');
            let fits = operation.path.split('/').all(|part| {
                asked.next().is_some_and(|given| part == given || part.starts_with('{'))
            });
            fits && asked.next().is_none()
        };
        self.operations.iter().find(|it| it.method.as_str() == method && fits(it))
    }

    /// The schema of a member of what a schema describes, be it a part of a part of it.
    pub(super) fn member<'a>(&'a self, schema: &'a Value, name: &str) -> Option<&'a Value> {
        let schema = self.resolved(schema);
        let own = schema["properties"].get(name).map(|member| self.resolved(member));
        let parts = schema["allOf"].as_array().into_iter().flatten();
        own.or_else(|| parts.into_iter().find_map(|part| self.member(part, name)))
    }

    /// Whether reading it gives JSON, and not a file or a stream that never ends.
    pub(super) fn is_read_whole(&self, of: &Operation) -> bool {
        let found = self.answers(of).into_iter().find(|(status, _)| *status == "200");
        of.method == Method::GET && found.is_some_and(|(_, answer)| self.json(answer).is_some())
    }

    /// The example of the body that an operation takes.
    pub(super) fn example(&self, of: &Operation) -> Option<Value> {
        let content = of.said["requestBody"]["content"].as_object()?;
        let (_, content) = content.iter().next()?;
        let named = content["examples"].as_object().and_then(|all| all.values().next());
        let whole = [content.get("example"), named.and_then(|named| named.get("value"))];
        let schema = self.resolved(&content["schema"]);
        let examples = schema["examples"].as_array().and_then(|all| all.first());
        let mut found = whole.into_iter().flatten().chain(schema.get("example")).chain(examples);
        found.next().cloned()
    }
}

impl Operation {
    /// By which it is called in a list: `POST /v1/orders`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Who may use it.
    pub(super) fn policy(&self) -> &str {
        text(&self.said["x-policy"])
    }

    /// The permission it takes, if it takes one.
    pub(super) fn permission(&self) -> Option<&str> {
        self.said["x-permission"].as_str()
    }

    /// The type of the body it takes, if it takes one.
    pub(super) fn media(&self) -> Option<&str> {
        let media = self.said["requestBody"]["content"].as_object()?.keys().next()?;
        Some(media)
    }

    /// The request with this body, as it is documented.
    pub(super) fn with_body(&self, request: RequestBuilder, body: &Value) -> RequestBuilder {
        match (self.media(), body) {
            (Some(media), Value::String(text)) if media != "application/json" => {
                request.header("Content-Type", media).body(text.clone())
            }
            _ => request.json(body),
        }
    }

    /// The names in its path.
    pub(super) fn names(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// The path with each name replaced.
    pub(super) fn at(&self, value: impl Fn(&str) -> String) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => value(name),
            None => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}
