//! Keys that are replaced while the shop is open, and a gateway that lives apart from whoever makes them.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::world::{Deployment, PASSWORD, Stage, World, text};

const KEYS: &str = "/.well-known/jwks.json";
/// Every process looks at the keys once a minute.
const MINUTES: Duration = Duration::from_secs(150);

#[tokio::test]
async fn a_new_key_signs_in_a_running_shop_and_logs_nobody_out() {
    let notice = &["users.key_notice = \"1s\""];
    let stage = Stage::alone(World::open(Deployment::SPLIT_OVER_HTTP, notice).await);
    let guest = stage.guest();
    let before = stage.shopper("Ada").await;
    let old = guest.get(KEYS).await.expect(200);
    assert_eq!(signer(before.token()), text(&old["keys"][0]["kid"]));

    let rotated = stage.rialto().args(["admin", "rotate-keys"]).run().await;
    let said = String::from_utf8_lossy(&rotated.stdout);
    assert!(rotated.status.success() && said.contains("is published"), "{rotated:?}");

    let turned = |now: &Value| now["keys"][0]["kid"] != old["keys"][0]["kid"];
    let new = guest.until("another key signs", MINUTES, KEYS, turned).await;
    assert_eq!(new["keys"].as_array().unwrap().len(), 2, "tokens of the old one are about: {new}");
    let after = stage.log_in("Ada", &stage.email("Ada"), PASSWORD).await;
    assert_eq!(signer(after.token()), text(&new["keys"][0]["kid"]));
    for ada in [&before, &after] {
        ada.get("/v1/users/me").await.expect(200);
    }
}

/// The key that signed a token (RFC 7515).
fn signer(token: &str) -> String {
    let head = token.split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    text(&head["kid"]).to_owned()
}
