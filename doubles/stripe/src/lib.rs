//! A small server in the shape of Stripe's, that is strict about what it is sent and fails when it is told to.
//!
//! It knows what `docs.stripe.com` says of PaymentIntents, refunds, idempotency keys and webhooks, and no crate of
//! ours: what it finds wrong is wrong.

mod books;
mod intents;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use books::{Books, refused};

/// What it takes for the key of a merchant.
pub const API_KEY: &str = "sk_test_1";
/// What it signs webhooks with.
pub const WEBHOOK_SECRET: &str = "whsec_test";
/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(3600);

/// How the next request goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Nothing is done.
    Refuse,
    /// It is done, and the answer is a 500.
    Fail,
    /// It is done, and there is no answer.
    Hang,
}

/// A webhook that was not sent yet.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The value of the header `Stripe-Signature`.
    pub signature: String,
    /// What is signed.
    pub body: String,
}

/// The server. Cloning shares it.
#[derive(Clone)]
pub struct Server {
    /// Where it answers: `http://127.0.0.1:…`.
    pub url: String,
    books: Arc<Mutex<Books>>,
}

impl Server {
    /// Starts it on a port of its own, in this process, for as long as its runtime lives.
    pub fn start() -> io::Result<Self> {
        let books: Arc<Mutex<Books>> = Arc::default();
        let shared = books.clone();
        let app = move || {
            let data = Data::from(shared.clone());
            App::new().app_data(data).default_service(web::to(serve))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Ok(Self { url, books })
    }

    /// The next requests go wrong like this.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.extend(faults);
    }

    /// The next confirmation goes wrong like this.
    pub fn confirmations(&self, fault: Fault) {
        self.books().confirmation = Some(fault);
    }

    /// Everything Stripe would not have liked.
    pub fn wrong(&self) -> Vec<String> {
        self.books().wrong.clone()
    }

    /// What was taken and not given back, over all intents, and how many of them were paid.
    pub fn kept(&self) -> (i64, usize) {
        self.books().kept(|_| true)
    }

    /// The same over the intents of one payment.
    pub fn kept_of(&self, payment: &str) -> (i64, usize) {
        self.books().kept(|intent| intents::payment(intent) == Some(payment))
    }

    /// The bank has seen the customer of a payment: its intent goes on by itself.
    pub fn authenticate(&self, payment: &str) {
        let mut books = self.books();
        let waiting = books.intents.values_mut().filter(|it| it["status"] == "requires_action");
        waiting.filter(|it| intents::payment(it) == Some(payment)).for_each(intents::pay);
    }

    /// Whoever wants to read the intents of a payment is not answered, until [`Server::readable`].
    pub fn unreadable(&self, payment: &str) {
        self.books().unreadable.insert(payment.to_owned());
    }

    /// Whoever wants to read the intents of a payment from now on is answered.
    pub fn readable(&self, payment: &str) {
        self.books().unreadable.remove(payment);
    }

    /// Refunds that are under way go through.
    pub fn settle_refunds(&self) {
        self.books().refunds.values_mut().for_each(|refund| refund["status"] = json!("succeeded"));
    }

    /// What Stripe tells of the last intent of a payment as it is now, signed at `now` (seconds since 1970).
    pub fn webhook(&self, payment: &str, now: i64) -> Webhook {
        let mut books = self.books();
        let id = books.id("evt");
        let mut intents = books.intents.values().rev();
        let intent = intents.find(|intent| intents::payment(intent) == Some(payment)).cloned();
        let status = intent.as_ref().map_or(&Value::Null, |intent| &intent["status"]);
        let kind = format!("payment_intent.{}", status.as_str().unwrap_or("created"));
        let data = json!({ "object": intent });
        let body = json!({ "id": id, "object": "event", "type": kind, "data": data }).to_string();
        Webhook::signed(WEBHOOK_SECRET, body, now)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        locked(&self.books)
    }
}

impl Webhook {
    /// Signs `body` at `now` (seconds since 1970), as in docs.stripe.com/webhooks/signatures.
    pub fn signed(secret: &str, body: String, now: i64) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { signature: format!("t={now},v1={hex}"), body }
    }
}

/// What a request that failed has left behind is as good as what any other has.
fn locked(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(books: Data<Mutex<Books>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let fault = locked(&books).fault(request.path());
    if matches!(fault, Some(Fault::Refuse)) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let (status, answer) = locked(&books).answer(&request, &body);
    match fault {
        Some(Fault::Fail) => HttpResponse::InternalServerError().json(refused("api_error", "lost")),
        Some(Fault::Hang) => {
            tokio::time::sleep(LONG).await;
            HttpResponse::Ok().finish()
        }
        Some(Fault::Refuse) | None => HttpResponse::build(status).json(answer),
    }
}
