//! What those see who look why an order does not go on.

use serde_json::{Value, json};

use crate::world::{DECLINED, Patience, Shopper, Stage, fresh_key, href, text};

const WHY: &str = "ids of sagas tell whose they are, and their logs when they moved";

/// The saga of an order, as a list shows it.
async fn of(admin: &Shopper, order: &Value, status: &str) -> Value {
    let list = format!("/v1/admin/sagas?module=orders&name=checkout&status={status}&limit=100");
    let own = |saga: &&Value| text(&saga["saga"]).ends_with(text(&order["id"]));
    let found = |list: &Value| list["items"].as_array().unwrap().iter().find(own).cloned();
    let there = |list: &Value| found(list).is_some();
    found(&admin.until("its saga is listed", Patience::MESSAGES, &list, there).await).unwrap()
}

pub(super) async fn a_saga_that_stands_still_is_looked_into_and_sent_on(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let ada =
        stage.shopper("Ada").await.unrecorded("how far a payment is when it is read is chance");
    let admin = stage.admin().await.unrecorded(WHY);
    let order = ada.buy_with(&goods, 1, DECLINED).await;
    let waiting = of(&admin, &order, "waiting").await;
    assert_eq!((&waiting["step"], &waiting["known"]), (&json!("collect"), &json!(true)));
    let seen = admin.get(href(&waiting, "self")).await.expect(200);
    let steps = seen["steps"].as_array().unwrap().iter();
    let steps: Vec<_> = steps.map(|it| (text(&it["name"]), text(&it["progress"]))).collect();
    let expected =
        [("stock", "done"), ("collect", "refused"), ("commit", "pending"), ("complete", "pending")];
    assert_eq!(steps, expected);
    assert_eq!(seen["data"]["order"], order["id"]);

    let (path, key) = (href(&seen, "retry"), fresh_key());
    let sent = admin.post_once(path, &key, &json!({})).await;
    let twin = admin.post_once(path, &key, &json!({})).await;
    assert_eq!((twin.header("idempotent-replayed"), &twin.text), ("true", &sent.text));
    assert_eq!(sent.expect(200)["step"], "collect");
    let twice = |payment: &Value| {
        let attempts = payment["attempts"].as_array().unwrap();
        attempts.len() == 2 && attempts.iter().all(|it| it["status"] == "declined")
    };
    ada.payment(&order, twice).await;
    let back = |saga: &Value| saga["status"] == "waiting";
    let seen = admin.until("it waits again", Patience::MESSAGES, href(&seen, "self"), back).await;
    let me = admin.get("/v1/users/me").await.expect(200);
    assert_eq!(
        (&seen["audit"][0]["actor"], &seen["audit"][0]["deed"]),
        (&me["id"], &json!("retry"))
    );
    let log = seen["log"].as_array().unwrap();
    let what: Vec<_> = log.iter().map(|it| text(&it["what"])).collect();
    assert_eq!(what, ["started", "stayed", "again", "stayed"]);

    let id = text(&seen["id"]);
    let shown = said(stage, &["show", id]).await;
    assert!(shown.contains("collect: refused") && shown.contains("again collect"), "{shown}");
    let list = said(stage, &["list", "--status", "waiting", "--json", "--limit", "1000"]).await;
    assert!(list.lines().any(|line| line.contains(id)), "{list}");
    said(stage, &["retry", id, "--by", "ada"]).await;
    let thrice = |payment: &Value| payment["attempts"].as_array().unwrap().len() == 3;
    ada.payment(&order, thrice).await;

    let bought = ada.buy(&goods, 1).await;
    ada.wait_for(&bought, "completed").await;
    let ended = of(&admin, &bought, "completed").await;
    assert!(ended["_links"]["retry"].is_null(), "{ended}");
    let path = format!("{}/retry", href(&ended, "self"));
    admin.post_once(&path, &fresh_key(), &json!({})).await.problem(409, "conflict");
}

pub(super) async fn sagas_are_the_business_of_staff(stage: &Stage) {
    let goods = stage.publish("teapot", 1999, 10).await;
    let eve = stage.shopper("Eve").await.unrecorded(WHY);
    let (admin, nobody) = (stage.admin().await.unrecorded(WHY), stage.guest().unrecorded(WHY));
    let order = eve.buy_with(&goods, 1, DECLINED).await;
    let saga = of(&admin, &order, "waiting").await;
    for path in ["/v1/admin/sagas", href(&saga, "self")] {
        eve.get(path).await.problem(403, "forbidden");
        nobody.get(path).await.problem(401, "unauthenticated");
    }
    let retry = href(&saga, "retry");
    eve.post_once(retry, &fresh_key(), &json!({})).await.problem(403, "forbidden");
    admin.get("/v1/admin/sagas/sag_nothing").await.problem(404, "not-found");
}

/// What `rialto sagas …` says.
async fn said(stage: &Stage, words: &[&str]) -> String {
    let output = stage.rialto().args(["sagas"]).args(words).run().await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
