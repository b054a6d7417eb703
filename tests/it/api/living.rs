//! What the document says of tags, links, versions, pages and limits, and whether it is so: every operation is
//! asked for by somebody who may, about something that is there.

mod changing;
mod following;
mod reading;

use reqwest::StatusCode;
use serde_json::json;

use super::{
    cast::Belongings,
    document::{Api, Operation},
};
use crate::world::{Answer, Browser, Deployment, PASSWORD, Shopper, Stage, World, address};

/// Somebody for every operation.
struct Cast {
    api: Api,
    stranger: Browser,
    admin: Shopper,
    mary: Shopper,
    things: Belongings,
    /// Whose order is found by its number.
    guest: Shopper,
    guests: Belongings,
}

/// What a guest may see who knows its number, and the rest of it who is known as the guest.
const GUEST_ORDER: &str = "GET /v1/guest-orders/{number}";

/// What is wrong, if something is.
type Found = Result<(), String>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_shop_does_what_its_document_says() {
    walk(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_shop_does_what_its_document_says() {
    walk(Deployment::SPLIT_OVER_HTTP).await;
}

async fn walk(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, &[]).await);
    let cast = Cast::on(&stage).await;
    let mut wrong = Vec::new();
    let mut walked = [0; 4];
    for operation in &cast.api.operations {
        let mut found = Vec::new();
        if cast.api.is_read_whole(operation) {
            found.push(("tags", cast.is_not_sent_twice(operation).await));
            found.push(("links", cast.leads_somewhere(operation).await));
            walked[0] += 1;
        }
        if cast.api.parameter(operation, "header", "If-Match").is_some() {
            found.push(("versions", cast.is_based_on_a_version(operation).await));
            walked[1] += 1;
        }
        if cast.api.parameter(operation, "query", "cursor").is_some() {
            found.push(("pages", cast.is_read_in_pages(operation).await));
            walked[2] += 1;
        }
        if operation.media().is_some() {
            found.push(("limits", cast.takes_no_more_than_it_says(operation).await));
            walked[3] += 1;
        }
        for (what, found) in found {
            wrong.extend(found.err().map(|why| format!("{what}: {}: {why}", operation.name())));
        }
    }
    assert!(walked.iter().all(|count| *count >= 10), "the document says little: {walked:?}");
    assert!(wrong.is_empty(), "{} are not so:\n{}", wrong.len(), wrong.join("\n"));
    stage.stop_all().await;
}

impl Cast {
    /// Mary has two of everything that comes in lists.
    async fn on(stage: &Stage) -> Self {
        let goods = stage.publish("teapot", 1999, 50).await;
        let (admin, mary) = (stage.admin().await, stage.shopper("Mary").await);
        let things = Belongings::of(stage, &mary, &goods).await;
        let guest = stage.visitor("a guest").await;
        let guests = Belongings::of_visitor(stage, &guest, &goods).await;
        let work = json!({ "label": "work", "address": address() });
        mary.post("/v1/users/me/addresses", &work).await.expect(201);
        stage.log_in("Mary", &stage.email("Mary"), PASSWORD).await;
        let api = Api::of(&stage.guest()).await;
        Self { api, stranger: stage.guest(), admin, mary, things, guest, guests }
    }

    /// Somebody who may.
    fn who(&self, operation: &Operation) -> &Browser {
        match operation.policy() {
            "permission" => &self.admin,
            "public" => &self.stranger,
            _ => &self.mary,
        }
    }

    /// Somebody who may, and may follow what is shown: whose the things are.
    fn reader(&self, operation: &Operation) -> &Browser {
        if operation.name() == GUEST_ORDER { &self.guest } else { self.who(operation) }
    }

    /// Where it is asked for, about something that is there.
    fn path(&self, operation: &Operation) -> String {
        match operation.name().as_str() {
            GUEST_ORDER => {
                let token = self.guest.guest_token().unwrap_or_default();
                format!("{}?token={token}", self.guests.path(operation))
            }
            "PUT /v1/password-resets/{token}" => operation.at(|_| "nothing".to_owned()),
            "POST /v1/webhooks/payments/{provider}" => operation.at(|_| "sandbox".to_owned()),
            _ => self.things.path(operation) + &self.api.query(operation),
        }
    }
}

fn expect(answer: &Answer, status: StatusCode) -> Found {
    if answer.status == status {
        return Ok(());
    }
    Err(format!("{} instead of {status}: {}", answer.status, answer.text))
}

fn is_problem(answer: &Answer, status: u16, code: &str) -> Found {
    if answer.status != status {
        return Err(format!("{} instead of {status}: {}", answer.status, answer.text));
    }
    if answer.json()["code"] == code { Ok(()) } else { Err(answer.text.clone()) }
}
