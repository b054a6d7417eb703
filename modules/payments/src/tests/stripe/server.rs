//! A small server in the shape of Stripe's, that is strict about what it is sent and fails when it is told to.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{Method, StatusCode},
    web::{self, Bytes, Data},
};
use kernel::Timestamp;
use payments_api::Webhook;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{Secret, signature};

pub(super) const API_KEY: &str = "sk_test_1";
pub(super) const WEBHOOK_SECRET: &str = "whsec_test";
/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(3600);

/// How the next request goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// Nothing is done.
    Refuse,
    /// It is done, and the answer is a 500.
    Fail,
    /// It is done, and there is no answer.
    Hang,
}

/// The server. Cloning shares it.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    answered: HashMap<String, (String, Form, StatusCode, Value)>,
    faults: VecDeque<Fault>,
    /// How the next confirmation goes wrong.
    confirmation: Option<Fault>,
    /// What was not as Stripe wants it.
    wrong: Vec<String>,
    count: usize,
}

type Form = BTreeMap<String, String>;
type Said = (StatusCode, Value);

impl Server {
    pub(super) fn start() -> Self {
        let books: Arc<Mutex<Books>> = Arc::default();
        let shared = books.clone();
        let app = move || {
            let data = Data::from(shared.clone());
            App::new().app_data(data).default_service(web::to(serve))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, books }
    }

    /// The next requests go wrong like this.
    pub(super) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books.lock().unwrap().faults.extend(faults);
    }

    /// The next confirmation goes wrong like this.
    pub(super) fn confirmations(&self, fault: Fault) {
        self.books.lock().unwrap().confirmation = Some(fault);
    }

    /// Everything Stripe would not have liked.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.books.lock().unwrap().wrong.clone()
    }

    /// What was taken and not given back, over all intents, and how many of them were paid.
    pub(super) fn kept(&self) -> (i64, usize) {
        let books = self.books.lock().unwrap();
        let number = |value: &Value| value.as_i64().unwrap_or_default();
        let taken = books.intents.values().map(|intent| number(&intent["amount_received"]));
        let (sum, paid) =
            taken.fold((0, 0), |(sum, paid), it| (sum + it, paid + usize::from(it > 0)));
        let back: i64 = books.refunds.values().map(|refund| number(&refund["amount"])).sum();
        (sum - back, paid)
    }

    /// The customer has been seen by the bank: the intent goes on by itself.
    pub(super) fn authenticate(&self) {
        let mut books = self.books.lock().unwrap();
        for intent in books.intents.values_mut() {
            if intent["status"] == "requires_action" {
                pay(intent);
            }
        }
    }

    /// Refunds that are under way go through.
    pub(super) fn settle_refunds(&self) {
        let mut books = self.books.lock().unwrap();
        books.refunds.values_mut().for_each(|refund| refund["status"] = json!("succeeded"));
    }

    /// A webhook about the last intent, as Stripe signs it.
    pub(super) fn webhook(&self, now: Timestamp) -> Webhook {
        let mut books = self.books.lock().unwrap();
        let id = books.id("evt");
        let intent = books.intents.values().next_back().cloned();
        let body = json!({
            "id": id,
            "object": "event",
            "type": "payment_intent.succeeded",
            "data": { "object": intent },
        })
        .to_string();
        let signature = Some(signature::sign(&Secret::from(WEBHOOK_SECRET), &body, now));
        Webhook { provider: "stripe".to_owned(), signature, body }
    }
}

async fn serve(books: Data<Mutex<Books>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let fault = books.lock().unwrap().fault(request.path());
    if matches!(fault, Some(Fault::Refuse)) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let (status, answer) = books.lock().unwrap().answer(&request, &body);
    match fault {
        Some(Fault::Fail) => HttpResponse::InternalServerError().json(refused("api_error", "lost")),
        Some(Fault::Hang) => {
            tokio::time::sleep(LONG).await;
            HttpResponse::Ok().finish()
        }
        Some(Fault::Refuse) | None => HttpResponse::build(status).json(answer),
    }
}

impl Books {
    fn fault(&mut self, path: &str) -> Option<Fault> {
        match path.ends_with("/confirm") {
            true => self.confirmation.take().or_else(|| self.faults.pop_front()),
            false => self.faults.pop_front(),
        }
    }

    /// Ids sort by their age.
    fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{:06}", self.count)
    }

    fn answer(&mut self, request: &HttpRequest, body: &Bytes) -> Said {
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
                    query["query"] == format!("metadata['attempt']:'{attempt}'")
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

    fn create(&mut self, form: &Form) -> Said {
        let card = form.get("payment_method").map(String::as_str).unwrap_or_default();
        if !card.starts_with("pm_card_") {
            let refused = refused("invalid_request_error", "resource_missing");
            return (StatusCode::BAD_REQUEST, refused);
        }
        let fits = form.get("currency").is_some_and(|currency| currency == "eur")
            && form.get("payment_method_types[]").is_some_and(|kind| kind == "card");
        let amount = form.get("amount").and_then(|amount| amount.parse::<i64>().ok());
        let (Some(amount), true) = (amount, fits) else {
            return (
                StatusCode::BAD_REQUEST,
                refused("invalid_request_error", "parameter_invalid"),
            );
        };
        let id = self.id("pi");
        let intent = json!({
            "id": id,
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "capture_method": form["capture_method"],
            "payment_method": card,
            "status": "requires_confirmation",
            "last_payment_error": null,
            "next_action": null,
            "metadata": {
                "payment": form["metadata[payment]"],
                "attempt": form["metadata[attempt]"],
            },
        });
        self.intents.insert(id, intent.clone());
        (StatusCode::OK, intent)
    }

    fn change(&mut self, id: &str, verb: &str, form: &Form) -> Said {
        let Some(intent) = self.intents.get_mut(id) else {
            return (StatusCode::NOT_FOUND, refused("invalid_request_error", "resource_missing"));
        };
        let status = intent["status"].as_str().unwrap_or_default().to_owned();
        match (verb, &*status) {
            ("confirm", "requires_confirmation") => return confirm(intent),
            ("capture", "requires_capture") => {
                let amount: i64 = form["amount_to_capture"].parse().unwrap();
                intent["amount_received"] = json!(amount);
                intent["status"] = json!("succeeded");
            }
            ("cancel", "succeeded" | "canceled") | ("capture" | "confirm", _) => {
                let mut error = refused("invalid_request_error", "payment_intent_unexpected_state");
                error["error"]["payment_intent"] = intent.clone();
                return (StatusCode::BAD_REQUEST, error);
            }
            ("cancel", _) => intent["status"] = json!("canceled"),
            _ => return (StatusCode::NOT_FOUND, refused("invalid_request_error", "url")),
        }
        (StatusCode::OK, intent.clone())
    }

    fn refund(&mut self, form: &Form) -> Said {
        let (of, amount) = (form["payment_intent"].clone(), form["amount"].parse::<i64>().unwrap());
        let same = |refund: &&Value| refund["payment_intent"] == *of;
        let back: i64 =
            self.refunds.values().filter(same).filter_map(|it| it["amount"].as_i64()).sum();
        let intent = &self.intents[&of];
        if back + amount > intent["amount_received"].as_i64().unwrap_or_default() {
            let refused = refused("invalid_request_error", "charge_already_refunded");
            return (StatusCode::BAD_REQUEST, refused);
        }
        let waits = intent["payment_method"] == "pm_card_pendingRefund";
        let status = if waits { "pending" } else { "succeeded" };
        let id = self.id("re");
        let refund = json!({ "id": id, "payment_intent": of, "amount": amount, "status": status });
        self.refunds.insert(id, refund.clone());
        (StatusCode::OK, refund)
    }
}

fn confirm(intent: &mut Value) -> Said {
    let card = intent["payment_method"].as_str().unwrap_or_default().to_owned();
    if let Some(why) = card.strip_prefix("pm_card_chargeDeclined") {
        let (code, decline_code) = match why {
            "InsufficientFunds" => ("card_declined", "insufficient_funds"),
            "ExpiredCard" => ("expired_card", ""),
            _ => ("card_declined", "generic_decline"),
        };
        let mut error = json!({ "type": "card_error", "code": code });
        if !decline_code.is_empty() {
            error["decline_code"] = json!(decline_code);
        }
        intent["status"] = json!("requires_payment_method");
        intent["last_payment_error"] = error.clone();
        error["payment_intent"] = intent.clone();
        return (StatusCode::PAYMENT_REQUIRED, json!({ "error": error }));
    }
    if card == "pm_card_authenticationRequired" {
        intent["status"] = json!("requires_action");
        let url = json!({ "url": "https://bank.example/3ds" });
        intent["next_action"] = json!({ "type": "redirect_to_url", "redirect_to_url": url });
    } else {
        pay(intent);
    }
    (StatusCode::OK, intent.clone())
}

/// Takes the money of an intent, or sets it aside.
fn pay(intent: &mut Value) {
    intent["next_action"] = Value::Null;
    if intent["capture_method"] == "manual" {
        intent["status"] = json!("requires_capture");
    } else {
        intent["amount_received"] = intent["amount"].clone();
        intent["status"] = json!("succeeded");
    }
}

fn refused(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "no" } })
}
