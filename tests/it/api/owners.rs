//! Shoppers and every operation: what belongs to one of them does not exist for another, whether they have
//! accounts or not.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    cast::Belongings,
    document::{Api, Operation},
};
use crate::world::{Answer, Browser, Goods, Shopper, Stage, VISA, fresh_key, text};

/// Operations that name nothing in their path, and a thing of a shopper's in their body.
const BY_BODY: [&str; 1] = ["POST /v1/orders"];

/// Whose proof is in the query, so that everybody may ask.
const BY_PROOF: &str = "GET /v1/guest-orders/{number}";

/// Somebody with belongings.
struct Owner {
    shopper: Shopper,
    things: Belongings,
    has_account: bool,
}

/// Everybody.
struct Cast {
    stage: Stage,
    api: Api,
    ada: Owner,
    guest: Owner,
    /// Those who would like to know: a customer, and a guest.
    eve: Shopper,
    other: Shopper,
}

impl Cast {
    async fn new() -> Self {
        let stage = Stage::whole().await;
        let api = Api::of(&stage.guest()).await;
        let goods = stage.publish("teapot", 1999, 20).await;
        let (ada, eve) = (stage.shopper("Ada").await, stage.shopper("Eve").await);
        let (guest, other) = (stage.visitor("a guest").await, stage.visitor("another").await);
        let ada = Owner {
            things: Belongings::of(&stage, &ada, &goods).await,
            shopper: ada,
            has_account: true,
        };
        let things = Belongings::of_visitor(&stage, &guest, &goods).await;
        let guest = Owner { things, shopper: guest, has_account: false };
        for somebody in [&eve, &other] {
            bought(somebody, &goods).await;
        }
        Self { stage, api, ada, guest, eve, other }
    }

    /// Operations on something that belongs to `owner`, by its name.
    fn on<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a Operation> {
        self.api.operations.iter().filter(|operation| {
            let named = !operation.names().is_empty();
            is_personal(operation)
                && (named || BY_BODY.contains(&operation.name().as_str()))
                && owner.things.find(operation).is_some()
        })
    }

    /// What is sent to be let at something of the owner's.
    async fn wish(&self, owner: &Owner, operation: &Operation) -> Option<Value> {
        match operation.name().as_str() {
            "POST /v1/orders" => {
                let mut wish = owner.shopper.wish(&owner.things.cart, VISA).await;
                wish["contact"] = json!({ "email": "eve@guests.example" });
                Some(wish)
            }
            _ => self.api.example(operation).map(|example| owner.things.meant(example)),
        }
    }

    /// Everything that its owner sees, by path.
    async fn seen(&self, owner: &Owner) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        for operation in self.api.operations.iter().filter(|it| self.api.is_read_whole(it)) {
            let mine = match operation.policy() {
                "shopper" => true,
                "customer" => owner.has_account,
                _ => false,
            };
            if mine {
                let path = owner.things.path(operation) + &self.api.query(operation);
                let found = owner.shopper.get(&path).await.expect(200);
                seen.push((path, found));
            }
        }
        assert!(seen.len() > 5, "the document names few things of a shopper's: {seen:?}");
        seen
    }
}

/// An order of somebody's own, so that their lists are not empty.
async fn bought(shopper: &Shopper, goods: &Goods) {
    let order = shopper.buy(goods, 1).await;
    shopper.wait_for(&order, "completed").await;
}

#[tokio::test]
async fn what_belongs_to_one_shopper_is_not_there_for_another_and_does_not_change() {
    let cast = Cast::new().await;
    let mut wrong = Vec::new();
    for owner in [&cast.ada, &cast.guest] {
        let before = cast.seen(owner).await;
        for operation in cast.on(owner) {
            let path = owner.things.path(operation) + &cast.api.query(operation);
            let wish = cast.wish(owner, operation).await;
            let stranger = cast.stage.guest();
            let askers: [(&str, &Browser); 3] =
                [("Eve", &cast.eve), ("another guest", &cast.other), ("a stranger", &stranger)];
            for (name, asker) in askers {
                let answer = ask(asker, operation, &path, wish.as_ref()).await;
                if !is_hidden(operation, asker, &answer) {
                    let (operation, status) = (operation.name(), answer.status);
                    wrong.push(format!("{operation} as {name}: {status} {}", answer.text));
                }
            }
        }
        assert_unchanged(&before, &cast.seen(owner).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn whoever_names_nothing_means_their_own_things() {
    let cast = Cast::new().await;
    let unnamed: Vec<&Operation> =
        cast.api.operations.iter().filter(|it| it.names().is_empty() && is_personal(it)).collect();
    assert!(unnamed.len() > 10, "the document names few operations without a name in the path");
    let mut wrong = Vec::new();
    let before = (cast.seen(&cast.ada).await, cast.seen(&cast.guest).await);
    for (number, operation) in unnamed.iter().enumerate() {
        let path = operation.path.clone() + &cast.api.query(operation);
        let wish = cast.api.example(operation);
        // Some of these are the last thing that somebody does.
        let fresh = cast.stage.shopper(&format!("Mallory {number}")).await;
        let readers = [&cast.eve].into_iter().filter(|_| operation.method == Method::GET);
        for asker in readers.chain([&fresh, &cast.other]) {
            let answer = ask(asker, operation, &path, wish.as_ref()).await;
            let secrets = cast.ada.things.secrets().into_iter().chain(cast.guest.things.secrets());
            for told in secrets.filter(|secret| answer.text.contains(secret)) {
                wrong.push(format!("{} tells of {told}: {}", operation.name(), answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_unchanged(&before.0, &cast.seen(&cast.ada).await);
    assert_unchanged(&before.1, &cast.seen(&cast.guest).await);
}

#[tokio::test]
async fn the_number_of_an_order_is_not_enough_to_see_it() {
    let cast = Cast::new().await;
    let by_proof = cast.api.operations.iter().find(|it| it.name() == BY_PROOF).unwrap();
    let own = cast.guest.shopper.guest_token().unwrap();
    let theirs = cast.other.guest_token().unwrap();
    let ask = async |owner: &Owner, token: &str| {
        let path = format!("{}?token={token}", owner.things.path(by_proof));
        cast.stage.guest().get(&path).await
    };
    let found = ask(&cast.guest, own).await.expect(200);
    assert!(cast.guest.things.secrets().contains(&text(&found["id"])));
    ask(&cast.guest, theirs).await.problem(404, "not-found");
    ask(&cast.ada, own).await.problem(404, "not-found");
    ask(&cast.ada, "nothing").await.problem(404, "not-found");
}

/// Whether it is about something that belongs to a shopper.
fn is_personal(operation: &Operation) -> bool {
    matches!(operation.policy(), "customer" | "shopper" | "optional")
}

/// Whether an answer tells nothing and does nothing. Whoever has no account does not get as far as being told
/// that there is nothing.
fn is_hidden(operation: &Operation, asker: &Browser, answer: &Answer) -> bool {
    let nothing = || answer.json()["items"] == json!([]);
    let stranger = asker.token().is_empty() && asker.guest_token().is_none();
    let locked = stranger || asker.guest_token().is_some() && operation.policy() == "customer";
    match answer.status {
        StatusCode::UNAUTHORIZED => locked,
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => !locked,
        StatusCode::OK => !locked && *answer.method() == Method::GET && nothing(),
        _ => false,
    }
}

fn assert_unchanged(before: &[(String, Value)], after: &[(String, Value)]) {
    for ((path, before), (_, after)) in before.iter().zip(after) {
        assert_eq!(before, after, "{path} has changed");
    }
}

/// Asks for an operation with everything that it may want.
async fn ask(who: &Browser, operation: &Operation, path: &str, wish: Option<&Value>) -> Answer {
    let request = who.request(operation.method.clone(), path).header("If-Match", "\"1\"");
    let request = request.header("Idempotency-Key", fresh_key());
    let request = match (wish, operation.media()) {
        (Some(wish), _) => operation.with_body(request, wish),
        (None, Some(_)) => request.json(&json!({})),
        (None, None) => request,
    };
    who.send(request).await.unwrap()
}
