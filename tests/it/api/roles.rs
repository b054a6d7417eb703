//! Every role and every operation of staff: it comes in by its permissions, and not otherwise.

use super::document::Api;
use crate::world::{PASSWORD, Shopper, Stage, fresh_key, text};
use identity::{Permission, Role};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn each_role_may_do_what_its_permissions_say_and_nothing_else() {
    let stage = Stage::whole().await;
    let api = Api::of(&stage.guest()).await;
    let staff = api.operations.iter().filter(|it| it.policy() == "permission");
    let staff: Vec<_> = staff.collect();
    assert!(staff.len() > 2, "the document names few operations of staff");
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let somebody = with_role(&stage, *role).await;
        for operation in &staff {
            let name = operation.permission().expect("a permission");
            let permission = Permission::ALL.iter().find(|known| known.as_str() == name).unwrap();
            let may = role.permissions().contains(permission);
            let path = operation.at(|_| "nothing".to_owned());
            let request = somebody.request(operation.method.clone(), &path);
            let request = request.header("Idempotency-Key", fresh_key());
            let answer = somebody.send(request).await.unwrap();
            let refused = answer.status == 403;
            if refused == may || answer.status == 401 || answer.status.is_server_error() {
                let status = answer.status;
                wrong.push(format!("{role} may {may}: {}: {status}", operation.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Somebody whom the administrator has given this role, and no other.
async fn with_role(stage: &Stage, role: Role) -> Shopper {
    let name = format!("of {role}");
    let somebody = stage.shopper(&name).await;
    let me = somebody.get("/v1/users/me").await;
    let path = format!("/v1/admin/users/{}/roles", text(&me.json()["id"]));
    let admin = stage.admin().await;
    let request = admin.request(Method::PUT, &path).header("If-Match", me.header("etag"));
    let appointed = admin.send(request.json(&json!({ "roles": [role] }))).await.unwrap();
    assert!(appointed.status.is_success(), "{appointed:?}");
    stage.log_in(&name, &stage.email(&name), PASSWORD).await
}
