//! What those do who keep the shop running, when a module could not handle what it was told.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, Patience, Shopper, Stage, fresh_key, href, mail_to, text};

const MESSAGES: &str = "/v1/admin/messages";
const WHY: &str = "ids of parked messages tell where they are parked";

/// What notifications cannot read.
fn garbled(user: &str) -> Value {
    json!({ "user": user })
}

/// What is parked about somebody.
async fn parked(who: &Browser, user: &str) -> Vec<Value> {
    let list = who.get(&format!("{MESSAGES}?module=notifications&key={user}")).await.expect(200);
    assert_eq!(list["silent"], json!([]), "{list}");
    list["items"].as_array().unwrap().clone()
}

/// Sends a change that is based on what was read.
async fn edit(who: &Browser, path: &str, tag: &str, payload: &Value) -> Answer {
    let request = who.request(Method::PATCH, path).header("If-Match", tag);
    who.send(request.json(&json!({ "payload": payload }))).await.unwrap()
}

/// Waits until somebody has got so many mails, and nothing about them is parked.
async fn until_written_to(admin: &Browser, user: &str, count: usize) {
    let mails = format!("/v1/admin/mails?person={user}");
    let all = |list: &Value| list["items"].as_array().unwrap().len() == count;
    admin.until("the mails are written", Patience::MESSAGES, &mails, all).await;
    let about = format!("{MESSAGES}?key={user}");
    let none = |list: &Value| list["items"] == json!([]);
    admin.until("nothing is parked", Patience::MESSAGES, &about, none).await;
}

async fn staff(stage: &Stage) -> Shopper {
    stage.admin().await.unrecorded(WHY)
}

pub(super) async fn a_poisoned_message_is_found_mended_tried_again_and_applied(stage: &Stage) {
    let (admin, user) = (staff(stage).await, stage.poison(&[garbled, mail_to]).await);
    let found = parked(&admin, &user).await;
    let states: Vec<_> = found.iter().map(|it| (&it["state"], &it["waits_for"])).collect();
    assert_eq!(states, [(&json!("dead"), &json!(0)), (&json!("waiting"), &json!(1))]);
    let page = admin.get(&format!("{MESSAGES}?key={user}&limit=1")).await.expect(200);
    let rest = format!("{MESSAGES}?key={user}&limit=1&cursor={}", text(&page["next_cursor"]));
    assert_eq!(admin.get(&rest).await.expect(200)["items"][0]["id"], found[1]["id"]);

    let path = href(&found[0], "self");
    let seen = admin.get(path).await;
    let tag = seen.header("etag").to_owned();
    let seen = seen.expect(200);
    assert_eq!(seen["payload"], garbled(&user));
    assert_eq!((&seen["behind"], &seen["correlation_id"]), (&json!(1), &json!("sign-up")));
    assert!(seen["caused_by"].is_string() && seen["audit"] == json!([]), "{seen}");

    let again = admin.post_once(href(&seen, "retry"), &fresh_key(), &json!({})).await.expect(200);
    assert_eq!(again["state"], "waiting", "{again}");
    let failed = |it: &Value| it["state"] == "dead" && it["attempts"] == 2;
    admin.until("it has failed once more", Patience::MESSAGES, path, failed).await;
    edit(&admin, path, &tag, &mail_to(&user)).await.problem(412, "precondition-failed");
    let tag = admin.get(path).await.header("etag").to_owned();
    edit(&admin, path, &tag, &mail_to(&user)).await.expect(200);
    let mended = admin.get(path).await.expect(200);
    assert_eq!(mended["payload"], mail_to(&user));
    let deeds: Vec<_> = mended["audit"].as_array().unwrap().iter().map(|it| &it["deed"]).collect();
    assert_eq!(deeds, ["edit", "retry"]);
    let me = admin.get("/v1/users/me").await.expect(200);
    assert_eq!(mended["audit"][0]["actor"], me["id"]);
    assert_eq!(mended["audit"][0]["before"]["payload"], garbled(&user));

    let (retry, key) = (href(&mended, "retry"), fresh_key());
    let first = admin.post_once(retry, &key, &json!({})).await;
    until_written_to(&admin, &user, 2).await;
    let twin = admin.post_once(retry, &key, &json!({})).await;
    assert_eq!((twin.header("idempotent-replayed"), &twin.text), ("true", &first.text));
    admin.get(path).await.problem(404, "not-found");
    admin.post_once(retry, &fresh_key(), &json!({})).await.problem(404, "not-found");
}

pub(super) async fn a_message_that_is_given_up_lets_those_behind_it_go_on(stage: &Stage) {
    let (admin, user) = (staff(stage).await, stage.poison(&[garbled, mail_to, mail_to]).await);
    let found = parked(&admin, &user).await;
    let path = href(&found[0], "self");
    let bare = admin.request(Method::PATCH, path).json(&json!({ "payload": 1 }));
    admin.send(bare).await.unwrap().problem(428, "precondition-required");
    let dropped = admin.post_once(href(&found[0], "drop"), &fresh_key(), &json!({})).await;
    assert_eq!(dropped.expect(200)["state"], "dropped");
    until_written_to(&admin, &user, 2).await;
}

pub(super) async fn what_could_not_be_handled_is_the_business_of_staff(stage: &Stage) {
    let (admin, user) = (staff(stage).await, stage.poison(&[garbled]).await);
    let found = parked(&admin, &user).await.remove(0);
    let eve = stage.shopper("Eve").await.unrecorded(WHY);
    let nobody = stage.guest().unrecorded(WHY);
    let support = support(stage, &admin).await;
    let path = href(&found, "self");
    for asked in [MESSAGES, path] {
        eve.get(asked).await.problem(403, "forbidden");
        nobody.get(asked).await.problem(401, "unauthenticated");
    }
    for deed in ["retry", "drop"] {
        let path = href(&found, deed);
        for who in [&eve, &*support] {
            who.post_once(path, &fresh_key(), &json!({})).await.problem(403, "forbidden");
        }
        nobody.post_once(path, &fresh_key(), &json!({})).await.problem(401, "unauthenticated");
    }
    edit(&support, path, "\"1\"", &json!(1)).await.problem(403, "forbidden");
    let seen = support.get(path).await.expect(200);
    assert!(seen["payload"].is_null(), "what may be secret is not for everybody: {seen}");
    assert!(seen["_links"]["retry"].is_null(), "{seen}");
    admin.get(&format!("{MESSAGES}/msg_nothing")).await.problem(404, "not-found");
    admin.post_once(href(&found, "drop"), &fresh_key(), &json!({})).await.expect(200);
    until_written_to(&admin, &user, 0).await;
}

pub(super) async fn the_command_line_does_the_same_while_the_shop_is_open(stage: &Stage) {
    let (admin, user) = (staff(stage).await, stage.poison(&[garbled, garbled, mail_to]).await);
    // The shop knows of them from here on.
    let first = parked(&admin, &user).await.remove(0);
    admin.post_once(href(&first, "retry"), &fresh_key(), &json!({})).await.expect(200);
    let failed = |it: &Value| it["state"] == "dead" && it["attempts"] == 2;
    admin.until("it is tried", Patience::MESSAGES, href(&first, "self"), failed).await;

    let listed = said(stage, &["list", "--module", "notifications", "--key", &user]).await;
    assert!(listed.contains("MODULE") && listed.lines().count() == 4, "{listed}");
    let lines = said(stage, &["list", "--key", &user, "--json"]).await;
    let ids: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (poisoned, second) = (text(&ids[0]["id"]), text(&ids[1]["id"]));
    assert_eq!(poisoned, text(&first["id"]));
    let shown = said(stage, &["show", poisoned]).await;
    assert!(shown.contains("waits for a person") && shown.contains(&user), "{shown}");

    let edit = ["messages", "edit", poisoned, "--retry", "--by", "ada"];
    let edited = stage.rialto().args(edit).input(&mail_to(&user).to_string()).run().await;
    assert!(edited.status.success(), "{edited:?}");
    said(stage, &["drop", second, "--by", "ada"]).await;
    until_written_to(&admin, &user, 2).await;

    let audit = said(stage, &["audit", "--message", poisoned, "--json"]).await;
    let deeds = audit.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let deeds: Vec<_> =
        deeds.map(|it| (text(&it["actor"]).to_owned(), it["deed"].clone())).collect();
    let ada = |deed: &str| ("cli:ada".to_owned(), json!(deed));
    assert_eq!(deeds[..2], [ada("retry"), ada("edit")], "{audit}");
    assert_eq!(deeds.len(), 3, "{audit}");

    let gone = stage.rialto().args(["messages", "retry", poisoned]).run().await;
    assert!(!gone.status.success(), "{gone:?}");
    assert!(String::from_utf8_lossy(&gone.stdout).contains("no such message"), "{gone:?}");
}

/// What `rialto messages …` says.
async fn said(stage: &Stage, words: &[&str]) -> String {
    let output = stage.rialto().args(["messages"]).args(words).run().await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Somebody who answers customers.
async fn support(stage: &Stage, admin: &Browser) -> Shopper {
    let somebody = stage.shopper("Sue").await;
    let me = somebody.get("/v1/users/me").await;
    let path = format!("/v1/admin/users/{}/roles", text(&me.json()["id"]));
    let request = admin.request(Method::PUT, &path).header("If-Match", me.header("etag"));
    let request = request.json(&json!({ "roles": ["customer", "support"] }));
    assert!(admin.send(request).await.unwrap().status.is_success());
    let sue = stage.log_in("Sue", &stage.email("Sue"), crate::world::PASSWORD).await;
    sue.unrecorded(WHY)
}
