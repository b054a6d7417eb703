//! What customers do with their accounts, and staff with those of others.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, PASSWORD, Stage, address, text};

const ME: &str = "/v1/users/me";
const SESSIONS: &str = "/v1/users/me/sessions";
const REFRESH: &str = "/v1/sessions/refresh";
const OTHER: &str = "battery staple correct";

/// A change of what was read with this entity tag.
async fn change(
    who: &Browser,
    method: Method,
    path: &str,
    tag: &str,
    body: Option<&Value>,
) -> Answer {
    let request = who.request(method, path).header("If-Match", tag);
    who.send(body.into_iter().fold(request, |request, body| request.json(body))).await.unwrap()
}

/// Who has this session.
fn with(guest: &Browser, name: &str, session: &Value) -> Browser {
    guest.with_token(name, text(&session["access_token"]))
}

pub(super) async fn a_profile_is_changed_by_whoever_has_read_it(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let wish = json!({ "name": "Ada King", "phone": "+44 20 7946 0018" });
    let without = ada.send(ada.request(Method::PATCH, ME).json(&wish)).await.unwrap();
    without.problem(428, "precondition-required");
    let changed = change(&ada, Method::PATCH, ME, "\"1\"", Some(&wish)).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let stale = change(&ada, Method::PATCH, ME, "\"1\"", Some(&wish)).await;
    assert_eq!(stale.problem(412, "precondition-failed")["current_version"], 2);
    let removed = json!({ "phone": null });
    let changed = change(&ada, Method::PATCH, ME, "\"2\"", Some(&removed)).await.expect(200);
    assert_eq!((&changed["name"], changed.get("phone")), (&json!("Ada King"), None));
}

pub(super) async fn a_book_has_one_default_and_forgets_what_is_removed(stage: &Stage) {
    let ada = stage.shopper("Ada").await;
    let entry =
        |label: &str| json!({ "label": label, "address": address(), "default_shipping": true });
    let path = |it: &Value| text(&it["_links"]["self"]["href"]).to_owned();
    let home = ada.post("/v1/users/me/addresses", &entry("home")).await.expect(201);
    let work = ada.post("/v1/users/me/addresses", &entry("work")).await.expect(201);
    let home = ada.get(&path(&home)).await;
    assert_eq!(
        (home.json()["default_shipping"].clone(), home.header("etag")),
        (json!(false), "\"2\"")
    );
    let home = home.json();
    change(&ada, Method::PUT, &path(&home), "\"2\"", Some(&entry("home"))).await.expect(200);
    let work = ada.get(&path(&work)).await.expect(200);
    assert_eq!(work["default_shipping"], false, "there is one default");
    let removed = change(&ada, Method::DELETE, &path(&work), "\"2\"", None).await;
    assert_eq!(removed.status, 204);
    let book = ada.get("/v1/users/me/addresses").await.expect(200);
    assert_eq!(book["items"].as_array().unwrap().len(), 1);
}

pub(super) async fn a_log_in_goes_on_until_it_is_ended(stage: &Stage) {
    let guest = stage.guest();
    let here = stage.shopper("Ada").await;
    let credentials = json!({ "email": stage.email("Ada"), "password": PASSWORD });
    let there = guest.post("/v1/sessions", &credentials).await.expect(201);
    let token = json!({ "refresh_token": there["refresh_token"] });
    let next = guest.post(REFRESH, &token).await.expect(200);
    let again = guest.post(REFRESH, &token).await.expect(200);
    assert_eq!(again["refresh_token"], next["refresh_token"], "a second tab gets the same");
    let listed = here.get(SESSIONS).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let path = format!("{SESSIONS}/{}", text(&there["id"]));
    let shown = here.get(&path).await.expect(200);
    assert_eq!(shown["current"], false);
    assert_eq!(here.delete(&path).await.status, 204);
    here.get(&path).await.problem(404, "not-found");
    let token = json!({ "refresh_token": next["refresh_token"] });
    guest.post(REFRESH, &token).await.problem(401, "unauthenticated");
    guest.post("/v1/sessions", &credentials).await.expect(201);
    assert_eq!(here.delete(SESSIONS).await.status, 204);
    let listed = here.get(SESSIONS).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(here.delete("/v1/sessions/current").await.status, 204);
    let listed = here.get(SESSIONS).await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

pub(super) async fn a_password_is_changed_by_who_knows_it_and_forgotten_by_mail(stage: &Stage) {
    let (guest, ada) = (stage.guest(), stage.shopper("Ada").await);
    let change = |current: &str| json!({ "current_password": current, "new_password": OTHER });
    let path = "/v1/users/me/password";
    let wrong = ada.put(path, &change("wrong horse")).await.problem(422, "validation-failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    assert_eq!(ada.put(path, &change(PASSWORD)).await.status, 204);
    stage.log_in("Ada", &stage.email("Ada"), OTHER).await;
    let mail = ada.send(ada.request(Method::POST, "/v1/users/me/verification-mails"));
    mail.await.unwrap().expect(202);
    let known = guest.post("/v1/password-resets", &json!({ "email": stage.email("Ada") })).await;
    let unknown = guest.post("/v1/password-resets", &json!({ "email": stage.email("Bob") })).await;
    assert_eq!(known.expect(202), unknown.expect(202), "nobody learns who has an account");
    let token = json!({ "token": "never-mailed" });
    guest.post("/v1/users/verify-email", &token).await.problem(404, "not-found");
    let password = json!({ "password": OTHER });
    guest.put("/v1/password-resets/never-mailed", &password).await.problem(404, "not-found");
}

pub(super) async fn whoever_wants_it_is_forgotten(stage: &Stage) {
    let (guest, ada) = (stage.guest(), stage.shopper("Ada").await);
    let me = ada.get(ME).await.expect(200);
    let erased = change(&ada, Method::DELETE, ME, "\"1\"", None).await;
    assert_eq!(erased.status, 204);
    ada.get(ME).await.problem(404, "not-found");
    let credentials = json!({ "email": stage.email("Ada"), "password": PASSWORD });
    guest.post("/v1/sessions", &credentials).await.problem(401, "unauthenticated");
    let path = format!("/v1/admin/users/{}", text(&me["id"]));
    let left = stage.admin().await.get(&path).await.expect(200);
    assert_eq!((&left["status"], &left["email"]), (&json!("erased"), &json!("")));
}

pub(super) async fn staff_find_promote_and_lock_people(stage: &Stage) {
    let (guest, admin) = (stage.guest(), stage.admin().await);
    stage.shopper("Grace").await;
    let everybody = format!("/v1/admin/users?role=customer&email={}", stage.email("Grace"));
    let found = admin.get(&everybody).await.expect(200);
    let path = text(&found["items"][0]["_links"]["self"]["href"]).to_owned();
    let roles = format!("{path}/roles");
    let wish = json!({ "roles": ["customer", "support"] });
    let promoted = change(&admin, Method::PUT, &roles, "\"1\"", Some(&wish)).await.expect(200);
    assert_eq!(promoted["roles"], wish["roles"]);
    let credentials = json!({ "email": stage.email("Grace"), "password": PASSWORD });
    let session = guest.post("/v1/sessions", &credentials).await.expect(201);
    let grace = with(&guest, "Grace", &session);
    let seen = grace.get(&path).await.expect(200);
    assert!(seen["_links"].get("set-roles").is_none(), "support gives no roles: {seen}");
    change(&grace, Method::PUT, &roles, "\"2\"", Some(&wish)).await.problem(403, "forbidden");
    let post = async |action: &str| {
        let request = admin.request(Method::POST, &format!("{path}/{action}"));
        admin.send(request).await.unwrap().expect(200)
    };
    assert_eq!(post("lock").await["status"], "locked");
    guest.post("/v1/sessions", &credentials).await.problem(401, "unauthenticated");
    let token = json!({ "refresh_token": session["refresh_token"] });
    guest.post(REFRESH, &token).await.problem(401, "unauthenticated");
    assert_eq!(post("unlock").await["status"], "active");
}
