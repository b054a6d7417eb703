//! The document of the API, as tests read it.

use reqwest::Method;
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

    /// Whether its answer goes on for as long as there is something to tell.
    pub(super) fn is_stream(&self) -> bool {
        !self.said["responses"]["200"]["content"]["text/event-stream"].is_null()
    }

    /// The permission it takes, if it takes one.
    pub(super) fn permission(&self) -> Option<&str> {
        self.said["x-permission"].as_str()
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
