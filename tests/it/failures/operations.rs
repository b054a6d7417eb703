//! A list over all modules while one of them is dead and another never answers.

use serde_json::{Value, json};

use crate::world::{Deployment, Patience, Stage, World, fresh_key, href, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_do_not_answer_are_named_and_hide_nobody_else() {
    let settings = ["http.deadline = \"4s\""];
    let stage = Stage::alone(World::open(Deployment::SERVICES_OVER_HTTP, &settings).await);
    let (admin, user) =
        (stage.admin().await, stage.poison(&[|user| json!({ "user": user })]).await);
    let path = format!("/v1/admin/messages?key={user}");
    let whole = admin.get(&path).await.expect(200);
    assert_eq!(whole["silent"], json!([]), "{whole}");

    stage.kill("payments").await;
    stage.freeze("products");
    for path in [path.as_str(), "/v1/admin/sagas"] {
        let list = admin.get(path).await.expect(200);
        let silent = list["silent"].as_array().unwrap().iter();
        let (silent, codes): (Vec<_>, Vec<_>) =
            silent.map(|it| (text(&it["module"]), text(&it["code"]))).unzip();
        assert_eq!(silent, ["payments", "products"]);
        let lost = ["dependency-unavailable", "deadline-exceeded"];
        assert!(codes.iter().all(|code| lost.contains(code)), "{codes:?}");
    }
    let found = admin.get(&path).await.expect(200)["items"][0].clone();
    assert_eq!(found["module"], "notifications");
    admin.post_once(href(&found, "drop"), &fresh_key(), &json!({})).await.expect(200);
    let gone = |list: &Value| list["items"] == json!([]);
    admin.until("it is gone", Patience::MESSAGES, &path, gone).await;

    stage.thaw("products");
    stage.start("payments").await;
    let whole = |list: &Value| list["silent"] == json!([]);
    admin.until("all answer", Patience::START, &path, whole).await;
    stage.stop_all().await;
}
