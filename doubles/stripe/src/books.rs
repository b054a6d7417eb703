//! What the server knows, and how it reads a request.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use actix_web::{
    HttpRequest,
    http::{Method, StatusCode},
    web::Bytes,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{API_KEY, Fault, intents};

/// Everything that was asked for.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) intents: BTreeMap<String, Value>,
    pub(crate) refunds: BTreeMap<String, Value>,
    answered: HashMap<String, (String, Form, StatusCode, Value)>,
    pub(crate) faults: VecDeque<Fault>,
    /// How the next confirmation goes wrong.
    pub(crate) confirmation: Option<Fault>,
    /// The payments whose intents nobody can read.
    pub(crate) unreadable: BTreeSet<String>,
    /// What was not as Stripe wants it.
    pub(crate) wrong: Vec<String>,
    count: usize,
}

pub(crate) type Form = BTreeMap<String, String>;
pub(crate) type Said = (StatusCode, Value);

impl Books {
    /// How a request to `path` goes wrong.
    pub(crate) fn fault(&mut self, path: &str) -> Option<Fault> {
        let confirmed = path.strip_suffix("/confirm");
        let named = confirmed.unwrap_or(path).rsplit('/').next();
        let intent = named.and_then(|id| self.intents.get(id));
        let hangs = intent.is_some_and(|intent| match confirmed {
            Some(_) => intent["payment_method"] == intents::ANSWER_LOST,
            None => intents::payment(intent).is_some_and(|it| self.unreadable.contains(it)),
        });
        if hangs {
            return Some(Fault::Hang);
        }
        let confirmation = confirmed.and_then(|_| self.confirmation.take());
        confirmation.or_else(|| self.faults.pop_front())
    }

    /// Ids sort by their age.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{:06}", self.count)
    }

    /// What a request is answered with.
    pub(crate) fn answer(&mut self, request: &HttpRequest, body: &Bytes) -> Said {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let path = request.path().to_owned();
        if header("authorization") != format!("Bearer {API_KEY}") {
            return (StatusCode::UNAUTHORIZED, refused("invalid_request_error", "api_key"));
        }
        let mut wrong = Vec::new();
        if header("stripe-version").is_empty() {
            wrong.push("no Stripe-Version".to_owned());
        }
        if request.method() == Method::GET {
            self.wrong.extend(wrong);
            return self.read(&path, request.query_string());
        }
        if header("content-type") != "application/x-www-form-urlencoded" {
            wrong.push(format!("{path}: {}", header("content-type")));
        }
        let key = header("idempotency-key");
        if key.is_empty() {
            wrong.push(format!("{path}: no Idempotency-Key"));
        }
        self.wrong.extend(wrong);
        let form: Form = form_urlencoded::parse(body).into_owned().collect();
        if let Some((asked, sent, status, answer)) = self.answered.get(&key) {
            return match *asked == path && *sent == form {
                true => (*status, answer.clone()),
                false => (StatusCode::BAD_REQUEST, refused("idempotency_error", "key_reused")),
            };
        }
        let (status, answer) = self.post(&path, &form);
        self.answered.insert(key, (path, form, status, answer.clone()));
        (status, answer)
    }

    fn read(&mut self, path: &str, query: &str) -> Said {
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        let found = match parts[..] {
            ["payment_intents", "search"] => {
                let query: Form = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                let matches = |intent: &&Value| {
                    let attempt = intent["metadata"]["attempt"].as_str().unwrap_or_default();
                    let wanted = format!("metadata['attempt']:'{attempt}'");
                    query.get("query").is_some_and(|query| *query == wanted)
                };
                let data: Vec<&Value> = self.intents.values().filter(matches).collect();
                Some(json!({ "object": "search_result", "data": data }))
            }
            ["payment_intents", id] => self.intents.get(id).cloned(),
            ["refunds", id] => self.refunds.get(id).cloned(),
            _ => None,
        };
        let missing = (StatusCode::NOT_FOUND, refused("invalid_request_error", "resource_missing"));
        found.map_or(missing, |found| (StatusCode::OK, found))
    }

    fn post(&mut self, path: &str, form: &Form) -> Said {
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        match parts[..] {
            ["payment_intents"] => self.create(form),
            ["payment_intents", id, verb] => self.change(id, verb, form),
            ["refunds"] => self.refund(form),
            _ => (StatusCode::NOT_FOUND, refused("invalid_request_error", "url")),
        }
    }

    /// What was taken by these intents and not given back, and how many of them were paid.
    pub(crate) fn kept(&self, these: impl Fn(&Value) -> bool) -> (i64, usize) {
        let number = |value: &Value| value.as_i64().unwrap_or_default();
        let taken = self.intents.values().filter(|intent| these(intent));
        let (sum, paid) = taken.fold((0, 0), |(sum, paid), intent| {
            let received = number(&intent["amount_received"]);
            (sum + received, paid + usize::from(received > 0))
        });
        let of_these = |refund: &&Value| {
            let intent = refund["payment_intent"].as_str().and_then(|id| self.intents.get(id));
            intent.is_some_and(&these)
        };
        let back = self.refunds.values().filter(of_these);
        let back: i64 = back.map(|refund| number(&refund["amount"])).sum();
        (sum - back, paid)
    }
}

/// An error as Stripe writes it.
pub(crate) fn refused(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "no" } })
}
